import numpy as np
import pandas as pd
import pytest

from tellbench.detectors.events import EventMatch, closure, find_blinks, match_events, true_blinks

FPS = 25.0


def lids(blinks, seconds=10.0, fps=FPS, open_level=0.32, noise=0.004, lag=0.0, seed=0):
    """Aperture (T, 2) with asymmetric blinks at (peak time, depth); the left lid comes `lag` seconds later."""
    t = np.arange(round(seconds * fps)) / fps
    shut = np.zeros((len(t), 2))
    for peak, depth in blinks:
        for eye, delay in enumerate((0.0, lag)):
            x = t - peak - delay
            shape = np.clip(np.where(x < 0, 1 + x / 0.08, 1 - (x - 0.03) / 0.2), 0, 1)
            shut[:, eye] = np.maximum(shut[:, eye], depth * shape)
    noise = np.random.default_rng(seed).normal(0, noise, shut.shape)
    return open_level * (1 - shut) + noise


def test_finds_complete_and_partial_blinks_at_their_times():
    truth = [(1.0, 1.0), (3.32, 0.5), (4.0, 0.9), (7.72, 0.35)]
    blinks = find_blinks(lids(truth), FPS)
    np.testing.assert_allclose(blinks["peak_s"], [time for time, _ in truth], atol=0.041)
    np.testing.assert_allclose(blinks["depth"], [depth for _, depth in truth], atol=0.1)


@pytest.mark.parametrize("depths", [(1.0, 0.95), (0.95, 1.0)])
def test_both_of_a_double_blink_are_found(depths):
    """Half open in between, as of a filmed speaker; which one is deeper does not matter."""
    aperture = lids([(2.0, depths[0]), (2.32, depths[1])], seconds=4.0)
    blinks = find_blinks(np.minimum(aperture, np.where(np.arange(100) > 65, aperture.T, 0.25).T), FPS)
    np.testing.assert_allclose(blinks["peak_s"], [2.0, 2.32], atol=0.041)
    assert blinks["offset_s"][0] <= blinks["onset_s"][1]


def test_phases_come_in_order_and_opening_is_slower():
    blinks = find_blinks(lids([(1, 1.0), (4, 0.8), (6, 0.6)]), FPS)
    phases = blinks[["onset_s", "closed_s", "peak_s", "reopening_s", "offset_s"]].to_numpy()
    assert (np.diff(phases, axis=1) >= 0).all()
    assert (blinks["opening_speed"] < blinks["closing_speed"]).all()


def test_duration_does_not_depend_on_the_frame_rate():
    truth = [(1 + 1.3 * i, 1.0) for i in range(6)]
    lengths = []
    for fps in (25.0, 30.0, 60.0):
        blinks = find_blinks(lids(truth, fps=fps, noise=0), fps)
        lengths.append((blinks["offset_s"] - blinks["onset_s"]).mean())
    # 10 % to 10 % of 80 ms down, 30 ms closed and 200 ms up
    np.testing.assert_allclose(lengths, 0.28, atol=0.03)


@pytest.mark.parametrize("fps", [25.0, 60.0])
def test_lag_between_the_lids_is_signed(fps):
    blinks = find_blinks(lids([(2, 1.0), (5, 1.0)], fps=fps, lag=0.02, noise=0), fps)
    np.testing.assert_allclose(blinks["lag_s"], 0.02, atol=0.006)


def test_noise_a_squint_and_a_long_closure_are_no_blinks():
    quiet = lids([], noise=0.01)
    assert find_blinks(quiet, FPS).empty
    squint = lids([], noise=0.003)
    squint[100:] *= 0.7
    assert find_blinks(squint, FPS).empty
    asleep = lids([], noise=0.003)
    asleep[100:140] *= 0.05
    assert find_blinks(asleep, FPS).empty


def test_threshold_rises_with_noise():
    assert len(find_blinks(lids([(5, 0.3)], noise=0.004), FPS)) == 1
    assert find_blinks(lids([], noise=0.03, seconds=60, seed=3), FPS).empty


def test_blinks_cut_by_the_ends_are_left_out():
    assert len(find_blinks(lids([(0.0, 1.0), (5, 1.0), (9.96, 1.0)]), FPS)) == 1


def test_short_gaps_are_bridged_and_long_ones_hold_no_blink():
    aperture = lids([(2, 1.0), (6, 1.0)])
    aperture[100:104] = np.nan
    aperture[130:170] = np.nan
    blinks = find_blinks(aperture, FPS)
    np.testing.assert_allclose(blinks["peak_s"], [2.0], atol=0.05)
    assert (closure(aperture, FPS)[140:160] == 0).all()


@pytest.mark.parametrize("aperture", [np.zeros((0, 2)), np.full((2, 2), 0.3), np.full((60, 2), np.nan)])
def test_nothing_to_see_gives_an_empty_table(aperture):
    blinks = find_blinks(aperture, FPS)
    assert len(blinks) == 0
    assert "peak_s" in blinks


def test_true_blinks_are_the_runs_of_the_coefficient():
    shut = np.zeros(100)
    shut[10:14] = [0.3, 1.0, 0.6, 0.2]
    shut[50:53] = [0.2, 0.4, 0.1]
    blinks = true_blinks(pd.DataFrame({"blink_left": shut, "blink_right": shut}), FPS)
    np.testing.assert_allclose(blinks["peak_s"], [11 / FPS, 51 / FPS])
    np.testing.assert_allclose(blinks["onset_s"], [10 / FPS, 50 / FPS])
    np.testing.assert_allclose(blinks["offset_s"], [14 / FPS, 53 / FPS])
    np.testing.assert_allclose(blinks["depth"], [1.0, 0.4])


def peaks(*times):
    return pd.DataFrame({"peak_s": np.array(times, float)})


def test_matching_counts_each_event_once():
    match = match_events(peaks(1.0, 1.08, 5.0), peaks(1.05, 3.0, 5.02))
    assert (match.n_found, match.n_true, match.n_matched) == (3, 3, 2)
    assert match.precision == match.recall == match.f1 == pytest.approx(2 / 3)
    assert match.mean_timing_error_s == pytest.approx((0.03 + 0.02) / 2)


def test_matching_prefers_more_pairs_to_nearer_ones():
    assert match_events(peaks(1.0, 1.1), peaks(1.09, 1.2)).n_matched == 2


def test_matches_add_up_and_empty_is_unknown():
    nothing = match_events(peaks(), peaks())
    assert np.isnan([nothing.f1, nothing.precision, nothing.recall]).all()
    assert match_events(peaks(1.0), peaks()).precision == 0
    both = match_events(peaks(1.0), peaks(1.0)) + match_events(peaks(2.0), peaks(5.0))
    assert both == EventMatch(2, 2, 1, 0.0)
    assert both.f1 == 0.5
