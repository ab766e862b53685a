import logging

import numpy as np
import pytest
import torch
from PIL import Image

from tellbench.datasets.faces.finder import Face
from tellbench.datasets.faces.landmarks import Landmarks
from tellbench.datasets.video import VideoWriter
from tellbench.errors import InputError
from tellbench.generator.vasa.data.video import ClipBank, Recording, Sampling, prepare, recordings, windows_of

SAMPLING = Sampling(frames=6, side=32)


@pytest.fixture(scope="module")
def footage(filmed) -> tuple[np.ndarray, np.ndarray]:
    """Frames (9, 96, 96, 3) of one person, and the landmarks (70) in pixels that a landmarker would find."""
    frames = (filmed.image.permute(0, 2, 3, 1) * 255).byte().numpy()
    return frames, ((filmed.landmarks + 1) * 48).numpy()


@pytest.fixture
def tools(footage):
    """A finder and a landmarker that know the footage by its brightness."""
    frames, points = footage
    codes = frames.mean((1, 2, 3))

    def which(picture: np.ndarray) -> int:
        return int(np.abs(codes - picture.mean()).argmin())

    def finder(batch: np.ndarray) -> list[list[Face]]:
        boxes = [np.concatenate([points[which(p)].min(0), points[which(p)].max(0)]) for p in batch]
        return [
            [Face(box.astype(np.float32), 1.0, np.zeros((5, 2), np.float32))] if p.mean() > 5 else []
            for box, p in zip(boxes, batch, strict=True)
        ]

    def landmarker(batch: np.ndarray, boxes: np.ndarray) -> Landmarks:
        rows = np.array([which(picture) for picture in batch])
        found = Landmarks(
            points[rows, :68].astype(np.float32),
            points[rows, 68:].astype(np.float32),
            np.full((len(rows), 2), 0.3, np.float32),
        )
        for field in (found.points, found.iris, found.aperture):
            field[~np.isfinite(boxes).all(1)] = np.nan
        return found

    return finder, landmarker


@pytest.fixture
def people(tmp_path, footage):
    """Two people: one as video, one as pictures; and a broken file."""
    frames, _ = footage
    (tmp_path / "id1" / "a").mkdir(parents=True)
    with VideoWriter(tmp_path / "id1" / "a" / "00001.mp4", 96, 96, 25) as writer:
        writer.write(frames)
    (tmp_path / "id2" / "walk").mkdir(parents=True)
    for i, frame in enumerate(frames):
        Image.fromarray(frame).save(tmp_path / "id2" / "walk" / f"{i:03d}.png")
    (tmp_path / "id2" / "broken.mp4").write_bytes(b"nothing")
    return tmp_path


def test_people_are_the_first_folders(people):
    found = recordings(people)
    assert [(one.person, one.path.name) for one in found] == [
        ("id1", "00001.mp4"),
        ("id2", "broken.mp4"),
        ("id2", "walk"),
    ]
    with pytest.raises(InputError, match="no clips"):
        recordings(people / "id1" / "a" / "none")


def test_windows_frame_the_face_and_read_its_pose(people, tools, filmed):
    windows = windows_of(people / "id2" / "walk", Sampling(frames=9, side=32), *tools)
    assert windows.image.shape == (9, 3, 32, 32) and windows.rig is None and windows.canonical is None
    assert windows.pose[:, 3:6].median(0).values.abs().max() < 0.1
    turned = windows.pose[:, :3] - filmed.pose[:, :3]
    assert turned.rad2deg().abs().median() < 5


def test_a_clip_without_a_face_is_named_and_skipped_and_no_clip_is_read_twice(people, tools, caplog, tmp_path):
    black = people / "id3" / "black"
    black.mkdir(parents=True)
    for i in range(3):
        Image.fromarray(np.zeros((96, 96, 3), np.uint8)).save(black / f"{i}.png")
    cache = tmp_path / "cache"
    with caplog.at_level(logging.WARNING):
        first = list(prepare(recordings(people), cache, SAMPLING, *tools))
    assert [person for person, _ in first] == ["id1", "id2"]
    assert "broken.mp4" in caplog.text and "black" in caplog.text

    def never(*_):
        raise AssertionError("read again")

    again = list(prepare([Recording(people / "id2" / "walk", "id2")], cache, SAMPLING, never, never))
    assert torch.equal(again[0][1].image, first[1][1].image)


def test_pairs_are_two_frames_of_one_clip(people, tools):
    bank = ClipBank(prepare(recordings(people), people / "cache", SAMPLING, *tools))
    pairs = bank.draw(64, torch.Generator().manual_seed(0))
    assert len(bank) == 2 and set(pairs.source.person.tolist()) == {0, 1}
    assert torch.equal(pairs.source.person, pairs.target.person) and pairs.target.rig is None
    assert ((pairs.source.image - pairs.target.image).abs().mean((1, 2, 3)) > 1e-4).all()
    assert pairs.pose_driver is pairs.target


def test_what_does_not_fit_is_left_out(people, tools, caplog):
    clips = list(prepare(recordings(people), people / "cache", SAMPLING, *tools))
    size = sum(value.nbytes for value in (clips[0][1].image,)) / 4
    assert len(ClipBank(clips, gigabytes=1.7 * size / 1e9)) == 1
    with pytest.raises(InputError, match="no clip"):
        ClipBank(clips, gigabytes=0)
