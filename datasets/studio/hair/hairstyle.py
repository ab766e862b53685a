"""Haircuts: where hair grows on the scalp, how long it is and how it is combed.

Lengths in mm, head coordinates (x = subject's left, y up, z forward). Styles and the hairline are set by eye.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Final, Literal

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.sculpture import smoothstep

Comb = Literal["whorl", "forward", "parting", "back", "tie"]


@dataclasses.dataclass(frozen=True)
class Style:
    """How one haircut grows; "crown" amounts are added towards the top of the head."""

    length: float
    crown_length: float
    points: int
    """Vertices of a strand."""
    lift: float
    """Thickness of the hair over the skull."""
    crown_lift: float = 0.0
    comb: Comb = "whorl"
    follow: float = 0.6
    """How far the root already follows the comb: 0 stands up, 1 lies."""
    spread: tuple[float, float] = (0.75, 1.1)
    """Range of a random factor on the length."""
    layers: float = 1.6
    """Strands that lie over one another on average; sets how wide they are drawn."""
    locks: int = 300
    """Strands gather into so many locks."""
    clump: float = 0.6
    """How far the tips of a lock come together: 0 not at all, 1 in a point."""
    frizz: float = 0.6
    """How far single hairs stray from their lock towards the tip."""
    weight: float = 0.0
    """Pull of gravity towards the tip."""
    wave: float = 0.0
    """Amplitude of the waves or curls of a lock."""
    wavelength: float = 40.0
    coil: float = 0.0
    """How waves wind: 0 in one plane, 1 round like a spring."""
    fade: float = 0.0
    """Share of the length that is lost towards the lower edge of the hair."""
    around_ears: float = 1.0
    """Share of the length that is left close to the ears, where a barber cuts it back."""
    cut: float | None = None
    """Height at which hanging hair is cut."""
    fringe: bool = False
    """Hair over the forehead, cut above the brows."""
    hangs: bool = False
    """Falls past the ears and over the shoulders."""
    free: bool = False
    """Stands off the head instead of lying on it."""
    knot: tuple[float, float, float] | None = None
    """Where tied hair meets."""
    tail: float = 0.0
    """Length of a tail that hangs from the knot; 0 winds a bun."""
    top: float = 1.0
    """Density on top of the head."""
    widest: float = 0.55
    """Greatest width in mm at which a strand is drawn; it stands for a few hairs, or for all in a coil."""
    shade: float = 0.9
    """How far hair hides the scalp under it, 0 to 1."""


def _long(**changes: object) -> Style:
    style = Style(310, 0, 16, 15, 3, "parting", 0.6, (0.75, 1.08), 5.0, 150, 0.6, 2.2, 0.75, 3.0, 110.0, hangs=True)
    return dataclasses.replace(style, **changes)  # type: ignore[arg-type]


def _curls(length: float, **changes: object) -> Style:
    style = Style(length, 0, 20, 16, 8, "whorl", 0.35, (0.7, 1.05), 2.6, 420, 0.55, 1.2, 0.5, 4.5, 27.0, 1.0, free=True)
    return dataclasses.replace(style, **changes)  # type: ignore[arg-type]


_WAVE: Final = 8.0
"""mm by which the waves of hanging hair grow from a waviness of 0.35 to one of 1.35."""

STYLES: Final[dict[str, Style]] = {
    "buzz": Style(4.5, 0, 2, 3, follow=0.35, layers=0.7, locks=0, frizz=0.2, shade=0.7),
    "crop": Style(9, 9, 5, 4, 5, "forward", 0.6, layers=1.2, locks=600, clump=0.3, weight=0.2, fade=0.5),
    "fade": Style(7, 27, 6, 3, 10, "forward", 0.5, locks=380, clump=0.45, weight=0.15, fade=0.7, shade=0.7),
    "short": Style(18, 20, 7, 5, 8, "whorl", 0.55, locks=350, clump=0.5, weight=0.25, fade=0.4),
    "side": Style(18, 55, 9, 4, 11, "parting", 0.72, locks=260, clump=0.5, weight=0.2, fade=0.55),
    "swept": Style(18, 60, 9, 4, 13, "back", 0.6, locks=240, clump=0.5, weight=0.12, wave=1.2, fade=0.55),
    "horseshoe": Style(13, 0, 5, 4, 0, "whorl", 0.75, locks=300, clump=0.4, weight=0.3, fade=0.3, top=0.015),
    "pixie": Style(42, 30, 9, 6, 9, "parting", 0.7, locks=240, clump=0.55, weight=0.35, fade=0.3, fringe=True),
    "curly": _curls(90),
    "short curly": _curls(42, points=14, lift=13, locks=520, wave=3.6, wavelength=16.0),
    "afro": _curls(
        40,
        points=14,
        lift=36,
        crown_lift=0,
        follow=0.0,
        spread=(0.85, 1.0),
        locks=900,
        clump=0.35,
        frizz=1.8,
        weight=0.8,
        wave=5.0,
        wavelength=13.0,
        layers=6.0,
        widest=1.2,
        fade=0.6,
        around_ears=0.15,
    ),
    "locs": _curls(
        190,
        locks=230,
        clump=0.97,
        frizz=1.9,
        wave=1.2,
        wavelength=11,
        weight=0.9,
        hangs=True,
        free=False,
        comb="parting",
        lift=12,
        layers=4,
        cut=-150.0,
    ),
    "bob": _long(length=210, cut=-92.0, points=14, spread=(0.97, 1.05), lift=12),
    "bangs": _long(length=250, fringe=True, cut=-150.0),
    "shoulder": _long(length=240, wave=3.0, wavelength=100.0, cut=-140.0),
    "long": _long(),
    "wavy": _long(wave=7.0, wavelength=95.0, points=20, coil=0.6, clump=0.75, frizz=1.7),
    "tied": Style(0, 0, 10, 3.5, 2, "tie", 0.9, (1, 1), 1.5, 200, 0.2, 0.7, knot=(0.0, 40.0, -182.0)),
    "topknot": Style(0, 0, 10, 3.5, 2, "tie", 0.9, (1, 1), 1.5, 200, 0.2, 0.7, knot=(0.0, 126.0, -112.0)),
    "ponytail": Style(0, 0, 12, 3.5, 2, "tie", 0.9, (1, 1), 1.5, 200, 0.2, 0.7, knot=(0.0, 84.0, -168.0), tail=230.0),
}


def style_of(person: Identity) -> Style | None:
    """The haircut of a person; None for a bald head."""
    if person.hair_style == "bald":
        return None
    style = STYLES["short curly" if person.hair_style == "curly" and person.sex == "male" else person.hair_style]
    if style.hangs and style.clump < 0.9:  # locs keep their shape
        return dataclasses.replace(style, wave=style.wave + _WAVE * max(0.0, person.waviness - 0.35), coil=0.5)
    return style


def scalp_density(points: Tensor, person: Identity) -> Tensor:
    """How densely hair grows, 0 to 1; points [...,3] -> [...].

    It thins out over some 20 mm at the hairline, where the edge is ragged, and where hair recedes.
    """
    x, y, z = points.unbind(-1)
    phase = (person.seed * 0.7548776662) % 1 * 2 * math.pi  # fraction of the plastic number: spreads seeds evenly
    ragged = (
        2.6 * torch.sin(x * 0.13 + phase) + 1.6 * torch.sin(x * 0.31 + 2 * phase) + 1.0 * torch.sin(x * 0.9 - z * 0.4)
    )
    above = y - hairline(azimuth(points), person) + ragged
    density = smoothstep(-9.0, 13.0, above)
    bare = smoothstep(6.0, 16.0, torch.tensor(person.recession))
    crown = torch.exp(-((x / 34) ** 2) - ((z + 112) / 38) ** 2) * smoothstep(40.0, 80.0, y)
    density = density * (1 - 0.85 * bare * crown)
    style = style_of(person)
    top = 1.0 if style is None else style.top
    return density * (1 - (1 - top) * smoothstep(38.0, 62.0, y + 0.25 * (z + 90)))


def azimuth(points: Tensor) -> Tensor:
    """Degrees from the front, 0 to 180."""
    return torch.rad2deg(torch.atan2(points[..., 0], points[..., 2] + 60)).abs()


def hairline(azimuth: Tensor, person: Identity) -> Tensor:
    """Height of the hairline at an azimuth in degrees from the front: forehead, temple, sideburn, ear, nape."""
    knots = (0, 18, 32, 45, 58, 70, 80, 92, 99, 104, 116, 124, 135, 160, 180)
    heights = (63, 62, 60, 52, 45, 34, 16, -6, -10, 14, 14, -22, -66, -86, -88)
    height = torch.tensor(np.interp(azimuth.numpy(), knots, heights), dtype=torch.float32)
    height = height + person.hairline * (1 - azimuth / 80).clamp(min=0)
    temples = torch.exp(-(((azimuth - 38) / 20) ** 2)) + 0.3 * torch.exp(-((azimuth / 30) ** 2))
    return height + person.recession * temples
