"""Blinks: when they come, how deep they go, and how each lid moves."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from tellbench.datasets.studio.behaviour.gaze import Glances
from tellbench.datasets.studio.behaviour.habits import Habits
from tellbench.datasets.studio.behaviour.scene import Scene
from tellbench.datasets.studio.behaviour.signals import RATE, FloatArray, band_noise, ease

REFRACTORY: Final = 0.4
"""Least time between two blink onsets, seconds (assumption; blinks last 0.1 to 0.4 s, Stern 1984)."""
PHASES: Final = ("open", "closing", "closed", "opening")
"""Phases of a blink; "closed" is its turning point, however deep it went."""
LID_DEGREES: Final = 43.1
"""Turn of the upper lid in a full closure: voluntary blinks, the kinematic comparison in the facts; partial blinks
bring the mean of spontaneous ones near its 31."""

_AFTER_PHRASE = (0.0, 0.3)  # s after one's own phrase in which blinks are favoured (Nakano & Kitazawa 2010)
_AFTER_HEARD = (0.25, 0.5)  # s after another's phrase: listeners follow speakers (the same)
_THRESHOLD_BAND = (0.11, 0.25)  # Hz, slow oscillation of the blink threshold (Nomura 2018)
_THRESHOLD_DEPTH = 0.25  # its effect on the rate (assumption)
_WARM_UP = 8  # mean intervals simulated before the clip, so that it begins anywhere between two blinks
_DOUBLE = (0.42, 0.6)  # s from a blink to its double (assumption)
_CLOSING_SD = 15.0  # ms, blink to blink
_OPENING_SD = 50.0  # ms
_OPENING_POWER = (
    0.35  # sets the peak speed of opening: closing is 40-47% faster (Sforza 2008), though three times shorter
)
_HOLD = (10.0, 50.0)  # ms closed (VanderWerf 2003)
_LAG_SD, _LAG_MOST = 7.0, 19.0  # ms between the lids (assumption)
_PARTIAL_DEPTHS = (0.25, 0.9)  # Ousler 2014 counts partial blinks in 25, 50 and 75% bins
_SHIFT_RANGE = (
    12.0,
    33.0,
)  # degrees over which shifts come to carry blinks; the upper: Evinger 1994, lower: assumption
_SHIFT_JITTER = 0.03  # s between a gaze shift and its blink (assumption)
_SHIFT_CLAIM = 3.0  # s within which a blink that a gaze shift brings stands for a spontaneous one (assumption)


@dataclasses.dataclass(frozen=True)
class Blinks:
    """Blink events in order, arrays of shape (B,); times in seconds, left and right in columns where two."""

    onset: FloatArray
    """Start of closing, shape (B, 2): subject's left, right."""
    depth: FloatArray
    """Largest closure, shape (B, 2), 0 to 1."""
    closing: FloatArray
    hold: FloatArray
    opening: FloatArray

    def table(self) -> pd.DataFrame:
        """One row a blink: `onset_s`, `peak_s`, `end_s`, `depth_left`, `depth_right`, and whether it is `complete`."""
        onset = self.onset.mean(1)
        return pd.DataFrame(
            {
                "onset_s": onset,
                "peak_s": onset + self.closing + self.hold / 2,
                "end_s": onset + self.closing + self.hold + self.opening,
                "depth_left": self.depth[:, 0],
                "depth_right": self.depth[:, 1],
                "complete": (self.depth >= 1).all(1),
            }
        )


def plan_blinks(scene: Scene, habits: Habits, random: np.random.Generator, glances: Glances | None = None) -> Blinks:
    """Draw the blinks of a clip.

    Log-normal intervals (skewed as most people's, Nomura 2018) are laid out in a time that runs faster in pauses, so
    the mean rate stays the person's own while blinks gather where speakers pause, or just after where one listens.
    Large gaze shifts take over the nearest blink, or bring one of their own.
    """
    onset = _spontaneous(scene, habits, random)
    if glances is not None:
        onset = _join(onset, _with_shifts(glances, scene.n_steps / RATE, habits, random))
    count = len(onset)
    vary = habits.blink_variation
    partial = random.random(count) < habits.blink_partial_share
    depth = np.where(partial, random.uniform(*_PARTIAL_DEPTHS, count), 1.0)
    lag = np.clip(random.normal(0, _LAG_SD, count), -_LAG_MOST, _LAG_MOST) * vary / 2000
    uneven = np.clip(random.normal(0, 0.03, count), -0.08, 0.08) * vary * partial
    travel = 0.75 + 0.25 * depth  # main sequence: peak lid speed nearly linear in amplitude (facts: iovs 2128347)
    closing = np.clip(random.normal(habits.blink_closing_ms, _CLOSING_SD * vary, count), 40, 130) * travel
    opening = np.clip(random.normal(habits.blink_opening_ms, _OPENING_SD * vary, count), 150, 440) * travel
    return Blinks(
        onset=onset[:, None] + np.stack([-lag, lag], 1),
        depth=np.clip(depth[:, None] + np.stack([-uneven, uneven], 1), 0, 1),
        closing=closing / 1000,
        hold=random.uniform(*_HOLD, count) / 1000,
        opening=opening / 1000,
    )


