import numpy as np
import pytest

from tellbench.datasets.clip import Clip
from tellbench.datasets.video import VideoWriter
from tellbench.detectors.crops import MARGIN, face_crops, spread
from tellbench.detectors.cues import Cues
from tellbench.errors import InputError

WIDTH, HEIGHT, LENGTH = 128, 96, 50


@pytest.fixture
def clip(tmp_path, monkeypatch) -> Clip:
    """Frames whose colours say where and when they are: red = x, green = y, blue = frame number."""
    monkeypatch.setenv("TELLBENCH_CACHE", str(tmp_path / "cache"))
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    frames = np.stack([np.stack([x, y, np.full_like(x, 4 * t)], -1) for t in range(LENGTH)]).astype(np.uint8)
    with VideoWriter(tmp_path / "clip.mp4", WIDTH, HEIGHT, 25, crf=1) as video:
        video.write(frames)
    return Clip(clip_id="clip", path=tmp_path / "clip.mp4", label=-1)


def cues(boxes, found=True) -> Cues:
    boxes = np.broadcast_to(np.asarray(boxes, np.float32), (LENGTH, 4)).copy()
    found = np.broadcast_to(found, LENGTH).copy()
    boxes[~found] = np.nan
    unknown = np.zeros((LENGTH, 1), np.float32)
    return Cues(25.0, found, found.astype(int), boxes, unknown, unknown, unknown)


def test_crops_are_evenly_spread_over_the_clip(clip):
    crops = face_crops(clip, cues([40, 30, 70, 60]), count=5)
    assert crops.indices.tolist() == [5, 15, 25, 35, 45]
    np.testing.assert_allclose(crops.frames[..., 2].mean((1, 2)), 4 * crops.indices, atol=6)


def test_crops_keep_the_pixels_and_the_place(clip):
    crops = face_crops(clip, cues([40, 30, 70, 60]), count=3)
    assert crops.side == round(30 * MARGIN / 2) * 2 == 40
    # box centre (55, 45), side 40: columns 35 to 74, rows 25 to 64, one video pixel a crop pixel
    x, y = crops.frames[0, ..., 0].astype(float), crops.frames[0, ..., 1].astype(float)
    np.testing.assert_allclose(x.mean(0), np.arange(35, 75), atol=4)
    np.testing.assert_allclose(y.mean(1), np.arange(25, 65), atol=4)


def test_a_face_at_the_border_is_moved_inside_and_a_large_one_cut(clip):
    crops = face_crops(clip, cues([0, 0, 30, 30]), count=2)
    assert crops.frames.shape == (2, 40, 40, 3)
    np.testing.assert_allclose(crops.frames[0, ..., 0].mean(0), np.arange(40), atol=4)
    assert face_crops(clip, cues([0, 0, 120, 95]), count=2).side == HEIGHT


def test_only_frames_with_a_face_are_used(clip):
    found = np.zeros(LENGTH, bool)
    found[[7, 9, 30]] = True
    assert face_crops(clip, cues([40, 30, 70, 60], found), count=8).indices.tolist() == [7, 9, 30]
    with pytest.raises(InputError, match="no face"):
        face_crops(clip, cues([40, 30, 70, 60], False))


def test_the_cache_gives_the_same_crops_without_the_video(clip, monkeypatch):
    first = face_crops(clip, cues([40, 30, 70, 60]), count=4)
    monkeypatch.setattr("tellbench.detectors.crops.read_frames", None)
    again = face_crops(clip, cues([40, 30, 70, 60]), count=4)
    np.testing.assert_array_equal(first.frames, again.frames)
    np.testing.assert_array_equal(first.indices, again.indices)


def test_spread_covers_both_halves_of_what_is_left():
    assert spread(np.arange(270), 32).max() > 260
    assert len(set(spread(np.arange(33), 32).tolist())) == 32
