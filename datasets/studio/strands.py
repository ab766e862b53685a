"""Hair that rides on the skin: eyebrows, lashes, beard. Each strand is four points bound to a skin vertex."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from tellbench.datasets.studio.grid import unit
from tellbench.datasets.studio.identity import Identity
from tellbench.datasets.studio.labels import Label
from tellbench.datasets.studio.landmarks import brow_line
from tellbench.datasets.studio.paint import beard_mask, skin_area
from tellbench.datasets.studio.skin import Skin

POINTS: Final = 4
"""Vertices of a strand."""


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


def grow_on_face(skin: Skin, share: float) -> BoundStrands:
    """Brows, lashes and beard of a person; `share` of the beard's hairs is grown (1 at full density)."""
    rng = np.random.default_rng((skin.identity.seed, 41))
    normals = skin.normals(skin.P0[None])[0].reshape(-1, 3)
    groups = [*_brows(skin, normals, rng), *_lashes(skin, normals, rng)]
    if skin.identity.beard > 0:
        groups.append(_beard(skin, normals, rng, share))
    columns = zip(*((g.roots, g.offsets, g.albedo, g.labels, g.widths) for g in groups), strict=True)
    return BoundStrands(*(torch.cat(column) for column in columns))


def _bind(skin: Skin, normals: Tensor, roots: Tensor, points: Tensor, albedo: Tensor, label: Label) -> BoundStrands:
    """Express strands [N,4,3] in the frames of their roots."""
    away = points - skin.P0.reshape(-1, 3)[roots][:, None]
    axes = torch.stack(_frame(normals[roots]), 1)  # [N,3,3]
    offsets = torch.einsum("nij,nkj->nki", axes, away)
    return BoundStrands(
        roots, offsets, albedo, torch.full((len(roots),), label, dtype=torch.uint8), torch.full((len(roots), 3), 0.18)
    )


def _along() -> Tensor:
    return torch.linspace(0, 1, POINTS)[None, :, None]


def _tint(rng: np.random.Generator, colour: Tensor, tip: Tensor, count: int) -> Tensor:
    """Colours [N,4,3] that vary between hairs and fade from `colour` to `tip`: thin tips let the skin through."""
    own = torch.tensor(rng.uniform(0.65, 1.25, (count, 1, 1)), dtype=torch.float32)
    return (colour + (tip - colour) * _along() ** 2) * own


def _brows(skin: Skin, normals: Tensor, rng: np.random.Generator) -> list[BoundStrands]:
    person = skin.identity
    front = torch.nonzero(skin.P0.reshape(-1, 3)[:, 2] > -45)[:, 0]
    rest = skin.P0.reshape(-1, 3)
    tree = cKDTree(rest[front][:, :2].numpy())
    colour, skin_colour = torch.tensor(person.brow_color), torch.tensor(person.skin_color)
    colour = colour * 0.75 + skin_colour * 0.20  # a hair is thinner than a sample: skin shows through
    count = int(430 * person.brow_density)
    groups = []
    for side in (-1, 1):
        u = rng.beta(1.25, 1.2, count)
        centre = np.array([brow_line(person, float(v))[1] for v in u]) - 1.7 + person.brow_tilt * (u - 0.5)
        half = person.brow_thickness * 2.7 * np.clip((1 - u) / 0.5, 0.12, 1) ** 0.9 * np.clip(0.6 + u * 3, 0, 1)
        y = centre + np.clip(rng.normal(0, 0.62, count), -1.5, 1.5) * half
        angle = np.interp(u, [0, 0.25, 0.6, 1], [78, 48, 18, -22]) + rng.normal(size=count) * 10 - 14 * (y - centre) / 4
        angle = np.deg2rad(angle)
        heading = np.stack([np.cos(angle) * side, np.sin(angle), 0 * angle], -1)
        length = rng.uniform(2.6, 5.4, count) * np.clip((1 - u) / 0.3, 0.55, 1)
        place = np.stack([(11.5 + u * 44) * side, y], -1)
        roots = front[torch.from_numpy(tree.query(place)[1])]
        points = _lying(rest[roots], normals[roots], torch.tensor(heading).float(), torch.tensor(length).float(), 0.15)
        albedo = _tint(rng, colour, colour * 0.35 + skin_colour * 0.62, count)
        groups.append(_bind(skin, normals, roots, points, albedo, Label.BROWS_LASHES))
    return groups