def lid_closure(blinks: Blinks, times: npt.NDArray[np.floating]) -> FloatArray:
    """Closure of both lids at the given times, shape (N, 2) in [0, 1]: subject's left, right.

    Lids close on a minimum-jerk path and open at first fast, then with a long tail (VanderWerf 2003).
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


def blink_phase(blinks: Blinks, times: npt.NDArray[np.floating]) -> npt.NDArray[np.int_]:
    """Index into `PHASES` at the given times, shape (N,); of two blinks that overlap, the later counts."""
    if not len(blinks.closing):
        return np.zeros(len(times), int)
    onset = blinks.onset.mean(1)
    k = np.searchsorted(onset, times, side="right") - 1
    since = np.where(k >= 0, times - onset[np.clip(k, 0, None)], -1.0)
    ends = np.cumsum([blinks.closing, blinks.hold, blinks.opening], axis=0)[:, np.clip(k, 0, None)]  # (3, N)
    phase = 1 + (since >= ends).sum(0)
    return np.where((since < 0) | (phase > 3), 0, phase)


def _profile(blinks: Blinks, k: npt.NDArray[np.int_], since: FloatArray) -> FloatArray:
    opened = np.clip((since - blinks.closing[k] - blinks.hold[k]) / blinks.opening[k], 0, 1)
    return np.asarray(ease(since / blinks.closing[k]) * (1 - ease(opened**_OPENING_POWER)))


def _spontaneous(scene: Scene, habits: Habits, random: np.random.Generator) -> FloatArray:
    """Blink onsets in seconds, at least `REFRACTORY` apart, shape (B,)."""
    expected = np.concatenate([[0.0], np.cumsum(_rate(scene, habits, random)) / RATE])  # blinks so far
    sigma, doubles = habits.blink_irregularity, habits.blink_double_share
    wanted = int(3 * expected[-1]) + 3 * _WARM_UP
    intervals = np.exp(random.normal(-sigma * sigma / 2, sigma, wanted)) * (1 + doubles)
    place = np.cumsum(intervals) - _WARM_UP - random.random()
    place = place[(place >= 0) & (place < expected[-1])]
    onset = np.interp(place, expected, np.arange(len(expected)) / RATE)
    again = onset[random.random(len(onset)) < doubles]
    onset = np.sort(np.concatenate([onset, again + random.uniform(*_DOUBLE, len(again))]))
    return _spaced(onset, scene.n_steps / RATE)


def _rate(scene: Scene, habits: Habits, random: np.random.Generator) -> FloatArray:
    """Blinks a second at 100 Hz; its mean over each role is the person's rate in it."""
    rate = np.where(_favoured(scene), habits.blink_pause_locking, 1.0)
    rate *= np.exp(_THRESHOLD_DEPTH * band_noise(random, scene.n_steps, *_THRESHOLD_BAND)[:, 0])
    for turn, own in ((scene.talking, habits.blink_rate), (~scene.talking, habits.blink_rate_listening)):
        if turn.any():
            rate[turn] *= own / 60 / rate[turn].mean()
    return rate


def _favoured(scene: Scene) -> npt.NDArray[np.bool_]:
    """Own pauses and the first moments after each own phrase; a listener's moments after each phrase heard."""
    favoured = scene.talking & ~scene.speaking
    for ends, (after, until) in ((scene.phrase_ends, _AFTER_PHRASE), (scene.heard_ends, _AFTER_HEARD)):
        for end in ends:
            favoured[int((end + after) * RATE) : int((end + until) * RATE)] = True
    return favoured


def _with_shifts(glances: Glances, duration: float, habits: Habits, random: np.random.Generator) -> FloatArray:
    """Onsets of the blinks that gaze shifts bring, shape (S,)."""
    low, high = _SHIFT_RANGE
    share = habits.blink_with_shifts * np.clip((glances.shifts - low) / (high - low), 0, 1) ** 2
    chosen = (random.random(len(share)) < share) & (glances.start > 0) & (glances.start < duration)
    return _spaced(np.abs(glances.start[chosen] + random.normal(0, _SHIFT_JITTER, chosen.sum())), duration)


def _join(onset: FloatArray, evoked: FloatArray) -> FloatArray:
    """Both kinds in order; each evoked blink replaces the nearest spontaneous one and all within `REFRACTORY`."""
    for moment in evoked:
        distance = np.abs(onset - moment)
        drop = distance < REFRACTORY
        if len(onset) and distance.min() < _SHIFT_CLAIM:
            drop[distance.argmin()] = True
        onset = onset[~drop]
    return np.sort(np.concatenate([onset, evoked]))


def _spaced(onset: FloatArray, duration: float) -> FloatArray:
    """Later onsets moved back until all are `REFRACTORY` apart, within the clip."""
    waits = REFRACTORY * np.arange(len(onset))
    spaced = np.maximum.accumulate(np.sort(onset) - waits) + waits
    return np.asarray(spaced[spaced < duration])
