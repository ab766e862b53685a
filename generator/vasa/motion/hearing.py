"""Sound as the motion model hears it: log-mel bands and pitch, four steps of 10 ms for each frame of motion.

Nothing here looks at a whole recording, so sound may come in as it is spoken.
"""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tellbench.datasets.audio import RATE as SAMPLES
from tellbench.datasets.audio import Audio
from tellbench.datasets.speech.features import BANDS, HOP, log_mel, periodicity
from tellbench.generator.vasa.motion.space import RATE

FRAME: Final = SAMPLES // RATE
"""Samples of a frame of motion."""
STEPS: Final = FRAME // HOP
"""Steps of sound in a frame of motion."""
N_HEARD: Final = BANDS + 2
"""Numbers of a step: log-mel bands, height of the pitch in octaves above `_MIDDLE_HZ` where there is one, voicing."""
MARGIN: Final = FRAME
"""Samples beyond a frame on which its features depend, at most: half of the pitch's window of 50 ms."""
_MIDDLE_HZ: Final = 150.0

Samples = npt.NDArray[np.float32]


def features(audio: Audio) -> Tensor:
    """Features (T, 4, 28) of the frames of motion that a recording covers; the last may be filled up with silence."""
    n_frames = -(-len(audio.samples) // FRAME)
    whole = audio.fitted(n_frames * FRAME)
    f0, strength = periodicity(whole)
    height = np.log2(f0 / _MIDDLE_HZ) * strength
    steps = np.column_stack([log_mel(whole), height, strength]).astype(np.float32)
    return torch.from_numpy(steps).view(n_frames, STEPS, N_HEARD)


class Hearing(Protocol):
    """What has been heard so far."""

    ended: bool
    """Whether nothing more will come; from then on there is silence."""

    @property
    def n_frames(self) -> int:
        """Frames of motion begun so far."""

    def knows(self, frame: int) -> bool:
        """Whether features of all frames before this one are settled."""

    def features(self, first: int, last: int) -> Tensor:
        """Features (last - first, 4, 28) of frames of motion; there is silence before frame 0."""

    def forget(self, frame: int) -> None:
        """Nothing before this frame will be asked for again."""


class Recording:
    """Features of a whole recording.

    Args:
        heard: (T, 4, 28).
    """

    ended = True

    def __init__(self, heard: Tensor) -> None:
        self._heard = heard

    @property
    def n_frames(self) -> int:
        """Frames of motion that the recording covers."""
        return len(self._heard)

    def knows(self, frame: int) -> bool:
        """Yes: all is there."""
        return True

    def features(self, first: int, last: int) -> Tensor:
        """Features (last - first, 4, 28) of frames of motion."""
        inside = self._heard[max(0, first) : max(0, last)]
        before, after = (silence(max(0, n)) for n in (min(-first, last - first), last - max(first, self.n_frames)))
        return torch.cat([before, inside, after])

    def forget(self, frame: int) -> None:
        """Keep all: a recording may be heard again."""


def silence(frames: int) -> Tensor:
    """Features (T, 4, 28) of digital silence."""
    return features(Audio(np.zeros(max(1, frames * FRAME), np.float32)))[:frames]


class Ear:
    """Hears sound that comes in parts; what it says of a frame does not depend on how the sound was parted."""

    def __init__(self) -> None:
        self._held: Samples = np.zeros(MARGIN, np.float32)  # silence before the beginning
        self._first = -MARGIN
        self.ended = False

    @property
    def n_frames(self) -> int:
        """Frames of motion begun so far."""
        return -(-(self._first + len(self._held)) // FRAME)

    def hear(self, samples: Samples) -> None:
        """Take in the next part, mono samples at 16 kHz."""
        self._held = np.concatenate([self._held, np.asarray(samples, np.float32)])

    def end(self) -> None:
        """No more sound will come."""
        self.ended = True

    def knows(self, frame: int) -> bool:
        """Whether features of all frames before this one are settled."""
        return self.ended or self._first + len(self._held) >= frame * FRAME + MARGIN

    def features(self, first: int, last: int) -> Tensor:
        """Features (last - first, 4, 28) of frames of motion; what came before `first` may be forgotten afterwards."""
        start, end = first * FRAME - MARGIN, last * FRAME + MARGIN
        part = self._held[max(0, start - self._first) : max(0, end - self._first)]
        before = max(0, self._first - start)
        part = np.pad(part, (before, max(0, end - start - before - len(part))))
        return features(Audio(part))[MARGIN // FRAME : -(MARGIN // FRAME)]

    def forget(self, frame: int) -> None:
        """Drop the sound that only frames before this one need."""
        drop = min(len(self._held), max(0, frame * FRAME - MARGIN - self._first))
        self._held, self._first = self._held[drop:], self._first + drop
