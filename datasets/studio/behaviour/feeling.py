"""Emotions in time: how a mood rises and breathes, how it changes habits; smiles and micro-expressions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

import numpy as np

from tellbench.datasets.emotion import EMOTIONS, emotion_offset
from tellbench.datasets.expression import COEFFICIENTS
from tellbench.datasets.studio.behaviour.habits import Habits
from tellbench.datasets.studio.behaviour.signals import RATE, FloatArray, band_noise, ease, poisson_times, pulses

FACTORS: Final[Mapping[str, Mapping[str, float]]] = {
    "happy": {"head_gain": 1.25, "head_tempo": 1.15, "nod_gain": 1.2, "brow_rate": 1.3, "nod_rate": 1.3},
    "sad": {
        **{"head_gain": 0.6, "head_tempo": 0.65, "nod_gain": 0.6, "nod_rate": 0.6, "brow_rate": 0.6},
        **{"gaze_away": 1.8, "articulation": 0.85, "breath_rate": 0.9},
    },
    "angry": {
        **{"head_gain": 1.3, "head_tempo": 1.3, "nod_gain": 1.5, "nod_rate": 0.5, "articulation": 1.15},
        **{"blink_rate": 0.65, "blink_rate_listening": 0.65, "gaze_away": 0.6, "breath_rate": 1.2},
    },
    "surprised": {
        **{"head_gain": 1.1, "head_tempo": 1.2, "brow_rate": 1.4, "gaze_away": 0.7, "breath_rate": 1.1},
        **{"blink_rate": 0.75, "blink_rate_listening": 0.75},
    },
    "afraid": {
        **{"head_gain": 0.85, "head_tempo": 1.2, "nod_gain": 0.7, "gaze_away": 1.4, "breath_rate": 1.3},
        **{"blink_rate": 1.3, "blink_rate_listening": 1.3},
    },
    "disgusted": {"head_gain": 0.9, "gaze_away": 1.4, "nod_rate": 0.5},
    "contempt": {"head_gain": 0.8, "head_tempo": 0.9, "nod_rate": 0.5, "gaze_away": 1.2},
}
"""By what each emotion at full intensity multiplies habits. Busso 2007: head activation, range and velocity differ
between emotions; which way and how much: assumptions."""

SHIFTS: Final[Mapping[str, Mapping[str, float]]] = {
    "happy": {"head_pitch": -1.0},
    "sad": {"head_pitch": 6.0, "gaze_down": 6.0},
    "angry": {"head_pitch": 2.5},
    "surprised": {"head_pitch": -2.5},
    "afraid": {"head_pitch": 1.5},
    "disgusted": {"head_pitch": -2.0},
    "contempt": {"head_pitch": -4.0},
}
"""What each emotion at full intensity adds to habits (assumptions)."""

_GLAD = ("neutral", "happy", "surprised")  # in the other emotions people smile little of their own ...
_GLUM_SMILES = 0.15  # ... that is, by this factor
_SETS_IN = 0.25  # share of clips in which the emotion begins before our eyes, in their first half (assumption)
_TONIC = 0.72  # of the apex: what stays between two swells (assumption)
_BREATHING_BAND, _BREATHING = (0.05, 0.3), 0.08  # Hz, and depth of the slow unrest of a mood (assumption)
_SWELLS = 9.0  # a minute (assumption)
# Felt expressions last 0.67 to 4 s (Ekman & Friesen 1982, from memory) and set in over about 0.5 s (assumption).
_ONSET, _APEX, _OFFSET = (0.35, 0.7), (0.5, 2.5), (0.6, 1.5)
_SMILE_BAND, _SMILE_DRIFT = (0.03, 0.2), 0.015  # Hz, coefficient
_MICRO_RISE, _MICRO_HOLD, _MICRO_FALL = (0.07, 0.14), (0.03, 0.12), (0.10, 0.20)  # s: over within 0.5 (assumption)
_MICRO_HEIGHT = (0.15, 0.35)


@dataclasses.dataclass(frozen=True)
class Feeling:
    """What a person feels over a clip, at 100 Hz."""

    name: str
    """One of `tellbench.datasets.emotion.EMOTIONS`."""
    level: FloatArray
    """Its intensity, shape (N,) in [0, 1]."""
    smile: FloatArray
    """Smiles apart from it, shape (N,)."""
    micro: FloatArray
    """Coefficients of micro-expressions, shape (N, 52)."""

    @property
    def offset(self) -> FloatArray:
        """All coefficients that feelings ask for, smiles aside, before speech takes its share; shape (N, 52)."""
        return np.asarray(self.level[:, None] * EMOTIONS[self.name] + self.micro)


def in_mood(habits: Habits, emotion: str, intensity: float) -> Habits:
    """Habits as an emotion changes them; intensity 0 leaves them alone.

    Raises:
        InputError: the emotion is unknown or the intensity outside [0, 1].
    """
    emotion_offset(emotion, intensity)
    changed = {name: getattr(habits, name) * factor**intensity for name, factor in FACTORS.get(emotion, {}).items()}
    changed |= {name: getattr(habits, name) + by * intensity for name, by in SHIFTS.get(emotion, {}).items()}
    if emotion not in _GLAD:
        less = _GLUM_SMILES**intensity
        changed |= {"smile": habits.smile * less, "smile_rate": habits.smile_rate * less}
    return dataclasses.replace(habits, **changed)


def feel(n_steps: int, habits: Habits, emotion: str, intensity: float, random: np.random.Generator) -> Feeling:
    """Draw the course of a mood; `intensity` is that of its apexes."""
    level = intensity * _course(n_steps, random) if emotion != "neutral" else np.zeros(n_steps)
    return Feeling(emotion, level, _smiles(n_steps, habits, random), _micro_expressions(n_steps, habits, random))


def _course(n_steps: int, random: np.random.Generator) -> FloatArray:
    """A mood between 0 and 1: a breathing tonic level, and swells with onset, apex and offset; shape (N,)."""
    swells = _swells(n_steps, _SWELLS, random)
    tonic = _TONIC + _BREATHING * band_noise(random, n_steps, *_BREATHING_BAND)[:, 0]
    course = np.clip(tonic + (1 - _TONIC) * swells, 0, 1)
    if random.random() < _SETS_IN:
        begins = random.uniform(0, n_steps / RATE / 2)
        course *= ease(((np.arange(n_steps) + 0.5) / RATE - begins) / random.uniform(*_ONSET))
    return course


def _smiles(n_steps: int, habits: Habits, random: np.random.Generator) -> FloatArray:
    """A resting smile that drifts, and passing ones, shape (N,)."""
    rest = np.clip(habits.smile + _SMILE_DRIFT * band_noise(random, n_steps, *_SMILE_BAND)[:, 0], 0, 0.3)
    return np.asarray(np.maximum(rest, habits.smile_amplitude * _swells(n_steps, habits.smile_rate, random)))


def _swells(n_steps: int, per_minute: float, random: np.random.Generator) -> FloatArray:
    """Felt expressions as they come and go, heights about 1, shape (N,)."""
    start = poisson_times(random, np.full(n_steps + 200, per_minute / 60), apart=1.0) - 2.0
    height = np.clip(random.normal(0.85, 0.2, len(start)), 0.3, 1.2)
    onset, apex, offset = (random.uniform(*span, len(start)) for span in (_ONSET, _APEX, _OFFSET))
    return pulses(n_steps, start, onset, apex, offset, height)


def _micro_expressions(n_steps: int, habits: Habits, random: np.random.Generator) -> FloatArray:
    """Brief, weak flashes of any emotion, shape (N, 52)."""
    flashes = np.zeros((n_steps, len(COEFFICIENTS)))
    names = [name for name in EMOTIONS if name != "neutral"]
    for start in poisson_times(random, np.full(n_steps, habits.micro_rate / 60), apart=2.0):
        shape = EMOTIONS[names[random.integers(len(names))]]
        rise, hold, fall = (random.uniform(*span) for span in (_MICRO_RISE, _MICRO_HOLD, _MICRO_FALL))
        flashes += pulses(n_steps, start, rise, hold, fall, random.uniform(*_MICRO_HEIGHT))[:, None] * shape
    return flashes
