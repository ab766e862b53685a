"""Clothes: the albedo of the torso as a t-shirt, a suit, stripes or a sweater. Cuts and odds are assumptions."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.studio.identity import Identity
from tellbench.datasets.studio.paint import person_noise
from tellbench.datasets.studio.sculpture import smoothstep

_KINDS: Final = (("tee", "suit", "sweater", "stripe"), (0.38, 0.32, 0.18, 0.12))
_SUITS: Final = ((0.012, 0.014, 0.022), (0.03, 0.03, 0.034), (0.02, 0.028, 0.05), (0.09, 0.08, 0.07))
_SHIRTS: Final = ((0.62, 0.63, 0.66), (0.35, 0.45, 0.62), (0.55, 0.42, 0.44), (0.05, 0.05, 0.06))
_TIES: Final = ((0.25, 0.01, 0.02), (0.02, 0.03, 0.12), (0.02, 0.09, 0.06), (0.15, 0.1, 0.02))


def clothes(person: Identity, points: Tensor) -> Tensor:
    """Albedo [V,3] of the torso's vertices [V,3]."""
    rng = np.random.default_rng((person.seed, 23))
    kind = str(rng.choice(_KINDS[0], p=_KINDS[1]))
    y, own = points[:, 1], torch.tensor(person.cloth_color)
    weave = 1 + 0.10 * person_noise(person, points, 6, 31)
    weave = weave + 0.12 * person_noise(person, points * torch.tensor([1.0, 0.3, 1.0]), 2.0, 32)
    albedo = own.expand_as(points)
    if kind == "suit":
        albedo = _suit(points, rng)
    elif kind == "stripe":
        other = torch.tensor([0.6, 0.58, 0.55] if own.mean() < 0.25 else [0.03, 0.035, 0.08])
        band = smoothstep(-0.45, 0.45, torch.sin(y * 0.28))[:, None]
        albedo = albedo * band + other * (1 - band)
    elif kind == "sweater":
        around = torch.atan2(points[:, 0], points[:, 2] + 108)
        ribs = 1 + 0.28 * torch.sin(around * 70) * smoothstep(-222.0, -205.0, y)
        weave = weave * ribs * (1 + 0.15 * torch.sin(y * 1.3) * torch.sin(points[:, 0] * 1.3))
    return (albedo * weave[:, None]).clamp(0.004, 0.8)


def _pick(rng: np.random.Generator, colours: tuple[tuple[float, float, float], ...]) -> Tensor:
    return torch.tensor(colours[int(rng.integers(len(colours)))])


def _suit(points: Tensor, rng: np.random.Generator) -> Tensor:
    """Jacket, shirt in its opening, lapels, often a tie."""
    x, y, z = points.unbind(-1)
    across, chest = x.abs(), smoothstep(-118.0, -100.0, z)
    opening = ((y + 345) / 150).clamp(0, 1.1) * 52
    shirt = ((1 - smoothstep(opening - 1, opening + 1, across)) * chest)[:, None]
    albedo = _pick(rng, _SUITS) * (1 - shirt) + _pick(rng, _SHIRTS) * shirt
    edge = 0.55 * torch.exp(-(((across - opening - 2) / 2.2) ** 2)) * chest
    lapel = 0.5 * torch.exp(-(((across - opening - 34) / 1.6) ** 2)) * chest * (y > -330)
    albedo = albedo * ((1 - edge) * (1 - lapel))[:, None]
    if rng.random() >= 0.6:
        return albedo
    width = (-(y + 200)).clamp(0, 120) * 0.05
    tie = ((1 - smoothstep(9.0, 10.5, across - width)) * chest)[:, None]  # its knot touches the collar
    stripes = 1 + 0.5 * torch.sign(torch.sin((x + y) * 0.7))[:, None] * float(rng.random() < 0.5)
    return albedo * (1 - tie) + _pick(rng, _TIES) * stripes * tie
