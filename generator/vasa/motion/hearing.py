"""Sound as the motion model hears it: log-mel bands and pitch, four steps of 10 ms for each frame of motion.

Nothing here looks at a whole recording, so sound may come in as it is spoken.
"""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.audio import RATE as SAMPLES
from tellbench.datasets.audio import Audio
from tellbench.datasets.speech.features import BANDS, HOP, log_mel, periodicity, prosody
from tellbench.generator.base import Samples
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
_VOICED_FROM: Final = 0.5
"""Boersma 1993 has 0.45."""
_AUDIBLE_DB: Final = -55.0
"""Level below which nothing is voiced (assumption)."""


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
        part = self.samples(first * FRAME - MARGIN, last * FRAME + MARGIN)
        return features(Audio(part))[MARGIN // FRAME : -(MARGIN // FRAME)]

    def samples(self, start: int, end: int) -> Samples:
        """Samples from one to another, silence where there is no sound."""
        part = self._held[max(0, start - self._first) : max(0, end - self._first)]
        before = min(end - start, max(0, self._first - start))
        return np.pad(part, (before, end - start - before - len(part)))

    def forget(self, frame: int) -> None:
        """Drop the sound that only frames before this one need."""
        drop = min(len(self._held), max(0, frame * FRAME - MARGIN - self._first))
        self._held, self._first = self._held[drop:], self._first + drop


def voice_at(ear: Ear, first: int, count: int, fps: float) -> tuple[Samples, Samples]:
    """Loudness in dB re full scale and pitch in Hz, NaN where unvoiced, of frames at a rate, both (count,).

    Each from the 50 ms of sound about the middle of its frame, so streams say what files do.
    """
    steps = ((np.arange(first, first + count) + 0.5) / fps * SAMPLES / HOP).astype(int)
    sound = Audio(ear.samples(int(steps[0]) * HOP - MARGIN, int(steps[-1] + 1) * HOP + MARGIN))
    here = steps - steps[0] + MARGIN // HOP
    loudness = prosody(sound).loudness_db[here]
    f0, strength = (track[here] for track in periodicity(sound))
    voiced = (strength > _VOICED_FROM) & (loudness > _AUDIBLE_DB)
    return loudness, np.where(voiced, f0, np.nan).astype(np.float32)
