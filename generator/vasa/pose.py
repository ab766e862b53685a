"""Where a head is: seven numbers, and the exact way from canonical coordinates to the window and back.

Canonical coordinates are those of the neutral head seen straight on from far away, in half widths of its own face
window (`window`): x to the right of the image, y down, z towards the viewer, the midpoint of the eyes at z = 0. So a
neutral, frontal, distant portrait has pose 0 in its own window.

A pose holds yaw, pitch and roll in radians (+ yaw turns to the subject's left, which is image right; + pitch looks
down; + roll tips to the subject's left; the studio's signs), all against the line of sight; x and y, where the
canonical origin is seen in the window; the logarithm of the scale; and the perspective, half widths of the window over
the distance of the camera (0: infinitely far; a web camera: about 0.15).
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

POSE_NAMES: Final = ("yaw", "pitch", "roll", "x", "y", "log_scale", "perspective")
PERSPECTIVE: Final = 0.11
"""Perspective of a picture of which nothing is known: a face window 200 mm wide from 900 mm (assumption)."""
_FLIP: Final = (1.0, -1.0, 1.0)
"""From y up, in which the angles are defined, to y down."""


def rotation(pose: Tensor) -> Tensor:
    """Rotations (N, 3, 3) of poses (N, 3 or more): pitch, then yaw, then roll, as in the studio."""
    yaw, pitch, roll = pose[:, :3].unbind(-1)
    zero, one = torch.zeros_like(yaw), torch.ones_like(yaw)
    turn = torch.stack([yaw.cos(), zero, yaw.sin(), zero, one, zero, -yaw.sin(), zero, yaw.cos()], -1)
    nod = torch.stack([one, zero, zero, zero, pitch.cos(), -pitch.sin(), zero, pitch.sin(), pitch.cos()], -1)
    tip = torch.stack([roll.cos(), roll.sin(), zero, -roll.sin(), roll.cos(), zero, zero, zero, one], -1)
    turn, nod, tip = (matrix.view(-1, 3, 3) for matrix in (turn, nod, tip))
    return _flipped(tip @ turn @ nod)


def angles(rotations: Tensor) -> Tensor:
    """Yaw, pitch and roll (N, 3) of rotations (N, 3, 3); inverse of `rotation` for yaw within 90 degrees."""
    r = _flipped(rotations)
    yaw = torch.asin((-r[:, 2, 0]).clamp(-1, 1))
    return torch.stack([yaw, torch.atan2(r[:, 2, 1], r[:, 2, 2]), torch.atan2(-r[:, 1, 0], r[:, 0, 0])], -1)


def project(points: Tensor, pose: Tensor) -> Tensor:
    """Canonical points (N, ..., 3) to the window under poses (N, 7): x, y, and z before the origin, in half widths."""
    shape = points.shape
    turned = points.reshape(len(points), -1, 3) @ rotation(pose).mT
    scale = pose[:, None, 5:6].exp()
    near = 1 - pose[:, None, 6:7] * turned[..., 2:]
    seen = (pose[:, None, 3:5] + scale * turned[..., :2]) / near
    return torch.cat([seen, scale * turned[..., 2:]], -1).view(shape)


def unproject(points: Tensor, pose: Tensor) -> Tensor:
    """What `project` did, undone: window x, y and z (N, ..., 3) to canonical points."""
    shape = points.shape
    flat, scale = points.reshape(len(points), -1, 3), pose[:, None, 5:6].exp()
    z = flat[..., 2:] / scale
    near = 1 - pose[:, None, 6:7] * z
    turned = torch.cat([(flat[..., :2] * near - pose[:, None, 3:5]) / scale, z], -1)
    return (turned @ rotation(pose)).view(shape)


def _flipped(rotations: Tensor) -> Tensor:
    flip = rotations.new_tensor(_FLIP)
    return rotations * flip[:, None] * flip
