import dataclasses

import numpy as np

from tellbench.datasets.studio.behaviour import Habits
from tellbench.datasets.studio.behaviour.brow import brow_raise, plan_raises


def raises(scene, habits):
    return np.concatenate([plan_raises(scene, habits, np.random.default_rng(seed)) for seed in range(6)])


def share_led(scene, onset, lead):
    """Share of onsets that lie exactly `lead` before a pitch rise."""
    return np.mean([np.abs(scene.rises - lead - moment).min() < 1e-6 for moment in onset])


def test_rate_and_silent_share(ten_minutes):
    onset = raises(ten_minutes, Habits())
    assert 6 < len(onset) / 60 < 9
    step = np.clip((onset * 100).astype(int), 0, len(ten_minutes.times) - 1)
    assert 0.28 < (~ten_minutes.speaking[step]).mean() < 0.48  # 38%


def test_raises_lead_pitch_rises_by_a_tenth_of_a_second(ten_minutes):
    onset = raises(ten_minutes, Habits())
    assert 0.36 < share_led(ten_minutes, onset, 0.1) < 0.56  # 0.62 in speech x 0.71
    loose = raises(ten_minutes, dataclasses.replace(Habits(), brow_coupling=0.0))
    assert share_led(ten_minutes, loose, 0.1) < 0.03


def test_curve_is_smooth_and_silent_without_events(ten_minutes):
    curve = brow_raise(ten_minutes, Habits(), np.random.default_rng(0))
    assert 0.3 < curve.max() <= 1
    assert np.abs(np.diff(curve)).max() < 0.25
    assert (curve > 0.15).mean() < 0.2


def test_dials_freeze_brows_and_part_them_from_the_voice(ten_minutes):
    still = dataclasses.replace(Habits(), brow_amplitude=0.0)
    assert brow_raise(ten_minutes, still, np.random.default_rng(0)).max() == 0
    loose = dataclasses.replace(Habits(), brow_coupling=0.0, brow_rate=0.0)
    assert brow_raise(ten_minutes, loose, np.random.default_rng(0)).max() == 0
