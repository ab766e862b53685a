"""Sound as the agreement networks hear it: four steps of 10 ms beside each frame of 25 a second."""

from __future__ import annotations

import dataclasses
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_dilation

from tellbench.datasets.agreement.measures import RATE
from tellbench.datasets.audio import RATE as SAMPLES
from tellbench.datasets.audio import Audio
from tellbench.datasets.speech.driver import FEATURES, speech_features
from tellbench.datasets.speech.features import BANDS, HOP, Prosody, prosody

Floats = npt.NDArray[np.float32]

FRAME: Final = SAMPLES // RATE
"""Samples of a frame."""
STEPS: Final = FRAME // HOP
N_HEARD: Final = STEPS * (FEATURES + 1)
"""Numbers of a frame: of each step the speech driver's features and the pitch."""


@dataclasses.dataclass(frozen=True)
class Heard:
    """Sound over T frames, 25 a second."""

    features: Floats
    """(T, 120), insensitive to loudness and to the recording's colour."""
    speaking: npt.NDArray[np.bool_]
    """(T,): whether there is a voice, gaps inside words included."""

    @property
    def loudness(self) -> Floats:
        """(T,): level from -3, silence, over 0, the loudest twentieth, to 1, in units of 13 dB."""
        return np.asarray(self._steps[:, :, BANDS].mean(1))

    @property
    def pitch(self) -> Floats:
        """(T,): octaves above the recording's median; 0 without a voice."""
        return np.asarray(self._steps[:, :, -1].mean(1))

    @property
    def _steps(self) -> Floats:
        return self.features.reshape(len(self.features), STEPS, -1)

    @classmethod
    def of(cls, audio: Audio, n_frames: int) -> Self:
        """From a recording, cut or continued with silence to `n_frames`."""
        whole = audio.fitted(n_frames * FRAME)
        return cls.of_steps(speech_features(whole), prosody(whole))

    @classmethod
    def of_steps(cls, features: Floats, spoken: Prosody) -> Self:
        """From the speech driver's features (4 T, 29) and the prosody of a recording of T frames."""
        n_frames = len(features) // STEPS
        steps = np.column_stack([features, _height(spoken)])
        speaking = (spoken.speaking & _voiced_nearby(spoken)).reshape(n_frames, STEPS)
        return cls(steps.reshape(n_frames, N_HEARD).astype(np.float32), np.asarray(speaking.any(1)))


def _height(spoken: Prosody) -> Floats:
    """Pitch in octaves above the recording's own median, (N,); 0 where there is none."""
    if not spoken.voiced.any():
        return np.zeros(len(spoken.f0_hz), np.float32)
    octaves = np.log2(spoken.f0_hz / np.nanmedian(spoken.f0_hz))
    return np.asarray(np.nan_to_num(octaves).clip(-1.5, 1.5), np.float32)


def _voiced_nearby(spoken: Prosody) -> npt.NDArray[np.bool_]:
    """Whether vocal folds vibrate within half a second, (N,): noise alone is no voice (reach: assumption)."""
    return np.asarray(binary_dilation(spoken.voiced, iterations=SAMPLES // HOP // 2))
