"""Hair that rides on the skin: eyebrows and lashes here, the beard in `beard`. A strand is four points on a vertex.

Counts, lengths and flow are set by eye (assumption) after the usual description: brow hairs stand at the inner end and
lie outwards beyond it, those of the lower half rise and those of the upper half fall towards the middle.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from tellbench.datasets.studio.labels import Label
from tellbench.datasets.studio.people.grid import unit
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.landmarks import brow_line
from tellbench.datasets.studio.people.skin import Skin

Floats = npt.NDArray[np.float64]
POINTS: Final = 4
"""Vertices of a strand."""
GREY: Final = (0.50, 0.49, 0.47)
"""Albedo of a hair without pigment."""


@dataclasses.dataclass(frozen=True)
class BoundStrands:
    """Strands in the frames of the skin vertices that carry them."""

    roots: Tensor
    """int64 [N] skin vertices."""
    offsets: Tensor
    """[N,4,3] from the root along (sideways, up, outward) of its skin."""
    albedo: Tensor
    """[N,4,3]."""
    labels: Tensor
    """uint8 [N]."""
    widths: Tensor
    """[N,3] mm."""

    def place(self, points: Tensor, normals: Tensor) -> Tensor:
        """Strand vertices on posed skin: points and normals [B,V,3] -> [B,N,4,3]."""
        side, up, out = _frame(normals[:, self.roots])
        x, y, z = self.offsets.unbind(-1)
        swung = side[:, :, None] * x[..., None] + up[:, :, None] * y[..., None] + out[:, :, None] * z[..., None]
        return points[:, self.roots][:, :, None] + swung


def _frame(normals: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Axes sideways, up and outward at unit normals [...,3]."""
    side = unit(torch.stack([normals[..., 2], torch.zeros_like(normals[..., 0]), -normals[..., 0]], -1))
    return side, torch.linalg.cross(normals, side), normals


def bind(
    skin: Skin, normals: Tensor, roots: Tensor, points: Tensor, albedo: Tensor, width: float, label: Label
) -> BoundStrands:
    """Express strands [N,4,3], that grow at vertices `roots` [N], in the frames of these."""
    away = points - skin.P0.reshape(-1, 3)[roots][:, None]
    axes = torch.stack(_frame(normals[roots]), 1)  # [N,3,3]
    offsets = torch.einsum("nij,nkj->nki", axes, away)
    widths = width * torch.tensor([1.0, 0.9, 0.6]).expand(len(roots), -1)
    return BoundStrands(roots, offsets, albedo, torch.full((len(roots),), label, dtype=torch.uint8), widths)


def along() -> Tensor:
    """Share of the length at each point, [1,4,1]."""
    return torch.linspace(0, 1, POINTS)[None, :, None]


def tint(rng: np.random.Generator, person: Identity, colour: Tensor, count: int) -> Tensor:
    """Colours [N,4,3] that vary between hairs and lighten to the tip; some have lost their pigment."""
    own = torch.tensor(rng.uniform(0.75, 1.25, (count, 1)), dtype=torch.float32)
    hair = torch.lerp(colour.expand(count, 3), torch.tensor(GREY), greyed(person.grey, _normal(rng, count, 1))) * own
    return hair[:, None] ** (1.03 - 0.08 * along())


def greyed(share: float, normal: Tensor) -> Tensor:
    """Share of white hairs in each strand, from standard normal values, where `share` of all hairs are white.

    A strand stands for several hairs, so that it varies less than from none to all.
    """
    spread: float = 0.45 * (share * (1 - share)) ** 0.5
    return (share + spread * normal).clamp(0, 1)


def _normal(rng: np.random.Generator, *shape: int) -> Tensor:
    return torch.tensor(rng.normal(size=shape), dtype=torch.float32)


def lie(roots: Tensor, normals: Tensor, heading: Tensor, length: Tensor, lift: float) -> Tensor:
    """Hairs that lie along the skin, raised by `lift`, their tips bent back to it: [N,4,3]."""
    flat = heading - (heading * normals).sum(-1, keepdim=True) * normals
    direction = unit(unit(flat) + normals * lift)
    reach = along() * length[:, None, None]
    normals = normals[:, None]
    return roots[:, None] + normals * 0.12 + direction[:, None] * reach - normals * reach**2 * 0.14 * lift


def brows_and_lashes(skin: Skin, normals: Tensor) -> list[BoundStrands]:
    """Eyebrows and lashes of a person; unit normals [V,3] of the skin at rest."""
    rng = np.random.default_rng((skin.identity.seed, 41))
    return [
        strands for side in (-1, 1) for strands in (_brow(skin, normals, rng, side), *_lashes(skin, normals, rng, side))
    ]


def join(groups: list[BoundStrands]) -> BoundStrands:
    """Several groups as one."""
    names = [field.name for field in dataclasses.fields(BoundStrands)]
    return BoundStrands(*(torch.cat([getattr(group, name) for group in groups]) for name in names))


