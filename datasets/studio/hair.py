"""Scalp hair: polylines grown step by step outside the head, combed by style, pulled by gravity.

Lengths in mm, head coordinates (x = subject's left, y up, z forward). Styles and combing fields are set by eye.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Final

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.studio.grid import unit
from tellbench.datasets.studio.identity import Identity
from tellbench.datasets.studio.sculpture import head, smoothstep, torso

_BUN: Final = (0.0, 40.0, -182.0)
_BUN_SHARE: Final = 8


@dataclasses.dataclass(frozen=True)
class Style:
    """How one hair style grows; "crown" amounts are added towards the top of the head."""

    length: float
    crown_length: float
    spread: tuple[float, float]
    """Range of a random factor on the length."""
    lift: float
    """Thickness of the hair over the skull."""
    crown_lift: float
    comb: str
    """Direction: `whorl`, `parting`, `back` or `bun`."""
    follow: float
    """How far the root already follows the comb: 0 stands up, 1 lies."""
    points: int
    """Vertices of a strand."""
    weight: float = 0.0
    """Pull of gravity towards the tip."""
    wave: float = 0.0
    """Amplitude."""
    wavelength: float = 40.0
    hangs: bool = False
    """Falls past the ears and over the shoulders."""
    free: bool = False
    """Stands off the head instead of lying on it."""


STYLES: Final[dict[str, Style]] = {
    "short": Style(11.7, 19.5, (0.7, 1.1), 5, 7, "whorl", 0.55, 6, weight=0.25),
    "crop": Style(7.6, 12.8, (0.7, 1.1), 5, 7, "whorl", 0.55, 5, weight=0.25),
    "buzz": Style(5, 0, (0.7, 1.1), 3, 0, "whorl", 0.35, 3),
    "side": Style(14, 50, (0.8, 1.1), 4, 12, "parting", 0.75, 8, weight=0.2),
    "swept": Style(16, 50, (0.8, 1.1), 4, 15, "back", 0.7, 8, weight=0.2),
    "curly": Style(125, -30, (0.7, 1.1), 18, 8, "whorl", 0.4, 16, weight=0.15, wave=5.5, wavelength=15, free=True),
    "short curly": Style(55, 0, (0.7, 1.1), 16, 8, "whorl", 0.4, 12, weight=0.15, wave=5, wavelength=15, free=True),
    "bob": Style(165, 0, (0.9, 1.08), 11, 0, "parting", 0.75, 12, weight=0.75, hangs=True),
    "long": Style(300, 0, (0.85, 1.1), 11, 0, "parting", 0.75, 14, weight=0.75, wave=1.5, wavelength=70, hangs=True),
    "wavy": Style(300, 0, (0.85, 1.1), 11, 0, "parting", 0.75, 14, weight=0.75, wave=8.5, wavelength=70, hangs=True),
    "tied": Style(0, 0, (1, 1), 3.5, 2, "bun", 0.9, 9),
}


@dataclasses.dataclass(frozen=True)
class Strands:
    """Hair of one head."""

    points: Tensor
    """float32 [N,K,3], root to tip."""
    depth: Tensor
    """float32 [N,K] in [0, 1]: 0 deep in the hair, 1 outermost."""
    jitter: Tensor
    """float32 [N], standard normal: own tint and sheen of a strand."""


def scalp_mask(points: Tensor, person: Identity) -> Tensor:
    """Where hair grows, 0 to 1 and soft at the hairline; points [...,3] -> [...]."""
    x, y, z = points.unbind(-1)
    ragged = 1.6 * torch.sin(x * 0.21 + 1) + 0.8 * torch.sin(x * 0.9) + 1.2 * torch.sin(z * 0.5)
    return smoothstep(-7.0, 11.0, y - _hairline(_azimuth(points), person) + ragged)


def _azimuth(points: Tensor) -> Tensor:
    """Degrees from the front, 0 to 180."""
    return torch.rad2deg(torch.atan2(points[..., 0], points[..., 2] + 60)).abs()


def _hairline(azimuth: Tensor, person: Identity) -> Tensor:
    """Height of the hairline at an azimuth in degrees from the front: forehead, temple, sideburn, ear, nape."""
    knots = (0, 18, 32, 45, 58, 70, 80, 92, 99, 104, 116, 124, 135, 160, 180)
    heights = (68, 67, 66, 58, 50, 38, 20, -4, -8, 14, 14, -22, -66, -86, -88)
    height = torch.tensor(np.interp(azimuth.numpy(), knots, heights), dtype=torch.float32)
    height = height + person.hairline * (1 - azimuth / 80).clamp(min=0)
    temples = torch.exp(-(((azimuth - 38) / 20) ** 2)) + 0.3 * torch.exp(-((azimuth / 30) ** 2))
    return height + person.recession * temples


def grow(person: Identity, skin: Tensor, area: Tensor, n_vertices: int) -> Strands | None:
    """Grow the scalp hair of a person.

    Args:
        person: gives style, parting and seed.
        skin: the skin grid at rest [R,C,3].
        area: skin area of each vertex in mm² [R,C].
        n_vertices: budget of hair vertices; a style with short polylines has more strands.

    Returns:
        The strands, or None for a bald head.
    """
    if person.hair_style == "bald":
        return None
    name = "short curly" if person.hair_style == "curly" and person.sex == "male" else person.hair_style
    style = STYLES[name]
    count = n_vertices // style.points
    rng = np.random.default_rng((person.seed, 31))
    scalp = scalp_mask(skin, person)
    roots = _roots(skin, area * scalp.clamp(min=0.12) * (scalp > 0.04), count, rng)
    layer = torch.tensor(rng.uniform(0, 1, count), dtype=torch.float32)
    points = _march(_Growth(person, style, roots, layer, rng))
    points, layer = _clear_face(points, layer, person, style, rng)
    if name == "tied":
        bun = _bun(count // _BUN_SHARE, style.points, rng)
        points = torch.cat([points[len(bun) :], bun])
    along = torch.linspace(0, 1, style.points).sqrt()
    depth = (0.35 + 0.65 * layer[:, None]) * (0.6 + 0.4 * along)
    return Strands(points, depth, _normal(rng, len(points)))


def _roots(skin: Tensor, weight: Tensor, count: int, rng: np.random.Generator) -> Tensor:
    """Random points [N,3] of a grid [R,C,3], each in the cell of a vertex drawn by its weight [R,C]."""
    share = weight[:-1, :-1].double().flatten().numpy()
    drawn = torch.tensor(rng.choice(len(share), count, p=share / share.sum()))
    row, column = drawn // (skin.shape[1] - 1), drawn % (skin.shape[1] - 1)
    corner = skin[row, column]
    down, across = torch.tensor(rng.uniform(0, 1, (2, count, 1)), dtype=torch.float32)
    roots: Tensor = corner + down * (skin[row + 1, column] - corner) + across * (skin[row, column + 1] - corner)
    return roots


def _normal(rng: np.random.Generator, *shape: int) -> Tensor:
    return torch.tensor(rng.normal(size=shape), dtype=torch.float32)


class _Growth:
    """What stays fixed while the strands of a style grow from their roots."""

    def __init__(self, person: Identity, style: Style, roots: Tensor, layer: Tensor, rng: np.random.Generator) -> None:
        self.person, self.style, self.roots, self.layer = person, style, roots, layer
        self.outward = unit(roots - torch.tensor([0.0, 20.0, -78.0]))
        crown = smoothstep(30.0, 75.0, roots[:, 1])
        factor = torch.tensor(rng.uniform(*style.spread, len(roots)), dtype=torch.float32)
        front = smoothstep(-10.0, 22.0, roots[:, 1] - _hairline(_azimuth(roots), person))
        self.length = (style.length + style.crown_length * crown) * factor
        if style.comb == "whorl" and not style.free:
            self.length = self.length * (0.5 + 0.5 * front)  # cut shorter over the forehead
        if style.comb == "bun":
            self.length = (roots - torch.tensor(_BUN)).norm(dim=-1) * 1.03
        self.lift = style.lift + style.crown_lift * crown
        self.scatter = _normal(rng, len(roots), 3) * 0.10
        waves, drift = rng.normal(size=(6, 3)) * 0.15, _normal(rng, 6, 3)
        phase = roots @ torch.tensor(waves, dtype=torch.float32).T + torch.arange(6)
        self.lock = torch.sin(phase) @ drift * 0.018  # neighbours stray together
        self.curl_phase = phase[:, 0] * 2 + torch.tensor(rng.uniform(0, 6.3, len(roots)) * style.free).float()
        self.fixed_comb = self._comb()

    def _comb(self) -> Tensor:
        """Direction in which the whole style is combed, at each root."""
        x, z = self.roots[:, 0], self.roots[:, 2]
        if self.style.comb == "whorl":
            away = self.roots - torch.tensor([10.0, 100.0, -130.0])
            away = unit(away - (away * self.outward).sum(-1, keepdim=True) * self.outward)
            fringe = 0.75 * smoothstep(-45.0, 0.0, z) * smoothstep(45.0, 65.0, self.roots[:, 1])
            aside = torch.stack([torch.full_like(x, math.copysign(1.0, self.person.parting)), 0.35 + 0 * x, 0 * x], -1)
            return unit(away * (1 - fringe[:, None]) + aside * fringe[:, None])
        if self.style.comb == "parting":
            sideways = torch.tanh((x - self.person.parting) / 6)
            backward = -0.35 - 1.1 * smoothstep(-35.0, 5.0, z)
            return unit(torch.stack([sideways, torch.full_like(x, -0.1), backward], -1))
        return unit(torch.tensor([0.0, 0.1, -1.0])).expand_as(self.roots)

    def comb(self, points: Tensor, along: float) -> Tensor:
        """Direction in which a strand wants to go on from `points`, at a share `along` of its length."""
        if self.style.comb == "bun":
            return unit(torch.tensor(_BUN) - points)
        if not self.style.hangs:
            return self.fixed_comb
        x, y, z = points.unbind(-1)
        side = torch.maximum(smoothstep(30.0, 58.0, x.abs()), smoothstep(30.0, 72.0, -z))[:, None]
        t = min(1.0, along / 0.30)
        fall = torch.tensor([0.0, -1.0, 0.0]) * (0.15 + (0.4 + 2.4 * along) * side)
        target = unit(self.fixed_comb * (1 - side * (t * t * (3 - 2 * t))) + fall)
        width = 60 * self.person.face_width
        before_face = smoothstep(-62.0, -25.0, z) * (1 - smoothstep(40.0, 62.0, y))
        before_face = before_face * (1 - smoothstep(width * 0.95, width * 1.15, x.abs()))
        return target + before_face[:, None] * torch.stack([x.sign() * 1.4, 0 * x, 0 * x - 1.1], -1)


def _march(growth: _Growth) -> Tensor:
    """Grow every strand point by point: [N,K,3]."""
    style, points = growth.style, [growth.roots]
    stride = (growth.length / (style.points - 1))[:, None]
    stiffness = 1 - (0.5 if style.hangs else 0.3) * min(2.0, 14 / style.points) * (0.65 if style.points < 14 else 1)
    start = growth.comb(growth.roots, 0.0)
    direction = unit(growth.outward * (1 - style.follow) + start * style.follow + growth.scatter)
    down = torch.tensor([0.0, -1.0, 0.0])
    for i in range(1, style.points):
        along = i / (style.points - 1)
        steer = growth.comb(points[-1], along) * (1 - stiffness)
        direction = unit(direction * stiffness + steer + down * (style.weight * along * 0.22) + growth.lock)
        placed = _collide(points[-1] + direction * stride, growth, along)
        direction = unit(placed - points[-1])
        points.append(placed)
    grown = torch.stack(points, 1)
    return _curl(grown, growth) if style.wave else grown


def _collide(points: Tensor, growth: _Growth, along: float) -> Tensor:
    """Keep points outside the head at their layer's height, lying on it, and outside the shoulders."""
    style = growth.style
    height = growth.lift * (0.25 + 0.75 * growth.layer) * min(1.0, along * 3.5) + 0.6
    axis = torch.stack([0 * points[:, 0], points[:, 1].clamp(-60, 35), 0 * points[:, 0] - 76], -1)
    outward = unit(points - axis)
    gap = head(points, growth.person) - height  # mm over the layer
    moved = (-gap).clamp(min=0) * 1.05
    if not style.free:
        near = smoothstep(-150.0, -60.0, points[:, 1]) * (0.45 if style.hangs else 0.6)
        moved = moved - (gap - 1.5).clamp(0, 14) * near
    points = points + outward * moved[:, None]
    if style.hangs:
        inside = (6 - torso(points, growth.person, 3.5)).clamp(min=0)
        forward = torch.where(points[:, 2] > -105, 1.0, -1.0)
        points = points + torch.stack([0 * inside, 0.35 * inside, forward * inside], -1)
    return points


