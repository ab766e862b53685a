"""What the motion model has heard: a whole recording, or sound as it is spoken."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.audio import RATE as SAMPLES
from tellbench.datasets.audio import Audio
from tellbench.datasets.speech.features import HOP, periodicity, prosody
from tellbench.generator.base import Samples
from tellbench.generator.vasa.motion.frontends import FRAME, MARGIN, Frontend, LogMel

_PLAIN: Final = LogMel()
_VOICED_FROM: Final = 0.5
"""Boersma 1993 has 0.45."""
_AUDIBLE_DB: Final = -55.0
"""Level below which nothing is voiced (assumption)."""


def features(audio: Audio, frontend: Frontend = _PLAIN) -> Tensor:
    """Features (T, steps, numbers) of the frames of motion that a recording covers, with silence around it."""
    ear = Ear(frontend)
    ear.hear(audio.samples)
    ear.end()
    return ear.features(0, ear.n_frames)


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
        """Features (last - first, steps, numbers) of frames of motion; there is silence before frame 0."""

    def forget(self, frame: int) -> None:
        """Nothing before this frame will be asked for again."""


class Recording:
    """Features of a whole recording.

    Args:
        heard: (T, steps, numbers).
        frontend: that made them, and says what silence is like.
    """

    ended = True

    def __init__(self, heard: Tensor, frontend: Frontend = _PLAIN) -> None:
        self._heard, self._frontend = heard, frontend

    @property
    def n_frames(self) -> int:
        """Frames of motion that the recording covers."""
        return len(self._heard)

    def knows(self, frame: int) -> bool:
        """Yes: all is there."""
        return True

    def features(self, first: int, last: int) -> Tensor:
        """Features (last - first, steps, numbers) of frames of motion."""
        inside = self._heard[max(0, first) : max(0, last)]
        beyond = (min(-first, last - first), last - max(first, self.n_frames))
        before, after = (silence(max(0, n), self._frontend) for n in beyond)
        return torch.cat([before, inside, after])

    def forget(self, frame: int) -> None:
        """Keep all: a recording may be heard again."""


def silence(frames: int, frontend: Frontend = _PLAIN) -> Tensor:
    """Features (T, steps, numbers) of digital silence."""
    return features(Audio(np.zeros(max(1, frames * FRAME), np.float32)), frontend)[:frames]


class Ear:
    """Hears sound that comes in parts; what it says of a frame does not depend on how the sound was parted.

    Args:
        frontend: makes features of sound.
    """

    def __init__(self, frontend: Frontend = _PLAIN) -> None:
        self._frontend = frontend
        self._first = min(-MARGIN, frontend.span(0, 1)[0])
        self._held: Samples = np.zeros(-self._first, np.float32)  # silence before the beginning
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
        return self.ended or self._first + len(self._held) >= self._frontend.span(frame - 1, frame)[1]

    def features(self, first: int, last: int) -> Tensor:
        """Features (last - first, steps, numbers) of frames; what came before `first` may be forgotten afterwards."""
        return self._frontend(self.samples(*self._frontend.span(first, last)), first, last)

    def samples(self, start: int, end: int) -> Samples:
        """Samples from one to another, silence where there is no sound."""
        part = self._held[max(0, start - self._first) : max(0, end - self._first)]
        before = min(end - start, max(0, self._first - start))
        return np.pad(part, (before, end - start - before - len(part)))

    def forget(self, frame: int) -> None:
        """Drop the sound that only frames before this one need."""
        drop = min(len(self._held), max(0, self._frontend.span(frame, frame + 1)[0] - self._first))
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
