"""Beards: moustache, goatee, full beard and stubble, strand by strand on the skin. Set by eye (assumption)."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from tellbench.datasets.studio.hair.strands import BoundStrands, along, bind, lie, tint
from tellbench.datasets.studio.labels import Label
from tellbench.datasets.studio.people.grid import unit
from tellbench.datasets.studio.people.sculpture import smoothstep
from tellbench.datasets.studio.people.skin import Skin
from tellbench.datasets.studio.surface.paint import beard_mask, skin_area, standing_beard

_LOCK: Final = 14
"""Hairs that gather in one lock of a long beard."""


def beard(skin: Skin, normals: Tensor, share: float) -> BoundStrands:
    """Hairs of a beard; unit normals [V,3] of the skin at rest; `share` of them is grown, the fewer the wider."""
    person = skin.identity
    rng = np.random.default_rng((person.seed, 43))
    weight = standing_beard(skin, beard_mask(skin)) * skin_area(skin.P0).clamp(max=3 * skin.layout.step**2)
    covered = float((weight.sum() / (beard_mask(skin) * skin_area(skin.P0)).sum().clamp(min=1)).clamp(0.05, 1))
    count = int((4200 + 7600 * person.beard) * share * covered)
    roots, start = _roots(skin, weight, count, rng)
    normal = normals[roots]
    grown = max(0.0, person.beard - 0.25)
    own = torch.tensor(rng.uniform(0.55, 1.15, count)).float()
    lip = smoothstep(-3.0, 9.0, (start[:, 1] - skin.mouth_y).abs())  # trimmed at the mouth
    length = (0.9 + 9.5 * grown * (0.45 + 0.55 * lip)) * own
    points = lie(start, normal, _flow(skin, start, rng), length, 0.5 if grown == 0 else 0.42)
    if grown:
        points = _gather(points, start, rng)
    colour = 0.8 * torch.tensor(person.hair_color) + 0.2 * torch.tensor(person.brow_color)
    width = (0.10 if grown == 0 else 0.17) * share**-0.5
    albedo = tint(rng, person, colour, count) * (0.5 + 0.4 * along())  # deeper hair lies in the shade of other hair
    return bind(skin, normals, roots, points, albedo, width, Label.HAIR)


def _roots(skin: Skin, weight: Tensor, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Vertices drawn by weight [R,C] and places on the skin around them: [N], [N,3]."""
    share = weight.double().flatten().numpy()
    roots = torch.tensor(rng.choice(len(share), count, p=share / share.sum()))
    rows, columns = weight.shape
    row, column = (roots // columns).clamp(max=rows - 2), (roots % columns).clamp(max=columns - 2)
    start = skin.P0[row, column]
    down, across = torch.tensor(rng.uniform(-0.5, 0.5, (2, count, 1))).float()
    shift = down * (skin.P0[row + 1, column] - start) + across * (skin.P0[row, column + 1] - start)
    return row * columns + column, start + shift * (2.0 / shift.norm(dim=-1, keepdim=True).clamp(min=2.0))


def _flow(skin: Skin, place: Tensor, rng: np.random.Generator) -> Tensor:
    """Direction of growth: down the cheek and a little back, down and out under the nose, [N,3]."""
    x, y, _ = place.unbind(-1)
    lip = smoothstep(-2.0, 2.0, y - skin.mouth_y) * (1 - smoothstep(26.0, 36.0, x.abs()))
    out = torch.tanh(x / 4) * (0.12 + 0.55 * lip)
    flow = torch.stack([out, -1 + 0.3 * lip, 0.1 + 0 * x], -1)
    return flow + torch.tensor(rng.normal(size=(len(x), 3))).float() * 0.22


def _gather(points: Tensor, start: Tensor, rng: np.random.Generator) -> Tensor:
    """Tips of neighbours lean together."""
    leaders = torch.tensor(rng.choice(len(points), max(1, len(points) // _LOCK), replace=False))
    lock = torch.from_numpy(cKDTree(start[leaders].numpy()).query(start.numpy())[1])
    toward = points[leaders][lock] - points
    return (
        points
        + 0.45 * along() * toward
        + 0.15 * along() ** 2 * unit(torch.tensor(rng.normal(size=points[:, :1].shape)).float())
    )
