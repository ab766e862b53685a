"""Shapes of jaw, lips, cheeks and nose: coefficient name to displacement in mm of shape (rows, columns, 3).

Directions follow the muscles' pull (Ekman, Friesen and Hager 2002, *FACS*); sizes in mm are modelled by eye
(assumption).
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from tellbench.datasets.studio.expressions.fields import Fields, along
from tellbench.datasets.studio.expressions.jaw import JAW_SHIFT, jaw_rotate
from tellbench.datasets.studio.people.relief import bump
from tellbench.datasets.studio.people.sculpture import smoothstep

SIDES: Final = (("Left", 1.0), ("Right", -1.0))
"""Suffix of a paired coefficient and the sign of x on that side."""
UPPER_SHARE: Final = 0.35
"""Share of a gap between the lips that the upper one closes; the lower lip is the more mobile one (assumption)."""


def jaw_shapes(f: Fields) -> dict[str, Tensor]:
    """The jaw, and mouthClose that takes its opening back at the lips."""
    turned = jaw_rotate(f.skin.P0) - f.skin.P0
    corner = f.near(f.half, f.skin.mouth_y, 14, 12)
    hollow = f.near(48, f.skin.mouth_y + 16, 14, 22)
    sideways, forward = JAW_SHIFT
    drop = along(corner, -0.17 * f.half * f.x.sign(), 0.0, -1.0) + along(hollow, -2.2 * f.x.sign(), 0.0, -0.8)
    larynx = bump(f.x, 0, 9) * bump(f.y, f.skin.mouth_y - 66, 12)
    return {
        "jawOpen": turned * f.jaw[..., None] + drop + along(larynx, y=-2.0),
        "mouthClose": close(f, turned),
        "jawForward": along(f.jaw, 0.0, -0.5, forward),
        "jawLeft": along(f.jaw, sideways),
        "jawRight": along(f.jaw, -sideways),
    }


def close(f: Fields, opening: Tensor) -> Tensor:
    """Lips closing over a jaw that opened by displacements of shape (rows, columns, 3)."""
    upper, lower = f.upper_lip * f.part, f.lower_lip * f.part
    _, y, z = opening.unbind(-1)
    return along(UPPER_SHARE * upper, y=y) - along(lower, y=(1 - UPPER_SHARE) * y, z=z)


def mouth_shapes(f: Fields) -> dict[str, Tensor]:
    """Mouth shapes without a side."""
    upper, lower, lips = f.upper_lip * f.part, f.lower_lip * f.part, f.lips
    inward = -f.x / f.half
    chin = bump(f.ax, 0, 20) * bump(f.dy, -28, 16) * f.front
    puff = bump(f.ax, 43, 19) * bump(f.dy, 3, 21) * f.front
    pout = bump(f.ax, 0, 22)
    fuller = along(torch.exp(-((f.ax / 17) ** 4)) * (0.25 * f.upper_thin - 0.18 * f.lower_thin), y=1.0)
    rounder = along(bump(f.x, 0, 6) * (0.16 * f.upper_thin + 0.30 * f.lower_thin), y=1.0)
    return {
        "mouthPucker": along(lips, inward * 13.0, 0.0, 8.0 * pout) + rounder + fuller,
        "mouthFunnel": along(lips, inward * 10.0, 0.0, 6.5 * pout)
        + rounder
        + along(3.8 * upper - 5.2 * lower, 0.0, 1.0)
        + along(upper + lower, z=1.4),
        "mouthLeft": along(lips, 8.5, 0.0, -3 * smoothstep(5.0, 30.0, f.x)),
        "mouthRight": along(lips, -8.5, 0.0, -3 * smoothstep(5.0, 30.0, -f.x)),
        "mouthRollUpper": along(f.upper_thin, y=-0.62) + along(upper, 0.0, -0.8, -2.0),
        "mouthRollLower": along(f.lower_thin, y=0.62) + along(lower, 0.0, 0.8, -2.0),
        "mouthShrugUpper": along(upper, 0.0, 2.0, 2.4),
        "mouthShrugLower": along(lower, 0.0, 3.4, 2.6) + along(chin, 0.0, 4.0, 1.2) + along(f.lower_thin, y=0.15),
        "cheekPuff": along(puff, 9.5 * f.x.sign(), 0.0, 8.5) + along((upper + lower) * bump(f.dy.abs(), 11, 6), z=1.8),
    }


def mouth_sides(f: Fields) -> dict[str, Tensor]:
    """Mouth, cheek and nose shapes of either side."""
    return {shape + name: moved for name, side in SIDES for shape, moved in _mouth_side(f, side).items()}


def _mouth_side(f: Fields, side: float) -> dict[str, Tensor]:
    out = f.x * side  # distance towards this side
    half = smoothstep(-14.0, 16.0, out)
    upper, lower = f.upper_lip * f.part * half, f.lower_lip * f.part * half
    corner = f.corner(side)
    thinner = along(f.lower_thin * half, y=1.0) - along(f.upper_thin * half, y=1.0)
    cheek = f.near(43, -32, 17, 16, side)
    dimple = bump(out, f.half + 2, 9) * bump(f.dy, 0, 9) * f.front
    wing = f.near(12, -36, 8, 11, side)
    fold = nasolabial(f, side)
    tight = along(f.corner(side, 9.0), -0.8 * side, 0.0, -1.6)
    bulge = bump(f.dy.abs(), 9, 5) * (f.upper_lip + f.lower_lip) * f.part * half
    return {
        "mouthSmile": smile(f, side),
        "mouthFrown": along(corner, 1.2 * side, -7.0, -1.5)
        + along(lower, y=1.0)
        + 0.12 * thinner
        + along(_marionette(f, side), z=-1.2),
        "mouthDimple": along(dimple, 4.5 * side, 0.5, -5.5) + 0.12 * thinner,
        "mouthStretch": along(corner, 9.0 * side, -2.8, -4.5)
        + along(lower, y=-1.2)
        + 0.18 * thinner
        + along(_platysma(f, side), z=1.0),
        "mouthPress": 0.3 * thinner + tight + along(bulge, z=0.9) + along(lower, y=0.4) - along(upper, y=0.4),
        "mouthLowerDown": along(lower, side, -7.8, -0.8) + along(f.lower_thin * half, y=0.1),
        "mouthUpperUp": along(upper, 0.6 * side, 5.8, 1.0) + along(wing, y=1.0) + 0.7 * fold,
        "cheekSquint": along(cheek, 0.5 * side, 4.5, 3.8) + 0.3 * fold,
        "noseSneer": along(wing, 1.0 * side, 4.2, 0.6)
        + along(upper, 0.0, 2.6, 0.5)
        + 0.5 * fold
        + along(_bunny(f, side), z=1.0),
    }


def smile(f: Fields, side: float) -> Tensor:
    """The pull of zygomaticus major: corner out, up and back round the teeth; cheek and lower lid give way."""
    half = smoothstep(-14.0, 16.0, f.x * side)
    shape = along(f.corner(side, 17.0), 6.4 * side, 9.6, -5.6)
    shape += along(f.near(41, -31, 17, 15, side), 0.8 * side, 5.8, 4.6)
    shape += along(f.near(33, -11, 13, 5, side), 0.0, 2.2, 0.6)
    shape += along(f.near(13, -38, 6, 8, side), x=1.0 * side)
    shape += along(f.lower_thin * half, y=0.14) - along(f.upper_thin * half, y=0.24)
    return shape + nasolabial(f, side)


def nasolabial(f: Fields, side: float) -> Tensor:
    """The fold from the wing of the nose past the mouth corner, and the cheek that bulges over it."""
    share = ((-36 - f.y) / (-32 - f.skin.mouth_y)).clamp(0, 1.4)
    line = 17 + 15 * share**1.2
    span = smoothstep(f.skin.mouth_y - 12, f.skin.mouth_y + 8, f.y) * (1 - smoothstep(-44.0, -28.0, f.y)) * f.front
    out = f.x * side
    return along(span * (bump(out, line + 8, 6.5) - 1.3 * bump(out, line + 1, 4.2)), z=1.0)


def _marionette(f: Fields, side: float) -> Tensor:
    """The line from the mouth corner to the jaw."""
    return bump(f.x * side, f.half + 4, 4) * bump(f.dy, -12, 9) * f.front


def _platysma(f: Fields, side: float) -> Tensor:
    """Cords of the neck's skin muscle."""
    neck = bump(f.y, f.skin.mouth_y - 70, 24)
    return (bump(f.x * side, 17, 4.5) + bump(f.x * side, 32, 5)) * neck


def _bunny(f: Fields, side: float) -> Tensor:
    """Two oblique lines on the side of the nose."""
    out = f.x * side
    ripple = torch.sin(0.95 * (f.y + 0.6 * out))
    return 0.4 * ripple * bump(out, 8, 5) * bump(f.y, -8, 8) * f.front
