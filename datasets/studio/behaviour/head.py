"""Head motion: posture, slow drift, the voice's phrase band, nods, breathing, and following the gaze."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from tellbench.datasets.studio.behaviour.breath import Breaths
from tellbench.datasets.studio.behaviour.habits import Habits
from tellbench.datasets.studio.behaviour.scene import Scene
from tellbench.datasets.studio.behaviour.signals import (
    RATE,
    FloatArray,
    band_noise,
    band_pass,
    ease,
    poisson_times,
    pulses,
    staircase,
    standardised,
)

DRIFT_BAND: Final = (0.05, 0.4)
"""Hz; posture changes and slow turns (Hadar 1983's wide slow class; limits: assumption)."""
PHRASE_BAND: Final = (1.0, 2.0)
"""Hz; head and global face motion of about 4000 speakers peak here (10.1371/journal.pcbi.1010273)."""
LIMITS: Final = np.array([34.0, 18.0, 12.0, 40.0, 30.0, 40.0])
"""Largest yaw, pitch, roll in degrees and shifts in mm."""

# yaw, pitch, roll in degrees, x, y, z in mm (all assumptions: a seated person on a video call)
_DRIFT_SD = np.array([2.3, 1.2, 1.0, 2.5, 1.2, 3.0])
_PHRASE_SD = np.array([1.1, 1.2, 0.8, 0.4, 0.4, 0.5])
_PHRASE_VOICE = np.array([0.9, 1.0, 0.9, 0.0, 0.5, 0.0])  # how much of `head_coupling` each axis shows
_LOUDNESS = np.array([0.2, 1.0, 0.2, 0.0, 1.0, 0.0])  # weights of amplitude ...
_MELODY = np.array([1.0, 0.4, 1.0, 0.0, 0.4, 0.0])  # ... and F0 in that (Munhall 2004: both tie; weights: assumption)
_MELODY_BAND = (0.3, 2.0)  # Hz: intonation is slower than loudness (assumption)
_MEDIUM_SD = np.array([0.20, 0.24, 0.14, 0.1, 0.1, 0.1])
_FAST_SD = np.array([0.05, 0.06, 0.03, 0.02, 0.02, 0.02])
_MEDIUM_BAND, _FAST_BAND = (1.8, 3.7), (3.7, 7.0)  # Hz (Hadar 1983): at junctures, and sharp at loudness peaks
_REST_SD = np.array([2.0, 1.2, 1.2, 3.0, 2.0, 6.0])
_POSTURE_SD = np.array([2.6, 1.2, 1.1, 4.0, 1.5, 5.0])  # wide slow moves
_POSTURE_SECONDS = 1.1
_LONG_PAUSE = 0.3  # s; wide slow moves follow long pauses (Hadar 1983; threshold and share: assumption)
_POSTURE_AFTER_PAUSE = 0.3
_NOD_DEGREES = 1.8  # pitch, downwards
_NOD_SHARE = 0.65  # of stressed syllables (assumption)
_NOD = (0.14, 0.02, 0.28)  # s rise, hold, fall: starts on the stress, peaks after (Kim, Cvejic & Davis 2014)
_BREATH = np.array([0.0, -0.5, 0.0, 0.0, 1.6, 0.8])  # a full breath: chin up a little, shoulders and head rise
_AGREE_DEGREES = 2.6  # first dip of a backchannel nod
_AGREE_DIPS = (1, 4)  # from one to three dips ...
_AGREE_HERTZ = (2.0, 3.0)  # ... at this pace ...
_AGREE_FADE = 0.65  # ... each smaller than the last
_AGREE_AFTER = (0.1, 0.7)  # s after a phrase that was heard
_AGREE_AT_ENDS = 0.7  # share of backchannel nods that answer the end of a phrase
_GAZE_SHARE = 0.2  # of a small gaze shift done by the head (small shifts are mostly eyes)
_GAZE_EXCESS = 0.65  # further share of what lies beyond the range in which eyes go alone
_EYES_ALONE = 12.0  # degrees
_GAZE_DELAY = 0.075  # s after the eyes; 50 to 100 ms
_GAZE_SECONDS = 0.35


def head_pose(
    scene: Scene, target: FloatArray, breaths: Breaths, habits: Habits, random: np.random.Generator
) -> FloatArray:
    """Yaw, pitch, roll in degrees and x, y, z in mm at 100 Hz, shape (N, 6).

    Args:
        scene: the voice.
        target: where the person looks, degrees right and up of the camera, shape (N, 2).
        breaths: lift head and shoulders.
        habits: gains and coupling.
        random: source of chance.
    """
    low, high = (habits.head_tempo * edge for edge in DRIFT_BAND)
    drift = band_noise(random, scene.n_steps, low, high, columns=6) * _DRIFT_SD
    rest = random.normal(size=6) * _REST_SD
    pose = drift + _posture(scene, habits, random) + _with_voice(scene, habits, random)
    pose += breaths.volume(scene.n_steps)[:, None] * _BREATH
    pose[:, 1] += _nods(scene, random) * habits.nod_gain + _agreement(scene, habits, random)
    pose[:, :2] += _follow(scene.times, target) * (1, -1)
    rest[1] += habits.head_pitch
    return np.asarray(LIMITS * np.tanh((rest + pose * habits.head_gain) / LIMITS))


def _posture(scene: Scene, habits: Habits, random: np.random.Generator) -> FloatArray:
    """A new posture after most long pauses and now and then, shape (N, 6)."""
    after = scene.phrase_starts[scene.pauses > _LONG_PAUSE]
    after = after[random.random(len(after)) < _POSTURE_AFTER_PAUSE] - 0.1
    idle = poisson_times(random, np.full(scene.n_steps, habits.posture_rate / 60))
    start = np.concatenate([[-1.0], np.sort(np.concatenate([after, idle]))])
    start = start[np.diff(start, prepend=-np.inf) > _POSTURE_SECONDS]
    return staircase(scene.n_steps, start, random.normal(size=(len(start), 6)) * _POSTURE_SD, _POSTURE_SECONDS)


def _with_voice(scene: Scene, habits: Habits, random: np.random.Generator) -> FloatArray:
    """Motion in the phrase band, correlated with the voice by `head_coupling`, and faster jitter; weaker in silence."""
    loud = standardised(band_pass(scene.envelope, *PHRASE_BAND))
    high = standardised(band_pass(scene.accent, *_MELODY_BAND))
    voice = (loud[:, None] * _LOUDNESS + high[:, None] * _MELODY) / np.maximum(np.hypot(_LOUDNESS, _MELODY), 1e-6)
    own, medium, fast = (
        band_noise(random, scene.n_steps, *band, columns=6) for band in (PHRASE_BAND, _MEDIUM_BAND, _FAST_BAND)
    )
    sign = np.where(np.arange(6) == 1, 1.0, random.choice([-1.0, 1.0], 6))  # loud = chin down; other axes either way
    coupling = habits.head_coupling * _PHRASE_VOICE
    mixed = coupling * sign * voice + np.sqrt(1 - coupling**2) * own
    lively = gaussian_filter1d(np.where(scene.speaking, 1.0, 0.35), 20)[:, None]
    sharp = np.clip(scene.envelope, 0.2, 1)[:, None]
    return np.asarray((mixed * _PHRASE_SD + medium * _MEDIUM_SD) * lively + fast * _FAST_SD * sharp)


def _nods(scene: Scene, random: np.random.Generator) -> FloatArray:
    """Downward pitch on about two of three accented syllables, degrees, shape (N,)."""
    onset = scene.stresses[random.random(len(scene.stresses)) < _NOD_SHARE]
    height = _NOD_DEGREES * np.exp(random.normal(0, 0.4, len(onset)))
    return pulses(scene.n_steps, onset, *_NOD, height, add=True)


def _agreement(scene: Scene, habits: Habits, random: np.random.Generator) -> FloatArray:
    """A listener's nods, mostly in answer to the end of a phrase; degrees down, shape (N,)."""
    due = habits.nod_rate / 60 * scene.heard.sum() / RATE
    ends = scene.heard_ends
    answered = ends[random.random(len(ends)) < _AGREE_AT_ENDS * due / max(len(ends), 1)]
    between = poisson_times(random, np.where(scene.heard, (1 - _AGREE_AT_ENDS) * habits.nod_rate / 60, 0.0))
    first = np.concatenate([answered + random.uniform(*_AGREE_AFTER, len(answered)), between])
    dips = random.integers(*_AGREE_DIPS, len(first))
    period = 1 / random.uniform(*_AGREE_HERTZ, len(first))
    height = _AGREE_DEGREES * np.exp(random.normal(0, 0.35, len(first)))
    order = np.arange(len(first)).repeat(dips)
    which = np.concatenate([np.arange(n) for n in dips]) if len(dips) else np.zeros(0)
    onset = first[order] + which * period[order]
    half = period[order] / 2
    return pulses(scene.n_steps, onset, half, 0.0, half, height[order] * _AGREE_FADE**which, add=True)


def _follow(times: FloatArray, target: FloatArray) -> FloatArray:
    """The head's slow, late share of the gaze shifts, degrees right and up, shape (N, 2)."""
    excess = np.sign(target) * np.maximum(np.abs(target) - _EYES_ALONE, 0)
    wanted = _GAZE_SHARE * target + _GAZE_EXCESS * excess
    late = np.stack([np.interp(times - _GAZE_DELAY, times, axis) for axis in wanted.T], 1)
    kernel = np.diff(ease(np.arange(int(_GAZE_SECONDS * RATE) + 6) / (_GAZE_SECONDS * RATE)))
    eased = [
        np.convolve(np.pad(axis, (len(kernel), 0), mode="edge"), kernel)[len(kernel) : len(kernel) + len(times)]
        for axis in late.T
    ]
    return np.stack(eased, 1)
