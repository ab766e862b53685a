import numpy as np
import pytest

from tellbench.generator.meshwarp.seam import MOUTH, is_closed, snap_mouth


def _face(depth):
    """A grey picture with a dark, slightly bent line from (40, 100) to (120, 100)."""
    y, x = np.mgrid[:160, :160] + 0.5
    line = 100 + 3 * np.sin(np.pi * (x - 40) / 80)
    dark = depth * np.exp(-(((y - line) / 2) ** 2)) * ((x > 40) & (x < 120))
    return np.repeat((150 - dark)[..., None], 3, -1)


@pytest.fixture
def points():
    """Closed lips along the line's chord."""
    out = np.zeros((68, 2))
    outer = np.linspace(40, 120, 7)
    out[48:55] = np.column_stack([outer, 100 - 8 * np.sin(np.pi * (outer - 40) / 80)])
    out[55:60] = np.column_stack([outer[5:0:-1], 100 + 9 * np.sin(np.pi * (outer[5:0:-1] - 40) / 80)])
    inner = np.linspace(44, 116, 5)
    out[60:65] = np.column_stack([inner, 100 + 3 * np.sin(np.pi * (inner - 40) / 80)])
    out[65:68] = out[[63, 62, 61]]
    return out


@pytest.mark.parametrize("shift", [-7.0, 0.0, 8.0])
def test_a_misplaced_mouth_goes_to_the_line(points, shift):
    moved = points + np.array([0, shift])
    snapped = snap_mouth(_face(60), moved)
    assert np.abs(snapped[MOUTH] - points[MOUTH]).max() < 1.5
    assert np.array_equal(snapped[:48], moved[:48])


def test_a_faint_line_leaves_the_points(points):
    assert np.array_equal(snap_mouth(_face(2), points + 5), points + 5)


def test_an_open_mouth_stays(points):
    points[65:68, 1] += 32
    assert not is_closed(points)
    assert np.array_equal(snap_mouth(_face(60), points + 5), points + 5)
