"""How a head moves against its own rest, in the studio's six numbers, and what that does to poses in the window."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from tellbench.datasets.studio.expressions.posing import PIVOT
from tellbench.generator.vasa.pose import angles, rotation

UNIT_MM: Final = 130.0
"""Millimetres of a half width of the canonical head (`window.STEADY_PLACES`)."""
_ORIGIN_BELOW_EYES: Final = 15.0
"""Millimetres from the middle of the eyes down to the canonical origin (likewise)."""
_UP: Final = (1.0, -1.0, 1.0)
"""From y up, as in the studio, to y down."""


def moved_pose(pose: Tensor, moves: Tensor) -> Tensor:
    """Poses (N, 7) of heads that move as the studio's do: about the neck, in their own axes.

    Args:
        pose: before, (N or 1, 7).
        moves: (N, 6), yaw, pitch and roll in degrees, then mm to image right, up and towards the viewer.
    """
    pose = pose.expand(len(moves), -1)
    pivot = _pivot(moves)
    turn = rotation(torch.deg2rad(moves[:, :3]))
    before = rotation(pose)
    shift = moves[:, 3:] / UNIT_MM * moves.new_tensor(_UP) + pivot - turn @ pivot
    shift = (before @ shift[..., None])[..., 0]  # of the canonical origin, canonical units, window axes
    scale = pose[:, 5:6].exp()
    nearer = -torch.log1p(-pose[:, 6:7] * shift[:, 2:])
    place = pose[:, 3:5] + scale * shift[:, :2]
    return torch.cat([angles(before @ turn), place * nearer.exp(), pose[:, 5:6] + nearer, pose[:, 6:7]], 1)


def moves_between(rest: Tensor, pose: Tensor) -> Tensor:
    """Moves (N, 6) that lead from poses at rest, (N or 1, 7), to others (N, 7): what `moved_pose` does, undone."""
    before = rotation(rest)
    turn = before.mT @ rotation(pose)
    scale, nearer = rest[:, 5:6].exp(), pose[:, 5:6] - rest[:, 5:6]
    across = (pose[:, 3:5] * (-nearer).exp() - rest[:, 3:5]) / scale
    along = (1 - (-nearer).exp()) / rest[:, 6:7]
    shift = (before.mT @ torch.cat([across, along], 1)[..., None])[..., 0]
    pivot = _pivot(pose)
    return torch.cat([torch.rad2deg(angles(turn)), (shift - pivot + turn @ pivot) * UNIT_MM * pose.new_tensor(_UP)], 1)


def carried_pose(pose: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """Poses (N, 7) of heads at `pose` that move as others do from `before`, (N or 1, 7) each, to `after` (N, 7).

    A portrait keeps its own turn, place, size and perspective, misread or not; what is carried over is motion.
    """
    return moved_pose(pose, moves_between(before, after))


def _pivot(like: Tensor) -> Tensor:
    """Where the head turns on the neck, canonical coordinates, (3,)."""
    x, y, z = PIVOT
    return like.new_tensor([x, -(y + _ORIGIN_BELOW_EYES), z]) / UNIT_MM