def _curl(points: Tensor, growth: _Growth) -> Tensor:
    """Wind strands around their own line."""
    style = growth.style
    along = torch.linspace(0, 1, style.points)
    phase = growth.curl_phase[:, None] + along * (growth.length / style.wavelength * 2 * math.pi)[:, None]
    tangent = unit(points[:, 1:] - points[:, :-1])
    sideways = torch.linalg.cross(torch.cat([tangent, tangent[:, -1:]], 1), growth.outward[:, None].expand_as(points))
    swing = sideways * phase.sin()[..., None] + 0.6 * growth.outward[:, None] * phase.cos()[..., None]
    wound: Tensor = points + swing * (style.wave * along.sqrt())[:, None]
    return wound


def _clear_face(
    points: Tensor, layer: Tensor, person: Identity, style: Style, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Replace strands that cross the face or stray by copies of others, a little aside."""
    x, y, z = points.unbind(-1)
    crossing = ((x.abs() < 50) & (y < 50) & (z > -22)).any(1)
    if style.comb == "bun":
        crossing |= (head(points, person) > 24).any(1)  # strands that shoot past the bun
    if style.free:
        crossing |= ((x.abs() < 64) & (y < 42) & (z > -50)).any(1)
    good = torch.nonzero(~crossing)[:, 0]
    copies = torch.tensor(rng.integers(0, len(good), int(crossing.sum())))
    chosen = torch.cat([good, good[copies]])
    points = points[chosen]
    points[len(good) :] += _normal(rng, len(copies), 1, 3) * 0.7
    order = torch.tensor(rng.permutation(len(points)))
    return points[order], layer[chosen][order]


def _bun(count: int, n_points: int, rng: np.random.Generator) -> Tensor:
    """A knot of hair at the back of the head: arcs on a sphere."""
    a = unit(_normal(rng, count, 3))
    b = unit(torch.linalg.cross(a, _normal(rng, count, 3)))
    angle = torch.linspace(0, 2.6, n_points)[:, None]
    return (a[:, None] * angle.cos() + b[:, None] * angle.sin()) * 26 + torch.tensor([0.0, 52.0, -192.0])
