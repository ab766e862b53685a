"""Lids that shut, made of the portrait's own skin.

Paint is 128 pixels wide, soft, and of paintings' lids it knows little: they became a fog. Where a lid's edge goes is
known, though, from the landmarks and the blink; and what it brings along is skin like that above and below the eye.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from tellbench.datasets.studio.expressions.eye_shapes import LID_SHIFTS
from tellbench.datasets.studio.people.sculpture import smoothstep
from tellbench.generator.vasa.eyes import Eye
from tellbench.generator.vasa.frames import RIG_NAMES
from tellbench.generator.vasa.rig import read_rig, write_rig
from tellbench.generator.vasa.warps import seen_at

_BLINKS: Final = [RIG_NAMES.index("eyeBlinkRight"), RIG_NAMES.index("eyeBlinkLeft")]
_UPPER, _LOWER = -LID_SHIFTS["eyeBlink"][0], LID_SHIFTS["eyeBlink"][1]
"""Shares of the opening that the lids go down and up in a whole blink: the studio's, which are Evinger's."""
_LEAST_OPEN: Final = 0.2
"""A portrait's eyes are taken to be at least as open (assumption)."""
_TWITCH, _FULLY = 0.05, 0.25
"""Shares of the way up to which nothing is changed (motion that is made or read trembles by .01 or two), and from which
on lids are the portrait's skin alone (assumption)."""
_FOLD: Final = 0.18
"""Eye widths above the open edge at which new skin begins, softly: above the crease, which a lid that shuts unfolds."""
_CREASE, _BELOW = (-0.24, -0.06), (0.07, 0.20)
"""Bands above the upper and below the lower edge whose colours the lid has, eye widths (assumption)."""
_USUAL: Final = 0.6
"""Quantile of a band that counts as its colour: creases and lashes are darker (assumption)."""
_SHADE, _ROUND = 0.95, 0.04
"""The lid's edge is a little darker than the skin below it, its middle a little lighter (assumption)."""
_LIT: Final = 0.4
"""What a lid that is shut, and no longer lies in the shade above it, has at its top of the colour below the eye. The
landmark network takes Gogol's dark lids for open eyes without; the 24 people of the calibration lose .03 dB."""
_GRAIN: Final = 0.5
"""Share of the skin's fine detail below the eye that the lid has: on the 24 people of the calibration shut lids are
0.1 dB nearer to the truth than with .8."""
_FINE: Final = 80
"""A window's side over the reach of its fine detail."""
_BESIDE, _SAMPLES = (-0.2, 1.2), 57
"""Where, and how often, colours are taken along an eye."""
_LASHES: Final = 0.06
"""Eye widths below the open edge that are lashes, and go along (assumption)."""
_HELD: Final = 0.22, 0.15
"""Eye widths above the upper and below the lower edge that stay where they are while the lids shut (assumption)."""


def shutting(code: Tensor, rest: Tensor) -> Tensor:
    """How much of the way from a portrait's codes (N, Z) to shut both lids go under others (N, Z), (N, 2) in [0, 1].

    0 below a twentieth: that is no blink.
    """
    blinks, before = read_rig(code)[:, _BLINKS], read_rig(rest)[:, _BLINKS]
    # lids read as open by more than nought go no further than as much short of 1, though no coefficient is below nought
    share = ((blinks - before.clamp(min=0)) / (1 - before.abs()).clamp(min=_LEAST_OPEN)).clamp(0, 1)
    return torch.where(share > _TWITCH, share, 0)


def opened(code: Tensor, rest: Tensor) -> Tensor:
    """Codes (N, Z) with lids no further shut by blinks than in the portrait's (N, Z)."""
    rig = read_rig(code).clone()
    rig[:, _BLINKS] = torch.minimum(rig[:, _BLINKS], read_rig(rest)[:, _BLINKS])
    return write_rig(code, rig)


def shut(picture: Tensor, source: Tensor, twin: Tensor, eyes: tuple[Eye, Eye], flow: Tensor, shares: Tensor) -> Tensor:
    """Pictures (N, 3, S, S) with their lids shut by `shares` (N, 2).

    Args:
        picture: Frames, whose own lids are replaced as far as they shut.
        source: The portraits (N, 3, S, S).
        twin: The same with their eyes shut.
        eyes: Where the eyes of the frames would be if they did not blink.
        flow: Where the portraits show what those frames would, (N, 2, h, h), relative, window units.
        shares: How far to shut the subject's right and left eye.
    """
    picture = picture.clone()
    for eye, share in zip(eyes, shares.unbind(1), strict=True):
        (rows, columns), s, n = eye.about(picture.shape[-1])
        part = picture[..., rows, columns]
        if part.numel():
            layers = _layers(eye, s, n, share[:, None, None], source, twin, flow, part)
            picture[..., rows, columns] = torch.lerp(part, *layers)
    return picture


