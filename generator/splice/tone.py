"""Colour and grain of the strange face, brought to those of the face that it covers."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch.nn import functional

Tensor = torch.Tensor

_STRONGEST: Final = 1.5
"""Factor by which contrast is raised or lowered at most: a beard is not skin (assumption)."""
_CURVATURE: Final = ((1.0, -2.0, 1.0), (-2.0, 4.0, -2.0), (1.0, -2.0, 1.0))
"""Blind to flat, sloping and evenly curved places (Immerkaer, CVIU 1996)."""


def match_colours(face: Tensor, frames: Tensor, share: Tensor, amount: float) -> Tensor:
    """The face (T, 3, H, W) with the mean and spread of each channel that the frames have in the region.

    After Reinhard et al. (IEEE CG&A 2001), on the stored values: skin is matched to skin, whose channels go together.

    Args:
        face: 0 to 255.
        frames: likewise.
        share: weight of each pixel (T, H, W).
        amount: 0 leaves the face, 1 matches it.
    """
    (mean, spread), (wanted, wanted_spread) = _moments(face, share), _moments(frames, share)
    gain = (wanted_spread / spread.clamp(min=1)).clamp(1 / _STRONGEST, _STRONGEST)
    return face + amount * ((face - mean) * gain + wanted - face)


def match_grain(face: Tensor, frames: Tensor, share: Tensor, amount: float, noise: torch.Generator) -> Tensor:
    """The face with noise, so that it has `amount` of the frames' own in the region; what it has already stays."""
    has, wanted = _grain(face, share), amount * _grain(frames, share)
    missing = (wanted.square() - has.square()).clamp(min=0).sqrt()  # (T, 3, 1, 1)
    drawn = torch.randn(face.shape, generator=noise).to(face)
    return face + missing * drawn


def _moments(pictures: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel in the region, (T, 3, 1, 1)."""
    weight = (share / share.sum((1, 2), keepdim=True).clamp(min=1e-6))[:, None]
    mean = (pictures * weight).sum((2, 3), keepdim=True)
    return mean, ((pictures - mean).square() * weight).sum((2, 3), keepdim=True).sqrt()


def _grain(pictures: Tensor, share: Tensor) -> Tensor:
    """Standard deviation of the noise in the region, (T, 3, 1, 1), by its curvature (Immerkaer, CVIU 1996)."""
    kernel = torch.tensor(_CURVATURE).to(pictures).expand(3, 1, 3, 3)
    rough = functional.conv2d(functional.pad(pictures, (1, 1, 1, 1), mode="replicate"), kernel, groups=3).abs()
    weight = (share / share.sum((1, 2), keepdim=True).clamp(min=1e-6))[:, None]
    return math.sqrt(math.pi / 2) / 6 * (rough * weight).sum((2, 3), keepdim=True)