def _brow(skin: Skin, normals: Tensor, rng: np.random.Generator, side: int) -> BoundStrands:
    person, rest = skin.identity, skin.P0.reshape(-1, 3)
    front = torch.nonzero(rest[:, 2] > -45)[:, 0]
    count = int(520 * person.brow_density * np.clip(person.brow_thickness, 0.6, 1.3))
    u = rng.beta(1.25, 1.5, count)
    off = np.clip(rng.normal(0, 0.45, count), -1.2, 1.2)  # from the middle line, in half thicknesses
    y = brow_middle(person, u) + off * brow_half(person, u)
    angle = np.interp(u, [0, 0.12, 0.3, 0.6, 1], [72, 58, 32, 8, -26]) + rng.normal(size=count) * 11
    angle = np.deg2rad(angle - 26 * off * np.clip(u * 5, 0, 1))
    heading = torch.tensor(np.stack([np.cos(angle) * side, np.sin(angle), 0 * angle], -1)).float()
    length = rng.uniform(3.0, 6.4, count) * np.clip((1.05 - u) / 0.35, 0.5, 1) * np.clip(0.55 + 3 * u, 0, 1)
    place = np.stack([(11.5 + u * 47 + rng.normal(size=count) * 0.7) * side, y], -1)
    roots = front[torch.from_numpy(cKDTree(rest[front][:, :2].numpy()).query(place)[1])]
    start, normal = rest[roots].clone(), normals[roots]
    shift = torch.tensor(place).float() - start[:, :2]
    start[:, :2] += shift  # to the place itself, along the skin
    start[:, 2] -= (shift * normal[:, :2]).sum(1) / normal[:, 2].clamp(min=0.3)
    points = lie(start, normal, heading, torch.tensor(length).float(), 0.14)
    later = dataclasses.replace(person, grey=0.4 * person.grey)  # brows keep their pigment longer
    colour = torch.lerp(torch.tensor(person.brow_color), torch.tensor(person.skin_color), 0.08)  # they are thin
    return bind(skin, normals, roots, points, tint(rng, later, colour, count), 0.13, Label.BROWS_LASHES)


def brow_half(person: Identity, u: Floats) -> Floats:
    """Half of a brow's height in mm at `u`, 0 at its inner end to 1 at its outer: fullest at the inner third."""
    return person.brow_thickness * np.interp(u, [0, 0.15, 0.4, 0.7, 1], [3.7, 4.5, 4.2, 3.2, 1.7])


def brow_middle(person: Identity, u: Floats) -> Floats:
    """Height in mm of the middle of a brow's hair: under the line whose upper edge the landmarks follow."""
    line = np.array([brow_line(person, float(v))[1] for v in u])
    return line - 1.7 + person.brow_tilt * (u - 0.5) - 0.28 * brow_half(person, u)


def _lashes(skin: Skin, normals: Tensor, rng: np.random.Generator, side: int) -> list[BoundStrands]:
    """Upper and lower lashes of one eye: a fan that leaves the lid forward and curls away from the eye."""
    person, rest = skin.identity, skin.P0
    colour = torch.tensor(person.brow_color) * (0.45 - 0.35 * person.makeup)
    upper = 5.2 + 1.4 * person.female + 1.8 * person.makeup
    columns = torch.nonzero(skin.eye_open & (skin.side == side))[:, 0]
    groups = []
    for row, vertical, longest, count in ((skin.up_edge, 1, upper, 125), (skin.lo_edge, -1, 3.4, 48)):
        place = torch.tensor(np.sort(rng.uniform(0.5, len(columns) - 1.5, count)), dtype=torch.float32)
        i, share = place.long(), (place % 1)[:, None]
        chosen = columns[i]
        start = torch.lerp(rest[row, chosen], rest[row, columns[i + 1]], share)
        t = skin.t_eye[chosen] + 0.02 * _normal(rng, count)
        heading = unit(torch.stack([side * (t - 0.38) * 1.3, 0 * t - 0.10 * vertical, 0 * t + 1], -1))
        own = torch.tensor(rng.uniform(0.6, 1.05, count), dtype=torch.float32)
        reach = along() * (longest * (0.5 + 0.6 * t.clamp(0, 0.85)) * own)[:, None, None]
        points = start[:, None] + heading[:, None] * reach
        points[..., 1:2] += vertical * 0.62 * reach * along()
        points = _meet(points, rng)
        albedo = tint(rng, dataclasses.replace(person, grey=0.0), colour, count)
        width = 0.105 + 0.03 * person.makeup
        groups.append(
            bind(skin, normals, row * skin.layout.columns + chosen, points, albedo, width, Label.BROWS_LASHES)
        )
    return groups


def _meet(points: Tensor, rng: np.random.Generator) -> Tensor:
    """Lashes [N,4,3], sorted along the lid, lean towards one another in twos and threes."""
    group = torch.tensor(np.cumsum(rng.random(len(points)) < 0.4))
    size = torch.bincount(group).float()[:, None, None]
    middle = torch.zeros(len(size), *points.shape[1:]).index_add_(0, group, points) / size.clamp(min=1)
    return points + 0.5 * along() * (middle[group] - points)