def _lying(roots: Tensor, normals: Tensor, heading: Tensor, length: Tensor, lift: float) -> Tensor:
    """Straight hairs that lie along the skin, raised by `lift`, their tips bent back to it: [N,4,3]."""
    flat = heading - (heading * normals).sum(-1, keepdim=True) * normals
    direction = unit(flat + normals * lift)
    reach = _along() * length[:, None, None]
    normals = normals[:, None]
    return roots[:, None] + normals * 0.15 + direction[:, None] * reach - normals * reach**2 * 0.14 * lift


def _lashes(skin: Skin, normals: Tensor, rng: np.random.Generator) -> list[BoundStrands]:
    person = skin.identity
    layout, rest = skin.layout, skin.P0.reshape(-1, 3)
    colour = torch.tensor(person.brow_color) * 0.10 + torch.tensor(person.skin_color) * 0.05
    upper = 4.6 + 1.2 * person.female + 1.6 * person.makeup
    groups = []
    for row, vertical, length, count in ((skin.up_edge, 1, upper, 70), (skin.lo_edge, -1, 2.4, 30)):
        for side in (-1, 1):
            columns = torch.nonzero(skin.eye_open & (skin.side == side))[:, 0]
            chosen = columns[torch.tensor(rng.integers(0, len(columns), count))]
            roots = row * layout.columns + chosen
            t = skin.t_eye[chosen]
            heading = unit(torch.stack([side * (t - 0.35) * 0.9, torch.full_like(t, 0.08 * vertical), 0 * t + 1], -1))
            own = torch.tensor(rng.uniform(0.7, 1.1, count), dtype=torch.float32)
            reach = _along() * (length * (0.55 + 0.5 * t) * own)[:, None, None]
            points = rest[roots][:, None] + heading[:, None] * reach
            points[..., 1:2] += vertical * 0.40 * reach * _along()  # curled up, or down
            albedo = _tint(rng, colour, colour, count)
            groups.append(_bind(skin, normals, roots, points, albedo, Label.BROWS_LASHES))
    return groups


def _beard(skin: Skin, normals: Tensor, rng: np.random.Generator, share: float) -> BoundStrands:
    person = skin.identity
    rest = skin.P0.reshape(-1, 3)
    count = int((2600 + 5200 * person.beard) * share)
    weight = (beard_mask(skin) * skin_area(skin.P0).clamp(max=3 * skin.layout.step**2)).reshape(-1).double().numpy()
    roots = torch.tensor(rng.choice(len(weight), count, p=weight / weight.sum()))
    normal, root = normals[roots], rest[roots]
    heading = torch.tensor([0.0, -1.0, 0.15]) + torch.tensor(rng.normal(size=(count, 3)) * 0.28, dtype=torch.float32)
    heading[:, 0] += root[:, 0].sign() * 0.12
    flat = heading - (heading * normal).sum(-1, keepdim=True) * normal
    length = (0.9 + 8.5 * max(0.0, person.beard - 0.25)) * torch.tensor(rng.uniform(0.6, 1.2, count)).float()
    points = root[:, None] + unit(flat + normal * 0.45)[:, None] * (_along() * length[:, None, None])
    bare = 0.5 if person.beard < 0.3 else 0.08
    colour = _beard_colour(person) * (1 - bare) + torch.tensor(person.skin_color) * bare
    return _bind(skin, normals, roots, points, _tint(rng, colour, colour, count), Label.HAIR)


def _beard_colour(person: Identity) -> Tensor:
    return torch.tensor(person.hair_tone) * 0.75 + torch.tensor(person.brow_color) * 0.4 + 0.006
