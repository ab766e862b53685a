import numpy as np
import pytest
import torch

from tellbench.datasets.faces.posing import _HEAD, _RIGID, head_angles, upright
from tellbench.datasets.studio.expressions.posing import euler


def seen(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """One frame of the mean head turned so, from afar; other points lie between the eyes."""
    turn = euler(*(torch.tensor([float(angle)]) for angle in (yaw, pitch, roll)))[0].numpy()
    points = np.zeros((1, 68, 2), np.float32)
    points[0, list(_RIGID)] = (_HEAD @ turn.T)[:, :2] * [1, -1]
    return points * 90 + 200


@pytest.mark.parametrize("angles", [(0, 0, 0), (20, 0, 0), (0, 12, 0), (0, 0, -15), (-25, 10, 8)])
def test_angles_of_the_mean_head_come_back(angles):
    np.testing.assert_allclose(head_angles(seen(*angles))[0], angles, atol=1e-3)


def test_unknown_frames_stay_unknown():
    points = np.concatenate([seen(5, 0, 0), np.full((1, 68, 2), np.nan, np.float32)])
    angles = head_angles(points)
    assert np.isfinite(angles[0]).all()
    assert np.isnan(angles[1]).all()


def test_upright_forgets_place_size_and_roll():
    points = seen(10, 5, 0)
    turned = points @ np.array([[0.8, 0.6], [-0.6, 0.8]], np.float32) * 3 + 40
    np.testing.assert_allclose(upright(turned), upright(points), atol=1e-4)
