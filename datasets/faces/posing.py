"""A head's frame from 68 landmarks: points without place, size and roll, and the three angles of the head."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_RIGID: Final = (*range(27, 36), 36, 39, 42, 45)
"""Nose and eye corners: points that expressions hardly move."""
_HEAD: Final = np.array(
    [
        [0.000, 0.025, 0.186],
        [0.000, -0.119, 0.255],
        [0.000, -0.263, 0.289],
        [0.000, -0.407, 0.378],
        [-0.140, -0.492, 0.233],
        [-0.086, -0.477, 0.210],
        [0.000, -0.506, 0.251],
        [0.086, -0.477, 0.210],
        [0.140, -0.492, 0.233],
        [-0.500, 0.000, 0.000],
        [-0.170, -0.014, 0.099],
        [0.170, -0.014, 0.099],
        [0.500, 0.000, 0.000],
    ]
)
"""Those points on the mean of 30 studio people (seeds 770000 to 770029) at rest, mirrored halves averaged: image right,
up and towards the viewer, over the distance of the outer eye corners."""


def upright(points: Floats) -> Floats:
    """Points turned so that the eyes are level, over the distance of the outer eye corners, origin between the eyes.

    (T, 68, 2) in pixels to (T, 68, 2), y down.
    """
    right, left = points[:, 36], points[:, 45]
    axis = (left - right) / np.linalg.norm(left - right, axis=1, keepdims=True) ** 2  # (T, 2)
    offset = points - ((right + left) / 2)[:, None]  # (T, 68, 2)
    along = offset[..., 0] * axis[:, None, 0] + offset[..., 1] * axis[:, None, 1]
    across = offset[..., 1] * axis[:, None, 0] - offset[..., 0] * axis[:, None, 1]
    return np.stack([along, across], -1).astype(np.float32)


def head_angles(points: Floats) -> Floats:
    """Yaw, pitch and roll in degrees, (T, 3), of 68 points (T, 68, 2) in pixels; NaN where they are.

    Signs as the studio's: + turns to the subject's left, looks down, tips to the left. The mean head is laid on the
    points by least squares under weak perspective (POS: DeMenthon & Davis 1995), so persons differ by a few degrees
    from it at rest; how a head moves is measured better than where it looks.
    """
    angles = np.full((len(points), 3), np.nan, np.float32)
    known = np.isfinite(points).all((1, 2))
    seen = points[known][:, _RIGID].astype(np.float64) * [1, -1]
    shape = _HEAD - _HEAD.mean(0)
    affine = np.swapaxes(seen - seen.mean(1, keepdims=True), 1, 2) @ np.linalg.pinv(shape).T  # (N, 2, 3)
    u, _, v = np.linalg.svd(affine, full_matrices=False)
    right, up = np.moveaxis(u @ v, 1, 0)  # first rows of the rotation nearest to it
    front = np.cross(right, up)
    yaw, pitch = -np.arcsin(np.clip(front[:, 0], -1, 1)), np.arctan2(front[:, 1], front[:, 2])
    roll = np.arctan2(-up[:, 0], right[:, 0])
    angles[known] = np.degrees(np.stack([yaw, pitch, roll], -1))
    return angles
