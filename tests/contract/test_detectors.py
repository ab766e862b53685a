"""What every registered detector promises, on drawn faces: adding a detector adds its tests."""

import dataclasses
import importlib.util
import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from tellbench.datasets import provenance, video
from tellbench.datasets.clip import FORGED, PRISTINE, UNLABELLED, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.detectors import cues
from tellbench.detectors.base import Detector, Evidence
from tellbench.detectors.sanity import Untrained
from tellbench.errors import InputError
from tellbench.registry import DETECTORS

QUICK = {
    "blink-sequence": {"epochs": 40},
    "brow-sequence": {"epochs": 40},
    "cnn": {"epochs": 4, "size": 48, "frames": 8},
    "sbi": {"epochs": 6, "size": 48, "frames": 8},
    "temporal": {"epochs": 6, "size": 48, "frames": 16},
}
"""Smaller settings of a detector whose defaults take long; whatever is not named here is tested as it comes."""


def _create(name: str) -> Detector:
    return DETECTORS.create(name, **QUICK.get(name, {}))


def _toys():
    """`tests/detectors/toys.py`: tests are no package, so it is read by its place."""
    spec = importlib.util.spec_from_file_location("toys", Path(__file__).parents[1] / "detectors" / "toys.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", autouse=True)
def drawn_faces(tmp_path_factory):
    """The toy tracker instead of the landmark network, and a cache of its own."""
    toys = _toys()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TELLBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setitem(cues.TRACKERS, "network", lambda device: toys.track)
        yield toys


@pytest.fixture(scope="module")
def corpus(drawn_faces, tmp_path_factory) -> Corpus:
    return drawn_faces.corpus(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module", params=list(DETECTORS))
def fitted(request, corpus) -> Detector:
    return _create(request.param).fit(corpus.split("train"), corpus.split("val"))


@pytest.fixture(scope="module")
def table(fitted, corpus):
    return fitted.score(corpus)


@pytest.fixture(scope="module")
def scores(table):
    return table.series


learning = pytest.mark.parametrize("name", [name for name in DETECTORS if not DETECTORS.load(name).sanity])


def _same(a, b) -> None:
    np.testing.assert_array_equal(a.sort_index().to_numpy(), b.sort_index().to_numpy())


def test_scores_name_every_clip_and_lie_in_the_unit_interval(scores, corpus):
    assert set(scores.index) == {clip.clip_id for clip in corpus}
    assert scores.dropna().between(0, 1).all()
    assert scores.drop("blank").notna().all()


def test_scores_of_frames_lie_on_both_sides_of_their_clip_s(table, scores):
    for clip_id, frames in table.frames.groupby("clip_id"):
        assert frames["score"].min() - 1e-9 <= scores[clip_id] <= frames["score"].max() + 1e-9
        assert frames["frame"].is_unique and frames["frame"].ge(0).all()
    assert table.frames["clip_id"].isin(scores.dropna().index).all()


def test_what_was_before_calibration_stands_beside_the_score(table, tmp_path):
    assert table.raw is not None
    assert (table.raw.isna() == table.series.isna()).all()
    order = table.raw.dropna().sort_values().index
    assert table.series[order].is_monotonic_increasing
    table.write_csv(tmp_path / "scores.csv")
    assert (tmp_path / "scores.csv").read_text().startswith("clip_id,score,raw\n")


def test_a_clip_without_a_face_is_missing_not_guessed(fitted, scores):
    assert np.isnan(scores["blank"]) != fitted.sanity


def test_higher_means_forged(fitted, scores, corpus):
    test = corpus.split("test").where(lambda clip: clip.clip_id != "blank")
    forged = [scores[clip.clip_id] for clip in test if clip.label == FORGED]
    pristine = [scores[clip.clip_id] for clip in test if clip.label == PRISTINE]
    if not fitted.sanity or fitted.name == "oracle":
        assert min(forged) > max(pristine)


def test_order_and_company_of_the_clips_do_not_matter(fitted, scores, corpus):
    _same(fitted.score(Corpus(reversed(corpus.clips), corpus.root)).series, scores)
    alone = fitted.score(corpus.where(lambda clip: clip.clip_id == "test-1")).series
    assert alone["test-1"] == scores["test-1"]


def test_same_seed_same_scores(fitted, scores, corpus):
    again = _create(fitted.name).fit(corpus.split("train"), corpus.split("val"))
    _same(again.score(corpus).series, scores)


def test_save_and_load_keep_the_scores(fitted, scores, corpus, tmp_path):
    fitted.save(tmp_path / "model")
    loaded = type(fitted).load(tmp_path / "model")
    _same(loaded.score(corpus).series, scores)
    assert not list(tmp_path.glob(".*"))


def test_files_and_clips_stay_untouched(fitted, corpus):
    def state() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(corpus.root.rglob("*")) if path.is_file()}

    before, clips = state(), [dataclasses.astuple(clip) for clip in corpus]
    fitted.score(corpus)
    fitted.evidence(corpus["test-0"])
    assert state() == before
    assert [dataclasses.astuple(clip) for clip in corpus] == clips


