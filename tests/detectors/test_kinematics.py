import numpy as np
import pytest

from tellbench.detectors.kinematics import band, coupling, derivatives, mean, spread

TIMES = np.arange(200) / 25


def test_derivatives_of_a_parabola():
    found = derivatives(TIMES**2)
    assert found["speed"] == pytest.approx(TIMES[:-1].mean() * 2 + 0.04)
    assert found["acceleration"] == pytest.approx(2)
    assert found["jerk"] == pytest.approx(0, abs=1e-6)


def test_unknown_frames_are_left_out():
    track = TIMES * 3
    track[50:60] = np.nan
    assert derivatives(track)["speed"] == pytest.approx(3)
    assert np.isnan(derivatives(np.full(9, np.nan))["speed"])
    assert np.isnan([mean(np.array([np.nan])), spread(np.array([1.0]))]).all()


@pytest.mark.parametrize("late", [0, 3, -5])
def test_coupling_finds_size_and_lag(late):
    leader = np.random.default_rng(1).normal(size=200)
    size, lag = coupling(-np.roll(leader, late) * 7 + 1, leader)
    assert size == pytest.approx(-1, abs=0.1)
    assert lag == late


def test_nothing_couples_with_what_stands_still():
    assert np.isnan(coupling(np.zeros(200), np.random.default_rng(1).normal(size=200))).all()


def test_band_keeps_what_lies_in_it():
    slow, fast = np.sin(2 * np.pi * 0.3 * TIMES), np.sin(2 * np.pi * 1.5 * TIMES)
    inner = slice(40, -40)
    assert np.corrcoef(band(slow + fast, 1.0, 2.0)[inner], fast[inner])[0, 1] > 0.98
    gap = slow + fast
    gap[90:95] = np.nan
    assert np.isnan(band(gap, 1.0, 2.0)).sum() == 5
