"""How scalp hair answers light: the colour of every vertex and how much light reaches it from each direction.

Hair shades itself. How much is worked out once a person, from a coarse volume of hair and head, and kept as the first
two bands of a series over directions (precomputed radiance transfer: Sloan et al. 2002); the light of a frame is then a
product per vertex, as smooth as the volume.
"""

from __future__ import annotations

import dataclasses
from typing import Final, Self

import torch
from torch import Tensor
from torch.nn import functional

from tellbench.datasets.studio.hair.scalp import Strands
from tellbench.datasets.studio.hair.strands import greyed
from tellbench.datasets.studio.people.grid import unit
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.sculpture import head, smoothstep

_CELL: Final = 8.0
"""mm: edge of a cell of the volume."""
_EXTINCTION: Final = 1.1
"""Light lost per mm for 1 mm² of drawn strand in 1 mm³; much of it is scattered forward (assumption)."""
_SOLID: Final = 0.25
"""Light lost per mm in the head."""
_REACH: Final = ((6.0, 8.0), (14.0, 8.0), (22.0, 8.0), (32.0, 12.0), (46.0, 16.0), (66.0, 24.0), (94.0, 32.0))
"""Distances at which a ray is sampled and the length that each sample stands for, mm."""


@dataclasses.dataclass(frozen=True)
class ScalpHair:
    """Scalp hair vertex by vertex, strand after strand; V = strands times `points_each`."""

    points_each: int
    points: Tensor
    """[V,3] mm."""
    tangents: Tensor
    """[V,3] root to tip."""
    albedo: Tensor
    """[V,3]."""
    transfer: Tensor
    """[V,4]: a share a + b·w of the light from direction w arrives; (a, b)."""
    jitter: Tensor
    """[V] standard normal, one value a strand, alike in a lock: shifts its highlights."""
    weight: Tensor
    """[V] how far the vertex follows the head; hair on the shoulders stays."""
    widths: Tensor
    """[N,K-1] mm."""

    @classmethod
    def of(cls, strands: Strands, person: Identity) -> Self:
        """Vertices of grown strands."""
        points, each = strands.points, strands.points.shape[1]
        random = torch.Generator().manual_seed(person.seed)
        steps = points[:, 1:] - points[:, :-1]
        tangents = unit(torch.cat([steps, steps[:, -1:]], 1))
        of_lock = torch.randn(int(strands.lock.max()) + 1, 2, generator=random)[strands.lock]
        own = torch.randn(len(points), 2, generator=random)
        mixed = 0.8 * of_lock + 0.6 * own
        flat = points.reshape(-1, 3)
        return cls(
            points_each=each,
            points=flat,
            tangents=tangents.reshape(-1, 3),
            albedo=_albedo(mixed[:, 0], own[:, 1], each, person, random).reshape(-1, 3),
            transfer=_transfer(points, strands.widths, person).reshape(-1, 4),
            jitter=mixed[:, 1].repeat_interleave(each),
            weight=smoothstep(-205.0, -105.0, flat[:, 1]),
            widths=strands.widths,
        )


def _albedo(tint: Tensor, grey: Tensor, each: int, person: Identity, random: torch.Generator) -> Tensor:
    """Colours [N,K,3]: lighter towards the weathered tip; some hairs have lost their pigment."""
    n = len(tint)
    colour = torch.tensor(person.hair_color).expand(n, 3) * (1 + 0.2 * tint).clamp(min=0.6)[:, None]
    white = torch.tensor([0.52, 0.51, 0.49]) * (0.85 + 0.1 * grey[:, None]).clamp(0.6, 1.1)
    colour = torch.lerp(colour, white, greyed(person.grey, torch.randn(n, 1, generator=random)))
    along = torch.linspace(0, 1, each)[None, :, None]
    return (colour[:, None] ** (1.06 - 0.12 * along)).clamp(0, 0.9)


def _transfer(points: Tensor, widths: Tensor, person: Identity) -> Tensor:
    """Light that reaches each vertex of strands [N,K,3] from around, [N,K,4]."""
    low = points.amin((0, 1)) - 2 * _CELL
    cells = ((points.amax((0, 1)) + 2 * _CELL - low) / _CELL).ceil().long()
    volume = _extinction(points, widths, low, cells, person)
    size = (cells - 1) * _CELL

    def sample(field: Tensor, places: Tensor) -> Tensor:
        at = ((places - low - _CELL / 2) / size * 2 - 1).flip(-1)  # grid_sample wants z, y, x
        return functional.grid_sample(field[None], at[None, None, None], "bilinear", "border", align_corners=True)[
            0, :, 0, 0
        ].T

    full = torch.nonzero(functional.max_pool3d(volume[None], 3, 1, 1)[0] > 0)
    centres = low + (full + 0.5) * _CELL
    directions, weights = _directions()
    total = torch.zeros(len(centres), 4)
    for direction, weight in zip(directions, weights, strict=True):
        depth = sum(sample(volume[None], centres + direction * r)[:, 0] * length for r, length in _REACH)
        through = torch.exp(-torch.as_tensor(depth)) * weight
        total += through[:, None] * torch.cat([torch.ones(1), 3 * direction])
    field = torch.zeros(4, *cells.tolist())
    field[:, full[:, 0], full[:, 1], full[:, 2]] = total.T
    return sample(field, points.reshape(-1, 3)).view(*points.shape[:2], 4)


def _extinction(points: Tensor, widths: Tensor, low: Tensor, cells: Tensor, person: Identity) -> Tensor:
    """Light lost per mm in each cell, [X,Y,Z]."""
    middles, steps = (points[:, 1:] + points[:, :-1]) / 2, points[:, 1:] - points[:, :-1]
    area = (steps.norm(dim=-1) * widths).flatten()
    x, y, z = ((middles.reshape(-1, 3) - low) / _CELL).long().unbind(-1)
    flat = torch.zeros(int(cells.prod()))
    flat.index_add_(0, (x * cells[1] + y) * cells[2] + z, area)
    hair = functional.avg_pool3d(flat.view(1, *cells.tolist()), 3, 1, 1)[0] * (_EXTINCTION / _CELL**3)
    axes = [torch.arange(int(n)) for n in cells]
    centres = low + (torch.stack(torch.meshgrid(*axes, indexing="ij"), -1) + 0.5) * _CELL
    return hair + _SOLID * smoothstep(_CELL / 2, -_CELL / 2, head(person).distance(centres))


def _directions() -> tuple[Tensor, list[float]]:
    """Lebedev's rule of 14 points on the sphere: unit directions [14,3] and their weights."""
    axes = torch.cat([torch.eye(3), -torch.eye(3)])
    corners = unit(torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * 3))
    return torch.cat([axes, corners]), [1 / 15] * 6 + [3 / 40] * 8
