"""What clothes are made of: colours, patterns, jackets, ties and seams of a garment. Odds are assumptions."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.studio.people.garment import CUTS, Garment
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.sculpture import smoothstep
from tellbench.datasets.studio.surface.paint import person_noise

_TIES: Final = ((0.25, 0.01, 0.02), (0.02, 0.03, 0.12), (0.02, 0.09, 0.06), (0.15, 0.1, 0.02), (0.1, 0.02, 0.08))
_SHIRT: Final = (0.47, 0.48, 0.51)
_EDGE: Final = 2.2
"""mm over which one colour gives way to another: about the distance of the vertices."""


def clothes(person: Identity, garment: Garment) -> Tensor:
    """Albedo of the garment's vertices, shape (rows, columns, 3)."""
    points = garment.part.points
    albedo = _pattern(person, points)
    albedo = albedo * _weave(person, points)[..., None]
    collar = torch.zeros_like(points[..., 0])
    collar[: garment.collar_rows] = 1
    if person.garment in ("shirt", "polo"):
        albedo = albedo * _placket(person, points, collar)[..., None]
    if person.garment in ("suit", "blazer"):
        albedo = _jacket(person, points, albedo, collar)
    if person.garment in ("tee", "vneck", "scoop", "sweater"):
        albedo = albedo * _ribs(points, collar)[..., None]
    if CUTS[person.garment].turned:
        albedo = albedo * _collar_shade(points, garment.collar_rows)[..., None]
    if person.garment == "hoodie":
        albedo = _strings(points, albedo)
    return albedo.clamp(0.004, 0.8)


def lay_over(person: Identity, garment: Garment) -> Tensor:
    """Outward mm by which a jacket lies over what is worn under it, shape (rows, columns); 0 for other garments."""
    points = garment.part.points
    if person.garment not in ("suit", "blazer"):
        return torch.zeros_like(points[..., 0])
    outside, lapel = _opening(person, points)
    over = 3.0 * outside + 1.6 * lapel
    over[: garment.collar_rows] = 0
    return over


def _pattern(person: Identity, points: Tensor) -> Tensor:
    """Plain, striped or checked cloth."""
    own, other = (points.new_tensor(c) for c in (person.cloth_color, person.cloth_accent))
    x, y, _ = points.unbind(-1)
    period = 26 + 5 * (person.seed % 4)  # coarser than the vertices
    lines = smoothstep(-0.5, 0.5, torch.sin(y * 2 * torch.pi / period))
    upright = smoothstep(-0.5, 0.5, torch.sin(x * 2 * torch.pi / period))
    share = {
        "stripes": lines,
        "checks": 0.5 * (lines + upright),
    }.get(person.pattern, torch.zeros_like(x))
    return own + (other - own) * share[..., None]


def _weave(person: Identity, points: Tensor) -> Tensor:
    """Unevenness of cloth, about 1; knits are coarser."""
    flat = points.reshape(-1, 3)
    weave = 1 + 0.08 * person_noise(person, flat, 6, 31)
    weave = weave + 0.07 * person_noise(person, flat * points.new_tensor([1.0, 0.4, 1.0]), 2.0, 32)
    weave = weave.view(points.shape[:-1])
    if person.garment in ("sweater", "turtleneck"):
        x, y, z = points.unbind(-1)
        around = torch.atan2(x, z + 108)
        weave = weave * (1 + 0.10 * torch.sin(around * 60) + 0.05 * torch.sin(y * 1.1))
    return weave


def _ribs(points: Tensor, collar: Tensor) -> Tensor:
    """The band round the neck: its ribs and the seam under it."""
    x, _, z = points.unbind(-1)
    ribs = 1 - collar * (0.08 + 0.10 * torch.sin(torch.atan2(x, z + 108) * 90))
    below = torch.zeros_like(ribs)
    first = int(collar[:, 0].sum())
    below[first + 1] = 1
    return ribs * (1 - 0.22 * below)


