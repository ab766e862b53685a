import dataclasses
import math

import numpy as np
import pytest
import torch

from tellbench.datasets.studio.camera.camera import CAMERA, Camera
from tellbench.datasets.studio.camera.kits import KITS
from tellbench.datasets.studio.camera.room import room
from tellbench.datasets.studio.camera.sensor import film_curve
from tellbench.datasets.studio.camera.setting import Setting, direction
from tellbench.datasets.studio.camera.wander import Wander
from tellbench.errors import InputError

SIZE = 32
FAIR, DARK = (0.6, 0.4, 0.3), (0.10, 0.043, 0.026)
PLAIN = {"iso": 0.0, "vignetting": 0.0, "white_balance": (1.0, 1.0, 1.0), "drift": 0.0, "shake": 0.0}


def camera(skin=FAIR, size=SIZE, **overrides):
    return Camera(Setting.sample(3, {**PLAIN, **overrides}), size, skin, 3, torch.device("cpu"))


def expose(skin, light, **overrides):
    image = torch.full((1, 2 * SIZE, 2 * SIZE, 3), light)
    return camera(skin, **overrides).expose(image, torch.zeros(image.shape[:3]), 0, "numba")[0].float()


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
    image, clear = torch.zeros(1, 2 * SIZE, 2 * SIZE, 3), torch.zeros(1, 2 * SIZE, 2 * SIZE)
    image[:, :, SIZE:] = 0.3
    step = camera(softness=0.2, sharpening=0.0).expose(image, clear, 0, "numba")[0, SIZE // 2, :, 1].float()
    assert step[SIZE // 2 - 3] < step[SIZE // 2 - 1] < step[SIZE // 2] < step[SIZE // 2 + 3]


def test_the_room_shows_only_where_nothing_is_in_front():
    clear = torch.ones(1, 2 * SIZE, 2 * SIZE)
    clear[:, :, SIZE:] = 0
    frame = camera().expose(torch.zeros(1, 2 * SIZE, 2 * SIZE, 3), clear, 0, "numba")[0].float()
    assert frame[:, : SIZE // 2 - 2].mean() > 20 > 5 > frame[:, SIZE // 2 + 2 :].mean()


def test_rooms_and_settings_differ_by_seed_and_repeat():
    assert torch.equal(room(4, 0.03), room(4, 0.03))
    assert (room(4, 0.03) - room(5, 0.03)).abs().mean() > 0.01
    assert room(4, 0.03).min() > 0
    assert Setting.sample(4) == Setting.sample(4) != Setting.sample(5)
    assert Setting.sample(4, {"view": 200.0}).view == 200.0
    with pytest.raises(InputError, match="zoom"):
        Setting.sample(4, {"zoom": 2})


def test_every_kit_is_drawn_and_keeps_its_ranges():
    settings = [Setting.sample(seed) for seed in range(60)]
    assert {s.kit for s in settings} == set(KITS)
    for setting in settings:
        drawn = dataclasses.asdict(setting)
        assert all(low <= drawn[name] <= high for name, (low, high) in KITS[setting.kit].items())
    held = [s.shake > 0.1 for s in settings]
    assert any(held) and not all(held)


def test_lights_point_where_their_angles_say():
    np.testing.assert_allclose(direction(90, 0), (1, 0, 0), atol=1e-9)
    np.testing.assert_allclose(direction(0, 90), (0, 1, 0), atol=1e-9)
    rig = Setting.sample(2).rig()
    assert rig.shape == (8, 3)
    torch.testing.assert_close(rig[:3].norm(dim=1), torch.ones(3))
    assert math.copysign(1, rig[0, 0]) != math.copysign(1, rig[1, 0]), "fill light comes from the other side"


def test_wandering_has_unit_power_within_its_band():
    seconds = np.arange(0, 200, 0.02)
    signal = Wander(np.random.default_rng(0), 0.5, 8.0, 3)(seconds)
    np.testing.assert_allclose(signal.std(0), 1, atol=0.1)
    power = np.abs(np.fft.rfft(signal, axis=0)) ** 2
    hz = np.fft.rfftfreq(len(seconds), 0.02)
    assert power[(hz > 0.45) & (hz < 8.1)].sum() > 0.98 * power.sum()
    assert power[(hz > 4) & (hz < 8)].sum() < 0.3 * power.sum(), "slow movements are the large ones"


def test_a_held_camera_moves_and_its_log_tells_how():
    held = camera(shake=1.0, size=256)
    pixels = held.project(torch.zeros(100, 1, 3), 0, "numba")[:, 0, :2]
    assert pixels.std(0).min() > 0.5 and pixels.std(0).max() < 12
    log = held.log(0, 100)
    assert set(log) == set(CAMERA)
    turned = np.corrcoef(log["camera_yaw"] + np.degrees(log["camera_shake_x"] / log["camera_distance"]), pixels[:, 0])
    assert turned[0, 1] < -0.99, "what a camera turns away from moves the other way"


def test_points_bend_inwards_at_the_edges_of_a_barrel():
    edge = torch.tensor([[[150.0, -30.0, 0.0]]])
    straight, bent = (camera(distortion=k, view=400.0, size=256).project(edge, 0, "torch")[0, 0, 0] for k in (0, -0.05))
    assert straight == pytest.approx(128 + 150 * 256 / 400, abs=0.01)
    assert bent - 128 == pytest.approx((straight - 128).item() * (1 - 0.05 * 0.75**2), abs=0.01)


def test_a_rolling_shutter_shears_only_a_moving_picture():
    line = torch.tensor([[[0.0, y, 0.0] for y in (-150.0, -30.0, 90.0)]]).expand(50, 3, 3)

    def lean(**overrides):
        x = camera(size=256, **overrides).project(line, 0, "numba")[..., 0]
        return (x[:, 0] - x[:, 2]) - (x[:, 0] - x[:, 2]).mean()

    assert lean(readout=0.03).abs().max() < 1e-3
    rolls = lean(shake=1.0, readout=0.0)
    assert (lean(shake=1.0, readout=0.03) - rolls).abs().max() > 0.2


def test_the_room_follows_the_shake_with_less_parallax_than_the_person():
    held = camera(shake=2.0, size=256)
    place = held.window(0, 50) * 256 * 1.16 / len(held._room)
    rest = np.einsum("tij,j->ti", place, [128.0, 128.0, 1.0]) - 0.08 * 256
    room_moves = 128 - rest  # pixels that the middle of the room has moved, to first order
    person_moves = (
        held.project(torch.tensor([[[0.0, -30.0, 0.0]]]).expand(50, 1, 3), 0, "torch")[:, 0, :2].numpy() - 128
    )
    for axis in range(2):
        assert np.corrcoef(room_moves[:, axis], person_moves[:, axis])[0, 1] > 0.9
    parallax = (person_moves - room_moves)[:, 0]
    assert np.corrcoef(parallax, held.log(0, 50)["camera_shake_x"])[0, 1] < -0.98, "what is near shifts further"


def test_exposure_drifts_slowly_and_not_at_all_without_drift():
    steady, drifting = camera().log(0, 500), camera(drift=0.05).log(0, 500)
    assert np.ptp(steady["camera_exposure"]) == 0
    brightness = drifting["camera_exposure"]
    assert 0.03 < np.ptp(np.log(brightness)) < 0.5
    assert np.abs(np.diff(np.log(brightness))).max() < 0.01
    assert np.ptp(drifting["camera_red"]) > 0
