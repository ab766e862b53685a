"""Lips that part, as the portrait's own pixels.

One flow carries both lips and is smooth between them, so it smears them over a mouth that opens, and paint covers the
smear with a blur as wide as itself. Here each lip goes as a whole where its outer edge goes.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from tellbench.datasets.studio.people.sculpture import smoothstep
from tellbench.generator.vasa.mouth import Mouths
from tellbench.generator.vasa.teeth import Teeth, behind
from tellbench.generator.vasa.warps import seen_at

_PARTED: Final = (0.02, 0.07)
"""Mouth widths by which lips must move apart before anything is changed, and from which on they are the portrait's own
alone (assumption)."""
_TURNED: Final = (32.0, 38.0)
"""Degrees of yaw across which a mouth turned away is left to the model: its corners no longer lie beside its lips."""
_BEYOND: Final = 0.15
_MARGIN: Final = 0.12
"""Mouth widths beside the corners and beyond the outer edges across which the change ends (assumption)."""


def parting(mouths: Mouths, yaw: Tensor) -> Tensor:
    """How far N mouths are open more than in the portrait, as shares (N,) of what counts as open, in [0, 1].

    0 where the head is turned far away, by its yaw (N,) in radians.
    """
    (first, last), (near, far) = _PARTED, _TURNED
    more = mouths.seen.height() - mouths.rest.height() * mouths.lengths_in(mouths.seen)
    towards = ((far - yaw.rad2deg().abs()) / (far - near)).clamp(0, 1)
    return ((more - first) / (last - first)).clamp(0, 1) * towards


def parted(picture: Tensor, paint: Tensor, source: Tensor, teeth: Teeth, mouths: Mouths, share: Tensor) -> Tensor:
    """Pictures (N, 3, S, S) with lips of the portrait's own, and teeth behind them.

    Args:
        picture: Frames, whose own lips are replaced.
        paint: What is painted in them, (N, 3, W, W).
        source: The portraits (N, 3, S, S).
        teeth: The portraits'.
        mouths: The portraits' and the frames'.
        share: `parting`, (N,).
    """
    side, picture = picture.shape[-1], picture.clone()
    seen, rest, lengths = mouths.seen, mouths.rest, mouths.lengths_in(mouths.seen)[:, None, None]
    (rows, columns), s, n = seen.about(side)
    part = picture[..., rows, columns]
    if not part.numel():
        return picture
    (upper, lower), (outer_up, outer_low) = mouths.edges(s)
    places = seen.places(s, n)
    inside = behind(seen_at(paint, places, "bicubic").clamp(0, 1), teeth, mouths, places, n - upper, side)
    # shares of one pixel add up to 1: where lips meet, as at the corners, nothing is seen between them
    covered = seen.covered(upper - n, side), seen.covered(n - lower, side)
    inside = inside * (1 - covered[0] - covered[1]).clamp(min=0)
    for edge, own, cover in zip((upper, lower), rest.inner(s), covered, strict=True):
        lip = seen_at(source, rest.places(s, own + (n - edge) / lengths), "bicubic").clamp(0, 1)
        inside = inside.addcmul(cover, lip)
    near = smoothstep(0, _MARGIN, n - outer_up + _MARGIN) * smoothstep(0, _MARGIN, outer_low + _MARGIN - n)
    near = near * smoothstep(0, _BEYOND, s + _BEYOND) * smoothstep(0, _BEYOND, 1 + _BEYOND - s) * share[:, None, None]
    picture[..., rows, columns] = torch.lerp(part, inside, near[:, None].expand_as(part))
    return picture
