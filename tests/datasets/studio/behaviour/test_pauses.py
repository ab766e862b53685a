import dataclasses

import numpy as np

from tellbench.datasets.expression import INDEX
from tellbench.datasets.studio.behaviour import Habits
from tellbench.datasets.studio.behaviour.breath import plan_breaths
from tellbench.datasets.studio.behaviour.pauses import fill_pauses

JAW, PRESS = INDEX["jawOpen"], INDEX["mouthPressLeft"]


def between(scene, **changes):
    habits = dataclasses.replace(Habits(), **changes)
    breaths = plan_breaths(scene, habits, np.random.default_rng(0))
    return fill_pauses(scene, breaths, habits, np.random.default_rng(0))


def test_the_mouth_opens_ahead_of_a_phrase(three_minutes):
    jaw = between(three_minutes, breath_mouth=0.0)[:, JAW]
    starts = three_minutes.phrase_starts[three_minutes.pauses >= 0.25]
    step = (starts * 100).astype(int)
    assert (jaw[step - 3] > 0.04).all()
    assert (jaw[step - 32] < 0.02).mean() > 0.9  # Chandrasekaran 2009: 100 to 300 ms before


def test_breath_is_drawn_through_the_mouth(three_minutes):
    breaths = plan_breaths(three_minutes, Habits(), np.random.default_rng(0))
    gulps = breaths.gulp > 0
    middle = ((breaths.start + 0.7 * breaths.inhale)[gulps] * 100).astype(int)
    assert between(three_minutes)[middle, JAW].min() > 0.08


def test_listeners_swallow_and_press_their_lips(listening):
    press = between(listening)[:, PRESS]
    assert 0.005 < (press > 0.1).mean() < 0.08
    assert between(listening, swallow_rate=0.0, press_rate=0.0)[:, PRESS].max() == 0
