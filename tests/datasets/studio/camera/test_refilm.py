"""Pictures filmed again look as if the camera had filmed the scene: its shake, exposure, grain and sharpening."""

import numpy as np
import pytest
import torch

from tellbench.datasets.studio.camera.camera import Camera
from tellbench.datasets.studio.camera.refilm import Refilm
from tellbench.datasets.studio.camera.setting import Setting

SIZE, PORTRAIT = 96, 1 << 20
STILL = {"iso": 0.0, "drift": 0.0, "shake": 0.0}


def camera(**overrides):
    return Camera(Setting.sample(3, {**STILL, **overrides}), SIZE, (0.6, 0.4, 0.3), 3, torch.device("cpu"))


def filmed(camera, first_frame, n_frames):
    """The empty room."""
    nobody = torch.zeros(n_frames, 2 * SIZE, 2 * SIZE, 3)
    return camera.expose(nobody, torch.ones(nobody.shape[:3]), first_frame, "torch").numpy()


def again(first_frame, n_frames, **overrides):
    """The empty room filmed, and its quiet photograph filmed again."""
    photograph = filmed(camera(**{**overrides, "iso": 0.0}), PORTRAIT, 1)
    seen = filmed(camera(**overrides), first_frame, n_frames)
    refilm = Refilm(camera(**overrides), PORTRAIT)
    return seen.astype(float), refilm(np.repeat(photograph, n_frames, 0), first_frame).astype(float), photograph


def test_a_still_camera_without_noise_changes_nothing():
    _, made, photograph = again(0, 3)
    assert np.abs(made - photograph).max() <= 1


@pytest.mark.parametrize("sharpening", [0.0, 0.8])
def test_grain_is_as_strong_as_the_camera_s_in_dark_and_light_and_new_in_every_frame(sharpening):
    seen, made, _ = again(5, 12, iso=1600.0, sharpening=sharpening)
    bright = seen.mean((0, 3)) > np.median(seen)
    for where in (bright, ~bright):
        true, ours = (np.diff(frames, axis=0)[:, where].std() for frames in (seen, made))
        assert ours == pytest.approx(true, rel=0.06)
        steps = [np.diff(frames, axis=2)[:, where[:, 1:]].std() for frames in (seen, made)]
        assert steps[1] == pytest.approx(steps[0], rel=0.06), "neighbours agree as much as the camera's"
    assert np.abs(made - seen).mean() > 0.5, "and it is not the very noise of the pristine frames"


def test_shake_moves_the_room_as_the_camera_does():
    seen, made, photograph = again(0, 20, shake=1.5)
    inside = (slice(None), slice(8, -8), slice(8, -8))
    assert np.abs(seen - photograph)[inside].mean() > 4 * np.abs(seen - made)[inside].mean()


def test_exposure_and_white_balance_drift_as_the_camera_s():
    seen, made, _ = again(0, 50, drift=0.3)
    means = [frames.mean((1, 2)) for frames in (seen, made)]
    assert np.ptp(means[0], axis=0).min() > 2
    assert np.abs(means[0] - means[1]).max() < 0.6


def test_frames_do_not_depend_on_how_a_clip_is_cut():
    refilm = Refilm(camera(iso=800.0, shake=1.0, drift=0.02), PORTRAIT)
    frames = np.random.default_rng(0).integers(0, 256, (5, SIZE, SIZE, 3), np.uint8)
    parts = [refilm(frames[:2], 7), refilm(frames[2:], 9)]
    assert np.array_equal(np.concatenate(parts), refilm(frames, 7))
