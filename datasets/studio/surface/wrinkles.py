"""Fine lines of the face as depths in mm: forehead, between the brows, outer eye corners, under the eyes, lips, neck.

Onset and order follow common clinical description: crow's feet and forehead lines first (about 30 years), then the
lines under the eyes and about the mouth; depths are assumptions.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tellbench.datasets.studio.people.sculpture import smoothstep
from tellbench.datasets.studio.surface.marks import Canvas


def depth(canvas: Canvas, lips: Tensor) -> Tensor:
    """Depth of all lines in mm, >= 0: [R,C]; `lips` [R,C] is 1 on the vermilion."""
    age = canvas.skin.identity.age
    old = float(smoothstep(26.0, 70.0, torch.tensor(age)))
    mouth = canvas.skin.mouth_y
    lines = torch.zeros_like(lips)
    for draw, strength, heights, reach in (
        (_forehead, 0.03 + 0.20 * old, (28.0, 66.0), 90.0),
        (_frown, 0.20 * old, (10.0, 34.0), 15.0),
        (_crows_feet, 0.02 + 0.18 * old, (-32.0, 32.0), 90.0),
        (_under_eyes, 0.03 + 0.13 * old, (-30.0, 6.0), 80.0),
        (_above_lip, 0.14 * max(0.0, old - 0.3), (mouth - 8, mouth + 30), 52.0),
        (_neck, 0.05 + 0.15 * old, (-300.0, -124.0), 300.0),
    ):
        if strength > 0:
            part = canvas.patch(heights, (-reach, reach))
            lines[part.texels] += draw(part) * strength
    lines *= (1 - lips) * canvas.smooth
    part = canvas.patch((mouth - 22, mouth + 22), (-45, 45))
    lines[part.texels] += _lip_creases(part) * lips[part.texels]
    return lines


def _furrows(phase: Tensor, width: float) -> Tensor:
    """Narrow valleys at whole numbers of `phase`, 1 at their bottom; `width` as a share of their distance."""
    away = (phase - phase.round()).abs()
    return torch.exp(-((away / width) ** 2))


def _forehead(canvas: Canvas) -> Tensor:
    x, y, z = canvas.points.unbind(-1)
    wave = 1.2 * torch.sin(x * 0.045 + canvas.skin.identity.seed) + 1.6 * canvas.noise(22, 41)
    area = smoothstep(28.0, 36.0, y) * (1 - smoothstep(54.0, 66.0, y)) * smoothstep(-35.0, -5.0, z)
    broken = smoothstep(-0.5, 0.35, canvas.noise(13, 42))
    return (_furrows((y + wave) / 7.0, 0.075) + 0.4 * _furrows((y + 1.4 * wave) / 3.1, 0.10)) * area * broken


def _frown(canvas: Canvas) -> Tensor:
    x, y, _ = canvas.points.unbind(-1)
    line = torch.exp(-(((x.abs() - 7 - 0.1 * (y - 22) + 0.8 * canvas.noise(8, 43)) / 0.8) ** 2))
    return line * smoothstep(10.0, 16.0, y) * (1 - smoothstep(26.0, 34.0, y))


def _crows_feet(canvas: Canvas) -> Tensor:
    x, y, _ = canvas.points.unbind(-1)
    person = canvas.skin.identity
    across, up = x.abs() - canvas.skin.eye_x - person.eye_width / 2 + 1, y - 0.5 * person.eye_tilt
    reach, angle = (across**2 + up**2).sqrt(), torch.atan2(up, across.clamp(min=0.1))
    fan = _furrows(angle / 0.24 + 0.25 * canvas.noise(9, 44), 0.14) * smoothstep(3.0, 8.0, reach)
    return fan * (1 - smoothstep(13.0, 27.0, reach)) * smoothstep(-0.2, 1.5, across) * (angle.abs() < 1.0)


def _under_eyes(canvas: Canvas) -> Tensor:
    x, y, _ = canvas.points.unbind(-1)
    below = -y - 7.0 - 0.020 * (x.abs() - canvas.skin.eye_x) ** 2
    lines = _furrows((below + 0.9 * canvas.noise(7, 45)) / 2.3, 0.16)
    return lines * canvas.spot(canvas.skin.eye_x + 1, -12, 14, 5.5) * smoothstep(-0.6, 0.3, canvas.noise(6, 46))


def _above_lip(canvas: Canvas) -> Tensor:
    x, y, _ = canvas.points.unbind(-1)
    lines = _furrows((x * (1 + 0.012 * (y - canvas.skin.mouth_y)) + 0.7 * canvas.noise(6, 47)) / 3.4, 0.13)
    return lines * canvas.spot(12, canvas.skin.mouth_y + 11, 13, 6) * smoothstep(-0.4, 0.4, canvas.noise(5, 48))


def _neck(canvas: Canvas) -> Tensor:
    x, y, _ = canvas.points.unbind(-1)
    rings = _furrows((y + 0.012 * x**2 + 2.5 * canvas.noise(25, 49)) / 19.0, 0.09)
    return rings * (1 - smoothstep(-138.0, -124.0, y))


def _lip_creases(canvas: Canvas) -> Tensor:
    """Vertical grooves of the vermilion, spreading from the middle."""
    x, y, _ = canvas.points.unbind(-1)
    fan = x * (1 - 0.018 * (y - canvas.skin.mouth_y).abs()) + 0.35 * canvas.noise(3.5, 50)
    coarse, fine = _furrows(fan / 1.9, 0.17), _furrows(fan / 0.95 + 0.3, 0.22)
    uneven = smoothstep(-0.7, 0.5, canvas.noise(4, 51)) * (0.7 + 0.3 * math.sin(canvas.skin.identity.seed))
    return 0.10 * coarse * uneven + 0.05 * fine
