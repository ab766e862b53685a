"""Scalp hair: polylines grown step by step outside the head, combed by style, pulled by gravity, gathered in locks.

Lengths in mm, head coordinates (x = subject's left, y up, z forward). Combing fields are set by eye (assumption).
"""

from __future__ import annotations

import dataclasses
import math
from typing import Final

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from tellbench.datasets.studio.hair.hairstyle import Style, scalp_density, style_of
from tellbench.datasets.studio.people.grid import unit
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.sculpture import head, smoothstep, torso

_KNOT_SHARE: Final = 4
"""One strand in so many belongs to the bun or tail."""
_EAR: Final = (-10.0, -89.0)
"""Height and depth of the middle of the ears, mm."""
_EAR_REACH: Final = (28.0, 60.0)
"""mm from there: the rim of the ear, and where a cut around it ends."""
_SCALP_AREA: Final = 55_000.0
"""mm² on which hair grows (assumption; about 0.06 m² in adults)."""
_FINEST: Final = 0.10
"""Least width at which a strand is drawn, mm; a hair has 0.08 mm."""
_TOTAL_LENGTH: Final = 600_000.0
"""mm of strand drawn at most: what fills a frame with long hair, and takes time to."""
_STRAY: Final = 0.05
"""Share of hairs that do not keep to their lock."""
_FLYING: Final = 2.0
"""How much further these stray."""


@dataclasses.dataclass(frozen=True)
class Strands:
    """Hair of one head."""

    points: Tensor
    """float32 [N,K,3], root to tip."""
    widths: Tensor
    """float32 [N,K-1] mm."""
    lock: Tensor
    """int64 [N]: strands of one lock share a number."""


