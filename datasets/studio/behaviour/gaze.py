"""Gaze: looking at the viewer or away, saccades, microsaccades, vergence, and lids that follow the eyes."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from tellbench.datasets.studio.behaviour.habits import Habits
from tellbench.datasets.studio.behaviour.scene import Scene
from tellbench.datasets.studio.behaviour.signals import RATE, FloatArray

MUTUAL_SECONDS: Final = {True: 3.1, False: 7.9}
"""Mean length of looking at the viewer while talking, listening (Lee, Badler & Badler 2002)."""
AWAY_SECONDS: Final = {True: 0.93, False: 0.43}
"""Mean length of looking away while talking, listening (the same)."""
EYE_LIMITS: Final = np.array([28.0, 20.0])
"""Largest eye turn in the head, degrees (comfortable range: assumption)."""

_STATE_SHAPE = 2.0  # gamma shape of the dwell in a state (assumption)
_LEAST_DWELL = 0.2  # s: the longest saccade is over by then
_AWAY_NEAREST = 3.0  # degrees: nearer is still the viewer's face (assumption)
_AMPLITUDE_MEAN = 6.9  # degrees, exponential (Lee, Badler & Badler 2002: magnitude falls exponentially)
_AMPLITUDE_MOST = 50.0  # eyes and head together; 90% of natural saccades are below 15
_CARDINAL_SHARE = 0.76  # cardinal directions are twice as common as diagonal ones, also after leaving from off-centre
_CARDINAL_SPREAD = 8.0  # degrees around each direction (assumption)
_FLATTEN = 0.7  # people look less far up and down than aside (assumption)
_FIXATION = (0.3, 1.2)  # s on one spot (assumption)
_ROAM_SHARE = 0.6  # of fixations while away that go to a new spot (assumption)
_FACE_SPREAD = (1.2, 0.9)  # degrees over the viewer's face (assumption: eyes and mouth at a video call's distance)
_MICRO_RATE = 2.0  # a second: 1 to 2
_MICRO_APART = 0.05  # s (assumption)
_MICRO_DEGREES = 0.35  # at most 1
_SACCADE_BASE, _SACCADE_PER_DEGREE = 0.023, 0.0026  # s: 20-30 ms + 2.2-2.7 ms a degree
_PEAK_SPEED, _PEAK_REACH = 500.0, 14.0  # degrees/s, degrees: peak velocity 500 (1 - exp(-A / 14))
_PEAK_TO_MEAN = (1.18, 1.9)  # of saccade velocity; small saccades, where the two formulas clash, get the lower
_VIEWER_METRES = 0.8  # the vergence at which both eyes have gaze as given (assumption)
_AWAY_METRES = (0.5, 4.0)  # (assumption)
_PUPILS_MM = 63.0  # between the eyes, adult mean
_VERGENCE_SECONDS = 0.25  # slower than saccades (assumption)
_LID_DOWN, _LID_UP = 30.0, 25.0  # degrees of eye turn for a full lid coefficient (the studio's lids)


@dataclasses.dataclass(frozen=True)
class Glances:
    """Fixations in order, arrays of length F; the first starts before the clip."""

    start: FloatArray
    """Seconds."""
    spot: FloatArray
    """Degrees right and up of the camera, shape (F, 2)."""
    mutual: npt.NDArray[np.bool_]
    """Whether it lies on the viewer's face."""
    metres: FloatArray
    """Distance of what is looked at."""

    @property
    def shifts(self) -> FloatArray:
        """Size of the gaze shift that leads to each fixation, degrees, shape (F,)."""
        return np.asarray(np.linalg.norm(np.diff(self.spot, axis=0, prepend=self.spot[:1]), axis=1))

    def mutual_at(self, times: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
        """Whether the person looks at the viewer at each time."""
        return self.mutual[np.searchsorted(self.start, times, side="right") - 1]


def plan_glances(scene: Scene, habits: Habits, random: np.random.Generator) -> Glances:
    """Draw where the person looks and when: states of the eyes, fixations within them, microsaccades within those."""
    duration = scene.n_steps / RATE
    kept: list[tuple[float, FloatArray, bool, float]] = [(-1.0, _on_face(random), True, _VIEWER_METRES)]
    now, mutual = 0.0, True
    while now < duration:
        until = now + _dwell(scene, now, mutual, habits, random)
        centre, metres = _averted(habits, random), _VIEWER_METRES if mutual else random.uniform(*_AWAY_METRES)
        while now < min(until, duration):
            stay = random.uniform(*_FIXATION)
            if until - now - stay < _LEAST_DWELL:
                stay = until - now
            spot = _on_face(random) if mutual else centre
            kept += [(now + start, spot + jump, mutual, metres) for start, jump in _microsaccades(stay, random)]
            now += stay
            if random.random() < _ROAM_SHARE:
                centre = _averted(habits, random)
        now, mutual = until, not mutual
    start, spots, states, depths = zip(*kept, strict=True)
    return Glances(np.array(start), np.array(spots), np.array(states), np.array(depths))


def gaze_direction(scene: Scene, glances: Glances) -> FloatArray:
    """Where the person looks, degrees right and up of the camera (as the camera sees it), at 100 Hz, shape (N, 2)."""
    shift = np.diff(glances.spot, axis=0, prepend=glances.spot[:1])
    k = np.searchsorted(glances.start, scene.times, side="right") - 1
    progress = saccade(scene.times - glances.start[k], glances.shifts[k])
    return np.asarray(glances.spot[k] + shift[k] * (progress - 1)[:, None])


def saccade(since: FloatArray, degrees: FloatArray) -> FloatArray:
    """Progress 0 to 1 of saccades of some size, a time in seconds after their start; all of shape (N,).

    Velocity rises and falls by half cosines around a plateau, whose length makes both duration and peak velocity follow
    the main sequence.
    """
    duration = _SACCADE_BASE + _SACCADE_PER_DEGREE * degrees
    peak = _PEAK_SPEED * -np.expm1(-degrees / _PEAK_REACH)
    ratio = np.clip(peak * duration / np.maximum(degrees, 1e-6), *_PEAK_TO_MEAN)
    ramp = 1 - 1 / ratio  # length of each half cosine, as a share of the duration
    s = np.clip(since / duration, 0, 1)
    rest = np.minimum(s, 1 - s)
    rising = np.minimum(rest, ramp)
    gone = ratio * ((rising - ramp / np.pi * np.sin(np.pi * rising / ramp)) / 2 + (rest - rising))
    return np.asarray(np.where(s < 0.5, gone, 1 - gone))


def vergence(scene: Scene, glances: Glances) -> FloatArray:
    """Inward turn of each eye beyond that for the viewer's distance, degrees, shape (N,); negative for far things."""
    inward = np.degrees(np.arctan(_PUPILS_MM / 2000 / glances.metres) - np.arctan(_PUPILS_MM / 2000 / _VIEWER_METRES))
    now = np.searchsorted(glances.start, scene.times, side="right") - 1
    return np.asarray(gaussian_filter1d(inward[now], _VERGENCE_SECONDS / 4 * RATE, mode="nearest"))


def eye_in_head(target: FloatArray, pose: FloatArray, closure: FloatArray) -> FloatArray:
    """Eye turn in the head, degrees right and up, shape (N, 2).

    Eyes make up for head turns (vestibulo-ocular reflex) and dip 1-2 degrees in a blink (Collewijn 1985, from memory).
    Near the end of their range they stop, until the head has come after.
    """
    eyes = target - pose[:, :2] * (1, -1)
    eyes[:, 1] -= 1.5 * closure.mean(1)
    return np.asarray(eyes / (1 + np.abs(eyes / EYE_LIMITS) ** 4) ** 0.25)


def lids_with_gaze(vertical: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The eyeLookDown and eyeLookUp that carry the lids with the eyes; `vertical` in degrees up."""
    return np.clip(-vertical / _LID_DOWN, 0, 1), np.clip(vertical / _LID_UP, 0, 1)


def _dwell(scene: Scene, now: float, mutual: bool, habits: Habits, random: np.random.Generator) -> float:
    """Seconds in a state that begins now; both states follow the role."""
    talking = bool(scene.talking[min(int(now * RATE), scene.n_steps - 1)])
    mean = MUTUAL_SECONDS[talking] if mutual else AWAY_SECONDS[talking] * habits.gaze_away
    return max(_LEAST_DWELL, float(random.gamma(_STATE_SHAPE, mean / _STATE_SHAPE)))


def _microsaccades(stay: float, random: np.random.Generator) -> list[tuple[float, FloatArray]]:
    """The fixation itself and the tiny jumps in it, as (seconds, degrees)."""
    drawn = np.sort(random.uniform(_LEAST_DWELL, max(stay, _LEAST_DWELL), random.poisson(_MICRO_RATE * stay)))
    starts = np.concatenate([[0.0], drawn[drawn < stay - _MICRO_APART]])
    starts = starts[np.diff(starts, prepend=-np.inf) > _MICRO_APART]
    jumps = np.clip(random.normal(0, _MICRO_DEGREES, (len(starts), 2)), -0.7, 0.7)
    return [(float(start), jump) for start, jump in zip(starts, jumps, strict=True)]


def _on_face(random: np.random.Generator) -> FloatArray:
    return np.asarray(random.normal(size=2) * _FACE_SPREAD)


def _averted(habits: Habits, random: np.random.Generator) -> FloatArray:
    """A spot beside the viewer: exponential distance, mostly left, right, up or down."""
    distance = min(_AWAY_NEAREST + random.exponential(_AMPLITUDE_MEAN), _AMPLITUDE_MOST)
    cardinal = random.random() < _CARDINAL_SHARE
    angle = np.pi / 4 * (2 * random.integers(4) + (0 if cardinal else 1))
    angle += np.radians(random.normal(0, _CARDINAL_SPREAD))
    spot = distance * np.array([np.cos(angle), _FLATTEN * np.sin(angle)]) * habits.gaze_gain
    return np.asarray(spot - (0.0, habits.gaze_down))
