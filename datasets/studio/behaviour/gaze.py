"""Gaze: looking at the viewer or away, saccades, microsaccades, and lids that follow the eyes."""

from __future__ import annotations

from typing import Final

import numpy as np

from tellbench.datasets.studio.behaviour.habits import Habits
from tellbench.datasets.studio.behaviour.scene import Scene
from tellbench.datasets.studio.behaviour.signals import RATE, FloatArray, ease

MUTUAL_SECONDS: Final = {True: 3.1, False: 7.9}
"""Mean length of looking at the viewer while talking, listening (Lee, Badler & Badler 2002)."""
AWAY_SECONDS: Final = {True: 0.93, False: 0.43}
"""Mean length of looking away while talking, listening (the same)."""
EYE_LIMITS: Final = np.array([28.0, 20.0])
"""Largest eye turn in the head, degrees (comfortable range: assumption)."""

_AMPLITUDE_MEAN = 6.9  # degrees, exponential (Lee, Badler & Badler 2002: magnitude falls exponentially)
_AMPLITUDE_MOST = 15.0  # 90% of natural saccades are smaller
_CARDINAL_SHARE = 2 / 3  # cardinal directions are twice as common as diagonal ones
_FIXATION = (0.3, 1.2)  # s on one spot of the viewer's face (assumption)
_FACE_SPREAD = (
    1.2,
    0.9,
)  # degrees over the viewer's face (assumption: 0.3 m of face at 0.7 m spans less than its outline)
_MICRO_RATE = 1.5  # a second: 1 to 2
_MICRO_DEGREES = 0.35  # at most 1
_SACCADE_BASE, _SACCADE_PER_DEGREE = 0.025, 0.0024  # s: 20-30 ms + 2.2-2.7 ms a degree
_LID_DOWN, _LID_UP = 30.0, 25.0  # degrees of eye turn for a full lid coefficient (the studio's lids)


def gaze_target(scene: Scene, habits: Habits, random: np.random.Generator) -> FloatArray:
    """Where the person looks, degrees right and up of the camera (as the camera sees it), at 100 Hz, shape (N, 2)."""
    times, spots = _fixations(scene, habits, random)
    before = np.vstack([spots[:1], spots[:-1]])
    length = _SACCADE_BASE + _SACCADE_PER_DEGREE * np.linalg.norm(spots - before, axis=1)
    k = np.searchsorted(times, scene.times, side="right") - 1
    progress = ease((scene.times - times[k]) / length[k])[:, None]
    return np.asarray(before[k] + (spots[k] - before[k]) * progress)


def eye_in_head(target: FloatArray, pose: FloatArray, closure: FloatArray) -> FloatArray:
    """Eye turn in the head, degrees right and up, shape (N, 2).

    Eyes make up for head turns (vestibulo-ocular reflex) and dip 1-2 degrees in a blink (Collewijn 1985, from memory).
    """
    eyes = target - pose[:, :2] * (1, -1)
    eyes[:, 1] -= 1.5 * closure.mean(1)
    return np.asarray(EYE_LIMITS * np.tanh(eyes / EYE_LIMITS))


def lids_with_gaze(vertical: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The eyeLookDown and eyeLookUp that carry the lids with the eyes; `vertical` in degrees up."""
    return np.clip(-vertical / _LID_DOWN, 0, 1), np.clip(vertical / _LID_UP, 0, 1)


def _fixations(scene: Scene, habits: Habits, random: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Start times (F,) and spots (F, 2) in degrees; the first starts before the clip."""
    duration = len(scene.times) / RATE
    times, spots = [-1.0], [_on_face(random)]
    now, away = 0.0, False
    while now < duration:
        talking = bool(scene.speaking[min(int(now * RATE), len(scene.times) - 1)])
        mean = (AWAY_SECONDS if away else MUTUAL_SECONDS)[talking]
        until = now + max(0.2, random.gamma(2.0, mean / 2.0))
        centre = _averted(random) * habits.gaze_gain if away else np.zeros(2)
        while now < min(until, duration):
            spot = centre if away else _on_face(random)
            stay = min(random.uniform(*_FIXATION), until - now)
            for start, jitter in _microsaccades(stay, random):
                times.append(now + start)
                spots.append(spot + jitter)
            now += stay
        now, away = until, not away
    return np.array(times), np.array(spots)


def _microsaccades(stay: float, random: np.random.Generator) -> list[tuple[float, FloatArray]]:
    """The fixation itself and the tiny jumps in it, as (seconds, degrees)."""
    starts = np.concatenate([[0.0], np.sort(random.uniform(0.1, max(stay, 0.11), random.poisson(_MICRO_RATE * stay)))])
    jumps = np.clip(random.normal(0, _MICRO_DEGREES, (len(starts), 2)), -0.7, 0.7)
    return [(float(start), jump) for start, jump in zip(starts, jumps, strict=True)]


def _on_face(random: np.random.Generator) -> FloatArray:
    return np.asarray(random.normal(size=2) * _FACE_SPREAD)


def _averted(random: np.random.Generator) -> FloatArray:
    """A spot beside the viewer: exponential distance, mostly left, right, up or down."""
    distance = min(3.0 + random.exponential(_AMPLITUDE_MEAN), _AMPLITUDE_MOST)
    cardinal = random.random() < _CARDINAL_SHARE
    angle = np.pi / 4 * (2 * random.integers(4) + (0 if cardinal else 1))
    return np.asarray(distance * np.array([np.cos(angle), 0.7 * np.sin(angle)]))
