"""Eyes in a window: the lines of their lids, as landmarks and the picture have them."""

from __future__ import annotations

from typing import ClassVar, Final

import torch
from torch import Tensor

from tellbench.generator.vasa.axes import Axes, bow, on_curve
from tellbench.generator.vasa.warps import seen_at

POINTS: Final = (*(36, 37, 38, 39, 40, 41), *(45, 44, 43, 42, 47, 46))
"""The iBUG points of both eyes, the subject's right first: outer corner, upper lid outside and inside, inner corner,
lower lid inside and outside."""
_RAISED: Final = (-0.18, 0.06)
"""Eye widths by which a lid's edge is looked for about its landmarks (assumption)."""
_STEP: Final = 0.035
"""Eye widths above and below an edge that are compared (assumption)."""
_FAR: Final = 0.5
"""Share of an edge's contrast that counts no more where it lies as far from the landmarks as it may (assumption)."""


class Eye(Axes):
    """One eye in each of N windows, from the outer corner (s = 0) to the inner (1)."""

    beside: ClassVar[tuple[float, float]] = (-0.25, 1.25)
    across: ClassVar[tuple[float, float]] = (-0.6, 0.75)

    def __init__(self, points: Tensor) -> None:
        """`points` (N, 6, 2) in the order of `POINTS`, window coordinates."""
        super().__init__(points[:, 0], points[:, 3])
        self._upper, self._lower = self.curve(points[:, 1:3], 2), self.curve(points[:, 4:6], 2)

    def upper(self, s: Tensor) -> Tensor:
        """Where (n) the upper lid's edge lies at s (N, ...)."""
        return on_curve(self._upper, s)

    def lower(self, s: Tensor) -> Tensor:
        """Where (n) the lower lid's edge lies at s (N, ...)."""
        return on_curve(self._lower, s)


def eyes_at(points: Tensor) -> tuple[Eye, Eye]:
    """Both eyes of points (N, 12, 2), in the order of `POINTS`."""
    return Eye(points[:, :6]), Eye(points[:, 6:])


def on_edges(picture: Tensor, points: Tensor) -> Tensor:
    """Points (N, 12, 2) with those of the upper lids where a picture (N, 3, S, S) darkens most from above to below.

    Landmarks of paintings often lie a little within the eye, and a lid that shuts would carry a strip of it along.
    """
    grey, moved = picture.mean(1, keepdim=True), points.clone()
    for first, eye in zip((0, 6), eyes_at(points), strict=True):
        s = torch.linspace(0.2, 0.8, 25, device=points.device).expand(len(points), 1, -1)
        raised = torch.linspace(*_RAISED, 25, device=points.device)
        n = eye.upper(s) + raised[:, None] * bow(s)  # (N, 25, 25)
        above, below = (seen_at(grey, eye.places(s, n + step * bow(s)))[:, 0] for step in (-_STEP, _STEP))
        contrast = (above - below).mean(-1) * (1 - _FAR * (raised / _RAISED[0]).square())
        lids = points[:, first + 1 : first + 3]
        at, across = eye.coordinates(lids)
        moved[:, first + 1 : first + 3] = eye.places(at, across + raised[contrast.argmax(1)][:, None] * bow(at))
    return moved
