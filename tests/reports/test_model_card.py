import pytest

from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.errors import InputError
from tellbench.eval.results import Results, ScoreRow
from tellbench.registry import DETECTORS
from tellbench.reports.model_card import model_card, write_model_card


@pytest.fixture
def folder(tmp_path):
    DETECTORS.create("random").save(tmp_path / "models" / "mine")
    return tmp_path / "models" / "mine"


def row(detector):
    return ScoreRow(
        detector=detector,
        protocol="p",
        train_on=("meshwarp",),
        test_on="meshwarp",
        n_pristine=8,
        n_forged=8,
        n_missing=1,
        auc=0.9375,
        auc_low=0.8,
        auc_high=1.0,
        ap=0.9,
        eer=0.125,
        tpr_at_fpr_1=0.5,
        brier=0.1,
        ece=0.05,
    )


def results(*detectors):
    rows = tuple(row(name) for name in detectors)
    return Results(suite="tiny", git=None, versions={}, device={}, seeds={"run": 5}, scores=rows)


def test_the_card_says_what_was_learned_from(folder, tmp_path):
    kinds = [("train", 0, ""), ("train", 1, "meshwarp"), ("train", 1, "vasa"), ("val", 0, ""), ("test", 0, "")]
    clips = [
        Clip(clip_id=str(i), path=tmp_path / "c" / f"{i}.mp4", label=y, generator=g, identity_id=s, split=s)
        for i, (s, y, g) in enumerate(kinds)
    ]
    corpus = Corpus(clips, tmp_path / "c")
    corpus.write_manifest()
    write_model_card(folder, corpus, ["meshwarp"], 7)
    text = (folder / "README.md").read_text()
    assert "Corpus `c`" in text and "1 pristine and 1 forged clips to learn from, 1 pristine and 0 forged" in text
    assert "2 people, seed 7" in text and "forged clips of meshwarp:" in text
    for heading in ("## Intended use", "## Limits", "## How to cite"):
        assert heading in text
    assert type(DETECTORS.create("random")).load(folder)


def test_results_are_put_in_and_others_are_not(folder):
    text = model_card(folder, results("random", "blink"))
    assert text.count("| meshwarp | 0.938 (0.80-1.00) | 0.125 | 0.500 | 0.050 | 8, 8, 1 |") == 1
    assert model_card(folder, results("mine", "random")).count("| meshwarp |") == 1, "its own name comes first"
    with pytest.raises(InputError, match="no scores of 'random'; they have blink"):
        model_card(folder, results("blink"))


def test_without_training_or_results_the_card_says_so(folder):
    text = model_card(folder)
    assert "Not written down" in text and "Nothing is said here" in text


def test_a_folder_without_a_detector_is_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        model_card(tmp_path)
