"""Square windows of fixed size out of face crops, at the video's own resolution, as input of an image model.

Shrinking a crop to a model's input size throws away the finest detail, where generated pixels differ most; windows
keep it. The high-pass residual (pixel minus local mean) hides what the picture shows from a model that has too few
people to learn from, as the constrained first layer of Bayar & Stamm 2016 (10.1145/2909827.2930786) does.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from tellbench.detectors.crops import Crops

LARGEST: Final = 2.0
"""A crop of more windows across than this is shrunk to it, so that the windows see most of the face."""
RESIDUAL_GAIN: Final = 10.0
"""Brings residuals, a few grey levels of 255, to about unit size (assumption)."""


def crop_tensor(crops: Crops, size: int) -> Tensor:
    """Crops as uint8 (N, 3, S, S) with size <= S <= LARGEST * size; resampled only where they are not."""
    images = torch.from_numpy(crops.frames).permute(0, 3, 1, 2)  # (N, 3, S, S)
    side = min(max(crops.side, size), int(LARGEST * size))
    if side == crops.side:
        return images.contiguous()
    resized = functional.interpolate(images.float(), size=(side, side), mode="bilinear", antialias=True)
    return resized.round().clamp(0, 255).to(torch.uint8)


def random_windows(images: list[Tensor], size: int, generator: torch.Generator) -> Tensor:
    """One window from each image (3, S, S), at a random whole pixel: (B, 3, size, size)."""
    draws = torch.rand(len(images), 2, generator=generator)
    room = torch.tensor([image.shape[-1] - size + 1 for image in images])[:, None]
    corners = (draws * room).long().tolist()
    return torch.stack([image[:, y : y + size, x : x + size] for image, (y, x) in zip(images, corners, strict=True)])


def fixed_windows(images: Tensor, size: int) -> Tensor:
    """Centre and four corners of the middle of each image (N, 3, S, S): (5, N, 3, size, size)."""
    room = images.shape[-1] - size
    near, middle, far = room // 4, room // 2, room - room // 4
    places = ((middle, middle), (near, near), (near, far), (far, near), (far, far))
    return torch.stack([images[..., y : y + size, x : x + size] for y, x in places])


def model_input(images: Tensor, residual: bool) -> Tensor:
    """Images (B, 3, S, S) in [0, 1] to about [-1, 1], or to their high-pass residual."""
    if not residual:
        return images * 2 - 1
    mean = functional.avg_pool2d(functional.pad(images, (1, 1, 1, 1), mode="reflect"), 3, 1)
    return (images - mean) * RESIDUAL_GAIN
