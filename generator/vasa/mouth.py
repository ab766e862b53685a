"""Mouths in a window: the lines of their lips, as landmarks have them."""

from __future__ import annotations

import dataclasses
from typing import ClassVar, Final

import torch
from torch import Tensor

from tellbench.generator.vasa.axes import Axes, on_curve

POINTS: Final = (*range(48, 60), 61, 62, 63, 67, 66, 65)
"""The iBUG points of the lips: from the subject's right corner along the outer upper edge to the left, back along the
outer lower one, then the inner upper and the inner lower edge, right to left."""
_LEAST: Final = 0.01
"""Thickness of a lip at least, mouth widths."""


class Mouth(Axes):
    """The mouth in each of N windows, from the subject's right corner (s = 0) to the left (1)."""

    beside: ClassVar[tuple[float, float]] = (-0.2, 1.2)
    across: ClassVar[tuple[float, float]] = (-0.45, 1.3)

    def __init__(self, points: Tensor) -> None:
        """`points` (N, 18, 2) in the order of `POINTS`, window coordinates."""
        super().__init__(points[:, 0], points[:, 6])
        self._outer = torch.stack([self.curve(points[:, part], 3) for part in (slice(1, 6), slice(7, 12))], 1)
        self._inner = torch.stack([self.curve(points[:, part], 2) for part in (slice(12, 15), slice(15, 18))], 1)

    def outer(self, s: Tensor) -> tuple[Tensor, Tensor]:
        """Where (n) the outer edges of the upper and the lower lip lie at s (N, ...)."""
        upper, lower = (on_curve(curve, s) for curve in self._outer.unbind(1))
        return upper, lower

    def inner(self, s: Tensor) -> tuple[Tensor, Tensor]:
        """Where (n) the inner edges of the upper and the lower lip lie at s (N, ...)."""
        upper, lower = (on_curve(curve, s) for curve in self._inner.unbind(1))
        return upper, lower

    def height(self) -> Tensor:
        """From outer edge to outer edge at the middle, in widths, (N,)."""
        upper, lower = self.outer(torch.full_like(self.width, 0.5))
        return lower - upper


@dataclasses.dataclass(frozen=True)
class Mouths:
    """The mouths of N portraits, and of frames made of them."""

    rest: Mouth
    """The portraits'."""
    seen: Mouth
    """The frames', as far as outer edges go."""
    calm: Mouth
    """Where the frames' would be if they had the portraits' expression."""
    scale: Tensor
    """Of a length on the head at rest, in the frames, (N,)."""

    def __getitem__(self, index: Tensor | slice) -> Mouths:
        return Mouths(self.rest[index], self.seen[index], self.calm[index], self.scale[index])

    def lengths_in(self, mouth: Mouth) -> Tensor:
        """What a length in widths of the portraits' mouths is in widths of one of the frames', (N,)."""
        lengths: Tensor = self.rest.width / mouth.width * self.scale
        return lengths

    def edges(self, s: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Inner and outer edges of both lips at s, (N, h, w) each: lips stay as thick as they are at rest."""
        lengths = self.lengths_in(self.seen)[:, None, None]
        outer_up, outer_low = self.seen.outer(s)
        (inner_up, inner_low), (rest_up, rest_low) = self.rest.inner(s), self.rest.outer(s)
        upper = outer_up + (inner_up - rest_up).clamp(min=_LEAST) * lengths
        lower = outer_low - (rest_low - inner_low).clamp(min=_LEAST) * lengths
        clash = (upper - lower).clamp(min=0) / 2
        return (upper - clash, lower + clash), (outer_up, outer_low)
