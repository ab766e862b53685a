"""Front ends: samples to features of frames of motion. Log-mel bands and pitch, or wav2vec2 where its weights are.

Features of a frame depend on a fixed stretch of sound about it, so that they are the same however the sound came in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.audio import RATE as SAMPLES
from tellbench.datasets.audio import Audio
from tellbench.datasets.speech.features import BANDS, HOP, log_mel, periodicity
from tellbench.errors import InputError
from tellbench.generator.base import Samples
from tellbench.generator.vasa.motion.space import RATE

FRAME: Final = SAMPLES // RATE
"""Samples of a frame of motion."""
STEPS: Final = FRAME // HOP
"""Log-mel steps in a frame of motion."""
N_HEARD: Final = BANDS + 2
"""Numbers of a step: log-mel bands, height of the pitch in octaves above `_MIDDLE_HZ` where there is one, voicing."""
MARGIN: Final = FRAME
"""Samples beyond a frame on which its log-mel features depend, at most: half of the pitch's window of 50 ms."""
_MIDDLE_HZ: Final = 150.0


@dataclass(frozen=True)
class Kind:
    """What features are of: a motion model says in its file which it was trained on."""

    name: str = "log-mel"
    steps: int = STEPS
    """Steps in a frame of motion."""
    numbers: int = N_HEARD
    """Numbers of a step."""
    weights: str = ""
    """SHA-256 of the front end's own weights, where it has any."""


LOG_MEL: Final = Kind()
WAV2VEC2: Final = "wav2vec2"
NAMES: Final = (LOG_MEL.name, WAV2VEC2)
"""Front ends that can be trained on."""


class Frontend(Protocol):
    """Makes features."""

    @property
    def kind(self) -> Kind:
        """Of which kind."""

    def span(self, first: int, last: int) -> tuple[int, int]:
        """From and up to which sample the sound must be known for features of some frames of motion."""

    def __call__(self, samples: Samples, first: int, last: int) -> Tensor:
        """Features (last - first, steps, numbers) of frames of motion, from the samples of their span."""


class LogMel:
    """Log-mel bands, pitch and voicing: the default; needs no weights, and 40 ms of sound beyond a frame."""

    kind = LOG_MEL

    def span(self, first: int, last: int) -> tuple[int, int]:
        """A frame to either side."""
        return first * FRAME - MARGIN, last * FRAME + MARGIN

    def __call__(self, samples: Samples, first: int, last: int) -> Tensor:
        """Features (last - first, 4, 28)."""
        sound = Audio(samples)
        f0, strength = periodicity(sound)
        height = np.log2(f0 / _MIDDLE_HZ) * strength
        steps = np.column_stack([log_mel(sound), height, strength]).astype(np.float32)
        edge = MARGIN // FRAME
        return torch.from_numpy(steps).view(last - first + 2 * edge, STEPS, N_HEARD)[edge:-edge]


def frontend_named(name: str, device: str = "cpu") -> Frontend:
    """The front end of a name.

    Raises:
        InputError: there is none, or the package or the weights that it needs are missing.
    """
    if name == LOG_MEL.name:
        return LogMel()
    if name != WAV2VEC2:
        raise InputError(f"hearing {name!r}; allowed: {', '.join(NAMES)}")
    from tellbench.generator.vasa.motion.wav2vec2 import loaded, weights_folder

    return loaded(weights_folder(), device)


def frontend_of(kind: Kind, device: str = "cpu") -> Frontend:
    """The front end that a motion model was trained on.

    Raises:
        InputError: as `frontend_named`, or its weights are others.
    """
    found = frontend_named(kind.name, device)
    if found.kind != kind:
        raise InputError(
            f"the motion model was trained on other {kind.name} weights (SHA-256 {kind.weights[:12]}..., these: "
            f"{found.kind.weights[:12]}...); set TELLBENCH_WAV2VEC2 to their folder"
        )
    return found


def reach_of(kind: Kind) -> int:
    """Samples beyond a frame on which its features depend, at most."""
    if kind.name == LOG_MEL.name:
        return MARGIN
    from tellbench.generator.vasa.motion.wav2vec2 import REACH

    return REACH