def grow(person: Identity, skin: Tensor, area: Tensor, n_vertices: int) -> Strands | None:
    """Grow the scalp hair of a person.

    Args:
        person: gives style, parting and seed.
        skin: the skin grid at rest [R,C,3].
        area: skin area of each vertex in mm² [R,C].
        n_vertices: budget of hair vertices; a style with short polylines has more strands, long hair fewer and wider.

    Returns:
        The strands, or None for a bald head.
    """
    style = style_of(person)
    if style is None:
        return None
    rng = np.random.default_rng((person.seed, 31))
    longest = _TOTAL_LENGTH / max(1.0, style.length + style.crown_length)
    count = min(n_vertices // style.points, int(longest))
    weight = area * scalp_density(skin, person) * (1 + 2 * _fringe(skin, style))  # a fringe hides the forehead
    growth = _Growth(person, style, _roots(skin, weight, count, rng), rng)
    points = _march(growth)
    points, lock = _gather(points, growth, rng)
    points = _keep_out(_trim(points, growth, rng), person)
    points, lock, fine = _clear_face(points, lock, growth, rng)
    if style.knot is None:
        return Strands(points, _widths(points, style, fine), lock)
    tied = _tail if style.tail else _bun
    extra = tied(style, len(points) // _KNOT_SHARE, rng)
    widths = _widths(points, style, fine)
    widths[-len(extra) :] = style.widest
    return Strands(torch.cat([points[: -len(extra)], extra]), widths, lock)


def _fringe(points: Tensor, style: Style) -> Tensor:
    """How far hair that grows at points [...,3] belongs to the fringe, 0 to 1: [...]."""
    x, y, z = points.unbind(-1)
    front = smoothstep(-75.0, -35.0, z) * smoothstep(50.0, 60.0, y)
    return front * (1 - smoothstep(38.0, 52.0, x.abs())) * style.fringe


def _from_ear(points: Tensor) -> Tensor:
    """Distance of points [...,3] of the scalp from the middle of the ear, seen from its side: mm, [...]."""
    return torch.hypot(points[..., 1] - _EAR[0], points[..., 2] - _EAR[1])


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


def _uniform(rng: np.random.Generator, low: float, high: float, *shape: int) -> Tensor:
    return torch.tensor(rng.uniform(low, high, shape), dtype=torch.float32)


class _Growth:
    """What stays fixed while the strands of a style grow from their roots."""

    def __init__(self, person: Identity, style: Style, roots: Tensor, rng: np.random.Generator) -> None:
        self.person, self.style, self.roots = person, style, roots
        self.head, self.shoulders = head(person), torso(person, 3.5)
        count = len(roots)
        self.layer = _uniform(rng, 0, 1, count)
        self.outward = unit(roots - torch.tensor([0.0, 20.0, -78.0]))
        crown = smoothstep(20.0, 75.0, roots[:, 1])
        self.scalp = scalp_density(roots, person)
        self.length = (style.length + style.crown_length * crown) * _uniform(rng, *style.spread, count)
        self.length *= 1 - style.fade * (1 - smoothstep(-60.0, 55.0, roots[:, 1]))
        self.length *= style.around_ears + (1 - style.around_ears) * smoothstep(*_EAR_REACH, _from_ear(roots))
        self.length *= 0.35 + 0.65 * smoothstep(0.1, 0.9, self.scalp)  # baby hair at the edges
        self.fringe = _fringe(roots, style)
        self.length = torch.maximum(self.length, 125 * self.fringe)
        if style.knot is not None:
            self.length = (roots - torch.tensor(style.knot)).norm(dim=-1) * 1.06
        self.lift = style.lift + style.crown_lift * crown
        self.part_z = _uniform(rng, -128, -70, 2)[(roots[:, 0] > 0).long()]  # what grows before it falls in front
        waves, drift = rng.normal(size=(6, 3)) * 0.10, _normal(rng, 6, 3)
        phase = roots @ torch.tensor(waves, dtype=torch.float32).T + torch.arange(6)
        self.drift = torch.sin(phase) @ drift * 0.015 + _normal(rng, count, 3) * 0.02  # neighbours stray together
        self.stray = _uniform(rng, 0, 1, count) < _STRAY
        self.fixed_comb = self._comb()

    def _comb(self) -> Tensor:
        """Direction in which the whole style is combed, at each root."""
        x, y, z = self.roots.unbind(-1)
        if self.style.comb in ("whorl", "forward"):
            away = self.roots - torch.tensor([10.0, 100.0, -130.0])
            away = unit(away - (away * self.outward).sum(-1, keepdim=True) * self.outward)
            swept = 0.75 * smoothstep(-45.0, 0.0, z) * smoothstep(45.0, 65.0, y)
            swept = swept * (0.6 if self.style.comb == "forward" else 1.0)
            aside = torch.stack([torch.full_like(x, math.copysign(1.0, self.person.parting)), 0.25 + 0 * x, 0 * x], -1)
            return unit(away * (1 - swept[:, None]) + aside * swept[:, None])
        if self.style.comb == "parting":
            sideways = torch.tanh((x - self.person.parting) / 5)
            backward = -0.35 - 1.0 * smoothstep(-35.0, 5.0, z)
            combed = unit(torch.stack([sideways, torch.full_like(x, -0.1), backward], -1))
            lean = math.copysign(0.35, self.person.parting) if self.style.cut is None else 0.0
            forward = unit(torch.stack([x * 0.004 - lean, torch.full_like(x, -0.55), 0 * x + 0.85], -1))
            return combed + (forward - combed) * self.fringe[:, None]
        return unit(torch.tensor([0.0, 0.1, -1.0])).expand_as(self.roots)

    def comb(self, points: Tensor, along: float) -> Tensor:
        """Direction in which a strand wants to go on from `points`, at a share `along` of its length."""
        if self.style.knot is not None:
            return unit(torch.tensor(self.style.knot) - points)
        down = torch.tensor([0.0, -1.0, 0.0])
        if not self.style.hangs:
            return unit(self.fixed_comb + down * self.fringe[:, None] * along * 1.5)
        x, y, z = points.unbind(-1)
        side = torch.maximum(smoothstep(30.0, 58.0, x.abs()), smoothstep(30.0, 72.0, -z))[:, None]
        t = min(1.0, along / 0.30)
        fall = down * (0.15 + (0.4 + 2.4 * along) * side)
        target = unit(self.fixed_comb * (1 - side * (t * t * (3 - 2 * t))) + fall)
        width = 60 * self.person.face_width
        before_face = smoothstep(-62.0, -25.0, z) * (1 - smoothstep(40.0, 62.0, y)) * (1 - self.fringe)
        before_face = before_face * (1 - smoothstep(width * 0.95, width * 1.15, x.abs()))
        target = target + before_face[:, None] * torch.stack([x.sign() * 1.4, 0 * x, 0 * x - 1.1], -1)
        return target + (unit(self.fixed_comb * 0.4 + down) - target) * self.fringe[:, None]


def _march(growth: _Growth) -> Tensor:
    """Grow every strand point by point: [N,K,3]."""
    style, points = growth.style, [growth.roots]
    stride = (growth.length / (style.points - 1))[:, None]
    stiffness = 1 - (0.5 if style.hangs else 0.3) * min(2.0, 14 / style.points) * (0.65 if style.points < 14 else 1)
    start = growth.comb(growth.roots, 0.0)
    direction = unit(growth.outward * (1 - style.follow) + start * style.follow)
    down = torch.tensor([0.0, -1.0, 0.0])
    for i in range(1, style.points):
        along = i / (style.points - 1)
        steer = (growth.outward if style.follow == 0 else growth.comb(points[-1], along)) * (1 - stiffness)
        direction = unit(direction * stiffness + steer + down * (style.weight * along * 0.22) + growth.drift)
        placed = _collide(points[-1] + direction * stride, growth, along)
        direction = unit(placed - points[-1])
        points.append(placed)
    return torch.stack(points, 1)


def _collide(points: Tensor, growth: _Growth, along: float) -> Tensor:
    """Keep points outside the head at their layer's height, lying on it, and outside the shoulders."""
    style = growth.style
    height = growth.lift * (0.2 + 0.8 * growth.layer) * min(1.0, along * 3.5) * (1 - 0.6 * growth.fringe) + 0.8
    if style.knot is not None:  # the strands of a knot lie flat where they meet
        height = height * (1 - 0.3 * along) + 6 * growth.layer * along**4
    gap = growth.head.distance(points) - height  # mm over the layer
    moved = (-gap).clamp(min=0) * 1.05 if not style.free else (2 - gap - height).clamp(min=0)
    if not style.free:
        lying = 0.06 + 0.34 * smoothstep(-70.0, 10.0, points[:, 1]) if style.hangs else torch.tensor(0.6)
        moved = moved - (gap - 1.5).clamp(0, 14) * lying
    points = points + _outward(points) * moved[:, None]
    if style.hangs:
        inside = (6 + 8 * growth.layer - growth.shoulders.distance(points)).clamp(min=0)
        forward = torch.where(points[:, 2] > growth.part_z, 1.0, -1.0)
        points = points + torch.stack([0 * inside, 0.35 * inside, forward * inside], -1)
    return points


def _outward(points: Tensor) -> Tensor:
    """Away from the axis of head and neck at points [...,3]."""
    x, y, z = points.unbind(-1)
    return unit(torch.stack([x, y - y.clamp(-60, 35), z + 76], -1))


def _gather(points: Tensor, growth: _Growth, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Pull strands into locks, wave the locks and let single hairs stray; points and the lock of each strand."""
    style, count = growth.style, len(points)
    along = torch.linspace(0, 1, style.points)
    n_locks = min(style.locks or count, count)
    leaders = torch.tensor(rng.choice(count, n_locks, replace=False))
    place = torch.cat([growth.roots, growth.layer[:, None] * growth.lift[:, None] * 0.6], 1)
    lock = torch.from_numpy(cKDTree(place[leaders].numpy()).query(place.numpy())[1])
    own = _uniform(rng, 0.6, 1.0, count) * torch.where(growth.stray, 0.5, 1.0)
    own = torch.ones(count) if style.clump > 0.9 else own
    own = own * (1 - 0.6 * growth.fringe)  # a fringe covers the forehead without gaps
    pull = style.clump * own[:, None] * (along ** (0.3 if style.clump > 0.9 else 0.9))
    points = points + pull[..., None] * (points[leaders][lock] - points)
    if style.wave:
        points = _wave(points, growth, lock, rng)
    phase = _uniform(rng, 0, 2 * math.pi, count, 2, 1, 3)
    turns = torch.stack([along * 5.0, along * 11.0])[None, :, :, None]
    loose = (torch.sin(phase + turns * own[:, None, None, None] * 1.5) - torch.sin(phase)).mean(1)
    frizz = style.frizz * torch.where(growth.stray, _FLYING, 1.0)[:, None, None]
    thickness = _normal(rng, count, 1, 3) * 0.8 * (along * 4).clamp(max=1)[:, None] * (style.clump > 0.9)
    return points + frizz * loose * along[:, None] + style.frizz * thickness, lock


def _wave(points: Tensor, growth: _Growth, lock: Tensor, rng: np.random.Generator) -> Tensor:
    """Wind locks around their own line; the strands of a lock keep step."""
    style = growth.style
    along = torch.linspace(0, 1, style.points)
    turn = 2 * math.pi * (0.3 if style.hangs else 1.0)
    phase = _uniform(rng, 0, turn, int(lock.max()) + 1)[lock] + _normal(rng, len(lock)) * 0.35
    if style.hangs:  # neighbouring locks wave together
        phase = phase + growth.roots @ torch.tensor([0.03, 0.02, 0.03])
    pitch = _uniform(rng, 0.85, 1.15, int(lock.max()) + 1)[lock]
    angle = phase[:, None] + along * (growth.length * pitch / style.wavelength * 2 * math.pi)[:, None]
    tangent = unit(points[:, 1:] - points[:, :-1])
    tangent = torch.cat([tangent, tangent[:, -1:]], 1)
    sideways = unit(torch.linalg.cross(tangent, _outward(points)))
    upright = torch.linalg.cross(sideways, tangent)
    swing = sideways * angle.sin()[..., None] + style.coil * upright * angle.cos()[..., None]
    grown = smoothstep(0.0, 0.3, along) if style.hangs else (along * 4).clamp(max=1)
    wound: Tensor = points + swing * (style.wave * grown)[:, None]
    return wound


def _trim(points: Tensor, growth: _Growth, rng: np.random.Generator) -> Tensor:
    """Cut strands at the height of the style's edge, those of a fringe above the brows; [N,K,3]."""
    style, person = growth.style, growth.person
    if style.cut is None and not style.fringe:
        return points
    count, k = points.shape[:2]
    edge = torch.full((count,), -1e3 if style.cut is None else style.cut) + _normal(rng, count) * 5
    brow = person.brow_height + 11 + _normal(rng, count) * 3.5 + 0.06 * growth.roots[:, 0].abs()
    edge = torch.where(growth.fringe > 0.5, brow, edge)
    high, low = points[:, :-1, 1], points[:, 1:, 1]
    crossed = (low < edge[:, None]) & (high >= edge[:, None])
    first = torch.where(crossed.any(1), crossed.float().argmax(1), k - 1)
    before = first.clamp(max=k - 2)[:, None]
    share = ((high.gather(1, before)[:, 0] - edge) / (high - low).gather(1, before)[:, 0].clamp(min=1e-3)).clamp(0, 1)
    kept = torch.where(crossed.any(1), first + share, torch.full_like(share, k - 1.0))
    place = torch.linspace(0, 1, k) * kept[:, None]
    i = place.floor().long().clamp(max=k - 2)
    ends = [points.gather(1, index[..., None].expand(-1, -1, 3)) for index in (i, i + 1)]
    return torch.lerp(ends[0], ends[1], (place - i)[..., None])


def _keep_out(points: Tensor, person: Identity) -> Tensor:
    """Push whatever lies in the head out of it; roots stay."""
    tips = points[:, 1:]
    inside = (0.8 - head(person).distance(tips)).clamp(min=0)
    return torch.cat([points[:, :1], tips + _outward(tips) * inside[..., None] * 1.1], 1)


def _clear_face(
    points: Tensor, lock: Tensor, growth: _Growth, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Replace strands that cross the face by copies of others, a little aside; shuffled, with their fullness."""
    style, person = growth.style, growth.person
    x, y, z = points.unbind(-1)
    lowest = person.brow_height + 2 if style.fringe else 50.0
    crossing = ((x.abs() < 50) & (y < lowest) & (z > -22)).any(1)
    crossing |= ((x.abs() < 56 * person.face_width) & (y < 24) & (z > -40)).any(1)
    if style.free:
        crossing |= ((x.abs() < 64) & (y < 42) & (z > -50)).any(1)
    good = torch.nonzero(~crossing)[:, 0]
    copies = torch.tensor(rng.integers(0, len(good), int(crossing.sum())))
    chosen = torch.cat([good, good[copies]])[torch.tensor(rng.permutation(len(points)))]
    return points[chosen], lock[chosen], (growth.scalp * ~growth.stray)[chosen]


def _widths(points: Tensor, style: Style, fullness: Tensor) -> Tensor:
    """Width of every piece [N,K-1]: enough to cover the scalp, finer towards tips, at the hairline and in strays."""
    length = (points[:, 1:] - points[:, :-1]).norm(dim=-1).sum()
    width = float((style.layers * _SCALP_AREA / length).clamp(_FINEST, style.widest))
    taper = 1 - 0.65 * torch.linspace(0, 1, style.points - 1) ** 2
    return width * (0.4 + 0.6 * smoothstep(0.0, 0.9, fullness))[:, None] * taper


def _bun(style: Style, count: int, rng: np.random.Generator) -> Tensor:
    """A knot of hair behind the tie: arcs on a flattened sphere."""
    a = unit(_normal(rng, count, 3))
    b = unit(torch.linalg.cross(a, _normal(rng, count, 3)))
    angle = torch.linspace(0, 2.6, style.points)[:, None]
    ball = (a[:, None] * angle.cos() + b[:, None] * angle.sin()) * _uniform(rng, 19, 27, count, 1, 1)
    centre = torch.tensor(style.knot)
    return ball + centre + unit(centre - torch.tensor([0.0, 60.0, -80.0])) * 20


def _tail(style: Style, count: int, rng: np.random.Generator) -> Tensor:
    """Hair that hangs from the tie behind the head."""
    t = torch.linspace(0, 1, style.points)[:, None]
    own = _uniform(rng, 0.8, 1.05, count, 1, 1)
    spread = 4 + 9 * (t * 2).clamp(max=1) - 8 * t**2
    rise = torch.cat([0 * t, 16 * torch.sin(math.pi * (t * 2.2).clamp(max=1)) - style.tail * t**1.15, -42 * t**0.5], 1)
    return torch.tensor(style.knot) + rise * own + _normal(rng, count, 1, 3) * torch.tensor([1.0, 0.4, 1.0]) * spread
