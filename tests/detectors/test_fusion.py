import numpy as np
import pytest

from tellbench.datasets.clip import FORGED, PRISTINE, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.scores import ScoreTable
from tellbench.detectors import fusion
from tellbench.detectors.base import Detector, Evidence
from tellbench.detectors.fusion import Fusion
from tellbench.errors import InputError


class Said(Detector):
    """Scores written down beforehand."""

    name = "said"

    def __init__(self, scores):
        self.scores = scores

    def fit(self, train, val):
        return self

    def score(self, clips):
        return ScoreTable({clip.clip_id: self.scores[clip.clip_id] for clip in clips})

    def save(self, folder):
        raise NotImplementedError

    load = save

    def evidence(self, clip):
        return Evidence("said", None, {})


@pytest.fixture
def clips(tmp_path) -> Corpus:
    rows = [(f"{split}-{i}", i % 2, split) for split in ("train", "val", "test") for i in range(40)]
    labels = {0: PRISTINE, 1: FORGED}
    made = [
        Clip(clip_id=name, path=tmp_path / f"{name}.mp4", label=labels[label], identity_id=name, split=split)
        for name, label, split in rows
    ]
    return Corpus(made, tmp_path)


def _fused(monkeypatch, clips, *columns):
    parts = [Said(dict(zip((clip.clip_id for clip in clips), column, strict=True))) for column in columns]
    monkeypatch.setattr(Fusion, "_unfitted", lambda self: parts)
    return Fusion().fit(clips.split("train"), clips.split("val"))


def test_a_good_part_counts_and_noise_does_not(monkeypatch, clips):
    rng = np.random.default_rng(0)
    labels = np.array([clip.label for clip in clips])
    good = np.clip(0.5 + (labels - 0.5) * 0.4 + rng.normal(0, 0.15, len(labels)), 0.01, 0.99)
    fused = _fused(monkeypatch, clips, good, rng.uniform(0.2, 0.8, len(labels)))
    assert fused.fitted.weights[0] > 5 * abs(fused.fitted.weights[1])
    test = clips.split("test")
    scores = fused.score(test).series
    assert np.mean([(scores[clip.clip_id] > 0.5) == (clip.label == FORGED) for clip in test]) > 0.8


def test_two_halves_know_more_than_either(monkeypatch, clips):
    """Each part sees half of the forgeries; together they see all."""
    labels = np.array([clip.label for clip in clips])
    number = np.arange(len(labels))
    halves = [np.where((labels == 1) & (number % 4 == place), 0.9, 0.4) for place in (1, 3)]
    scores = _fused(monkeypatch, clips, *halves).score(clips.split("test")).series
    found = [scores[clip.clip_id] for clip in clips.split("test") if clip.label == FORGED]
    clear = [scores[clip.clip_id] for clip in clips.split("test") if clip.label == PRISTINE]
    assert min(found) > max(clear)


def test_a_missing_part_is_undecided_and_all_missing_is_missing(monkeypatch, clips):
    one, other = (np.array([0.8 if clip.label else 0.3 for clip in clips]) for _ in range(2))
    one[80], one[81], other[80] = np.nan, np.nan, np.nan  # the first two test clips
    scores = _fused(monkeypatch, clips, one, other).score(clips.split("test")).series
    assert np.isnan(scores["test-0"]) and np.isfinite(scores["test-1"])
    assert 0.5 < scores["test-1"] < scores["test-3"], "one part is less sure than two"


@pytest.mark.parametrize("parts", ["blink", "blink+blink", "blink+oracle", "blink+fusion", "blink+"])
def test_parts_that_cannot_be_joined_are_refused(parts):
    with pytest.raises(InputError, match=r"fusion|unknown detector"):
        Fusion(parts)


def test_a_part_of_another_detector_is_refused(tmp_path, monkeypatch):
    weights = np.ones(2)
    whole, other = Fusion("blink+spectrum"), Fusion("spectrum+blink")
    monkeypatch.setattr(fusion, "load_detector", lambda folder: Fusion("blink+spectrum")._unfitted()[0])
    for one in (whole, other):
        fusion.save_detector(one, tmp_path / one.parts, {}, {"weights": weights, "bias": np.zeros(1)})
        with pytest.raises(InputError, match="parts"):
            Fusion.load(tmp_path / one.parts)
