import math

import numpy as np
import pytest
import torch

from tellbench.datasets.studio.camera import Camera, film_curve
from tellbench.datasets.studio.raster import FAR
from tellbench.datasets.studio.room import room
from tellbench.datasets.studio.setting import Setting, direction
from tellbench.errors import InputError

SIZE = 32
FAIR, DARK = (0.6, 0.4, 0.3), (0.10, 0.043, 0.026)


def expose(skin, light, **overrides):
    setting = Setting.sample(3, {"grain": 0.0, "vignetting": 0.0, "white_balance": (1.0, 1.0, 1.0), **overrides})
    camera = Camera(setting, SIZE, skin, 3, torch.device("cpu"))
    image = torch.full((1, 2 * SIZE, 2 * SIZE, 3), light)
    depth = torch.full((1, 2 * SIZE, 2 * SIZE), 500.0)
    return camera.expose(image, depth, torch.zeros(SIZE, SIZE, 3), 0, "numba")[0].float()


def test_the_film_curve_rises_from_black_to_white():
    curve = film_curve()
    assert curve[0] == 0 and curve[-1] > 0.9 and bool((curve.diff() >= 0).all())


def test_exposure_follows_the_skin_but_not_wholly():
    fair, dark = expose(FAIR, 0.2).mean(), expose(DARK, 0.2).mean()
    assert dark > fair + 10, "a darker face gets a longer exposure"
    assert expose(DARK, 0.05).mean() < expose(FAIR, 0.4).mean(), "and still comes out darker"


def test_vignetting_darkens_corners_and_softness_blurs_edges():
    picture = expose(FAIR, 0.2, vignetting=0.3)
    assert picture[0, 0].mean() < picture[SIZE // 2, SIZE // 2].mean() - 5
    setting = Setting.sample(3, {"grain": 0.0})
    camera = Camera(setting, SIZE, FAIR, 3, torch.device("cpu"))
    image, depth = torch.zeros(1, SIZE, SIZE, 3), torch.full((1, SIZE, SIZE), 500.0)
    image[:, :, SIZE // 2 :] = 0.5
    frame = camera.expose(image, depth, torch.zeros(SIZE, SIZE, 3), 0, "numba")[0].float()
    step = frame[SIZE // 2, :, 1]
    assert step[SIZE // 2 - 3] < step[SIZE // 2 - 1] < step[SIZE // 2] < step[SIZE // 2 + 3]


def test_the_room_shows_only_where_nothing_is_in_front():
    camera = Camera(Setting.sample(1), SIZE, FAIR, 1, torch.device("cpu"))
    depth = torch.full((1, 2 * SIZE, 2 * SIZE), FAR)
    depth[:, :, SIZE:] = 500.0
    wall = torch.full((SIZE, SIZE, 3), 0.4)
    frame = camera.expose(torch.zeros(1, 2 * SIZE, 2 * SIZE, 3), depth, wall, 0, "numba")[0].float()
    assert frame[:, : SIZE // 2 - 2].mean() > 80 > 15 > frame[:, SIZE // 2 + 2 :].mean()


def test_rooms_and_settings_differ_by_seed_and_repeat():
    assert torch.equal(room(4, 48), room(4, 48))
    assert (room(4, 48) - room(5, 48)).abs().mean() > 0.01
    assert room(4, 48).shape == (48, 48, 3) and room(4, 48).min() > 0
    assert Setting.sample(4) == Setting.sample(4) != Setting.sample(5)
    assert Setting.sample(4, {"view": 200.0}).view == 200.0
    with pytest.raises(InputError, match="zoom"):
        Setting.sample(4, {"zoom": 2})


def test_lights_point_where_their_angles_say():
    np.testing.assert_allclose(direction(90, 0), (1, 0, 0), atol=1e-9)
    np.testing.assert_allclose(direction(0, 90), (0, 1, 0), atol=1e-9)
    rig = Setting.sample(2).rig()
    assert rig.shape == (8, 3)
    torch.testing.assert_close(rig[:3].norm(dim=1), torch.ones(3))
    assert math.copysign(1, rig[0, 0]) != math.copysign(1, rig[1, 0]), "fill light comes from the other side"
