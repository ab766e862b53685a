import dataclasses

import numpy as np
import pytest

from tellbench.datasets.studio.behaviour import Habits
from tellbench.datasets.studio.behaviour.blink import REFRACTORY, lid_closure, plan_blinks


@pytest.fixture(scope="module")
def many(ten_minutes):
    return [plan_blinks(ten_minutes, Habits(), np.random.default_rng(seed)) for seed in range(5)]


def per_minute(blinks):
    return len(blinks.onset) / 10


def test_rate_partial_share_and_spacing_are_the_published_ones(many):
    rates = [per_minute(b) for b in many]
    assert 24 < np.mean(rates) < 28  # Bentivoglio 1997: 26 a minute
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
    assert 170 < opening.mean() < 210
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
    assert speed.max() > -1.5 * speed.min()  # closing is the faster phase
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
