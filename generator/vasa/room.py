"""The room without its person: what they hide is guessed from what is seen around them.

Paint knows the head's volume, not what stands behind it. Where a head had turned away, it painted the room that is most
likely anywhere: a rim of light.
"""

from __future__ import annotations

from typing import Final

from torch import Tensor
from torch.nn import functional

from tellbench.generator.vasa.warps import resized

_FRINGE: Final = 40
"""A window's side over the width of what is hair in part, and tells no colour of the room (assumption)."""
_HARDLY: Final = 1e-4
"""What a person's own pixels count: alone in a picture without a room."""


def emptied(picture: Tensor, person: Tensor) -> Tensor:
    """Pictures (N, 3, S, S) in [0, 1] with the room in the place of what is a person to shares (N, 1, w, w).

    Pull-push (Gortler et al., "The Lumigraph", SIGGRAPH 1996, section 3.4): colours that are known are averaged to ever
    coarser pictures, and each pixel takes the finest that knows one.
    """
    side = picture.shape[-1]
    person = resized(functional.max_pool2d(person, 3, 1, 1), side).clamp(0, 1)  # its outline is not left behind
    reach = side // _FRINGE
    known = (1 - functional.max_pool2d(person, 2 * reach + 1, 1, reach)).clamp(min=_HARDLY)
    levels = [(picture * known, known)]
    while levels[-1][1].shape[-1] > 1:
        levels.append((_coarser(levels[-1][0]), _coarser(levels[-1][1])))
    colours, weight = levels.pop()
    filled = colours / weight
    for colours, weight in reversed(levels):
        surely = (4 * weight).clamp(max=1)  # one pixel of four tells the colour of all
        filled = resized(filled, weight.shape[-1])
        filled = filled + surely * (colours / weight - filled)
    empty: Tensor = picture + person * (filled - picture)
    return empty


def _coarser(maps: Tensor) -> Tensor:
    return functional.avg_pool2d(maps, 2, ceil_mode=True)
