"""The motion space: 60 numbers a frame, 25 frames a second, all relative to the portrait at rest.

Six of pose (degrees, then mm, as the studio's), then the rig (`frames.RIG_NAMES`), with which every dynamics code of
the face model begins; the code's free numbers stay the portrait's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final

import torch
from torch import Tensor

from tellbench.datasets.expression import COEFFICIENTS, columns
from tellbench.generator.controls import POSE
from tellbench.generator.vasa.frames import GAZE_UNIT, RIG_NAMES, mirror_rig

RATE: Final = 25
"""Frames a second."""
COLUMNS: Final = (*POSE, *RIG_NAMES)
"""Names of the numbers of a frame."""
N_MOTION: Final = len(COLUMNS)
N_POSE: Final = len(POSE)
_MIRROR_POSE: Final = (-1.0, 1.0, -1.0, -1.0, 1.0, 1.0)


def motion_columns(*names: str) -> list[int]:
    """Columns of coefficients; a paired name without its side gives both, left first."""
    return [N_POSE + column for name in names for column in columns(name)]


def columns_of(*beginnings: str) -> list[int]:
    """Columns of all coefficients whose names begin so."""
    return motion_columns(*(name for name in COEFFICIENTS if name.startswith(beginnings)))


def joined(pose: Tensor, rig: Tensor) -> Tensor:
    """Motion (..., 60) of poses (..., 6) and rigs (..., 54)."""
    return torch.cat([pose, rig], -1)


def split(motion: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Poses (..., 6), coefficients (..., 52) in [0, 1] and gaze (..., 2) in degrees of a motion (..., 60)."""
    return motion[..., :N_POSE], motion[..., N_POSE:-2].clamp(0, 1), motion[..., -2:] * GAZE_UNIT


def looking(motion: Tensor) -> Tensor:
    """Where someone looks, eyes and head together: degrees right and up of the viewer, (..., 2)."""
    pose, _, gaze = split(motion)
    return gaze + pose[..., :2] * pose.new_tensor([1.0, -1.0])


def mirrored(motion: Tensor) -> Tensor:
    """Motion (N, T, 60) as seen in a mirror."""
    pose, rig = motion[..., :N_POSE], motion[..., N_POSE:]
    return joined(pose * pose.new_tensor(_MIRROR_POSE), mirror_rig(rig.flatten(0, 1)).view(rig.shape))


def at_rate(parts: Iterable[Tensor], fps: float) -> Iterator[Tensor]:
    """Consecutive motion (T, C) at 25 frames a second, read off at the middles of frames of another rate.

    Each part goes as far as it is known; the ends are held.
    """
    held, first, done = None, 0, 0  # frames still needed, the number of the first of them, frames given out
    for part in parts:
        held = part if held is None else torch.cat([held, part])
        count = (
            math.floor((first + len(held) - 0.5) / RATE * fps - 0.5) + 1 - done
        )  # frames up to the middle of the last
        if count > 0:
            yield _read(held, first, done, count, fps)
            done += count
            used = max(0, min(len(held) - 1, int((done + 0.5) / fps * RATE - 0.5) - first))
            held, first = held[used:], first + used
    if held is not None:
        rest = round((first + len(held)) / RATE * fps) - done
        if rest > 0:
            yield _read(held, first, done, rest, fps)


def _read(held: Tensor, first: int, done: int, count: int, fps: float) -> Tensor:
    place = (torch.arange(done, done + count, dtype=torch.float64) + 0.5) / fps * RATE - 0.5 - first
    return between(held, place)


def between(rows: Tensor, place: Tensor) -> Tensor:
    """Rows (N, ...) read off at fractional places (M,), linearly, the ends held."""
    place = place.clamp(0, len(rows) - 1)
    low = place.long()
    share = (place - low).to(rows).view(-1, *[1] * (rows.ndim - 1))
    return torch.lerp(rows[low], rows[(low + 1).clamp(max=len(rows) - 1)], share)
