"""Random changes of training images that a detector should not depend on: side, colour, contrast, some sharpness."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

GAIN: Final = 0.15
"""Largest relative change of exposure, contrast and (half as much) each colour (assumption)."""
SOFT_SHARE: Final = 0.1
"""Share of images that lose detail, as compression and rescaling take it (assumption)."""


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Change each image by its own draw. No image is shifted by parts of a pixel: that would blur what is sought.

    Args:
        images: (B, 3 K, S, S) in [0, 1], each K frames of the same change.
        generator: on the CPU, so that every device draws the same.
    """
    return _soften(_recolour(_mirror(images, generator), generator), generator).clamp(0, 1)


def _uniform(size: tuple[int, ...], spread: float, like: Tensor, generator: torch.Generator) -> Tensor:
    return ((2 * torch.rand(size, generator=generator) - 1) * spread).to(like.device)


def _mirror(images: Tensor, generator: torch.Generator) -> Tensor:
    """Half of the images, left to right."""
    chosen = _uniform((len(images), 1, 1, 1), 1.0, images, generator) > 0
    return torch.where(chosen, images.flip(-1), images)


def _recolour(images: Tensor, generator: torch.Generator) -> Tensor:
    """Exposure and contrast of the image, gain of each colour."""
    count = len(images)
    offset = _uniform((count, 1, 1, 1), GAIN, images, generator)
    contrast = 1 + _uniform((count, 1, 1, 1), GAIN, images, generator)
    colour = (1 + _uniform((count, 3, 1, 1), GAIN / 2, images, generator)).repeat(1, images.shape[1] // 3, 1, 1)
    mean = images.mean((1, 2, 3), keepdim=True)
    return ((images - mean) * contrast + mean + offset) * colour


def _soften(images: Tensor, generator: torch.Generator) -> Tensor:
    """Shrink and enlarge some of the images by up to two."""
    chosen = torch.rand(len(images), generator=generator) < SOFT_SHARE
    factor = 0.5 + 0.5 * float(torch.rand(1, generator=generator))
    if not chosen.any():
        return images
    chosen, side = chosen.to(images.device), images.shape[-1]
    small = functional.interpolate(images[chosen], scale_factor=factor, mode="bilinear", antialias=True)
    out = images.clone()
    out[chosen] = functional.interpolate(small, size=(side, side), mode="bilinear")
    return out
