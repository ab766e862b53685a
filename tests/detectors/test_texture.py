import numpy as np
import pytest
from scipy.ndimage import zoom

from tellbench.datasets.clip import PRISTINE, Clip
from tellbench.datasets.video import VideoWriter
from tellbench.detectors import crops
from tellbench.detectors.crops import RUN, face_run
from tellbench.detectors.cues import Cues
from tellbench.detectors.dct import BLOCK, ORDER, block_statistics
from tellbench.detectors.flicker import BINS, flicker
from tellbench.detectors.residual import CLASS, NAMES, STEPS, residuals, triple_counts
from tellbench.errors import InputError


def colour(grey) -> np.ndarray:
    return np.repeat(np.clip(np.rint(grey), 0, 255)[..., None], 3, -1).astype(np.uint8)


def noise(count=3, side=64, spread=12.0, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).normal(128, spread, (count, side, side))


def test_a_cosine_is_one_coefficient():
    x = np.arange(64) + 0.5
    for k in (1, 3, 7):
        wave = 128 + 60 * np.cos(np.pi * k * x / BLOCK)[None, None] * np.ones((1, 64, 1))
        assert ORDER[block_statistics(colour(wave))[:63].argmax()] == k


def test_sizes_ignore_contrast_and_tails_know_the_distribution():
    found = block_statistics(colour(noise(12)))
    dim = block_statistics(colour(noise(12, spread=6.0)))
    np.testing.assert_allclose(found[:63], dim[:63], atol=0.08)
    np.testing.assert_allclose(found[63:], 0.226, atol=0.05)  # log of sqrt(pi / 2): a normal distribution
    loud = noise(12)
    loud[:, :32] = 128  # half of the blocks are flat
    assert block_statistics(colour(loud))[63:].min() > 0.4


def test_upsampling_shows_in_the_blocks_and_in_the_triples():
    sharp, soft = noise(), zoom(noise(side=32), (1, 2, 2), order=1)
    top = slice(53, 63)
    assert (block_statistics(colour(sharp))[top] - block_statistics(colour(soft))[top]).min() > 1
    flat = NAMES.index("+0+0+0")
    shares = [triple_counts(residuals(grey)["square"], STEPS["square"])[flat] for grey in (sharp, soft)]
    assert shares[1] > 2 * shares[0]


def test_triples_are_alike_by_sign_and_direction():
    assert len(NAMES) == len(set(NAMES)) == CLASS.max() + 1 == 39
    ramp = np.random.default_rng(1).normal(0, 2, (1, 40, 40))
    found = triple_counts([ramp], 1.0)
    assert (found**2).sum() == pytest.approx(1)
    np.testing.assert_allclose(triple_counts([-ramp], 1.0), found)
    np.testing.assert_allclose(triple_counts([ramp[:, :, ::-1]], 1.0), found)


def test_residuals_vanish_on_a_slope_and_weigh_the_pixel_by_one():
    slope = (np.arange(20.0)[:, None] * 3 + np.arange(20.0) * 2)[None]
    point = np.zeros((1, 9, 9))
    point[0, 4, 4] = 1
    for name, images in residuals(slope).items():
        assert all(np.abs(image).max() < 1e-9 for image in images), name
    for images in residuals(point).values():
        assert all(image.min() == -1 for image in images)


def test_flicker_finds_its_own_frequency_in_its_own_band():
    time = np.arange(RUN)[:, None, None]
    coarse = 128 + 40 * np.sin(2 * np.pi * 8 / RUN * time) * np.ones((1, 60, 60))
    board = np.indices((60, 60)).sum(0) % 2 * 2 - 1
    fine = 128 + 40 * np.sin(2 * np.pi * 4 / RUN * time) * board
    assert flicker(colour(coarse)).argmax() == 7
    assert flicker(colour(fine)).argmax() == BINS + 3
    still = flicker(np.repeat(colour(noise(1)), RUN, 0))
    assert still.shape == (2 * BINS,) and still.max() == pytest.approx(-30)


@pytest.fixture
def clip(tmp_path, monkeypatch) -> Clip:
    monkeypatch.setenv("TELLBENCH_CACHE", str(tmp_path / "cache"))
    levels = np.arange(40)[:, None, None, None] * 5 + 20
    with VideoWriter(tmp_path / "clip.mp4", 64, 64, 25.0, crf=4) as video:
        video.write(np.broadcast_to(levels, (40, 64, 64, 3)).astype(np.uint8))
    return Clip(clip_id="clip", path=tmp_path / "clip.mp4", label=PRISTINE)


def moving(found) -> Cues:
    found = np.asarray(found, bool)
    known = np.where(found, 1.0, np.nan)[:, None].astype(np.float32)
    boxes = (np.array([10, 10, 30, 30]) + np.arange(len(found))[:, None] / 4).astype(np.float32) * known
    points = np.zeros((len(found), 68, 2), np.float32)
    return Cues(25.0, found, found.astype(int), boxes, points, points[:, :2], points[:, :2, 0])


def test_a_run_is_consecutive_nearest_to_the_middle_and_cut_at_one_place(clip, monkeypatch):
    found = np.ones(40, bool)
    assert face_run(clip, moving(found)).indices.tolist() == list(range(4, 36))
    found[39] = found[0] = False
    run = face_run(clip, moving(found), 16)
    assert run.indices.tolist() == list(range(12, 28))
    assert (np.diff(run.frames.mean((1, 2, 3))) > 3).all()
    found[20] = False
    with pytest.raises(InputError, match="a face in 37 of 40"):
        face_run(clip, moving(found))
    monkeypatch.setattr(crops, "read_frames", None)
    assert (face_run(clip, moving(np.ones(40, bool))).frames.shape[0]) == RUN  # from the cache
