"""Scores of outside detectors, in the forms that their tools write."""

from pathlib import Path

import pytest

from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.outside_scores import read_outside
from tellbench.errors import InputError

ROOT = Path("/corpus")


def _clip(method, name, split="test"):
    path = ROOT / "media" / "manipulated_sequences" / method / "c23" / "videos" / f"{name}.mp4"
    return Clip(clip_id=f"{method}-{name}", path=path, label=1, generator=method, split=split)


@pytest.fixture
def corpus():
    clips = [_clip("Deepfakes", "000_003"), _clip("FaceSwap", "000_003"), _clip("FaceSwap", "010_011")]
    return Corpus([*clips, _clip("FaceSwap", "020_021", "train")], ROOT)


@pytest.fixture
def read(tmp_path, corpus):
    def call(text):
        (tmp_path / "s.csv").write_text(text)
        return read_outside(tmp_path / "s.csv", corpus, corpus.split("test"))

    return call


WANTED = {"Deepfakes-000_003": 0.25, "FaceSwap-000_003": 0.5, "FaceSwap-010_011": 1.0}


@pytest.mark.parametrize(
    "text",
    [
        "clip_id,score\nDeepfakes-000_003,0.25\nFaceSwap-000_003,0.5\nFaceSwap-010_011,1\n",
        "Deepfakes-000_003;0.25\nFaceSwap-000_003;0.5\nFaceSwap-010_011;1\n",
        "\ufeffProb,Video,label\r\n0.25,Deepfakes/c23/videos/000_003.mp4,1\r\n0.5,FaceSwap/c23/videos/000_003.mp4,1\r\n"
        "1,010_011,1\r\n",
        "path\tpred\nDeepfakes\\c23\\000_003.mp4\t0.25\nFaceSwap\\c23\\000_003.mp4\t0.5\n/data/x/010_011.mp4\t1\n",
        "img_path,score\n/d/Deepfakes/c23/frames/000_003/000.png,0.2\n/d/Deepfakes/c23/frames/000_003/001.png,0.3\n"
        "FaceSwap/c23/frames/000_003/7.png,0.5\nFaceSwap/c23/frames/010_011/7.png,1\n",
    ],
    ids=["clip_id", "file;score", "other columns", "backslashes", "frames"],
)
def test_forms(read, text):
    found = read(text)
    assert found.table.series.to_dict() == pytest.approx(WANTED)
    assert (found.missing, found.extra, found.n_elsewhere) == ((), (), 0)
    assert found.n_averaged == (3 if "frames" in text else 0)
    assert found.table.frames["score"].tolist() == ([0.2, 0.3, 0.5, 1.0] if "frames" in text else [])


def test_missing_extra_and_other_splits_are_told(read, corpus):
    found = read("Deepfakes-000_003;0.25\nFaceSwap-000_003;\nnobody.mp4;0.1\nFaceSwap-020_021;0.9\n")
    assert found.missing == ("FaceSwap-000_003", "FaceSwap-010_011")
    assert found.extra == ("nobody.mp4",)
    assert found.n_elsewhere == 1
    assert found.score(corpus.split("test")).n_missing == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Deepfakes-000_003;0.25\nDeepfakes-000_003;0.25\n", r"s\.csv:2: clip 'Deepfakes-000_003' is scored twice"),
        ("Deepfakes-000_003;0.2\nDeepfakes/c23/000_003/1.png;0.2\n", "is scored twice"),
        ("000_003.mp4;0.25\n", "'000_003.mp4' fits several clips"),
        ("nobody;0.25\n", "none of its 1 names is a clip"),
        ("clip_id,value\na,1\n", "columns clip_id, value; one of"),
        ("FaceSwap-010_011;high\n", "columns faceswap-010_011, high"),
        ("clip_id,score\nFaceSwap-010_011,high\n", r"s\.csv:2: score 'high' is no number"),
        ("clip_id,score\nFaceSwap-010_011,3.5\n", r"has score 3\.5; scores lie in \[0, 1\]"),
        ("clip_id,score\nFaceSwap-010_011\n", "lacks a name or a score"),
        ("\n", "is empty"),
    ],
)
def test_what_cannot_be_read(read, text, message):
    with pytest.raises(InputError, match=message):
        read(text)
