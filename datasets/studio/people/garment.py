"""The cut of clothes: a grid of cloth over the torso with its neckline as the upper edge, and the collar on it.

Cuts, widths and clearances in mm and degrees are modelled by eye (assumption).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tellbench.datasets.studio.people import sculpture
from tellbench.datasets.studio.people.grid import Density, grid_normals
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.parts import Part
from tellbench.datasets.studio.people.sculpture import smoothstep
from tellbench.datasets.studio.people.skin import resample_rows

Profile = tuple[tuple[float, float], ...]
"""Rows of a collar from its free edge to the neckline: (share of its height, clearance from the body in mm)."""


@dataclass(frozen=True)
class Cut:
    """How a garment is cut at the neck."""

    dip: float = 0.0
    """Degrees that the front of the neckline lies lower, seen from inside the chest."""
    width: float = 40.0
    """Degrees either side of the front over which it dips."""
    pointed: bool = False
    """A V rather than a round neck."""
    loose: float = 0.0
    """Degrees that the whole neckline lies lower."""
    thickness: float = 3.0
    collar: Profile = ((-0.9, -3.0), (-0.3, 2.0), (0.0, 3.6), (-0.1, 4.3))
    height: float = 6.0
    """mm of collar above the neckline."""
    turned: bool = False
    """The collar folds outward and opens at the front."""


_BAND: Final = Cut().collar
_ROLL: Final = ((-0.2, -3.0), (0.5, 1.0), (0.95, 3.0), (1.0, 5.0), (0.93, 7.2), (0.6, 8.0), (0.2, 7.6), (0.0, 5.5))
_TURNED: Final = ((-0.7, 4.6), (-0.35, 6.2), (0.2, 6.6), (0.75, 6.0), (1.0, 4.8), (0.93, 3.6), (0.5, 3.2), (0.1, 3.0))
_HOOD: Final = ((-0.5, -3.0), (0.5, 1.5), (0.9, 6.0), (1.0, 12.0), (0.7, 19.0), (0.1, 22.0), (-0.6, 19.0), (-0.8, 7.0))

CUTS: Final[dict[str, Cut]] = {
    "tee": Cut(dip=5, loose=3),
    "vneck": Cut(dip=28, width=62, pointed=True, loose=4),
    "scoop": Cut(dip=20, width=62, loose=9),
    "sweater": Cut(dip=4, loose=4, thickness=5, collar=((-0.9, -3.0), (0.0, 3.0), (0.9, 5.2), (0.9, 7.4), (-0.2, 7.6))),
    "turtleneck": Cut(thickness=4.5, collar=_ROLL, height=38, loose=2),
    "hoodie": Cut(dip=9, loose=8, thickness=6, collar=_HOOD, height=20),
    "shirt": Cut(dip=17, width=22, pointed=True, collar=_TURNED, height=23, turned=True),
    "polo": Cut(dip=20, width=22, pointed=True, collar=_TURNED, height=20, turned=True),
    "suit": Cut(dip=6, width=16, pointed=True, collar=_TURNED, height=23, turned=True),
    "blazer": Cut(dip=14, width=50, loose=6),
}
"""Garments by name; a suit has a buttoned shirt under it, a blazer a plain top."""

_ORIGIN: Final = (0.0, -236.0, -108.0)
"""Where the rays that find the cloth start, mm."""
_BOTTOM: Final = math.radians(-55)
_ROWS: Final = {"half": 64, "full": 120}
_COLUMNS: Final = {"half": 161, "full": 241}


@dataclass(frozen=True)
class Garment:
    """Cloth over one torso.

    Attributes:
        part: The grid, collar rows first.
        normals: Unit normals, shape (rows, columns, 3); those of a turned collar face outward.
        collar_rows: How many rows the collar has.
    """

    part: Part
    normals: Tensor
    collar_rows: int


def garment(identity: Identity, density: Density = "half", device: str | torch.device = "cpu") -> Garment:
    """Cut the garment of a person; rays are cast from inside the chest."""
    cut = CUTS[identity.garment]
    across = torch.linspace(-1, 1, _COLUMNS[density], device=device)
    azimuth = math.pi * (0.4 * across + 0.6 * across.abs() ** 2.2 * across.sign())
    share = torch.linspace(0, 1, _ROWS[density], device=device)[:, None] ** 1.15
    top = neckline(cut, azimuth)
    points, _ = _cover(identity, cut, azimuth, top + (_BOTTOM - top) * share)
    points, direction = _cover(identity, cut, azimuth, _respace(points, top + (_BOTTOM - top) * share))
    points = points + direction * (_folds(points, identity.seed) * smoothstep(0.02, 0.25, share))[..., None]
    collar = _collar(points[0], cut, azimuth, identity)
    grid = torch.cat([collar, points])
    normals = grid_normals(grid)
    if cut.turned:
        normals[: len(collar)] *= -1  # its rows run upward
    return Garment(Part.build(grid, albedo=identity.cloth_color), normals, len(collar))


def _cover(identity: Identity, cut: Cut, azimuth: Tensor, elevation: Tensor) -> tuple[Tensor, Tensor]:
    """Where rays at azimuths [C] and elevations [R,C] leave the cloth, and their directions, both [R,C,3]."""
    flat = elevation.cos()
    direction = torch.stack([azimuth.sin() * flat, elevation.sin(), azimuth.cos() * flat], -1)
    origin = direction.new_tensor(_ORIGIN)
    points, _ = sculpture.torso(identity, cut.thickness).cast(origin, direction, start=330.0)
    return points, direction


def _respace(points: Tensor, elevation: Tensor) -> Tensor:
    """Elevations [R,C] at more even lengths along the cloth: on the shoulders it runs along the rays."""
    gaps = (points[1:] - points[:-1]).norm(dim=-1)
    gaps = gaps + 0.4 * gaps.mean(0, keepdim=True)
    length = torch.cat([torch.zeros_like(gaps[:1]), gaps.cumsum(0)])
    return resample_rows(length / length[-1:], elevation)


def neckline(cut: Cut, azimuth: Tensor) -> Tensor:
    """Elevation in radians of the neckline at each azimuth in radians, same shape."""
    front = azimuth.cos()
    base = 52 - 7 * front - 3 * (1 - front * front) - cut.loose
    across = (azimuth.rad2deg() / cut.width).abs().clamp(max=1)
    dip = (1 - across) ** 1.15 if cut.pointed else (across * math.pi / 2).cos().clamp(min=0) ** 0.8
    return torch.deg2rad(base - cut.dip * dip)


def _folds(points: Tensor, seed: int) -> Tensor:
    """Outward mm of cloth: slow waves, and drapes that run from the shoulders to the breast."""
    rng = np.random.default_rng([seed, 9])
    waves = torch.zeros(points.shape[:-1], device=points.device)
    for _ in range(10):
        direction = points.new_tensor(rng.normal(size=3) * [0.025, 0.03, 0.02])
        waves += torch.sin(points @ direction + float(rng.uniform(0, 2 * math.pi))) / 3
    x, y, _ = points.unbind(-1)
    drape = torch.sin(0.16 * x.abs() + 0.12 * y + float(rng.uniform(0, 6)) + 1.5 * torch.sin(0.02 * y + x.sign()))
    return 1.5 + 1.2 * waves.clamp(-1.2, 1.2) + 0.9 * drape.clamp(min=0) * smoothstep(30.0, 90.0, x.abs())


def _collar(edge: Tensor, cut: Cut, azimuth: Tensor, identity: Identity) -> Tensor:
    """Rows of the collar that stands on the neckline `edge` of shape (columns, 3)."""
    front = azimuth.rad2deg().abs()
    height = torch.full_like(front, cut.height)
    fall = torch.ones_like(front)
    opening = 0.4 * cut.width
    if cut.turned:  # it ends beside the front opening, in points
        height = height * smoothstep(opening, opening + 8, front) * (0.8 + 0.2 * smoothstep(20.0, 120.0, front))
        fall = 1 + 1.6 * torch.exp(-(((front - opening - 10) / 12) ** 2))
    rows = []
    for share, clearance in cut.collar:
        rise = share * height * (fall if share < 0 else 1.0)
        up = edge.new_tensor([0.0, 1.0, 0.12]) * rise[:, None]
        rows.append(_settle(edge + up, clearance, identity))
    return _even(torch.stack(rows), 3 if cut.turned else 9)


def _even(rows: Tensor, taps: int) -> Tensor:
    """Average each row of shape (rows, columns, 3) over neighbouring columns: cloth bridges the creases of a body."""
    padded = functional.pad(rows.transpose(1, 2), (taps // 2, taps // 2), mode="replicate")
    return functional.avg_pool1d(padded, taps, 1).transpose(1, 2)


def _settle(points: Tensor, clearance: float, identity: Identity) -> Tensor:
    """Move points of shape (n, 3) along the gradient to a distance from the body in mm."""
    body, step = sculpture.torso(identity), 0.5 * torch.eye(3, device=points.device)
    for _ in range(4):
        distance = body.distance(points)
        slope = torch.stack([body.distance(points + s) - distance for s in step], -1) / 0.5
        slope = slope / slope.norm(dim=-1, keepdim=True).clamp(min=0.3)
        points = points + slope * (clearance - distance)[:, None]
    return points
