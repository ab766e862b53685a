"""The room without its person: what they hide is guessed from what is seen around them.

Paint knows the head's volume, not what stands behind it. Where a head had turned away, it painted the room that is most
likely anywhere: a rim of light.
"""

from __future__ import annotations

from typing import Final

from torch import Tensor
from torch.nn import functional

from tellbench.generator.vasa.warps import resized

_SURE, _DOUBT = 40, 16
"""A window's side over how far within a person's outline all is theirs, and how far beyond it hair may reach."""
_ALIKE: Final = 0.1
"""Colours of person and room that differ by less hardly tell one from the other (assumption)."""
_ROUNDS: Final = 16
"""Of smoothing at each level: what is hidden is then as what is next to it, not as the room is on average."""
_HARDLY: Final = 1e-4
"""What a person's own pixels count: alone in a picture without a room."""


def emptied(picture: Tensor, person: Tensor) -> Tensor:
    """Pictures (N, 3, S, S) in [0, 1] with the room in the place of what is a person to shares (N, 1, w, w)."""
    side, small = picture.shape[-1], resized(picture, person.shape[-1])
    person = _grown(outlined(small, person), 1)  # its outline is not left behind
    filled = _filled(small, 1 - _grown(person, 1))
    person, filled = resized(person, side).clamp(0, 1), resized(filled, side)
    empty: Tensor = picture + person * (filled - picture)
    return empty


def outlined(picture: Tensor, person: Tensor) -> Tensor:
    """Shares (N, 1, w, w) of a person in pictures (N, 3, w, w), set right about the outline by what has their colour.

    Masks know heads, not hairs: dark hair before a dark wall was left behind when its head turned away. Each pixel is a
    mixture of the person's colour next to it and the room's (Porter and Duff, "Compositing digital images", SIGGRAPH
    1984); where these are alike, the mask is all there is.
    """
    side = picture.shape[-1]
    inside, outside = 1 - _grown(1 - person, side // _SURE), _grown(person, side // _DOUBT)
    theirs, room = _filled(picture, inside), _filled(picture, 1 - outside)
    apart = theirs - room
    squared = apart.square().sum(1, keepdim=True)
    share = ((picture - room) * apart).sum(1, keepdim=True) / squared.clamp(min=_HARDLY)
    share = person + squared / (squared + _ALIKE**2) * (share.clamp(0, 1) - person)
    return share.clamp(inside, outside)


def _filled(picture: Tensor, known: Tensor) -> Tensor:
    """Pictures (N, 3, S, S) where they are known to shares (N, 1, S, S), and what goes on smoothly from there.

    Pull-push (Gortler et al., "The Lumigraph", SIGGRAPH 1996, section 3.4): colours that are known are averaged to ever
    coarser pictures, and each pixel takes the finest that knows one.
    """
    known = (2 * known - 1).clamp(min=_HARDLY)  # what is half a person's tells nothing
    levels = [(picture * known, known)]
    while levels[-1][1].shape[-1] > 1:
        levels.append((_coarser(levels[-1][0]), _coarser(levels[-1][1])))
    colours, weight = levels.pop()
    filled = colours / weight
    for colours, weight in reversed(levels):
        own, surely = colours / weight, (4 * weight).clamp(max=1)  # one pixel of four tells the colour of all
        filled = resized(filled, weight.shape[-1])
        for _ in range(_ROUNDS):
            filled = filled + surely * (own - filled)
            filled = functional.avg_pool2d(filled, 3, 1, 1, count_include_pad=False)
        filled = filled + surely * (own - filled)
    return filled


def _grown(shares: Tensor, reach: int) -> Tensor:
    """The largest of shares (N, 1, w, w) within so many pixels."""
    return functional.max_pool2d(shares, 2 * reach + 1, 1, reach)


def _coarser(maps: Tensor) -> Tensor:
    return functional.avg_pool2d(maps, 2, ceil_mode=True)
