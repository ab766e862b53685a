from types import SimpleNamespace

import numpy as np

from tellbench.datasets.expression import INDEX
from tellbench.datasets.faces.sittings import CACHE_SIDE, cut, load_cache, random_sitting, render_cache


def fake_shot(count: int = 2) -> SimpleNamespace:
    """Frames with a white dot at landmark 30."""
    rng = np.random.default_rng(1)
    landmarks = rng.uniform(40, 80, (count, 68, 2)).astype(np.float32)
    landmarks[:, 30] = [60.5, 70.5]
    frames = np.zeros((count, 128, 128, 3), np.uint8)
    frames[:, 70, 60] = 255
    mask = np.zeros((count, 128, 128), np.uint8)
    mask[:, 30:90, 30:90] = 1
    return SimpleNamespace(
        frames=frames, landmarks=landmarks, iris=landmarks[:, :2], aperture=landmarks[:, 0] / 200, mask=mask
    )


def test_sitting_is_seeded_and_in_range():
    one, same, other = random_sitting(3, 200), random_sitting(3, 200), random_sitting(4, 200)
    np.testing.assert_array_equal(one.coefficients, same.coefficients)
    assert (one.pose != other.pose).any()
    assert one.coefficients.min() >= 0 and one.coefficients.max() <= 1
    assert np.abs(one.pose[:, 0]).max() <= 50 and np.abs(one.pose[:, 1]).max() <= 20


def test_sitting_shows_every_lid_closure():
    blink = random_sitting(0, 500).coefficients[:, INDEX["eyeBlinkLeft"]]
    counts, _ = np.histogram(blink, bins=5, range=(0, 1))
    assert counts.min() >= 15


def test_cut_maps_pixels_and_points_alike():
    crops = cut(fake_shot())
    assert crops.planes.shape == (2, 4, CACHE_SIDE, CACHE_SIDE)
    for plane, points in zip(crops.planes[:, 0].astype(float), crops.points, strict=True):
        axis = np.arange(CACHE_SIDE) + 0.5
        seen = [(plane.sum(0) * axis).sum() / plane.sum(), (plane.sum(1) * axis).sum() / plane.sum()]
        np.testing.assert_allclose(seen, points[30], atol=0.1)


def test_cut_marks_the_room():
    crops = cut(fake_shot())
    room = crops.planes[:, 3]
    x, y = crops.points[0, 30].astype(int)
    assert room[0, y, x] == 0 and room[0, 0, 0] == 255


def test_cache_keeps_what_is_filmed(tmp_path):
    calls = []

    def film(seed, sitting):
        calls.append(seed)
        yield fake_shot(len(sitting.pose))

    render_cache(tmp_path, range(2), 3, film)
    render_cache(tmp_path, range(3), 3, film)
    assert calls == [0, 1, 2]
    crops = load_cache(tmp_path, range(3))
    assert len(crops) == 9 and crops.frames.shape == (9, CACHE_SIDE, CACHE_SIDE, 3)
