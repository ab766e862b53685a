"""A voice that is spoken while a generator works, on a clock that skips the waiting."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Final

from tellbench.datasets.audio import RATE, Audio
from tellbench.generator.base import Generator, Request, Samples

PART: Final = RATE // 25
"""Samples that come in at once: 40 ms, one frame of video."""


@dataclasses.dataclass(frozen=True)
class LivePass:
    """One stream's chunk deliveries; seconds."""

    frames: tuple[int, ...]
    """Frames in each chunk."""
    worked: tuple[float, ...]
    """From the beginning of the sound to each delivery, without the waiting for sound."""
    delivered: tuple[float, ...]
    """From the beginning of the sound to each delivery, as somebody who speaks would find it."""
    behind: tuple[float, ...]
    """Between the arrival of the last sound that a chunk needed and its delivery."""

    @property
    def fps_after_first(self) -> float | None:
        """Frames a second of work once the first chunk is out; None when there is only one chunk."""
        if len(self.frames) < 2:
            return None
        return sum(self.frames[1:]) / (self.worked[-1] - self.worked[0])


class Speaker:
    """Gives out a recording as if it were spoken now.

    Args:
        audio: what is said.
        timer: seconds.
    """

    def __init__(self, audio: Audio, timer: Callable[[], float]) -> None:
        self._audio, self._timer = audio, timer
        self._began = self._skipped = 0.0
        self.last = 0.0
        """When the part given out last had come in, seconds from the beginning."""

    def speak(self) -> Iterator[Samples]:
        """Parts of 40 ms; asked for too early, the clock jumps to where the part is over."""
        self._began = self._timer()
        samples = self._audio.samples
        for end in range(PART, len(samples) + PART, PART):
            self.last = min(end, len(samples)) / RATE
            self._skipped += max(0.0, self.last - self.now)
            yield samples[end - PART : end]

    @property
    def worked(self) -> float:
        """Seconds since the beginning, without the waiting."""
        return self._timer() - self._began

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return self.worked + self._skipped


def run_live(generator: Generator, request: Request, timer: Callable[[], float]) -> LivePass:
    """Stream the request's speech, live; the portrait is made ready before."""
    speaker = Speaker(request.speech, timer)
    frames, worked, delivered, behind = [], [], [], []
    for chunk in generator.stream(request, speaker.speak()):
        frames.append(len(chunk.frames))
        worked.append(speaker.worked)
        delivered.append(speaker.now)
        behind.append(delivered[-1] - speaker.last)
    return LivePass(tuple(frames), tuple(worked), tuple(delivered), tuple(behind))
