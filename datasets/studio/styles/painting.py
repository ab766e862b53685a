"""Oil paint: flat patches with crisp borders, strokes along the forms, bristles, canvas. Strengths are assumptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

import torch
from torch import Tensor
from torch.nn import functional

from tellbench.datasets.studio.labels import Label
from tellbench.datasets.studio.styles.filters import along, blur, flow, gradient, luma, smooth_noise
from tellbench.datasets.studio.styles.style import Style

_SECTORS: Final = 8
_SHARPNESS: Final = 8.0
"""How decidedly the calmest sector wins (Kyprianidis et al. 2009 use 8)."""
_FEATURES: Final = (Label.EYES, Label.BROWS_LASHES, Label.LIPS, Label.MOUTH)


class Painted(Style):
    """A brush of a clip's own width on a canvas of its own weave."""

    overrides: ClassVar[Mapping[str, float]] = {"iso": 0.0, "sharpening": 0.0}

    def __init__(self, seed: int, size: int, device: torch.device) -> None:
        random = torch.Generator().manual_seed(seed)
        unit = size / 512
        width, self._relief, self._warmth, self._colour = torch.rand(4, generator=random).tolist()
        self._radius = max(2, round((4 + 4 * width) * unit))
        self._stroke = max(3, round((7 + 8 * width) * unit))
        self._flow_sigma = 4.5 * unit
        self._broad, self._fine = (_sectors(r).to(device) for r in (self._radius, max(1, self._radius // 3)))
        self._bristle = smooth_noise(random, size, 0.8 * unit).to(device)
        self._weave = _weave(random, size, 2.2 * unit).to(device)

    def picture(self, frames: Tensor, mask: Tensor, depth: Tensor) -> Tensor:
        """See `Style.picture`."""
        photo = frames.permute(0, 3, 1, 2).float() / 255
        directions = flow(photo, self._flow_sigma)
        care = self._care(mask)
        broad = along(kuwahara(photo, self._broad), directions, self._stroke // 2)
        fine = along(kuwahara(photo, self._fine), directions, max(1, self._stroke // 5))
        paint = broad + care * (fine - broad)
        paint = self._mix(paint + 0.25 * (paint - blur(paint, self._radius)))
        height = along(self._bristle.expand(len(paint), -1, -1, -1), directions, self._stroke)
        height = height / height.std((1, 2, 3), keepdim=True) + 2 * luma(paint)  # light paint is laid on thicker
        right, down = gradient(height)
        relief = 1 + (0.04 + 0.07 * self._relief) * (1 - 0.6 * care) * (right + down).clamp(-1.5, 1.5)
        out: Tensor = (paint * relief * self._weave).clamp(0, 1)
        return (out * 255 + 0.5).to(torch.uint8).permute(0, 2, 3, 1)

    def _care(self, mask: Tensor) -> Tensor:
        """Where a painter takes the small brush: eyes, brows and lips, [B,1,S,S] in [0, 1]."""
        features = torch.stack([mask == label for label in _FEATURES]).any(0)[:, None].float()
        care: Tensor = (3 * blur(features, 1.2 * self._radius)).clamp(0, 1)
        return care

    def _mix(self, paint: Tensor) -> Tensor:
        """A palette: richer colour, warmer lights, browner darks."""
        grey = luma(paint)
        rich = grey + (1.15 + 0.35 * self._colour) * (paint - grey)
        tint = rich.new_tensor([1.0, 0.97, 0.88])[:, None, None] ** self._warmth
        earth = rich.new_tensor([0.10, 0.065, 0.04])[:, None, None]
        mixed: Tensor = earth + rich * tint * (1 - earth)
        return mixed


def kuwahara(picture: Tensor, sectors: Tensor) -> Tensor:
    """Each pixel takes the mean of the calmer ones of eight sectors about it: flat patches, crisp borders.

    Source: Papari et al. 2007, "Artistic edge and corner enhancing smoothing"; weights after Kyprianidis et al. 2009.

    Args:
        picture: [B,3,S,S] in [0, 1].
        sectors: [8,1,K,K] weights.
    """
    batch, channels, size, _ = picture.shape
    reach = sectors.shape[-1] // 2
    both = torch.cat([picture, picture**2], 1).reshape(-1, 1, size, size)
    sums = functional.conv2d(functional.pad(both, (reach,) * 4, mode="replicate"), sectors)
    mean, square = sums.view(batch, 2, channels, _SECTORS, size, size).unbind(1)
    spread = (square - mean**2).clamp(min=0).sum(1, keepdim=True).sqrt()
    weight = 1 / (1 + (255 * spread / 12) ** _SHARPNESS)
    return (mean * weight).sum(2) / weight.sum(2)


def _sectors(radius: int) -> Tensor:
    """Eight soft slices of a Gaussian disc, each summing to 1, [8,1,K,K]."""
    axis = torch.arange(-radius, radius + 1).float()
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    disc = torch.exp(-(x**2 + y**2) / (2 * (radius / 2) ** 2)) * (x**2 + y**2 <= (radius + 0.5) ** 2)
    angles = torch.arange(_SECTORS) * (2 * torch.pi / _SECTORS)
    toward = x * angles.cos()[:, None, None] + y * angles.sin()[:, None, None]
    off = torch.linalg.vector_norm(torch.stack([x, y]), dim=0).clamp(min=1e-6)
    slices = ((toward / off).clamp(min=0) ** 4 + 0.05 * (off < 0.5)) * disc
    shares: Tensor = slices / slices.sum((1, 2), keepdim=True)
    return shares[:, None]


def _weave(random: torch.Generator, size: int, thread: float) -> Tensor:
    """Linen under the paint: threads over and under one another, [1,1,S,S] about 1."""
    wobble = smooth_noise(random, size, 6 * thread)[0, 0] * 0.5
    axis = torch.arange(size) * (torch.pi / thread)
    across, down = torch.sin(axis[None] + wobble), torch.sin(axis[:, None] - wobble)
    return (1 + 0.022 * across * down + 0.012 * smooth_noise(random, size, 0.5 * thread)[0, 0])[None, None]
