"""Sound in, motion out, window by window: one iterator for whole recordings and for sound as it is spoken.

A window is made once its sound and `look_ahead` beyond have come in: a frame is late by at most the window and that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.audio import RATE as SAMPLES
from tellbench.errors import InputError
from tellbench.generator.base import Samples
from tellbench.generator.vasa.motion.diffusion import Sampling, sample
from tellbench.generator.vasa.motion.frontends import FRAME, Kind, frontend_of, reach_of
from tellbench.generator.vasa.motion.hearing import Ear, Hearing
from tellbench.generator.vasa.motion.model import MotionModel
from tellbench.generator.vasa.motion.network import Conditions
from tellbench.generator.vasa.motion.script import Script
from tellbench.generator.vasa.motion.sizes import AHEAD, BEFORE, WINDOW
from tellbench.generator.vasa.motion.space import N_MOTION

LEAST_WINDOW: Final = BEFORE
"""Frames of the shortest window: what the next one sees of it."""
_FADE: Final = 8
"""Frames over which windows are joined: shorter than the shortest window (assumption)."""


def look_ahead(kind: Kind) -> float:
    """Seconds of sound beyond a window that must have come in before it is made, at most."""
    return (AHEAD * FRAME + reach_of(kind)) / SAMPLES


@dataclass(frozen=True)
class Part:
    """Consecutive frames as they were made."""

    motion: Tensor
    """(T, 60)."""
    first: int
    """Number of the first frame; there is a seam before it unless it is 0."""


class Performer:
    """Makes motion as far as sound is known.

    Args:
        model: what moves.
        script: what is asked for.
        seed: of all chance.
        n_frames: frames at 25 a second to make; as many as are heard by default. Beyond the sound there is silence.
        window: frames made at once, 10 to 50: fewer are sooner ready, more are made faster.
        sampling: steps and guidance.
        seam: how much of a jump between windows is left to be seen, from 0 to 1.

    Raises:
        InputError: no such window, or a seam out of range.
    """

    def __init__(
        self,
        model: MotionModel,
        script: Script,
        seed: int,
        n_frames: int | None = None,
        window: int = WINDOW,
        sampling: Sampling | None = None,
        seam: float = 0.0,
    ) -> None:
        if not 0 <= seam <= 1:
            raise InputError(f"seam {seam:g}; allowed: 0 (joined) to 1 (as it was made)")
        if not LEAST_WINDOW <= window <= WINDOW:
            raise InputError(f"window of {window} frames; allowed: {LEAST_WINDOW} to {WINDOW}")
        self.model, self.script, self.seed, self.window = model, script, seed, window
        self.n_frames, self.sampling, self.seam = n_frames, sampling or Sampling(), seam
        self._first, self._last = 0, torch.zeros(0, N_MOTION)

    def ready(self, ear: Hearing) -> Iterator[Part]:
        """Every window that can be made by now."""
        while (left := self._left(ear)) > 0 and ear.knows(self._first + self.window + AHEAD):
            made = self._make(ear)
            place = self.script.rows(self._first, self._first + self.window).place
            yield Part((made + place)[:left], self._first)
            self._first, self._last = self._first + self.window, made[-BEFORE:]
            ear.forget(self._first - BEFORE)

    def _left(self, ear: Hearing) -> int:
        """Frames still to be made, at least a window while sound comes in."""
        if self.n_frames is not None:
            return self.n_frames - self._first
        return ear.n_frames - self._first if ear.ended else self.window

    @torch.inference_mode()
    def _make(self, ear: Hearing) -> Tensor:
        """Motion (W, 60) of the next window, about the place that is asked for."""
        model, first, window = self.model, self._first, self.window
        device = model.motion_mean.device
        sound = model.standardised_sound(ear.features(first - BEFORE, first + window + AHEAD).to(device))
        follows = len(self._last) > 0
        before = model.standardised(self._last.to(device)) if follows else torch.zeros(BEFORE, N_MOTION, device=device)
        known = Conditions(
            before=before[None],
            follows=torch.tensor([follows], device=device),
            audio=sound[None],
            heard=torch.ones(1, len(sound), dtype=torch.bool, device=device),
            asked=self.script.rows(first, first + window).conditions[None].to(device),
            minded=torch.ones(1, 3, dtype=torch.bool, device=device),
        )
        noise = np.random.default_rng([self.seed, first]).standard_normal((1, window, N_MOTION), np.float32)
        made = sample(model.denoiser, torch.from_numpy(noise).to(device), known, self.sampling)
        motion = model.restored(made[0]).cpu()
        return _joined(self._last, motion, self.seam) if follows else motion


def _joined(before: Tensor, motion: Tensor, seam: float) -> Tensor:
    """Motion (W, 60) that starts where the frames before it lead: the gap fades over the first frames."""
    step = (before[-1] - before[-2] + motion[1] - motion[0]) / 2
    gap = before[-1] + step - motion[0]
    fade = 0.5 + 0.5 * torch.cos(torch.pi * (torch.arange(_FADE) + 0.5) / _FADE)
    motion = motion.clone()
    motion[:_FADE] += (1 - seam) * fade[:, None] * gap
    return motion


def perform(performer: Performer, sound: Iterable[Samples]) -> Iterator[Part]:
    """Motion to a voice; the same sound gives the same motion, however it is parted.

    Args:
        performer: who moves, not used before.
        sound: parts of a recording, mono, 16 kHz: a list with all of it, or an iterator that waits for more.
    """
    ear = Ear(frontend_of(performer.model.kind, str(performer.model.motion_mean.device)))
    for samples in sound:
        ear.hear(samples)
        yield from performer.ready(ear)
    ear.end()
    yield from performer.ready(ear)
