import dataclasses

import numpy as np
import pytest

from tellbench.datasets.faces.landmarks import MIRROR, Landmarks
from tellbench.errors import InputError
from tellbench.generator.meshwarp.fit import fit_head
from tellbench.generator.meshwarp.quality import Quality, check_fit, check_landmarks, examine

BOX = np.array([60, 60, 140, 150], np.float32)
MARKS = np.array([[70.0, 70.0], [130.0, 75.0], [90.0, 140.0]])  # one spot a colour channel


def _spotted():
    y, x = np.mgrid[:200, :200] + 0.5
    spots = [np.exp(-((x - mx) ** 2 + (y - my) ** 2) / 18) for mx, my in MARKS]
    return (255 * np.stack(spots, -1)).astype(np.uint8)


def _find(frames, points, sees_mirrors=True):
    """A landmarker that really reads the picture: it follows the three spots."""
    y, x = np.mgrid[:200, :200] + 0.5
    out = []
    for frame in frames.astype(float):
        spots = [[(frame[..., c] * x).sum(), (frame[..., c] * y).sum()] / frame[..., c].sum() for c in range(3)]
        affine = np.linalg.solve(np.column_stack([MARKS, np.ones(3)]), np.array(spots)).T
        moved = points @ affine[:, :2].T + affine[:, 2]
        mirrored = np.linalg.det(affine[:, :2]) < 0
        out.append(moved[MIRROR] if mirrored and sees_mirrors else moved)
    return Landmarks(
        np.array(out, np.float32), np.zeros((len(out), 2, 2), np.float32), np.ones((len(out), 2), np.float32)
    )


@pytest.fixture
def points():
    return np.random.default_rng(0).uniform(65, 140, (68, 2))


def test_a_faithful_landmarker_passes(points):
    picture = _spotted()
    found = _find(picture[None], points)
    quality, mean, _ = examine(lambda f, b: _find(f, points), picture, BOX, found)
    np.testing.assert_allclose(mean, found.points[0], atol=0.5)
    assert quality.mirror_error < 0.01
    assert quality.jitter < 0.01
    check_landmarks(quality)


def test_points_that_ignore_the_picture_jitter_and_are_refused(points):
    picture = _spotted()
    fixed = _find(picture[None], points)
    everywhere = Landmarks(*(np.repeat(v, 5, 0) for v in (fixed.points, fixed.iris, fixed.aperture)))
    quality, *_ = examine(lambda f, b: everywhere, picture, BOX, fixed)
    with pytest.raises(InputError, match=r"cannot be animated well.*mirror image"):
        check_landmarks(quality)
    with pytest.raises(InputError, match="slightly turned"):
        check_landmarks(dataclasses.replace(quality, mirror_error=0.0, jitter=0.2))


def test_sides_taken_for_each_other_are_refused(points):
    picture = _spotted()
    quality, *_ = examine(lambda f, b: _find(f, points, sees_mirrors=False), picture, BOX, _find(picture[None], points))
    assert quality.jitter < 0.01
    with pytest.raises(InputError, match="mirror image"):
        check_landmarks(quality)


def test_unknown_landmarks_are_refused():
    with pytest.raises(InputError):
        check_landmarks(Quality(float("nan"), 0.0))


def test_a_head_fits_and_a_scatter_does_not(model, portrait):
    check_fit(fit_head(model, portrait.truth.points[0], (192, 192)))
    with pytest.raises(InputError, match=r"off any head's|turned by|from usual"):
        check_fit(fit_head(model, np.random.default_rng(0).uniform(40, 150, (68, 2)), (192, 192)))
