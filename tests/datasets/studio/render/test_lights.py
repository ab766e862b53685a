import numpy as np
import pytest

from tellbench.datasets.studio.camera.setting import Setting, direction
from tellbench.datasets.studio.render.lights import SET_UPS, draw_lights


@pytest.fixture(scope="module")
def drawn():
    return [draw_lights(np.random.default_rng(seed)) for seed in range(200)]


def test_every_set_up_is_drawn_about_as_often_as_its_odds_say(drawn):
    names = [lights["lights"] for lights in drawn]
    for name, kind in SET_UPS.items():
        assert names.count(name) / len(names) == pytest.approx(kind.odds, abs=0.1)


def test_a_face_gets_about_the_same_light_in_each(drawn):
    for lights in drawn:
        key, fill = (
            lights[name][1] * max(0.0, direction(lights[f"{name}_azimuth"], lights[f"{name}_elevation"])[2])
            for name in ("key", "fill")
        )
        assert key + fill + (lights["sky"][1] + lights["ground"][1]) / 2 == pytest.approx(1.9, rel=0.09)


def test_ceilings_light_from_above_and_clouds_from_everywhere(drawn):
    def median(name, what):
        return np.median([what(lights) for lights in drawn if lights["lights"] == name])

    assert median("office", lambda d: d["key_elevation"]) > 20 + median("window", lambda d: d["key_elevation"])
    share = {name: median(name, lambda d: d["sky"][1] / d["key"][1]) for name in SET_UPS}
    assert max(share, key=share.get) == "overcast"


def test_a_setting_holds_the_lights_of_its_seed():
    assert Setting.sample(5).lights == draw_lights(np.random.default_rng((5, 77)))["lights"]