def _collar_shade(points: Tensor, collar_rows: int) -> Tensor:
    """The shadow that a turned collar casts on what it lies on, its stitched edge, and its dim inside."""
    edge = points[0, :, 1]
    below = (edge - points[..., 1]).clamp(min=0)
    shade = 1 - 0.45 * torch.exp(-((below / 5.5) ** 2))
    inside = torch.arange(collar_rows) > collar_rows // 2
    shade[:collar_rows] = torch.where(inside, 0.7, 1.0)[:, None]
    shade[0] = 0.8
    return shade


def _placket(person: Identity, points: Tensor, collar: Tensor) -> Tensor:
    """The buttoned strip down the front, and the shadow along the collar's edge."""
    x, y, z = points.unbind(-1)
    front = smoothstep(-110.0, -90.0, z) * (1 - collar)
    edge = torch.exp(-(((x - 14) / 1.8) ** 2)) + 0.6 * torch.exp(-(((x + 14) / 1.8) ** 2))
    if person.garment == "polo":
        edge = edge * (y > -300)
    pitch = (y + 232) / 52
    button = torch.exp(-((x / 3.4) ** 2) - ((pitch - pitch.round()) * 52 / 3.4) ** 2) * (y < -226)
    return 1 - front * (0.28 * edge + 0.35 * button) - 0.06 * collar


def _opening(person: Identity, points: Tensor) -> tuple[Tensor, Tensor]:
    """Where a jacket covers what is under it, and where its lapels lie; each 0 to 1, shape (rows, columns)."""
    x, y, z = points.unbind(-1)
    chest = smoothstep(-128.0, -100.0, z)
    half = ((y + 350) / 150).clamp(0, 1.05) * 50
    across = x.abs()
    outside = torch.maximum(smoothstep(half - _EDGE, half + _EDGE, across), 1 - chest)
    width = 10 + 30 * ((y + 350) / 130).clamp(0, 1)
    width = width - 16 * smoothstep(-228.0, -226.0, y) * smoothstep(-205.0, -215.0, y)  # the notch
    lapel = outside * (1 - smoothstep(half + width - _EDGE, half + width + _EDGE, across)) * chest
    return outside, lapel


def _jacket(person: Identity, points: Tensor, under: Tensor, collar: Tensor) -> Tensor:
    """A jacket in the garment's colour over a shirt (suit) or a top in its accent colour (blazer), often a tie."""
    x, y, z = points.unbind(-1)
    rng = np.random.default_rng((person.seed, 23))
    inner = points.new_tensor(_SHIRT if person.garment == "suit" else person.cloth_accent)
    if person.garment == "suit" and rng.random() < 0.4:
        inner = 0.45 * inner + 0.55 * inner.new_tensor([0.35, 0.48, 0.7])
    outside, lapel = _opening(person, points)
    outside = outside * (1 - collar)
    edge = (4 * outside * (1 - outside) + 4 * lapel * (1 - lapel)) * (1 - collar)
    shirt = inner * (0.9 + 0.1 * _weave(person, points))[..., None]
    albedo = shirt + (under * (1 - 0.10 * lapel - 0.30 * edge)[..., None] - shirt) * outside[..., None]
    if person.garment == "blazer" or not person.tie:
        return albedo
    knot = smoothstep(-222.0, -208.0, y)
    half = 8 + 0.05 * (-(y + 222)).clamp(0, 120) + 4 * knot
    tie = (1 - smoothstep(half - 1.2, half + 1.2, x.abs())) * smoothstep(-128.0, -110.0, z) * (1 - outside)
    colour = points.new_tensor(_TIES[int(rng.integers(len(_TIES)))])
    stripes = 1 + 0.5 * smoothstep(-0.3, 0.3, torch.sin((x + y) * 0.35)) * float(rng.random() < 0.5)
    crease = 1 - 0.5 * torch.exp(-(((y + 222) / 2.5) ** 2))
    return albedo + (colour * (stripes * crease)[..., None] - albedo) * tie[..., None]


def _strings(points: Tensor, albedo: Tensor) -> Tensor:
    """The strings of a hood."""
    x, y, z = points.unbind(-1)
    line = torch.exp(-(((x.abs() - 24 - 0.05 * (y + 215)) / 2.6) ** 2)) * (y > -300) * (y < -208) * (z > -90)
    return albedo + (0.6 - albedo) * 0.7 * line[..., None]
