"""The jaw: a hinge through the condyles that also slides; what it carries moves on arcs, not on lines."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from tellbench.datasets.expression import INDEX

JAW_DEGREES: Final = 23.0
"""Opening of the jaw at jawOpen = 1: some 34 mm between the incisors, a mouth opened wide but not to its limit."""
JAW_AXIS: Final = (0.0, -18.0, -74.0)
"""A point of the jaw's hinge, mm."""
JAW_SHIFT: Final = (7.0, 6.0)
"""mm of jawLeft / jawRight sideways and of jawForward."""


def jaw_rotate(points: Tensor, degrees: float | Tensor = JAW_DEGREES) -> Tensor:
    """Points of shape (..., 3) turned about the jaw's hinge; positive opens; angles broadcast to (...)."""
    angle = torch.as_tensor(degrees, dtype=points.dtype, device=points.device) * (math.pi / 180)
    axis = points.new_tensor(JAW_AXIS)
    x, y, z = (points - axis).unbind(-1)
    cos, sin = angle.cos(), angle.sin()
    y, z = y * cos - z * sin, y * sin + z * cos
    return torch.stack([x.expand_as(y), y, z], -1) + axis


def jaw_move(points: Tensor, coefficients: Tensor, share: float = 1.0) -> Tensor:
    """Points fixed to the jaw, such as the lower teeth, under each expression.

    Args:
        points: Rest positions, shape (n, 3).
        coefficients: Shape (B, 52).
        share: 1 rides fully on the jaw, 0 stays on the skull.

    Returns:
        Shape (B, n, 3).
    """
    opening = JAW_DEGREES * coefficients[:, INDEX["jawOpen"], None]
    sideways, forward = JAW_SHIFT
    slide = torch.zeros(len(coefficients), 1, 3, device=points.device)
    slide[:, 0, 0] = sideways * (coefficients[:, INDEX["jawLeft"]] - coefficients[:, INDEX["jawRight"]])
    slide[:, 0, 2] = forward * coefficients[:, INDEX["jawForward"]]
    return points + share * (jaw_rotate(points, opening) - points + slide)


def arc(points: Tensor) -> Tensor:
    """How far the half-open jaw's points lie off the middle of their chord, mm, same shape (..., 3)."""
    return jaw_rotate(points, JAW_DEGREES / 2) - (points + jaw_rotate(points)) / 2
