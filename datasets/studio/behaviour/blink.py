"""Blinks: when they come, how deep they go, and how each lid moves."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
import numpy.typing as npt

from tellbench.datasets.studio.behaviour.habits import Habits
from tellbench.datasets.studio.behaviour.scene import Scene
from tellbench.datasets.studio.behaviour.signals import RATE, FloatArray, band_noise, ease

REFRACTORY: Final = 0.4
"""Least time between two blink onsets, seconds (assumption; blinks last 0.1 to 0.4 s, Stern 1984)."""

_AFTER_PHRASE = 0.3  # s after a phrase end in which blinks are still favoured (Nakano & Kitazawa 2010: 0.25-0.5 s)
_THRESHOLD_BAND = (0.11, 0.25)  # Hz, slow oscillation of the blink threshold (Nomura 2018)
_THRESHOLD_DEPTH = 0.25  # its effect on the rate (assumption)
_CLOSING_SD = 15.0  # ms, blink to blink
_OPENING_SD = 50.0  # ms
_HOLD = (10.0, 50.0)  # ms closed (VanderWerf 2003)
_LAG_SD, _LAG_MOST = 7.0, 20.0  # ms between the lids (assumption)
_PARTIAL_DEPTHS = (0.25, 0.9)  # Ousler 2014 counts partial blinks in 25, 50 and 75% bins


@dataclasses.dataclass(frozen=True)
class Blinks:
    """Blink events, arrays of shape (B,); times in seconds, left and right in columns where two."""

    onset: FloatArray
    """Start of closing, shape (B, 2): subject's left, right."""
    depth: FloatArray
    """Largest closure, shape (B, 2), 0 to 1."""
    closing: FloatArray
    hold: FloatArray
    opening: FloatArray


def plan_blinks(scene: Scene, habits: Habits, random: np.random.Generator) -> Blinks:
    """Draw the blinks of a clip.

    Log-normal intervals (skewed as most people's, Nomura 2018) are laid out in a time that runs faster in pauses, so
    the mean rate stays the person's own while blinks gather where speakers pause.
    """
    onset = _onsets(scene, habits, random)
    count = len(onset)
    vary = habits.blink_variation
    partial = random.random(count) < habits.blink_partial_share
    depth = np.where(partial, random.uniform(*_PARTIAL_DEPTHS, count), 1.0)
    lag = np.clip(random.normal(0, _LAG_SD, count), -_LAG_MOST, _LAG_MOST) * vary / 2000
    uneven = np.clip(random.normal(0, 0.03, count), -0.08, 0.08) * vary * partial
    travel = 0.75 + 0.25 * depth  # main sequence: smaller blinks are slower but still shorter (assumption)
    closing = np.clip(random.normal(habits.blink_closing_ms, _CLOSING_SD * vary, count), 40, 130) * travel
    opening = np.clip(random.normal(habits.blink_opening_ms, _OPENING_SD * vary, count), 110, 380) * travel
    return Blinks(
        onset=onset[:, None] + np.stack([-lag, lag], 1),
        depth=np.clip(depth[:, None] + np.stack([-uneven, uneven], 1), 0, 1),
        closing=closing / 1000,
        hold=random.uniform(*_HOLD, count) / 1000,
        opening=opening / 1000,
    )


def lid_closure(blinks: Blinks, times: npt.NDArray[np.floating]) -> FloatArray:
    """Closure of both lids at the given times, shape (N, 2) in [0, 1]: subject's left, right.

    Lids close on a minimum-jerk path and open with the speed peak early, as lid recordings show (VanderWerf 2003).
    """
    closure = np.zeros((len(times), 2))
    for side in range(2):
        last = np.searchsorted(blinks.onset[:, side], times, side="right") - 1
        for index in (last, last - 1):  # openings may still run when the next blink begins
            k = np.clip(index, 0, None)
            if len(blinks.closing):
                since = np.where(index >= 0, times - blinks.onset[k, side], -1.0)
                closure[:, side] = np.maximum(closure[:, side], _profile(blinks, k, since) * blinks.depth[k, side])
    return closure


def _profile(blinks: Blinks, k: npt.NDArray[np.int_], since: FloatArray) -> FloatArray:
    opened = np.clip((since - blinks.closing[k] - blinks.hold[k]) / blinks.opening[k], 0, 1)
    return np.asarray(ease(since / blinks.closing[k]) * (1 - ease(opened**0.8)))


def _onsets(scene: Scene, habits: Habits, random: np.random.Generator) -> FloatArray:
    """Blink onsets in seconds, at least `REFRACTORY` apart, shape (B,)."""
    hazard = np.where(_favoured(scene), habits.blink_pause_locking, 1.0)
    slow = band_noise(random, len(hazard), *_THRESHOLD_BAND)[:, 0]
    hazard = hazard / hazard.mean() * np.exp(_THRESHOLD_DEPTH * slow)
    own_time = np.concatenate([[0.0], np.cumsum(hazard) / RATE])  # seconds, stretched
    duration = len(hazard) / RATE
    sigma = habits.blink_irregularity
    mean = 60.0 / habits.blink_rate
    wanted = int(4 * duration / mean) + 8
    intervals = mean * np.exp(random.normal(-sigma * sigma / 2, sigma, wanted))
    intervals[0] *= random.random()  # the clip begins somewhere between two blinks
    onset = np.interp(np.cumsum(intervals), own_time, np.arange(len(own_time)) / RATE, right=np.inf)
    onset = onset[onset < duration]
    spaced = np.maximum.accumulate(onset - REFRACTORY * np.arange(len(onset))) + REFRACTORY * np.arange(len(onset))
    return np.asarray(spaced[spaced < duration])


def _favoured(scene: Scene) -> npt.NDArray[np.bool_]:
    """Pauses inside the talk, and the first moments after each phrase."""
    quiet = ~scene.speaking
    for end in scene.phrase_ends:
        quiet |= (scene.times >= end) & (scene.times < end + _AFTER_PHRASE)
    return quiet
