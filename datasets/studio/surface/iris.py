"""Colour of an eyeball: pupil, iris, limbus, sclera. Patterns are set by eye."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.parts import IRIS_RADIUS
from tellbench.datasets.studio.people.sculpture import smoothstep


def iris(identity: Identity, ring: Tensor, angle: Tensor) -> Tensor:
    """Albedo [...,3] of an eyeball, from the distance to its axis in mm and the angle about it in radians.

    From the pupil outwards: its dark ruff, the pupillary zone, the collarette at about a third, radial fibres with
    crypts between them, and a limbal ring that fades into the sclera over about 1 mm.
    """
    colour, pupil = torch.tensor(identity.iris_color), identity.pupil_radius
    colour = (0.78 * colour + 0.25 * colour.mean() + 0.006) * (1 - 0.2 * max(0, identity.tone_number - 3))
    t = ((ring - pupil) / (IRIS_RADIUS - pupil)).clamp(0, 1)
    fibres = _fibres(identity, t, angle)
    collar = 0.34 + 0.04 * torch.sin(5 * angle + identity.seed) + 0.03 * torch.sin(11 * angle)
    collarette = torch.exp(-(((t - collar) / 0.09) ** 2))
    inner = 1 - smoothstep(-0.06, 0.06, t - collar)
    bright = (1 + 0.38 * fibres + 0.30 * collarette - 0.12 * inner).clamp(min=0.3)
    albedo = colour * bright[..., None]
    warm = torch.tensor([1.25, 0.95, 0.55])  # the pupillary zone holds more pigment
    albedo = albedo * (1 + (warm - 1) * (0.6 * inner + 0.3 * collarette)[..., None])
    albedo = albedo * (1 - 0.68 * smoothstep(0.70, 1.0, t) ** 1.5)[..., None]  # the limbal ring
    albedo = albedo * smoothstep(pupil - 0.15, pupil + 0.35, ring)[..., None] + 0.003
    blend = smoothstep(IRIS_RADIUS - 0.55, IRIS_RADIUS + 0.65, ring)[..., None]
    return albedo + (_sclera(identity, ring, angle) - albedo) * blend


def _fibres(identity: Identity, t: Tensor, angle: Tensor) -> Tensor:
    """Radial fibres and the crypts between them, about -1 to 1; `t` is 0 at the pupil and 1 at the limbus."""
    rng = np.random.default_rng((identity.seed, 19))
    total = torch.zeros_like(t)
    for k in (13, 19, 29, 37, 47, 61):
        phase, bend, wave = rng.uniform(0, 2 * math.pi, 3)
        total += torch.sin(k * angle + phase + 0.7 * torch.sin(t * 5 + bend) + 0.4 * torch.sin(3 * angle + wave))
    crypts = torch.sin(7 * angle + rng.uniform(0, 6)) * torch.sin(4 * angle + rng.uniform(0, 6)) * torch.sin(9 * t)
    return 0.30 * total - 0.5 * crypts.clamp(min=0)


def _sclera(identity: Identity, ring: Tensor, angle: Tensor) -> Tensor:
    """Off-white and never pure, pinker and veined towards the corners, yellower with age and on dark skin."""
    yellow = 0.03 * (identity.tone_number > 3) + 0.05 * identity.wrinkles
    white = torch.tensor([0.42, 0.385 - 0.4 * yellow, 0.36 - yellow]) * (1.06 - 0.075 * identity.tone_number)
    bend = angle + 0.25 * torch.sin(ring * 1.3 + identity.seed) + 0.1 * torch.sin(ring * 3.1)
    veins = smoothstep(0.93, 1.0, torch.sin(9 * bend)) + 0.7 * smoothstep(0.95, 1.0, torch.sin(17 * bend + 1))
    corner = angle.cos().abs() ** 1.5 * smoothstep(6.4, 10.5, ring)
    pink = (0.10 * smoothstep(6.2, 11.0, ring) + 0.30 * corner + 0.35 * veins * corner).clamp(max=0.8)
    return white * (1 - pink[..., None] * torch.tensor([0.15, 0.75, 0.70]))
