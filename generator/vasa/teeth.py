"""What shows between parted lips: the upper teeth, and the dark behind them.

Paint is flat there, pink, and in paintings as light as skin. Where teeth are is known, for they go with the head, not
with the lips; and a picture's white is that of its eyes.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import torch
from torch import Tensor

from tellbench.datasets.faces.augment import luma
from tellbench.generator.vasa.eyes import Eye
from tellbench.generator.vasa.mouth import Mouth, Mouths
from tellbench.generator.vasa.warps import seen_at

_REACH: Final = 0.08
"""Mouth widths from the line between lips at rest down to the edge of the upper teeth: the studio's 3.4 mm and a little
more, which on the 24 people of the calibration is as near to the truth."""
_SHARE: Final = 0.7
"""Of the teeth beside paint (assumption)."""
_ARCH: Final = 2.5
"""How late teeth darken from the middle to the corners of the mouth, an exponent (assumption)."""
_SHADOW, _LIT = 0.45, 0.07
"""Teeth are so dark under the upper lip, and lit from so many mouth widths below it on (assumption)."""
_WITHIN: Final = 1.2
"""Luma within an open mouth at most, in that of the line between the lips: of the 24 people of the calibration wide
mouths are .1 dB less near to the truth so, others as near."""
_WHITES: Final = 20
"""Of 450 places between the lids, the lightest that count as the white of the eyes (assumption)."""


@dataclasses.dataclass(frozen=True)
class Teeth:
    """What is behind the lips of N portraits."""

    white: Tensor
    """Colour of the teeth in the light, (N, 3)."""
    dark: Tensor
    """Luma of what is behind them at most, (N,)."""

    def __getitem__(self, index: Tensor | slice) -> Teeth:
        return Teeth(self.white[index], self.dark[index])


def teeth_of(picture: Tensor, eyes: tuple[Eye, Eye], mouth: Mouth) -> Teeth:
    """Teeth of portraits (N, 3, S, S): as white as their eyes, in a mouth as dark as the line between its lips."""
    colours = torch.cat([_between_lids(picture, eye) for eye in eyes], 2)  # (N, 3, 450)
    lightest = luma(colours[..., None])[:, :, :, 0].topk(_WHITES, 2).indices.expand(-1, 3, -1)
    along = torch.linspace(0.25, 0.75, 21, device=picture.device).expand(len(picture), 1, -1)
    line = torch.stack(mouth.inner(along)).mean(0) + torch.linspace(-0.03, 0.03, 7, device=picture.device)[:, None]
    seam = luma(seen_at(picture, mouth.places(along, line)).amin(2, keepdim=True))
    return Teeth(colours.gather(2, lightest).mean(2), _WITHIN * seam.mean((1, 2, 3)))


def _between_lids(picture: Tensor, eye: Eye) -> Tensor:
    """Colours (N, 3, 225) of eyes."""
    s = torch.linspace(0.15, 0.85, 25, device=picture.device).expand(len(picture), 9, -1)
    share = torch.linspace(0.25, 0.75, 9, device=picture.device)[:, None]
    return seen_at(picture, eye.places(s, torch.lerp(eye.upper(s), eye.lower(s), share.expand_as(s)))).flatten(2)


def behind(paint: Tensor, teeth: Teeth, mouths: Mouths, places: Tensor, below: Tensor, side: int) -> Tensor:
    """What would be seen if there were no lips, (N, 3, h, w).

    Args:
        paint: What is painted there, (N, 3, h, w).
        teeth: The portraits'.
        mouths: The portraits' and the frames'.
        places: Window coordinates (N, h, w, 2).
        below: How far they lie below the upper lip's edge, (N, h, w), widths of the frames' mouths.
        side: Of the window, pixels.
    """
    calm = mouths.calm
    within = paint * (teeth.dark[:, None, None, None] / luma(paint).clamp(min=1e-3)).clamp(max=1)
    s, n = calm.coordinates(places)
    edge = torch.stack(calm.inner(s)).mean(0) + _REACH * mouths.lengths_in(calm)[:, None, None]
    shares = _SHARE * calm.covered(edge - n, side) * (1 - (2 * s - 1).abs().clamp(max=1) ** _ARCH)[:, None]
    lit = _SHADOW + (1 - _SHADOW) * (below / _LIT).clamp(0, 1)
    return torch.lerp(within, teeth.white[..., None, None] * lit[:, None], shares.expand_as(within))
