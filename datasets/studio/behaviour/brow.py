"""Brow raises: with the voice's rises, and in silence."""

from __future__ import annotations

from typing import Final

import numpy as np

from tellbench.datasets.studio.behaviour.habits import Habits
from tellbench.datasets.studio.behaviour.scene import Scene
from tellbench.datasets.studio.behaviour.signals import FloatArray, bump

SILENT_SHARE: Final = 0.38
"""Share of brow movements made while not speaking. Cavé & Guaïtella: 38%."""

_RISE = (0.12, 0.25)  # s (assumption; no usable published durations)
_HOLD = (0.05, 0.40)
_FALL = (0.20, 0.50)
_APART = 0.5  # s between raises (assumption)
_ACCENT_SHARE = 0.1  # of a full raise, per standard deviation of pitch: brows never rest wholly in speech (assumption)


def brow_raise(scene: Scene, habits: Habits, random: np.random.Generator) -> FloatArray:
    """Brow raise in [0, 1] at 100 Hz, shape (N,): a Poisson number of smooth events over a faint echo of the pitch."""
    raised = _ACCENT_SHARE * habits.brow_amplitude * habits.brow_coupling * scene.accent
    for onset in plan_raises(scene, habits, random):
        height = habits.brow_amplitude * np.exp(random.normal(0, 0.3))
        event = bump(scene.times, onset, random.uniform(*_RISE), random.uniform(*_HOLD), random.uniform(*_FALL))
        raised = np.maximum(raised, height * event)
    return np.clip(raised, 0, 1)


def plan_raises(scene: Scene, habits: Habits, random: np.random.Generator) -> FloatArray:
    """Onsets in seconds, sorted, shape (B,).

    In speech a share `brow_coupling` starts `brow_lead_ms` before a pitch rise; the rest fall anywhere in the speech.
    """
    duration = len(scene.times) / 100
    count = random.poisson(habits.brow_rate / 60 * duration)
    silent = random.random(count) < SILENT_SHARE
    coupled = ~silent & (random.random(count) < habits.brow_coupling)
    onset = np.where(silent, _draw(scene.times[~scene.speaking], count, random), np.nan)
    onset = np.where(coupled, _draw(scene.rises, count, random) - habits.brow_lead_ms / 1000, onset)
    onset = np.where(~silent & ~coupled, _draw(scene.times[scene.speaking], count, random), onset)
    onset = np.sort(np.where(np.isnan(onset), random.uniform(0, duration, count), onset))
    return onset[np.diff(onset, prepend=-np.inf) > _APART]


def _draw(candidates: FloatArray, count: int, random: np.random.Generator) -> FloatArray:
    """Times drawn without repeats while they last; NaN where there are no (more) candidates."""
    shuffled = random.permutation(candidates)[:count]
    return np.pad(shuffled, (0, count - len(shuffled)), constant_values=np.nan)