@pytest.fixture(scope="module")
def dressed(corpus, tmp_path_factory) -> dict[str, Corpus]:
    """A pair of clips with true, swapped and stripped manifests."""
    folder = tmp_path_factory.mktemp("dressed")
    pair = [corpus["test-0"], corpus["test-1"]]
    ways = ("true", "swapped", "stripped")
    return {way: Corpus([_dressed(clip, folder / way, way) for clip in pair], folder / way) for way in ways}


def test_provenance_does_not_matter(fitted, scores, dressed, monkeypatch):
    """It names the class, so no detector may see it: the same scores to the bit, whatever the manifests say."""
    for clips in dressed.values():
        monkeypatch.setenv("TELLBENCH_CACHE", str(clips.root / "cache"))  # measured anew
        given = fitted.score(clips).series
        _same(given, scores[given.index])


def _dressed(clip: Clip, folder: Path, way: str) -> Clip:
    """A copy of a clip with a signed manifest that says what it is, or the opposite, or that was cut out."""
    path = folder / clip.path.name
    path.parent.mkdir(exist_ok=True, parents=True)
    shutil.copy(clip.path, path)
    forged = (clip.label == FORGED) != (way == "swapped")
    kind = provenance.FORGERY if forged else provenance.RENDER
    provenance.sign(path, {"generator": "g"} if forged else {"source": "studio"}, source_type=kind)
    if way == "stripped":
        path.write_bytes(path.read_bytes().replace(b"uuid", b"free", 1))
    assert (provenance.examine(path).source_type == kind) == (way != "stripped")
    return dataclasses.replace(clip, path=path)


