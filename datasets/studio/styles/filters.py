"""Image filters that paintings and drawings share, on any device; pictures are [B,C,S,S]."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

_LUMA: Final = (0.299, 0.587, 0.114)


def luma(picture: Tensor) -> Tensor:
    """Brightness [B,1,S,S] of an RGB picture."""
    return (picture * picture.new_tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)


def blur(picture: Tensor, sigma: float) -> Tensor:
    """Gaussian blur."""
    reach = max(1, round(2.5 * sigma))
    axis = torch.arange(-reach, reach + 1, device=picture.device)
    kernel = torch.exp(-((axis / sigma) ** 2) / 2)
    kernel = (kernel / kernel.sum()).expand(picture.shape[1], 1, -1)
    groups = picture.shape[1]
    padded = functional.pad(picture, (reach,) * 4, mode="replicate")
    across = functional.conv2d(padded, kernel[:, :, None], groups=groups)
    return functional.conv2d(across, kernel[..., None], groups=groups)


def gradient(picture: Tensor) -> tuple[Tensor, Tensor]:
    """Differences to the right and down, smoothed across (Sobel), of the shape of the picture."""
    wide = functional.pad(picture, (1, 1, 1, 1), mode="replicate")
    rows = wide[:, :, :-2] + 2 * wide[:, :, 1:-1] + wide[:, :, 2:]
    columns = wide[..., :-2] + 2 * wide[..., 1:-1] + wide[..., 2:]
    return (rows[..., 2:] - rows[..., :-2]) / 8, (columns[:, :, 2:] - columns[:, :, :-2]) / 8


def flow(picture: Tensor, sigma: float) -> Tensor:
    """Unit direction (x, y) along the edges of a picture [B,2,S,S].

    The eigenvector of the smoothed structure tensor with the smaller eigenvalue (Kyprianidis and Doellner 2008, "Image
    abstraction by structure adaptive filtering"). Where there is no edge, the direction of the nearest ones.
    """
    x, y = gradient(luma(picture))
    xx, yy, xy = torch.split(blur(torch.cat([x * x, y * y, x * y], 1), sigma), 1, 1)
    angle = 0.5 * torch.atan2(2 * xy, xx - yy) + torch.pi / 2
    return torch.cat([angle.cos(), angle.sin()], 1)


def along(picture: Tensor, directions: Tensor, steps: int) -> Tensor:
    """Average of a picture over `steps` pixels of the flow to either side: line integral convolution.

    Source: Cabral and Leedom 1993, "Imaging vector fields using line integral convolution".
    """
    size = picture.shape[-1]
    axis = (torch.arange(size, device=picture.device) + 0.5) * (2 / size) - 1
    start = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1).expand(len(picture), -1, -1, -1)
    total = picture
    for sign in (1.0, -1.0):
        place, heading = start, directions.permute(0, 2, 3, 1) * sign
        for _ in range(steps):
            place = place + heading * (2 / size)
            total = total + sample(picture, place)
            now = sample(directions, place).permute(0, 2, 3, 1)
            heading = now * torch.where((now * heading).sum(-1, keepdim=True) < 0, -1.0, 1.0)
    return total / (2 * steps + 1)


def sample(picture: Tensor, place: Tensor) -> Tensor:
    """Bilinear values at places [B,S,S,2] from -1 to 1."""
    return functional.grid_sample(picture, place, padding_mode="border", align_corners=False)


def smooth_noise(random: torch.Generator, size: int, sigma: float) -> Tensor:
    """Noise of unit variance and no detail finer than `sigma` pixels, [1,1,size,size], on the CPU."""
    noise = torch.randn(1, 1, size, size, generator=random)
    noise = blur(noise, sigma) if sigma > 0 else noise
    return noise / noise.std()
