import dataclasses
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

from tellbench.detectors.brow import STATISTICS, brow_statistics, find_raises, led_share, spectral_entropy, steady_brows
from tellbench.detectors.cues import Cues
from tellbench.detectors.voice import RATE, Voice

FPS = 25.0
TIMES = np.arange(300) / FPS


def bumps(times, peaks, width=0.15) -> np.ndarray:
    return np.exp(-(((times[:, None] - np.array(peaks, float)) / width) ** 2)).sum(1)


def brows(peaks, height=0.02, noise=0.0008, seed=0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 0.25 + height * bumps(TIMES, peaks) + rng.normal(0, noise, len(TIMES))


def voice(peaks, pauses=()) -> Voice:
    times = (np.arange(12 * RATE) + 0.5) / RATE
    speaking = np.ones(len(times), bool)
    for start, end in pauses:
        speaking[int(start * RATE) : int(end * RATE)] = False
    f0 = np.where(speaking, 120 * np.exp(0.2 * bumps(times, peaks)), np.nan)
    return Voice(np.where(speaking, -20.0, -70.0), f0, speaking)


def test_raises_are_found_at_their_times_with_their_heights():
    raises = find_raises(brows([2.0, 5.0, 9.4]), FPS)
    np.testing.assert_allclose(raises["peak_s"], [2.0, 5.0, 9.4], atol=0.05)
    np.testing.assert_allclose(raises["height"], 0.02, rtol=0.2)
    assert (raises["onset_s"] < raises["peak_s"]).all() and (raises["peak_s"] < raises["offset_s"]).all()
    assert len(find_raises(brows([2.0, 5.0], height=0.04), FPS)) == 2


@pytest.mark.parametrize(
    "track",
    [brows([], noise=0.004), 0.25 + 0.01 * np.sin(TIMES / 2), np.full(300, np.nan), np.zeros(3), np.zeros(0)],
)
def test_noise_a_slow_drift_and_nothing_are_no_raises(track):
    assert find_raises(track, FPS).empty


def test_gaps_are_bridged():
    track = brows([2.0, 5.0])
    track[100:104] = np.nan
    assert len(find_raises(track, FPS)) == 2


def test_what_blinks_do_to_the_brows_is_bridged():
    lids, blinks = np.full((300, 2), 0.3), bumps(TIMES, [3.0, 7.0], 0.08)
    known = np.ones(300, bool)
    known[200:210] = False
    plain = Cues(
        FPS,
        known,
        known.astype(int),
        *map(np.zeros, [(300, 4), (300, 68, 2), (300, 2, 2)]),
        lids * (1 - blinks[:, None]),
    )
    moved = dataclasses.replace(plain, brows=np.repeat(blinks[:, None], 2, 1) + bumps(TIMES, [5.0])[:, None])
    with patch.object(Cues, "brow_of_points", np.zeros((300, 2))):
        seen, bridged = moved.brow.mean(1), steady_brows(moved)
    assert len(find_raises(seen, FPS)) == 3
    np.testing.assert_allclose(find_raises(bridged.mean(1), FPS)["peak_s"], [5.0], atol=0.05)
    assert np.isnan(bridged[200:210]).all() and np.isfinite(np.delete(bridged, slice(200, 210), 0)).all()


def test_who_blinks_more_does_not_move_the_brows_less():
    moving = 0.25 + 0.01 * np.sin(2 * np.pi * TIMES)
    often = (np.arange(300) % 25) < 10
    held = pd.Series(np.where(often, np.nan, moving)).interpolate(limit_direction="both").to_numpy()
    usual, blinking, unaware = (
        brow_statistics(np.stack([track, track], 1), FPS, find_raises(track, FPS), bridged=hidden)
        for track, hidden in ((moving, None), (held, often), (held, None))
    )
    assert blinking["speed"] == pytest.approx(usual["speed"], rel=0.1)
    assert unaware["speed"] < 0.8 * usual["speed"]


def with_voice(height, heard) -> dict[str, float]:
    both = np.stack([height, height], 1)
    return brow_statistics(both, FPS, find_raises(height, FPS), heard)


@pytest.mark.parametrize("lead", [0.0, 0.2])
def test_coupling_finds_how_far_the_brows_are_ahead(lead):
    accents = np.array([1.0, 2.9, 4.1, 6.6, 8.0, 10.3])
    found, other = (with_voice(brows(peaks), voice(accents)) for peaks in (accents - lead, [0.3, 5.3, 9.2]))
    assert found["f0_r"] > 0.85
    assert found["f0_lag"] == pytest.approx(lead, abs=0.05)
    assert other["f0_r"] < 0.5


def test_a_raise_before_each_accent_is_led_by_the_voice():
    accents = np.array([1.5, 4.0, 6.5, 9.0])
    heard = voice(accents)
    assert led_share(heard.rises - 0.1, heard) > 0.7
    assert led_share(heard.rises + 0.6, heard) < 0
    assert np.isnan(led_share(np.zeros(0), heard))


def test_statistics_of_known_tracks():
    both = np.stack([brows([2.0, 5.0, 9.4], seed=0), brows([2.0, 5.0, 9.4], seed=1)], 1)
    found = brow_statistics(both, FPS, find_raises(both.mean(1), FPS), voice([3.0, 8.0], pauses=[(4, 6.5)]))
    assert tuple(sorted(found)) == tuple(sorted(STATISTICS))
    assert np.isfinite(list(found.values())).all()
    assert found["rate"] == pytest.approx(15)
    assert found["silent_share"] == pytest.approx(1 / 3)
    assert 0.008 < found["range"] < 0.02
    assert found["asymmetry"] < 0.3 and found["sides_r"] > 0.95
    one = np.stack([both[:, 0], np.full(300, 0.25)], 1)
    assert brow_statistics(one, FPS, find_raises(one.mean(1), FPS))["asymmetry"] > 1.5


def test_no_voice_is_unknown_and_no_raise_is_nothing():
    still = np.full((300, 2), 0.25)
    found = brow_statistics(still, FPS, find_raises(still.mean(1), FPS))
    unknown = {name for name, value in found.items() if not np.isfinite(value)}
    assert {"height_sd", "duration", "sides_r", "f0_r", "led_share", "silent_share"} <= unknown
    assert {found[name] for name in ("rate", "height", "rise_speed", "speed")} == {0}


def test_a_tone_has_less_entropy_than_noise():
    tone, noise = np.sin(2 * np.pi * TIMES), np.random.default_rng(0).normal(size=300)
    assert spectral_entropy(tone, FPS) < 0.4 < 0.85 < spectral_entropy(noise, FPS)