def _layers(
    eye: Eye, s: Tensor, n: Tensor, share: Tensor, source: Tensor, twin: Tensor, flow: Tensor, before: Tensor
) -> tuple[Tensor, Tensor]:
    """The eye as it shuts, and how much of it counts, (N, 3, h, w) each, at s and n (N, h, w)."""
    upper, lower = eye.upper(s), eye.lower(s)
    opening = (lower - upper).clamp(min=0)
    edge, rim = upper + _UPPER * share * opening, lower - _LOWER * share * opening
    top, bottom = upper - _HELD[0], lower + _HELD[1]
    # the lid, shut in the twin, is drawn together towards the crease; the skin below follows the lower rim
    lid = torch.where(n > top, top + (n - top) * (upper + _UPPER * opening - top) / (edge - top), n)
    below = torch.where((n > rim) & (n < bottom), bottom - (bottom - n) * (bottom - lower) / (bottom - rim), n)
    own_lid, own_eye = (_carried(what, eye, s, across, flow) for what, across in ((twin, lid), (source, below)))
    ball = torch.lerp(before, own_eye, share[:, None].expand_as(before))  # paint knows where it looks, until it shuts
    shown = torch.lerp(ball, own_lid, eye.covered(edge - n, source.shape[-1]).expand_as(ball))
    near = (
        smoothstep(0, 0.15, s + 0.2)
        * smoothstep(0, 0.15, 1.2 - s)
        * smoothstep(0, 0.1, n - top + 0.05)
        * smoothstep(0, 0.1, bottom + 0.05 - n)
    )
    return shown, (near * ((share - _TWITCH) / (_FULLY - _TWITCH)).clamp(0, 1))[:, None].expand_as(shown)


def _carried(picture: Tensor, eye: Eye, s: Tensor, n: Tensor, flow: Tensor) -> Tensor:
    """What a portrait (N, 3, S, S) shows at s and n of frames from which `flow` leads to it, (N, 3, h, w)."""
    places = eye.places(s, n)
    return seen_at(picture, places + seen_at(flow, places).movedim(1, -1), "bicubic").clamp(0, 1)


def shut_twin(picture: Tensor, eyes: tuple[Eye, Eye]) -> Tensor:
    """Portraits (N, 3, S, S) with their eyes shut."""
    twin = picture.clone()
    for eye in eyes:
        (rows, columns), s, n = eye.about(picture.shape[-1])
        if not s.numel():
            continue
        upper, lower = eye.upper(s), eye.lower(s)
        edge = upper + _UPPER * (lower - upper).clamp(min=0)
        lid = _lid(picture, eye, s, n, upper, edge)
        within = smoothstep(0, 0.12, n - upper + _FOLD) * smoothstep(0, 0.12, s + 0.06) * smoothstep(0, 0.12, 1.06 - s)
        weight = within[:, None] * eye.covered(edge - n, picture.shape[-1])
        part = twin[..., rows, columns]
        twin[..., rows, columns] = torch.lerp(part, lid, weight.expand_as(part))
    return twin


def _lid(picture: Tensor, eye: Eye, s: Tensor, n: Tensor, upper: Tensor, edge: Tensor) -> Tensor:
    """A shut lid (N, 3, h, w): skin of the colours above and below the eye, and lashes along its edge."""
    down = ((n - upper) / (edge - upper).clamp(min=1e-3)).clamp(0, 1)[:, None]
    above, below = (_level(picture, eye, s, *band) for band in ((eye.upper, _CREASE), (eye.lower, _BELOW)))
    above = torch.lerp(above, below, _LIT)
    skin = torch.lerp(above, _SHADE * below, down**1.3) * (1 + _ROUND * torch.sin(math.pi * down))
    mirrored = eye.places(s, eye.lower(s) + 0.1 + 0.8 * (edge - n).clamp(-0.1, 0.6))
    reach = picture.shape[-1] // _FINE
    smooth = functional.avg_pool2d(picture, 2 * reach + 1, 1, reach, count_include_pad=False)
    skin = skin + _GRAIN * (seen_at(picture, mirrored) - seen_at(smooth, mirrored))
    lashes = seen_at(picture, eye.places(s, n - edge + upper + _LASHES))
    there = smoothstep(0, 0.04, n - edge + _LASHES) * smoothstep(0, 0.1, s - 0.02) * smoothstep(0, 0.1, 0.98 - s)
    return torch.lerp(skin.clamp(0, 1), lashes, there[:, None].expand_as(lashes))


def _level(picture: Tensor, eye: Eye, s: Tensor, edge: Callable[[Tensor], Tensor], band: tuple[float, float]) -> Tensor:
    """The usual colour along a band beside a lid's edge, smooth, at each s (N, h, w): (N, 3, h, w)."""
    low, high = _BESIDE
    along = torch.linspace(low, high, _SAMPLES, device=s.device).expand(len(s), 1, -1)
    across = edge(along) + torch.linspace(*band, 9, device=s.device)[:, None]  # (N, 9, 57)
    colours = seen_at(picture, eye.places(along, across)).quantile(_USUAL, 2)  # (N, 3, 57)
    apart = torch.arange(-10, 11, device=s.device) / 5
    weights = torch.exp(-apart.square() / 2)
    colours = functional.pad(colours, (10, 10), "replicate").flatten(0, 1)[:, None]
    colours = functional.conv1d(colours, (weights / weights.sum())[None, None]).view(len(s), 3, 1, -1)
    where = (s - low) * (2 / (high - low)) - 1
    return seen_at(colours, torch.stack([where, torch.zeros_like(where)], -1))