def test_an_unreadable_video_is_missing(fitted, corpus, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video at all")
    clip = dataclasses.replace(corpus["test-0"], clip_id="broken", path=broken)
    score = fitted.score(Corpus([clip], tmp_path)).series["broken"]
    assert np.isnan(score) != isinstance(fitted, Untrained)


def test_evidence_agrees_with_the_score(fitted, scores, corpus):
    _check_evidence(fitted.evidence(corpus["test-1"]), fitted.name)
    assert fitted.evidence(corpus["test-1"]).score == pytest.approx(scores["test-1"], abs=1e-9)


def test_evidence_says_what_is_missing(fitted, corpus):
    evidence = fitted.evidence(corpus["blank"])
    if not fitted.sanity:
        assert evidence.score is None
        assert "face" in str(evidence.facts["problem"])


@learning
def test_evidence_needs_no_training(name, corpus):
    evidence = _create(name).evidence(corpus["test-1"])
    _check_evidence(evidence, name)
    assert evidence.score is None
    assert evidence.plots


@learning
def test_the_video_is_decoded_once(name, corpus, tmp_path, monkeypatch):
    monkeypatch.setenv("TELLBENCH_CACHE", str(tmp_path / "cache"))
    opened, really = [], video._decord_reader
    monkeypatch.setattr(video, "_decord_reader", lambda path: opened.append(path) or really(path))
    DETECTORS.create(name).evidence(corpus["test-1"])
    assert len(opened) == 1
    for other in DETECTORS:
        if not DETECTORS.load(other).sanity:
            DETECTORS.create(other).evidence(corpus["test-1"])
    assert len(opened) == 1, "what one detector has seen serves all"


@learning
def test_unfitted_is_a_clear_error(name, corpus, tmp_path):
    with pytest.raises(InputError, match="not trained"):
        _create(name).score(corpus)
    with pytest.raises(InputError, match="not trained"):
        _create(name).save(tmp_path / "model")


@learning
@pytest.mark.parametrize("label", [PRISTINE, FORGED])
def test_one_class_is_refused(name, label, corpus):
    train = corpus.split("train").where(lambda clip: clip.label == label)
    with pytest.raises(InputError, match="both classes"):
        _create(name).fit(train, corpus.split("val"))


@learning
def test_unlabelled_training_clips_are_refused(name, corpus):
    train = corpus.split("train")
    unknown = dataclasses.replace(train.clips[0], clip_id="unknown", label=UNLABELLED)
    with pytest.raises(InputError, match="no label"):
        _create(name).fit(Corpus([*train, unknown], corpus.root), corpus.split("val"))


@learning
def test_a_class_without_a_face_is_refused(name, corpus):
    train = Corpus([clip for clip in corpus if clip.clip_id == "blank" or clip.label == FORGED], corpus.root)
    with pytest.raises(InputError, match="with a face"):
        _create(name).fit(train, corpus.split("val"))


@learning
def test_training_works_without_a_useful_validation_set(name, corpus):
    detector = _create(name)
    empty = corpus.where(lambda clip: False)
    assert detector.fit(corpus.split("train"), empty).score(corpus.split("test")).n_missing == 1


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_tampered_files_are_refused_and_never_run(fitted, tmp_path):
    folder, fuse = tmp_path / "model", tmp_path / "fuse"
    fitted.save(folder)
    about = json.loads((folder / "detector.json").read_text())
    for name in about["files"]:
        whole = (folder / name).read_bytes()
        for content in (b"", whole[: len(whole) // 2], pickle.dumps(Bomb(fuse)), b"PK\x03\x04" + whole[4:100]):
            (folder / name).write_bytes(content)
            with pytest.raises(InputError, match="hash differs"):
                type(fitted).load(folder)
            _adopt(folder, about, name)  # the forger fixes the hash as well
            with pytest.raises(InputError):
                type(fitted).load(folder)
        (folder / name).unlink()
        with pytest.raises(InputError, match="missing"):
            type(fitted).load(folder)
        (folder / name).write_bytes(whole)
        (folder / "detector.json").write_text(json.dumps(about))
    assert not fuse.exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", 99),
        ("name", "someone else"),
        ("version", 99),
        ("config", {"surprise": 1}),
        ("config", None),
        ("files", {"../../etc/passwd": "0"}),
        ("fitted", "yes"),
    ],
)
def test_a_wrong_description_is_refused(fitted, key, value, tmp_path):
    fitted.save(tmp_path / "model")
    about = json.loads((tmp_path / "model" / "detector.json").read_text())
    (tmp_path / "model" / "detector.json").write_text(json.dumps({**about, key: value}))
    with pytest.raises(InputError):
        type(fitted).load(tmp_path / "model")


def test_no_description_is_refused(fitted, tmp_path):
    with pytest.raises(InputError, match=r"detector\.json"):
        type(fitted).load(tmp_path)


def _adopt(folder: Path, about: dict, name: str) -> None:
    from tellbench.datasets.files import sha256

    files = {**about["files"], name: sha256(folder / name)}
    (folder / "detector.json").write_text(json.dumps({**about, "files": files}))


def _check_evidence(evidence: Evidence, name: str) -> None:
    assert evidence.detector == name
    assert evidence.facts
    assert all(isinstance(value, str | int) or np.isfinite(value) for value in evidence.facts.values())
    for plot in evidence.plots:
        assert all(len(values) == len(plot.x) for values in plot.series.values())
        assert plot.title and plot.x_label and plot.y_label
    for picture in evidence.pictures:
        assert picture.title and picture.pixels.dtype == np.uint8 and picture.pixels.shape[2:] == (3,)
