"""Coordinates along and across a feature of the face, such as an eye, and curves in them."""

from __future__ import annotations

import copy
from typing import ClassVar, Final, Self

import torch
from torch import Tensor

from tellbench.generator.vasa.warps import pixel_grid

_INSIDE: Final = 0.1
"""Of a feature's width, between its corners and points that curves lead through (assumption)."""
_LEAST: Final = 1e-3
"""Window units that a feature is taken to be wide at least: landmarks may fall on one spot."""
_RTOL: Final = 0.01
"""Singular values of a curve's equations, against the largest, that count as nought (assumption)."""


class Axes:
    """One feature in each of N windows: s goes along it, from one corner (0) to the other (1); n across, downward.

    Both are in widths of the feature. Attributes are tensors of N rows.
    """

    beside: ClassVar[tuple[float, float]]
    across: ClassVar[tuple[float, float]]
    """What is near the feature, in its own coordinates."""

    def __init__(self, start: Tensor, end: Tensor) -> None:
        """From corners (N, 2) in window coordinates."""
        self.origin = start
        along = end - start
        self.width = along.norm(dim=-1).clamp(min=_LEAST)  # (N,)
        along = along / self.width[:, None]
        down = torch.stack([-along[:, 1], along[:, 0]], -1)
        self.axes = torch.stack([along, torch.where(down[:, 1:] < 0, -down, down)], 1)  # (N, 2, 2)

    def __getitem__(self, index: Tensor | slice) -> Self:
        """The feature in some of the windows."""
        some = copy.copy(self)
        vars(some).update({name: value[index] for name, value in vars(self).items()})
        return some

    def coordinates(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Both coordinates, s and n, (N, ...) each, of window coordinates (N, ..., 2)."""
        apart = (places - _as(self.origin, places)).flatten(1, -2) / self.width[:, None, None]
        s, n = (apart @ self.axes.mT).view_as(places).unbind(-1)
        return s, n

    def places(self, s: Tensor, n: Tensor) -> Tensor:
        """Window coordinates (N, ..., 2) of s and n (N, ...)."""
        whole = s + n  # as large as both
        both = torch.stack([s.expand_as(whole), n.expand_as(whole)], -1)
        apart: Tensor = both.flatten(1, -2) @ (self.axes * self.width[:, None, None])
        return _as(self.origin, both) + apart.view_as(both)

    def about(self, side: int) -> tuple[tuple[slice, slice], Tensor, Tensor]:
        """Rows and columns of a window of `side` pixels that hold the feature in all N, and s and n (N, h, w) there.

        There may be none.
        """
        corners = torch.cartesian_prod(*self.origin.new_tensor([self.beside, self.across]))  # (4, 2)
        places = self.places(*corners.expand(len(self.origin), -1, -1).unbind(-1)).flatten(0, 1)
        low, high = ((bound + 1) * (side / 2) for bound in (places.amin(0), places.amax(0)))
        (x0, y0), (x1, y1) = low.floor().clamp(0, side).int().tolist(), high.ceil().clamp(0, side).int().tolist()
        grid = pixel_grid(side, self.origin)[y0:y1, x0:x1]
        return (slice(y0, y1), slice(x0, x1)), *self.coordinates(grid.expand(len(self.origin), -1, -1, -1))

    def covered(self, above: Tensor, side: int) -> Tensor:
        """Share (N, 1, h, w) of each of `side` pixels above an edge, by how far (N, h, w), in widths, it lies there."""
        pixel = 2 / side / self.width[:, None, None]
        share: Tensor = (above / pixel + 0.5).clamp(0, 1)
        return share[:, None]

    def curve(self, points: Tensor, terms: int) -> Tensor:
        """Factors (N, terms) of s (1 - s) s**i: from corner to corner, nearest to points (N, K, 2).

        Points beside the corners, as a turned head has them, count as near them, and what hardly matters is nought:
        curves stay near their points.
        """
        s, n = self.coordinates(points)
        s = s.clamp(_INSIDE, 1 - _INSIDE)
        powers = torch.stack([s**i for i in range(terms)], -1) * (s * (1 - s))[..., None]  # (N, K, terms)
        factors: Tensor = torch.linalg.pinv(powers, rtol=_RTOL) @ n[..., None]
        return factors[..., 0]


def on_curve(curve: Tensor, s: Tensor) -> Tensor:
    """Where (n) a curve (N, terms) lies at s (N, ...); beyond the corners as at them, at 0."""
    s = s.clamp(0, 1)
    rows = [factor.view(-1, *[1] * (s.ndim - 1)) for factor in curve.unbind(1)]
    return s * (1 - s) * sum((row * s**i for i, row in enumerate(rows)), torch.zeros_like(s))


def bow(s: Tensor) -> Tensor:
    """0 at and beyond the corners, 1 in the middle."""
    inside = s.clamp(0, 1)
    return 4 * inside * (1 - inside)


def _as(rows: Tensor, like: Tensor) -> Tensor:
    """Rows (N, K) to be broadcast over (N, ..., K)."""
    return rows.view(len(rows), *[1] * (like.ndim - 2), rows.shape[-1])
