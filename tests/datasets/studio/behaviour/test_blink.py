import dataclasses

import numpy as np
import pytest

from tellbench.datasets.studio.behaviour import Habits
from tellbench.datasets.studio.behaviour.blink import PHASES, REFRACTORY, blink_phase, lid_closure, plan_blinks
from tellbench.datasets.studio.behaviour.gaze import Glances


@pytest.fixture(scope="module")
def many(ten_minutes):
    return [plan_blinks(ten_minutes, Habits(), np.random.default_rng(seed)) for seed in range(5)]


def per_minute(blinks):
    return len(blinks.onset) / 10


def test_rate_partial_share_and_spacing_are_the_published_ones(many):
    rates = [per_minute(b) for b in many]
    assert 22 < np.mean(rates) < 26  # an average person's 24
    depth = np.concatenate([b.depth.mean(1) for b in many])
    assert 0.47 < (depth < 0.95).mean() < 0.59  # Ousler 2014: 52.9% partial
    for blinks in many:
        onset = blinks.onset.mean(1)
        assert np.diff(onset).min() > REFRACTORY - 1e-9
        assert 0.4 < np.diff(onset).std() / np.diff(onset).mean() < 1.0


def test_lids_close_faster_than_they_open_and_nearly_together(many):
    closing = np.concatenate([b.closing for b in many]) * 1000
    opening = np.concatenate([b.opening for b in many]) * 1000
    hold = np.concatenate([b.hold for b in many]) * 1000
    assert 60 < closing.mean() < 75
    assert 230 < opening.mean() < 285
    assert (closing < opening).mean() > 0.98
    assert 10 <= hold.min() <= hold.max() <= 50
    lag = np.concatenate([b.onset[:, 0] - b.onset[:, 1] for b in many]) * 1000
    assert 1 < np.abs(lag).mean() < np.abs(lag).max() <= 20


def test_closure_curve_shows_the_asymmetry(many):
    times = np.arange(60000) / 100
    closure = lid_closure(many[0], times)
    assert closure.min() >= 0
    assert closure.max() == pytest.approx(1, abs=0.01)
    speed = np.diff(closure[:, 0])
    assert 1.2 < -speed.max() / speed.min() < 2.5  # closing is the faster phase (Sforza 2008)
    isolated = np.flatnonzero(np.diff(many[0].onset[:, 0]) > 1.5)[0]
    before_next = many[0].onset[isolated + 1, 0] - 0.2
    assert lid_closure(many[0], np.array([before_next]))[0, 0] == 0


def test_blinks_gather_in_pauses(ten_minutes, many):
    onset = np.concatenate([b.onset.mean(1) for b in many])
    step = np.clip((onset * 100).astype(int), 0, len(ten_minutes.times) - 1)
    quiet = ~ten_minutes.speaking
    assert quiet[step].mean() > 1.7 * quiet.mean()
    free = dataclasses.replace(Habits(), blink_pause_locking=1.0)
    unlocked = np.concatenate([plan_blinks(ten_minutes, free, np.random.default_rng(s)).onset[:, 0] for s in range(5)])
    step = np.clip((unlocked * 100).astype(int), 0, len(ten_minutes.times) - 1)
    assert quiet[step].mean() < 1.4 * quiet.mean()


def test_dials(ten_minutes):
    regular = dataclasses.replace(Habits(), blink_irregularity=0.0, blink_pause_locking=1.0, blink_partial_share=0.0)
    blinks = plan_blinks(ten_minutes, regular, np.random.default_rng(0))
    intervals = np.diff(blinks.onset.mean(1))
    assert intervals.std() / intervals.mean() < 0.3
    assert (blinks.depth == 1).all()
    rare = dataclasses.replace(Habits(), blink_rate=4.0)
    assert 2 < per_minute(plan_blinks(ten_minutes, rare, np.random.default_rng(0))) < 7


def test_no_blink_is_no_closure(ten_minutes):
    none = plan_blinks(ten_minutes, dataclasses.replace(Habits(), blink_rate=1e-4), np.random.default_rng(0))
    assert len(none.onset) == 0
    assert lid_closure(none, np.arange(10.0)).sum() == 0
    assert not blink_phase(none, np.arange(10.0)).any()
    assert none.table().empty


def test_phases_and_events_describe_the_lids(many):
    blinks, times = many[0], np.arange(60000) / 100
    phase, closure = blink_phase(blinks, times), lid_closure(blinks, times).mean(1)
    speed = np.gradient(closure)
    assert speed[phase == PHASES.index("closing")].min() > -0.05
    assert speed[phase == PHASES.index("opening")].max() < 0.05
    assert closure[phase == PHASES.index("open")].max() < 0.05
    events = blinks.table()
    assert len(events) == len(blinks.onset)
    assert (events["onset_s"] < events["peak_s"]).all()
    assert (events["peak_s"] < events["end_s"]).all()
    at_peak = lid_closure(blinks, events["peak_s"].to_numpy())
    np.testing.assert_allclose(at_peak, events[["depth_left", "depth_right"]], atol=0.12)
    assert (events["complete"] == (at_peak.min(1) > 0.95)).mean() > 0.97


def test_listeners_blink_less_and_after_the_phrases_they_hear(listening):
    plans = [plan_blinks(listening, Habits(), np.random.default_rng(seed)) for seed in range(20)]
    assert 14 < np.mean([len(b.onset) / 3 for b in plans]) < 19
    onset = np.concatenate([b.onset.mean(1) for b in plans])
    after = onset[:, None] - listening.heard_ends
    in_window = ((after > 0.25) & (after < 0.5)).any(1).mean()
    assert in_window > 1.8 * 0.25 * len(listening.heard_ends) / 180  # Nakano & Kitazawa 2010


def test_large_gaze_shifts_carry_a_blink(ten_minutes):
    start = np.arange(5.0, 595.0, 5.0)
    shift = np.where(np.arange(len(start)) % 2 == 0, 20.0, -20.0)
    glances = Glances(
        np.r_[-1.0, start], np.c_[np.r_[-20.0, shift], np.zeros(len(start) + 1)], np.ones(120, bool), np.ones(120)
    )
    blinks = plan_blinks(ten_minutes, Habits(), np.random.default_rng(0), glances)
    distance = np.abs(blinks.onset.mean(1) - start[:, None]).min(1)
    assert (distance < 0.15).mean() > 0.9  # Evinger 1994: 97%
    assert 20 < per_minute(blinks) < 30  # they stand for others, not on top of them
    deaf = dataclasses.replace(Habits(), blink_with_shifts=0.0)
    alone = plan_blinks(ten_minutes, deaf, np.random.default_rng(0), glances)
    assert (np.abs(alone.onset.mean(1) - start[:, None]).min(1) < 0.15).mean() < 0.4


def test_doubles_are_rare_and_quick(ten_minutes):
    twice = dataclasses.replace(Habits(), blink_double_share=0.5)
    plans = [plan_blinks(ten_minutes, habits, np.random.default_rng(0)) for habits in (Habits(), twice)]
    quick, often = ((np.diff(b.onset.mean(1)) < 0.65).mean() for b in plans)
    assert quick < 0.15
    assert often > quick + 0.15
