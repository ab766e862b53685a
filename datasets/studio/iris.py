"""Colour of an eyeball: pupil, iris, limbus, sclera. Patterns are set by eye."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.studio.identity import Identity
from tellbench.datasets.studio.parts import IRIS_RADIUS
from tellbench.datasets.studio.sculpture import smoothstep


def iris(identity: Identity, ring: Tensor, angle: Tensor) -> Tensor:
    """Albedo [...,3] of an eyeball, from the distance to its axis in mm and the angle about it in radians."""
    rng = np.random.default_rng((identity.seed, 19))
    colour, pupil = torch.tensor(identity.iris_color), identity.pupil_radius
    fibres = torch.zeros_like(ring)
    for k in (9, 17, 23, 31, 41, 53):
        phase, bend = rng.uniform(0, 2 * math.pi, 2)
        fibres += torch.sin(k * angle + phase + 0.5 * torch.sin(ring * 1.7 + bend)) / (2.2 + k / 12)
    t = ((ring - pupil) / (IRIS_RADIUS - pupil)).clamp(0, 1)
    collarette = torch.exp(-(((t - 0.28) / 0.14) ** 2))[..., None]
    albedo = colour * (1 + 0.33 * fibres[..., None] + 0.35 * collarette).clamp(min=0.25) * 0.72
    albedo = albedo + collarette * torch.tensor([0.03, 0.016, 0.004])
    albedo = albedo * (1 - 0.80 * smoothstep(0.74, 1.0, t))[..., None]  # the limbal ring
    albedo = albedo * smoothstep(pupil - 0.25, pupil + 0.3, ring)[..., None] + 0.004
    return albedo + (_sclera(identity, ring, angle) - albedo) * smoothstep(5.3, 6.4, ring)[..., None]


def _sclera(identity: Identity, ring: Tensor, angle: Tensor) -> Tensor:
    """Off-white, pinker and veined away from the iris, yellower on dark skin."""
    yellow = 0.04 if identity.tone_number > 3 else 0.0
    white = torch.tensor([0.41, 0.355 - yellow, 0.33 - 1.5 * yellow])
    veins = (torch.sin(7 * angle + 3 * torch.sin(ring * 0.9)) * torch.sin(13 * angle + ring)).clamp(min=0) ** 3
    pink = 0.10 * smoothstep(6.2, 11.0, ring) + 0.22 * veins * smoothstep(6.6, 10.0, ring)
    return white * (1 - pink[..., None] * torch.tensor([0.25, 1.0, 0.95]))
