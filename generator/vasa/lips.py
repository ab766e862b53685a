"""Lips that part, as the portrait's own pixels.

One flow carries both lips and is smooth between them, so it smears them over a mouth that opens, and paint covers the
smear with a blur as wide as itself. Here each lip goes as a whole where its outer edge goes, and paint lies between.
"""

from __future__ import annotations

from typing import ClassVar, Final

import torch
from torch import Tensor

from tellbench.datasets.studio.people.sculpture import smoothstep
from tellbench.generator.vasa.axes import Axes, on_curve
from tellbench.generator.vasa.warps import seen_at

POINTS: Final = (*range(48, 60), 61, 62, 63, 67, 66, 65)
"""The iBUG points of the lips: from the subject's right corner along the outer upper edge to the left, back along the
outer lower one, then the inner upper and the inner lower edge, right to left."""
_LEAST: Final = 0.01
"""Thickness of a lip at least, mouth widths."""
_PARTED: Final = (0.02, 0.07)
"""Mouth widths by which lips must move apart before anything is changed, and from which on they are the portrait's own
alone (assumption)."""
_TURNED: Final = (32.0, 38.0)
"""Degrees of yaw across which a mouth turned away is left to the model: its corners no longer lie beside its lips."""
_BEYOND: Final = 0.15
_MARGIN: Final = 0.12
"""Mouth widths beside the corners and beyond the outer edges across which the change ends (assumption)."""
_DARK, _DEEP = 0.4, 0.1
"""A mouth hardly open is darker than its paint by so much; at an opening of so many mouth widths that has waned to a
third. Of the 24 people of the calibration mouths half open are .04 dB nearer to the truth so."""


class Mouth(Axes):
    """The mouth in each of N windows, from the subject's right corner (s = 0) to the left (1)."""

    beside: ClassVar[tuple[float, float]] = (-0.2, 1.2)
    across: ClassVar[tuple[float, float]] = (-0.45, 1.3)

    def __init__(self, points: Tensor) -> None:
        """`points` (N, 18, 2) in the order of `POINTS`, window coordinates."""
        super().__init__(points[:, 0], points[:, 6])
        self._outer = [self.curve(points[:, part], 3) for part in (slice(1, 6), slice(7, 12))]
        self._inner = [self.curve(points[:, part], 2) for part in (slice(12, 15), slice(15, 18))]

    def outer(self, s: Tensor) -> tuple[Tensor, Tensor]:
        """Where (n) the outer edges of the upper and the lower lip lie at s (N, ...)."""
        upper, lower = (on_curve(curve, s) for curve in self._outer)
        return upper, lower

    def inner(self, s: Tensor) -> tuple[Tensor, Tensor]:
        """Where (n) the inner edges of the upper and the lower lip lie at s (N, ...)."""
        upper, lower = (on_curve(curve, s) for curve in self._inner)
        return upper, lower

    def height(self) -> Tensor:
        """From outer edge to outer edge at the middle, in widths, (N,)."""
        upper, lower = self.outer(torch.full_like(self.width, 0.5))
        return lower - upper


def parting(rest: Mouth, seen: Mouth, scale: Tensor, yaw: Tensor) -> Tensor:
    """How far N mouths are open more than in the portrait, as shares (N,) of what counts as open, in [0, 1].

    0 where the head is turned far away.

    Args:
        rest: The portrait's.
        seen: The frames'.
        scale: Of a length on the head at rest, in the frames, (N,).
        yaw: Of the head in the frames, radians, (N,).
    """
    (first, last), (near, far) = _PARTED, _TURNED
    more = seen.height() - rest.height() * _lengths(rest, seen, scale)
    towards = ((far - yaw.rad2deg().abs()) / (far - near)).clamp(0, 1)
    return ((more - first) / (last - first)).clamp(0, 1) * towards


def parted(
    picture: Tensor, paint: Tensor, source: Tensor, rest: Mouth, seen: Mouth, scale: Tensor, share: Tensor
) -> Tensor:
    """Pictures (N, 3, S, S) with lips of the portrait's own.

    Args:
        picture: Frames, whose own lips are replaced.
        paint: What is painted in them, (N, 3, W, W).
        source: The portraits (N, 3, S, S).
        rest: The portraits' mouths.
        seen: The frames', as far as outer edges go.
        scale: Of a length on the head at rest, in the frames, (N,).
        share: `parting`, (N,).
    """
    side, picture = picture.shape[-1], picture.clone()
    (rows, columns), s, n = seen.about(side)
    part = picture[..., rows, columns]
    if not part.numel():
        return picture
    lengths = _lengths(rest, seen, scale)[:, None, None]
    (upper, lower), (outer_up, outer_low) = _edges(rest, seen, s, lengths)
    dark = _DARK * torch.exp(-(lower - upper).clamp(min=0) / _DEEP)
    inside = seen_at(paint, seen.places(s, n), "bicubic").clamp(0, 1) * (1 - dark)[:, None]
    for edge, own, sign in zip((upper, lower), rest.inner(s), (1, -1), strict=True):
        lip = seen_at(source, rest.places(s, own + (n - edge) / lengths), "bicubic").clamp(0, 1)
        inside = torch.lerp(inside, lip, seen.covered(sign * (edge - n), side).expand_as(lip))
    near = smoothstep(0, _MARGIN, n - outer_up + _MARGIN) * smoothstep(0, _MARGIN, outer_low + _MARGIN - n)
    near = near * smoothstep(0, _BEYOND, s + _BEYOND) * smoothstep(0, _BEYOND, 1 + _BEYOND - s) * share[:, None, None]
    picture[..., rows, columns] = torch.lerp(part, inside, near[:, None].expand_as(part))
    return picture


def _edges(rest: Mouth, seen: Mouth, s: Tensor, lengths: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Inner and outer edges of both lips at s, (N, h, w) each: lips stay as thick as they are at rest."""
    outer = seen.outer(s)
    up, low = (sign * (inner - edge) for sign, inner, edge in zip((1, -1), rest.inner(s), rest.outer(s), strict=True))
    upper = outer[0] + up.clamp(min=_LEAST) * lengths
    lower = outer[1] - low.clamp(min=_LEAST) * lengths
    clash = (upper - lower).clamp(min=0) / 2
    return (upper - clash, lower + clash), outer


def _lengths(rest: Mouth, seen: Mouth, scale: Tensor) -> Tensor:
    """What a length in widths of the portrait's mouth is in widths of the frames', (N,)."""
    lengths: Tensor = rest.width / seen.width * scale
    return lengths
