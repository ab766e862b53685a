"""What the puppet hears: mouth tracks, loudness and pitch accents at 100 Hz, as long as the clip."""

from __future__ import annotations

import dataclasses

import numpy as np

from tellbench.datasets.audio import Audio
from tellbench.datasets.speech.driver import SpeechDriver, SpeechTracks
from tellbench.generator.meshwarp.arrays import Array
from tellbench.generator.meshwarp.signals import RATE, fitted, smooth

_SILENT_DB = -100.0


@dataclasses.dataclass(frozen=True)
class Voice:
    """A recording's speech; every array has N steps of 10 ms."""

    visemes: Array
    """Shape (N, 8), in [0, 1], columns as `tellbench.datasets.speech.VISEMES`."""
    loudness_db: Array
    """Shape (N,), dB re full scale, smoothed over 40 ms."""
    f0_hz: Array
    """Shape (N,), NaN where unvoiced."""
    level: Array
    """Shape (N,): loudness from 0 (26 dB under the loud parts) to about 1."""
    gate: Array
    """Shape (N,): 1 in speech, 0 in pauses."""
    accent: Array
    """Shape (N,): height of the pitch above its phrase where the voice is loud, 0 or more, in standard deviations."""


def listen(audio: Audio, seconds: float) -> Voice:
    """Hear a recording for a clip of `seconds`; beyond its end the voice is silent.

    Raises:
        InputError: the driver's weights cannot be read.
    """
    return hear(SpeechDriver.load()(audio), max(1, round(seconds * RATE)))


def hear(tracks: SpeechTracks, n_steps: int) -> Voice:
    """Derive what motion needs from the driver's tracks, cut or continued to `n_steps`."""
    loudness = smooth(fitted(tracks.loudness_db, n_steps, _SILENT_DB), 4)
    loud = float(np.percentile(loudness[: len(tracks.loudness_db)], 92))
    level = np.clip((loudness - loud + 26) / 26, 0, 1.15)
    gate = np.clip((loudness - loud + 34) / 10, 0, 1)
    f0 = fitted(tracks.f0_hz, n_steps, np.nan)
    return Voice(fitted(tracks.visemes, n_steps, 0.0), loudness, f0, level, gate, _accents(f0, level))


def _accents(f0: Array, level: Array) -> Array:
    """Pitch above its own 1.2 s mean, in standard deviations, from 0.4 up, weighted by loudness."""
    voiced = np.isfinite(f0)
    if voiced.sum() < 20:
        return np.zeros(len(f0))
    pitch = smooth(np.interp(np.arange(len(f0)), np.flatnonzero(voiced), np.log(f0[voiced])), 4)
    height = (pitch - smooth(pitch, 60)) / (pitch[voiced].std() + 1e-3)
    return smooth(np.clip(height - 0.4, 0, 2) * level, 9)
