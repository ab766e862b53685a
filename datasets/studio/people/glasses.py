"""A pair of glasses: two rims, a bridge and two temples, as round tubes."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from tellbench.datasets.studio.people.grid import grid_triangles, unit
from tellbench.datasets.studio.people.identity import Identity

_ALONG: Final = 60
AROUND: Final = 8
"""Vertices round a tube."""


def glasses(person: Identity, ear_x: float) -> tuple[Tensor, Tensor]:
    """Vertices [N,8,3] in mm, ring by ring of every tube, and triangles [F,3].

    Args:
        person: Gives the distance of the eyes.
        ear_x: Distance of the ears from the midline in mm, where the temples end.
    """
    tubes = [*(_rim(person, side) for side in (-1, 1)), _bridge(), *(_temple(person, ear_x, side) for side in (-1, 1))]
    triangles = grid_triangles(_ALONG, AROUND, wrap=True)
    faces = torch.cat([triangles + i * _ALONG * AROUND for i in range(len(tubes))])
    return torch.cat(tubes), faces.int()


def _tube(line: Tensor, radius: float) -> Tensor:
    """Rings [60,8,3] round a centre line [60,3]."""
    heading = torch.zeros_like(line)
    heading[1:-1], heading[0], heading[-1] = line[2:] - line[:-2], line[1] - line[0], line[-1] - line[-2]
    heading = unit(heading)
    first = unit(torch.linalg.cross(heading, torch.tensor([0.0, 1.0, 0.01]).expand_as(heading)))
    second = torch.linalg.cross(heading, first)
    angle = torch.linspace(0, 2 * math.pi, AROUND + 1)[:-1, None]
    tube: Tensor = line[:, None] + radius * (first[:, None] * angle.cos() + second[:, None] * angle.sin())
    return tube


def _rim(person: Identity, side: int) -> Tensor:
    angle = torch.linspace(0, 2 * math.pi, _ALONG)
    cos, sin = (torch.sign(c) * c.abs() ** 0.75 for c in (angle.cos(), angle.sin()))  # a rounded rectangle
    x = side * (person.eye_distance / 2 + 1.5) + 24.5 * cos
    z = 21.5 - 0.006 * (x.abs() - 20).clamp(min=0) ** 2
    return _tube(torch.stack([x, -3 + 18.5 * sin, z], -1), 1.15)


def _bridge() -> Tensor:
    t = torch.linspace(-1, 1, _ALONG)
    return _tube(torch.stack([t * 9, 1.5 + 2.5 * (1 - t * t), 21.5 + 0.6 * (1 - t * t)], -1), 1.0)


def _temple(person: Identity, ear_x: float, side: int) -> Tensor:
    t = torch.linspace(0, 1, _ALONG)
    hinge = person.eye_distance / 2 + 25.5
    return _tube(torch.stack([side * (hinge + (ear_x - 1 - hinge) * t**0.6), 3 + 4 * t, 17 - 105 * t], -1), 1.1)
