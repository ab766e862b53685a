import dataclasses

import numpy as np

from tellbench.datasets.studio.behaviour import Habits
from tellbench.datasets.studio.behaviour.brow import move_brows, plan_raises


def raises(scene, habits):
    return np.concatenate([plan_raises(scene, habits, np.random.default_rng(seed)) for seed in range(6)])


def share_led(scene, onset, lead):
    """Share of onsets that lie about `lead` before a pitch rise, beyond what chance would bring."""
    share, chance = (
        np.mean([np.abs(scene.rises - lead - moment).min() < 0.07 for moment in moments])
        for moments in (onset, scene.times[scene.speaking][::50])
    )
    return (share - chance) / (1 - chance)


def test_rate_and_silent_share(ten_minutes):
    onset = raises(ten_minutes, Habits())
    assert 6 < len(onset) / 60 < 9
    step = np.clip((onset * 100).astype(int), 0, len(ten_minutes.times) - 1)
    assert 0.28 < (~ten_minutes.speaking[step]).mean() < 0.48  # 38%


def test_raises_lead_pitch_rises_by_a_tenth_of_a_second(ten_minutes):
    onset = raises(ten_minutes, Habits())
    assert 0.34 < share_led(ten_minutes, onset, 0.1) < 0.56  # 0.62 in speech x 0.71
    loose = raises(ten_minutes, dataclasses.replace(Habits(), brow_coupling=0.0))
    assert abs(share_led(ten_minutes, loose, 0.1)) < 0.07


def test_curve_is_smooth_and_silent_without_events(ten_minutes):
    curve = move_brows(ten_minutes, Habits(), np.random.default_rng(0)).inner
    assert 0.3 < curve.max() <= 1
    assert np.abs(np.diff(curve)).max() < 0.25
    assert (curve > 0.15).mean() < 0.2


def test_dials_freeze_brows_and_part_them_from_the_voice(ten_minutes):
    still = dataclasses.replace(Habits(), brow_amplitude=0.0)
    assert move_brows(ten_minutes, still, np.random.default_rng(0)).raised.max() == 0
    loose = dataclasses.replace(Habits(), brow_coupling=0.0, brow_rate=0.0)
    assert move_brows(ten_minutes, loose, np.random.default_rng(0)).raised.max() == 0


def test_brows_have_sides_and_frowns(ten_minutes):
    crooked = dataclasses.replace(Habits(), brow_skew=0.4)
    brows = move_brows(ten_minutes, crooked, np.random.default_rng(0))
    left, right = brows.outer[brows.inner > 0.3].mean(0)
    assert left > 1.6 * right
    assert 0.02 < (brows.down > 0.1).mean() < 0.12  # about two frowns of 1 to 2 s a minute
    calm = dataclasses.replace(Habits(), frown_rate=0.0)
    assert move_brows(ten_minutes, calm, np.random.default_rng(0)).down.max() == 0


def test_listeners_raise_brows_less_often(three_minutes, listening):
    assert len(raises(listening, Habits())) < 0.85 * len(raises(three_minutes, Habits()))
