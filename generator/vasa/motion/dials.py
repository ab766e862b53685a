"""Dials of generated behaviour as exact operations on motion that has been made, and editing of the head.

What is not asked for stays as it was made. Frames come and go part by part, so streams have dials, too; what looks
into the past keeps a little of it, and a mouth before its sound makes all the rest wait.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import numpy as np
import torch
from torch import Tensor

from tellbench.generator.blinks import closure_after, random_interval
from tellbench.generator.dials import settle
from tellbench.generator.vasa.frames import GAZE_UNIT
from tellbench.generator.vasa.motion.script import Script
from tellbench.generator.vasa.motion.space import N_POSE, RATE, between, columns_of, looking, motion_columns

_BROWS: Final = columns_of("brow")
_MOUTH: Final = columns_of("mouth", "jaw", "tongue")
_LIDS: Final = motion_columns("eyeBlink")
_PRESS: Final = columns_of("mouthPress", "mouthRoll", "mouthClose")
_JAW: Final = motion_columns("jawOpen")
_HEAD: Final = list(range(N_POSE))
_LATER: Final = 1.6
"""Seconds by which what does not follow the voice is late: a phrase further on (assumption)."""
_AJAR: Final = 0.5
"""jawOpen for each mouthPress that is missing where lips do not close (assumption: M, B and P press by 0.38)."""
_DEPTH_SPREAD: Final = 0.03
"""Of the closure of blinks that are laid anew, as `meshwarp` has it."""
_LID_DOWN, _LID_UP = 30.0, 25.0
"""Degrees of gaze for a full lid coefficient, as in the studio (`posing.follow_gaze`)."""


def turned(parts: Iterable[Tensor], dials: Mapping[str, float], script: Script, seed: int) -> Iterator[Tensor]:
    """Motion under dials.

    Args:
        parts: consecutive frames (T, 60) at 25 a second.
        dials: those asked for, by name (`generator.dials.DIALS`).
        script: what the motion was asked for: the head is scaled and the gaze stared about it.
        seed: of blinks that are laid anew.

    Raises:
        InputError: a dial is out of its range.
    """
    settle(dials)
    blinks = _Blinks(dials, seed) if any(name.startswith("blink_") for name in dials) else None
    for motion, first in _shifted(parts, dials):
        wishes = script.rows(first, first + len(motion))
        motion = _scaled(motion, dials, wishes)
        if blinks is not None:
            motion[:, _LIDS] = blinks.next(first, len(motion))[:, None]
        yield motion


def _shifted(parts: Iterable[Tensor], dials: Mapping[str, float]) -> Iterator[tuple[Tensor, int]]:
    """Motion with its first frame's number, mouth late or early, a share of brows and head later."""
    delay = dials.get("lip_delay_ms", 0.0) / 1000
    past, wait = math.ceil(max(_LATER, delay) * RATE) + 1, math.ceil(max(0.0, -delay) * RATE)
    held, start, done = torch.zeros(0), 0, 0
    for part in _then_end(parts):
        held = held if part is None else torch.cat([held, part]) if len(held) else part
        end = start + len(held) - (0 if part is None else wait)
        if end <= done:
            continue
        motion = held[done - start : end - start].clone()
        frames = torch.arange(done, end, dtype=torch.float64) - start
        if delay:
            motion[:, _MOUTH] = between(held, frames - delay * RATE)[:, _MOUTH]
        for name, columns in (("brow_coupling", _BROWS), ("head_coupling", _HEAD)):
            if name in dials:
                later = between(held, frames - _LATER * RATE)[:, columns]
                motion[:, columns] = torch.lerp(later, motion[:, columns], dials[name])
        yield motion, done
        done = end
        drop = max(0, done - past - start)
        held, start = held[drop:], start + drop


def _then_end(parts: Iterable[Tensor]) -> Iterator[Tensor | None]:
    yield from parts
    yield None


def _scaled(motion: Tensor, dials: Mapping[str, float], wishes: Script) -> Tensor:
    """Gains, frame by frame; eyes keep looking where they looked when the head moves less."""
    motion[:, _BROWS] *= dials.get("brow_gain", 1.0)
    missing = 1 - dials.get("lip_closure", 1.0)
    motion[:, _JAW] += missing * _AJAR * motion[:, motion_columns("mouthPress")].mean(1, keepdim=True)
    motion[:, _PRESS] *= 1 - missing
    if "head_gain" in dials or "gaze_gain" in dials:
        seen, place = looking(motion), wishes.place[:, :N_POSE]
        head = place + dials.get("head_gain", 1.0) * (motion[:, :N_POSE] - place)
        return with_head(motion, head, wishes.gaze + dials.get("gaze_gain", 1.0) * (seen - wishes.gaze))
    return motion


def with_head(motion: Tensor, pose: Tensor, seen: Tensor | None = None) -> Tensor:
    """Motion (T, 60) with other poses (T, 6) of the head; lids follow the eyes.

    Args:
        motion: before.
        pose: added to it, or instead of it, by the caller.
        seen: where eyes and head look together, degrees (T, 2); as before by default.
    """
    seen = looking(motion) if seen is None else seen
    motion = motion.clone()
    motion[:, :N_POSE] = pose
    gaze = seen - pose[:, :2] * pose.new_tensor([1.0, -1.0])
    motion[:, -2:] = gaze / GAZE_UNIT
    motion[:, motion_columns("eyeLookDown")] = (-gaze[:, 1:] / _LID_DOWN).clamp(0, 1)
    motion[:, motion_columns("eyeLookUp")] = (gaze[:, 1:] / _LID_UP).clamp(0, 1)
    return motion


class _Blinks:
    """Blinks by rule instead of those that were made: as many, as regular, as deep and as fast as is asked."""

    def __init__(self, dials: Mapping[str, float], seed: int) -> None:
        self._dials = settle(dials)
        self._random = np.random.default_rng([seed, 0xB11])
        rate = self._dials["blink_rate"]
        self._times = [self._random.uniform(0.05, 0.95) * 60 / rate] if rate > 0 else []
        self._depths = [self._depth()] if rate > 0 else []

    def next(self, first: int, count: int) -> Tensor:
        """Closure (count,) of the lids from a frame on."""
        times = (np.arange(first, first + count) + 0.5) / RATE
        while self._times and self._times[-1] < times[-1] + 1:
            rate, regularity = self._dials["blink_rate"], self._dials["blink_regularity"]
            self._times.append(self._times[-1] + random_interval(self._random, rate, regularity))
            self._depths.append(self._depth())
        closure = np.zeros(count)
        for time, depth in zip(self._times, self._depths, strict=True):
            closure = np.maximum(closure, depth * closure_after((times - time) * self._dials["blink_speed"]))
        while len(self._times) > 1 and self._times[1] < times[-1] - 2:
            del self._times[0], self._depths[0]
        return torch.from_numpy(closure).float()

    def _depth(self) -> float:
        return float(np.clip(self._dials["blink_completeness"] + self._random.normal(0, _DEPTH_SPREAD), 0, 1))
