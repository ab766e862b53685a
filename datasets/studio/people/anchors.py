"""Points that ride on the skin grid."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from tellbench.datasets.studio.people.grid import GridLayout

Anchor = tuple[list[int], list[float]]
"""Three vertex ids and their weights."""


@dataclass(frozen=True)
class Anchors:
    """Points fixed to a grid, each the weighted mean of three vertices.

    Attributes:
        ids: Flat vertex ids, shape (points, 3).
        weights: Summing to 1, shape (points, 3).
    """

    ids: Tensor
    weights: Tensor

    @classmethod
    def build(cls, anchors: list[Anchor], device: torch.device) -> Anchors:
        """From a list of anchors."""
        ids, weights = zip(*anchors, strict=True)
        return cls(torch.tensor(ids, device=device), torch.tensor(weights, device=device))

    def followed_by(self, other: Anchors) -> Anchors:
        """These points, then the other ones."""
        return Anchors(torch.cat([self.ids, other.ids]), torch.cat([self.weights, other.weights]))

    def locate(self, points: Tensor) -> Tensor:
        """Positions, shape (B, points, 3), on posed grids of shape (B, rows, columns, 3)."""
        return (points.flatten(1, 2)[:, self.ids] * self.weights[..., None]).sum(2)

    def vertices(self) -> Tensor:
        """The heaviest vertex of each point, shape (points,)."""
        return self.ids.gather(1, self.weights.argmax(1, keepdim=True))[:, 0]


def on_row(layout: GridLayout, row: int, offset: float) -> Anchor:
    """A place between two columns of one row; `offset` as in `GridLayout.offset`."""
    column = offset / layout.step + layout.columns // 2
    left = min(math.floor(column), layout.columns - 2)
    share = column - left
    ids = [layout.vertex(row, left), layout.vertex(row, left + 1)]
    return [*ids, ids[0]], [1 - share, share, 0.0]
