import numpy as np
import pytest
from scipy.ndimage import label

from tellbench.datasets.studio.camera.canvas import SIDE, Canvas, stack
from tellbench.datasets.studio.camera.places import PLACES, _plant


@pytest.mark.parametrize("name", PLACES)
def test_every_place_covers_the_picture_and_differs_by_seed(name):
    pictures = [stack([(c, 4 * share) for c, share in PLACES[name][0](np.random.default_rng(seed))]) for seed in (1, 2)]
    assert all(p.shape == (SIDE, SIDE, 3) and np.isfinite(p).all() and p.min() > -1e-3 for p in pictures)
    assert PLACES[name][0](np.random.default_rng(1))[0][0].cover.min() == 1, "nothing behind it is left empty"
    assert np.abs(pictures[0] - pictures[1]).mean() > 0.003


def test_shares_of_the_places_add_up():
    assert sum(share for _, share in PLACES.values()) == pytest.approx(1)


def test_a_point_of_light_becomes_a_disc_of_the_asked_diameter():
    canvas = Canvas(np.zeros(3))
    canvas.light[SIDE // 2, SIDE // 2] = 100.0
    disc = stack([(canvas, 21.0)])[..., 0]
    bright = disc > disc.max() / 2
    assert 2 * np.sqrt(bright.sum() / np.pi) == pytest.approx(21, abs=1)
    middle = disc[SIDE // 2 - 6 : SIDE // 2 + 7, SIDE // 2]
    assert np.ptp(middle) < 1e-4, "flat, as bokeh is"
    assert disc.sum() == pytest.approx(100, rel=1e-3)


def test_near_things_cover_far_ones_softly():
    near = Canvas()
    near.box(0.5, 0, 1, 1, np.ones(3))
    row = stack([(Canvas(np.zeros(3)), 9.0), (near, 9.0)])[SIDE // 2, :, 0]
    assert row[SIDE // 4] == pytest.approx(0, abs=1e-5) and row[3 * SIDE // 4] == pytest.approx(1)
    assert row[SIDE // 2] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("seed", range(6))
def test_no_leaf_of_a_plant_floats(seed):
    canvas = Canvas()
    _plant(np.random.default_rng(seed), canvas)
    pieces, _ = label(canvas.cover > 0)
    sizes = np.bincount(pieces.ravel())[1:]
    assert sizes.max() > 0.97 * sizes.sum(), "but for leaves that hang in from beyond the edge"
