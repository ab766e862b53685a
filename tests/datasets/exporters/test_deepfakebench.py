"""A reader written from the description of DeepfakeBench's format alone loads what was exported."""

import dataclasses
import json

import numpy as np
import pytest
import yaml
from PIL import Image

from tellbench.datasets.clip import FORGED, UNLABELLED
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.exporters import deepfakebench
from tellbench.datasets.exporters.deepfakebench import DeepfakeBench
from tellbench.datasets.faces.finder import Face
from tellbench.datasets.video import read_frames
from tellbench.errors import InputError

BOX = np.array([20.0, 10.0, 40.0, 36.0])


@pytest.fixture(autouse=True)
def drawn_face(monkeypatch):
    """A face of 20 x 26 pixels in every frame."""
    face = Face(BOX, 1.0, np.zeros((5, 2)))
    monkeypatch.setattr(deepfakebench, "_finder", lambda: lambda frames: [[face]] * len(frames))


def load(folder, set_name, split):
    """`{set: {label: {split: {video: {"label": label, "frames": [...]}}}}}`: (label, video, pictures) of a split."""
    numbers = yaml.safe_load((folder / "label_dict.yaml").read_text())["label_dict"]
    found = []
    for videos in (kinds := json.loads((folder / f"{set_name}.json").read_text())[set_name]).values():
        for video, entry in videos[split].items():
            assert entry["label"] in kinds
            paths = sorted(entry["frames"], key=lambda path: int(path.split("/")[-1].split(".")[0]))
            assert {path.split("/")[-2] for path in paths} == {video}, "metrics group frames by their folder"
            pictures = np.stack([np.asarray(Image.open(folder / path)) for path in paths])
            found.append((numbers[entry["label"]], video, pictures))
    return found


def test_a_reader_of_the_described_format_loads_it(small_corpus, tmp_path):
    lines = DeepfakeBench(frames=4, size=16).export(small_corpus, tmp_path / "out")
    for split in ("train", "val", "test"):
        found = load(tmp_path / "out", "Tellbench", split)
        assert sorted(label for label, _, _ in found) == [0, 1]
        assert all(pictures.shape == (4, 16, 16, 3) for _, _, pictures in found)
    videos = [video for split in ("train", "val", "test") for _, video, _ in load(tmp_path / "out", "Tellbench", split)]
    assert len(set(videos)) == len(small_corpus)
    assert "Tellbench" in lines[0]


def test_one_set_for_each_generator(small_corpus, tmp_path):
    clips = [
        dataclasses.replace(c, generator="vasa" if c.label and c.split == "test" else c.generator) for c in small_corpus
    ]
    corpus = Corpus(clips, small_corpus.root)
    DeepfakeBench(frames=1, size=16, set_name="Mine").export(corpus, tmp_path / "out")
    read = {name: json.loads((tmp_path / "out" / f"{name}.json").read_text())[name] for name in ("Mine", "Mine_vasa")}
    assert set(read["Mine"]) == {"Mine_Real", "Mine_meshwarp", "Mine_vasa"}
    assert set(read["Mine_vasa"]) == {"Mine_Real", "Mine_vasa"}
    assert read["Mine_vasa"]["Mine_vasa"]["train"] == {}, "every split is there, if only empty"
    assert yaml.safe_load((tmp_path / "out" / "label_dict.yaml").read_text())["label_dict"] == {
        "Mine_Real": 0,
        "Mine_meshwarp": 1,
        "Mine_vasa": 1,
    }


def test_the_crop_is_the_square_about_the_face(small_corpus, tmp_path):
    side = round(1.3 * 26)
    DeepfakeBench(frames=3, size=side).export(small_corpus, tmp_path / "out")
    left, top = 30 - side // 2, 23 - side // 2
    for clip in small_corpus.split("train"):
        label = int(clip.label == FORGED)
        ((_, _, pictures),) = [one for one in load(tmp_path / "out", "Tellbench", "train") if one[0] == label]
        frames = read_frames(clip.path, [1, 5, 8])
        np.testing.assert_array_equal(pictures, frames[:, top : top + side, left : left + side])


def test_a_clip_without_a_face_is_kept_whole_and_named(small_corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(deepfakebench, "_finder", lambda: lambda frames: [[]] * len(frames))
    lines = DeepfakeBench(frames=2, size=48).export(small_corpus, tmp_path / "out")
    assert "no face found in 6 clips" in lines[1]
    _, _, pictures = load(tmp_path / "out", "Tellbench", "train")[0]
    np.testing.assert_array_equal(pictures[0], read_frames(small_corpus.clips[0].path, [2])[0][:, 8:56])


def test_an_interrupted_export_goes_on(small_corpus, tmp_path):
    def stop(done=[]):  # noqa: B006  (the count of this one run)
        done.append(1)
        if len(done) == 3:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        DeepfakeBench(frames=2, size=16).export(small_corpus, out, stop)
    kept = {path: path.stat().st_mtime_ns for path in out.rglob("*.png")}
    assert len(kept) == 6 and not list(out.glob("*Tellbench*.json"))
    DeepfakeBench(frames=2, size=16).export(small_corpus, out)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert len(load(out, "Tellbench", "test")) == 2


def test_clips_without_label_or_split_are_refused(small_corpus, tmp_path):
    for lack, change in (("label", {"label": UNLABELLED}), ("split", {"split": ""})):
        clips = [dataclasses.replace(c, **change) if c.clip_id == "a-2" else c for c in small_corpus]
        with pytest.raises(InputError, match=f"'a-2' has no {lack}"):
            DeepfakeBench().export(Corpus(clips, small_corpus.root), tmp_path / lack)


@pytest.mark.parametrize("name", ["FF-DF", "FaceShifter", "DeepFakeDetection", "my frames", "frames", "a/b", ""])
def test_names_that_deepfakebench_would_misread_are_refused(name):
    with pytest.raises(InputError, match="set name"):
        DeepfakeBench(set_name=name)


def test_no_frames_are_refused():
    with pytest.raises(InputError, match="at least 1"):
        DeepfakeBench(frames=0)
