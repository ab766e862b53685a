"""Brows: raises with the voice's rises and in silence, and passing frowns."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np

from tellbench.datasets.studio.behaviour.habits import Habits
from tellbench.datasets.studio.behaviour.scene import Scene
from tellbench.datasets.studio.behaviour.signals import RATE, FloatArray, poisson_times, pulses

SILENT_SHARE: Final = 0.38
"""Share of brow movements made while not speaking. Cavé & Guaïtella: 38%."""

# No usable published durations or amplitudes exist: all assumptions.
_RISE = (0.12, 0.25)  # s
_HOLD = (0.05, 0.40)
_FALL = (0.20, 0.50)
_APART = 0.5  # s between raises
_LEAD_SD = 0.03  # s, raise to raise
_LISTENING = 0.6  # raises while listening, by those of a talk
_ACCENT_SHARE = 0.1  # of a full raise, per standard deviation of pitch: brows never rest wholly in speech
_UNEVEN = 0.12  # left-right, raise to raise
_FROWN = (0.2, 0.5)  # coefficient
_FROWN_RISE, _FROWN_HOLD, _FROWN_FALL = (0.25, 0.5), (0.3, 1.8), (0.4, 0.9)
_FROWN_APART = 3.0


@dataclasses.dataclass(frozen=True)
class Brows:
    """Brow movement at 100 Hz, coefficients in [0, 1]; two columns are the subject's left and right."""

    inner: FloatArray
    """Raise of the inner brows, shape (N,)."""
    outer: FloatArray
    """Raise of the outer brows, shape (N, 2)."""
    down: FloatArray
    """Lowering by frowns, shape (N,)."""

    @property
    def raised(self) -> FloatArray:
        """Mean raise, shape (N,)."""
        return np.asarray((self.inner + self.outer.mean(1)) / 2)


def move_brows(scene: Scene, habits: Habits, random: np.random.Generator) -> Brows:
    """A Poisson number of smooth raises over a faint echo of the pitch, and frowns between them."""
    onset = plan_raises(scene, habits, random)
    count = len(onset)
    height = habits.brow_amplitude * np.exp(random.normal(0, 0.3, count))
    rise, hold, fall = (random.uniform(*span, count) for span in (_RISE, _HOLD, _FALL))
    shares = np.stack([np.ones(count), *(habits.brow_outer * (1 + _sides(habits, count, random)))], 1)
    echo = _ACCENT_SHARE * habits.brow_amplitude * habits.brow_coupling * scene.accent
    raised = [np.maximum(echo, pulses(scene.n_steps, onset, rise, hold, fall, height * share)) for share in shares.T]
    inner, left, right = np.clip(raised, 0, 1)
    return Brows(inner, np.stack([left, right], 1), _frowns(scene, habits, random) * (1 - inner))


def plan_raises(scene: Scene, habits: Habits, random: np.random.Generator) -> FloatArray:
    """Onsets in seconds, sorted, shape (B,).

    In speech a share `brow_coupling` starts about `brow_lead_ms` before a pitch rise; the rest fall anywhere in the
    speech.
    """
    duration = scene.n_steps / RATE
    activity = scene.talking.mean() + _LISTENING * (~scene.talking).mean()
    count = random.poisson(habits.brow_rate / 60 * duration * activity)
    silent = random.random(count) < SILENT_SHARE
    coupled = ~silent & (random.random(count) < habits.brow_coupling)
    lead = random.normal(habits.brow_lead_ms / 1000, _LEAD_SD, count)
    onset = np.where(silent, _draw(scene.times[~scene.speaking], count, random), np.nan)
    onset = np.where(coupled, _draw(scene.rises, count, random) - lead, onset)
    onset = np.where(~silent & ~coupled, _draw(scene.times[scene.speaking], count, random), onset)
    onset = np.sort(np.where(np.isnan(onset), random.uniform(0, duration, count), onset))
    return np.asarray(onset[np.diff(onset, prepend=-np.inf) > _APART])


def _sides(habits: Habits, count: int, random: np.random.Generator) -> FloatArray:
    """How much more than the mean the left and the right outer brow rise, shape (2, count)."""
    uneven = np.clip(habits.brow_skew + random.normal(0, _UNEVEN, count), -0.6, 0.6)
    return np.stack([uneven, -uneven])


def _frowns(scene: Scene, habits: Habits, random: np.random.Generator) -> FloatArray:
    onset = poisson_times(random, np.full(scene.n_steps, habits.frown_rate / 60), _FROWN_APART)
    drawn = (random.uniform(*span, len(onset)) for span in (_FROWN_RISE, _FROWN_HOLD, _FROWN_FALL, _FROWN))
    return pulses(scene.n_steps, onset, *drawn)


def _draw(candidates: FloatArray, count: int, random: np.random.Generator) -> FloatArray:
    """Times drawn without repeats while they last; NaN where there are no (more) candidates."""
    shuffled = random.permutation(candidates)[:count]
    return np.pad(shuffled, (0, count - len(shuffled)), constant_values=np.nan)
