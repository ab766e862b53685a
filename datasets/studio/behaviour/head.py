"""Head motion: slow drift, the phrase band that moves with the voice, nods on stress, breathing, following the gaze."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from tellbench.datasets.studio.behaviour.habits import Habits
from tellbench.datasets.studio.behaviour.scene import Scene
from tellbench.datasets.studio.behaviour.signals import FloatArray, band_noise, band_pass, bump, standardised

DRIFT_BAND: Final = (0.1, 0.5)
"""Hz; posture changes and slow turns (Hadar 1983's wide slow class; limits: assumption)."""
PHRASE_BAND: Final = (1.0, 2.0)
"""Hz; head and global face motion of about 4000 speakers peak here (10.1371/journal.pcbi.1010273)."""
LIMITS: Final = np.array([24.0, 16.0, 12.0, 40.0, 30.0, 40.0])
"""Largest yaw, pitch, roll in degrees and shifts in mm."""

# yaw, pitch, roll in degrees, x, y, z in mm (all assumptions: a seated person on a video call)
_DRIFT_SD = np.array([4.0, 1.9, 1.6, 3.5, 2.0, 5.0])
_PHRASE_SD = np.array([0.8, 1.1, 0.6, 0.4, 0.4, 0.5])
_PHRASE_VOICE = np.array([0.5, 1.0, 0.5, 0.0, 0.5, 0.0])  # how much of `head_coupling` each axis shows
_REST_SD = np.array([2.0, 1.8, 1.2, 3.0, 2.0, 6.0])
_NOD_DEGREES = 1.8  # pitch, downwards
_NOD = (
    0.14,
    0.02,
    0.28,
)  # s rise, hold, fall: starts on the stressed syllable, peaks after it (Kim, Cvejic & Davis 2014)
_BREATH_BAND = (0.2, 0.33)  # Hz: 12 to 20 breaths a minute at rest
_BREATH = np.array([0.0, 0.25, 0.0, 0.0, 0.5, 0.3])
_GAZE_SHARE = 0.3  # of a gaze shift done by the head (assumption; small shifts are mostly eyes)
_GAZE_DELAY = 0.075  # s after the eyes; 50 to 100 ms


def head_pose(scene: Scene, gaze_target: FloatArray, habits: Habits, random: np.random.Generator) -> FloatArray:
    """Yaw, pitch, roll in degrees and x, y, z in mm at 100 Hz, shape (N, 6).

    Args:
        scene: the voice.
        gaze_target: where the person looks, degrees right and up of the camera, shape (N, 2).
        habits: gains and coupling.
        random: source of chance.
    """
    n_steps = len(scene.times)
    drift = band_noise(random, n_steps, *DRIFT_BAND, columns=6) * _DRIFT_SD
    breath = band_noise(random, n_steps, *_BREATH_BAND) * _BREATH  # (N, 6), one lung moves all
    rest = random.normal(size=6) * _REST_SD
    pose = drift + _phrase(scene, habits, random) + breath
    pose[:, 1] += _nods(scene, random) * habits.nod_gain
    pose[:, :2] += _follow(scene.times, gaze_target) * (1, -1)
    return np.asarray(LIMITS * np.tanh((rest + pose * habits.head_gain) / LIMITS))


def _phrase(scene: Scene, habits: Habits, random: np.random.Generator) -> FloatArray:
    """1-2 Hz motion correlated with the envelope by `head_coupling`; three times weaker in silence."""
    voice = standardised(band_pass(scene.envelope, *PHRASE_BAND))[:, None]
    own = band_noise(random, len(scene.times), *PHRASE_BAND, columns=6)
    sign = np.where(np.arange(6) == 1, 1.0, random.choice([-1.0, 1.0], 6))  # loud = chin down; other axes either way
    coupling = habits.head_coupling * _PHRASE_VOICE
    mixed = coupling * sign * voice + np.sqrt(1 - coupling**2) * own
    lively = gaussian_filter1d(np.where(scene.speaking, 1.0, 0.35), 20)[:, None]
    return np.asarray(mixed * _PHRASE_SD * lively)


def _nods(scene: Scene, random: np.random.Generator) -> FloatArray:
    """Downward pitch on about two of three accented syllables, degrees, shape (N,)."""
    pitch = np.zeros(len(scene.times))
    for onset in scene.stresses[random.random(len(scene.stresses)) < 0.65]:
        pitch += _NOD_DEGREES * np.exp(random.normal(0, 0.4)) * bump(scene.times, onset, *_NOD)
    return pitch


def _follow(times: FloatArray, gaze_target: FloatArray) -> FloatArray:
    """The head's slow, late share of the gaze shifts, degrees right and up, shape (N, 2)."""
    late = np.stack([np.interp(times - _GAZE_DELAY, times, axis) for axis in gaze_target.T], 1)
    kernel = np.diff(bump(np.arange(41) / 100, 0.0, 0.35, 9.0, 1.0))  # a 350 ms minimum-jerk step
    eased = [
        np.convolve(np.pad(axis, (len(kernel), 0), mode="edge"), kernel)[len(kernel) : len(kernel) + len(times)]
        for axis in late.T
    ]
    return _GAZE_SHARE * np.stack(eased, 1)
