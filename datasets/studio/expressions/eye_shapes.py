"""Shapes of brows and lids: coefficient name to displacement in mm of shape (rows, columns, 3).

Directions follow the muscles' pull (Ekman, Friesen and Hager 2002, *FACS*); sizes in mm are modelled by eye
(assumption).
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from tellbench.datasets.studio.expressions.fields import Fields, along
from tellbench.datasets.studio.expressions.mouth_shapes import SIDES
from tellbench.datasets.studio.people.relief import bump
from tellbench.datasets.studio.people.sculpture import smoothstep

LID_SHIFTS: Final[dict[str, tuple[float, float]]] = {
    "eyeBlink": (-0.92, 0.12),
    "eyeLookDown": (-0.50, -0.10),
    "eyeLookUp": (0.26, 0.03),
    "eyeWide": (0.36, -0.09),
    "eyeSquint": (-0.16, 0.26),
}
"""How far upper and lower lid rise at coefficient 1, as shares of the opening. In a blink the upper lid does most of
the way (Evinger et al. 1991); they meet before 1, so that a full blink is closed exactly."""
_MEDIAL: Final = 0.9
"""mm that the lower lid slides towards the nose in a blink (assumption; the direction: Doane 1980)."""


def brow_shapes(f: Fields) -> dict[str, Tensor]:
    """Brows and the lines they make on forehead and glabella."""
    old = f.skin.identity.wrinkles
    height = smoothstep(28.0, 38.0, f.y) * (1 - smoothstep(56.0, 68.0, f.y))
    lines = torch.sin(f.y * 0.78 + 0.5 * torch.sin(f.x * 0.06))
    lines = lines * height * torch.exp(-((f.ax / 42) ** 4)) * f.front
    inner = bump(f.ax, 0, 24)
    shapes = {"browInnerUp": along(f.near(0, 27, 27, 15), y=9.0, z=0.5) + along(lines * inner, z=0.45 + 0.6 * old)}
    for name, side in SIDES:
        out = f.x * side
        frown = along(f.near(26, 20, 27, 11, side) * smoothstep(-8.0, 8.0, out), -3.8 * side, -8.0, 1.6)
        glabella = f.near(6.5, 21, 2.4, 9, side)
        shapes["browDown" + name] = frown + along(glabella, z=-1.3 - 0.8 * old)
        raised = lines * smoothstep(-4.0, 4.0, out) * smoothstep(10.0, 30.0, out)
        lift = along(f.near(44, 26, 17, 14, side), 0.5 * side, 8.5, 0.5)
        shapes["browOuterUp" + name] = lift + along(raised, z=0.35 + 0.4 * old)
    return shapes


def lid_shapes(f: Fields) -> dict[str, Tensor]:
    """Lid shapes: vertical shifts that slide round the eyeball."""
    shapes: dict[str, Tensor] = {}
    for name, side in SIDES:
        for shape, (upper, lower) in LID_SHIFTS.items():
            shapes[shape + name] = lid_shift(f, side, upper, lower)
        own = (f.skin.side == side) * f.skin.eye_open
        shapes["eyeBlink" + name] += along(f.lower_lid * own, x=-_MEDIAL * side)
        squint = along(f.near(33, -13, 16, 7, side), y=2.0, z=1.2)
        shapes["eyeSquint" + name] += squint + along(crows_feet(f, side), z=1.0)
    return shapes


def lid_shift(f: Fields, side: float, upper: float, lower: float) -> Tensor:
    """Shift both lids of a side upward by shares of their opening, keeping their distance from the eyeball's centre."""
    skin = f.skin
    opening = (skin.P0[skin.up_edge, :, 1] - skin.P0[skin.lo_edge, :, 1]) * skin.eye_open * (skin.side == side)
    return _slide(f, f.upper_lid * upper * opening) + _slide(f, f.lower_lid * lower * opening)


def crows_feet(f: Fields, side: float) -> Tensor:
    """Lines that fan out from the outer corner of an eye, mm; deeper with age."""
    skin, person = f.skin, f.skin.identity
    across, up = f.x * side - (skin.eye_x + 0.51 * person.eye_width), f.y
    angle, distance = torch.atan2(up, across.clamp(min=0.5)), (across**2 + up**2).sqrt()
    fan = torch.cos(angle * (2 * math.pi / math.radians(26))) * bump(angle, 0, 0.75)
    fan = fan * smoothstep(2.5, 8.0, distance) * (1 - smoothstep(14.0, 24.0, distance)) * (across > 0)
    return (0.12 + 0.55 * person.wrinkles) * fan


def _slide(f: Fields, shift: Tensor) -> Tensor:
    """Shift vertices by `shift` mm upward, keeping their distance from the eyeball's centre; (rows, columns, 3)."""
    x, y, z = (f.skin.P0 - f.eye_centre).unbind(-1)
    depth = (y * y + z * z - (y + shift) ** 2).clamp(min=4).sqrt()
    forward = (depth - z).clamp(-5, 5) * smoothstep(0.0, 5.0, z) * (shift.abs() > 1e-4)
    return torch.stack([torch.zeros_like(x), shift.expand_as(x), forward], -1)
