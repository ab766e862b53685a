"""Pictures of every kind from studio crops: place, light, lens, codec, occlusion, background and painting styles.

All in batches on one device; labels follow the geometry. Amounts are assumptions, chosen wide: the network must
hold on web video and on paintings although it has only seen renders.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from torch.nn import functional

from tellbench.datasets.faces.geometry import crop_squares, fit_similarity, sampling_grid, to_crop
from tellbench.datasets.faces.landmarks import GROUPS, MIRROR, N_POINTS
from tellbench.datasets.faces.network import CROP

Tensor = torch.Tensor

_MIRROR: Final = torch.as_tensor(np.concatenate([MIRROR, [N_POINTS + 1, N_POINTS]]))
_LUMA: Final = (0.299, 0.587, 0.114)
Change = Callable[[Tensor], Tensor]
"""A picture effect on crops (B, 3, H, W)."""


@dataclasses.dataclass(frozen=True)
class Batch:
    """Network inputs with their labels."""

    crops: Tensor
    """Shape (B, 3, CROP, CROP), 0 to 255."""
    points: Tensor
    """Shape (B, N_OUT, 2), crop pixels."""
    apertures: Tensor
    """Shape (B, 2)."""
    brows: Tensor
    """Shape (B, 2)."""


class Augmenter:
    """Draws random crops and pictures; the generator's state is all its state."""

    def __init__(self, mean_shape: Tensor, seed: int) -> None:
        self.mean_shape = mean_shape
        self.random = torch.Generator().manual_seed(seed)

    def __call__(self, planes: Tensor, points: Tensor, apertures: Tensor, brows: Tensor) -> Batch:
        """A training batch.

        Args:
            planes: uint8 (B, 4, S, S): red, green, blue, and 255 where the room is seen.
            points: (B, N_OUT, 2) in pixels of `planes`.
            apertures: (B, 2).
            brows: (B, 2).
        """
        squares = self.jitter(fit_similarity(self.mean_shape, points[:, :N_POINTS]))
        grid = sampling_grid(squares, CROP, planes.shape[-2:])
        cropped = functional.grid_sample(planes.float(), grid, align_corners=False)
        batch = Batch(cropped[:, :3], to_crop(points, squares, CROP), apertures, brows)
        crops = self.replace_background(batch.crops, cropped[:, 3:] / 255)
        batch = self.flip(dataclasses.replace(batch, crops=self.fade_brows(crops, batch.points)))
        return dataclasses.replace(batch, crops=self.picture(batch.crops))

    # --- place -------------------------------------------------------------------------------------------------

    def jitter(self, squares: Tensor) -> Tensor:
        """Half as loose as a finder's box on a tilted head, half as tight as the second, aligned crop."""
        count = len(squares)
        loose = self._chance(count, 0.5).float()
        spread = 0.15 + 0.85 * loose
        turn = (self._normal(count) * 16).clamp(-40, 40).deg2rad() * spread
        scale = torch.exp(self._normal(count) * 0.13 * spread + 0.04 * loose)
        shift = self._normal(count, 2).clamp(-2.5, 2.5) * 0.13 * spread[:, None]
        local = crop_squares(shift, 2 * scale, turn)  # crop coordinates to aligned crop coordinates
        linear = squares[:, :, :2] @ local[:, :, :2]
        return torch.cat([linear, squares[:, :, :2] @ local[:, :, 2:] + squares[:, :, 2:]], -1)

    def flip(self, batch: Batch) -> Batch:
        """Mirror half of the pictures with their labels."""
        chosen = self._chance(len(batch.crops), 0.5)
        mirrored = batch.points[:, _MIRROR] * torch.tensor([-1.0, 1.0]) + torch.tensor([float(CROP), 0.0])
        return Batch(
            torch.where(chosen[:, None, None, None], batch.crops.flip(-1), batch.crops),
            torch.where(chosen[:, None, None], mirrored, batch.points),
            torch.where(chosen[:, None], batch.apertures.flip(-1), batch.apertures),
            torch.where(chosen[:, None], batch.brows.flip(-1), batch.brows),
        )

    # --- picture -----------------------------------------------------------------------------------------------

    def picture(self, crops: Tensor) -> Tensor:
        """Style, colour, lens, sensor and codec, in the order in which they would happen."""
        crops = self._some(crops, 0.12, kuwahara)
        crops = self._some(crops, 0.06, self.posterise)
        crops = self._some(crops, 0.25, self.brush)
        crops = self._some(crops, 0.35, self.occlude)
        crops = self._some(crops, 0.35, self.shade)
        crops = self._some(crops, 0.8, self.grade)
        crops = self._some(crops, 0.25, self.drain)
        crops = self._some(crops, 0.35, self.soften)
        crops = self._some(crops, 0.35, self.shrink)
        crops = self._some(crops, 0.5, self.grain)
        return self._some(crops.clamp(0, 255), 0.4, self.compress).clamp(0, 255)

    def replace_background(self, crops: Tensor, room: Tensor) -> Tensor:
        """Put another place behind half of the heads: flat, smooth, busy, or a shuffled other picture."""
        chosen = self._chance(len(crops), 0.5).nonzero()[:, 0]
        scenery = self.clutter(crops[chosen])
        crops[chosen] = crops[chosen].lerp(scenery, room[chosen])
        return crops

    def clutter(self, crops: Tensor) -> Tensor:
        """Random scenery in the shape of `crops`, which some of it is taken from."""
        count, side = len(crops), CROP // 2
        scenery = (self._uniform(count, 3, 1, 1) * 255).repeat(1, 1, side, side)
        for cells, amount in ((3, 80.0), (10, 60.0), (32, 45.0)):
            strength = amount * self._uniform(count, 1, 1, 1) * self._chance(count, 0.6).float()[:, None, None, None]
            noise = (self._normal(count, 3, cells, cells) * 0.5 + self._normal(count, 1, cells, cells)) * strength
            scenery += functional.interpolate(noise, size=(side, side), mode="bilinear")
        scenery = functional.interpolate(scenery.clamp(0, 255), size=(CROP, CROP), mode="bilinear")
        foreign = self._chance(count, 0.2).nonzero()[:, 0]
        scenery[foreign] = crops[foreign.flip(0)].roll((CROP // 2, CROP // 3), (2, 3))
        return scenery

    def fade_brows(self, crops: Tensor, points: Tensor) -> Tensor:
        """Wash out the brows of a tenth of the faces: some painted and some old faces show hardly any."""
        chosen = self._chance(len(crops), 0.1).nonzero()[:, 0]
        axis = torch.arange(CROP) + 0.5
        brows = points[chosen, GROUPS["brows"]]  # (n, 10, 2)
        along = torch.exp(-(((axis - brows[..., :1]) / 6) ** 2))  # (n, 10, CROP)
        down = torch.exp(-(((axis - brows[..., 1:]) / 4) ** 2))
        cover = torch.einsum("npy,npx->nyx", down, along)[:, None].clamp(max=1)
        crops[chosen] = crops[chosen].lerp(blur(crops[chosen], 5.0), cover)
        return crops

    def occlude(self, crops: Tensor) -> Tensor:
        """Cover an ellipse or a bar (hand, hair, microphone) with scenery."""
        count = len(crops)
        centre = self._uniform(count, 2) * CROP
        radius = (0.05 + 0.17 * self._uniform(count, 2)) * CROP
        axis = torch.arange(CROP) + 0.5
        x = (axis[None, None, :] - centre[:, 0, None, None]) / radius[:, 0, None, None]
        y = (axis[None, :, None] - centre[:, 1, None, None]) / radius[:, 1, None, None]
        box = self._chance(count, 0.4)[:, None, None]
        distance = torch.where(box, torch.maximum(x.abs(), y.abs()), (x * x + y * y).sqrt())
        cover = ((1.05 - distance) * 12).clamp(0, 1)[:, None]
        return crops.lerp(self.clutter(crops), cover)

    def shade(self, crops: Tensor) -> Tensor:
        """Uneven light: a smooth gain field, now and then with a hard edge (cast shadow)."""
        count = len(crops)
        field = functional.interpolate(self._normal(count, 1, 3, 3), size=(CROP, CROP), mode="bilinear")
        hard = self._chance(count, 0.3)[:, None, None, None]
        field = torch.where(hard, torch.tanh(field * 6) * 0.7, field)
        return crops * torch.exp(field * 0.45 * self._uniform(count, 1, 1, 1))

    def grade(self, crops: Tensor) -> Tensor:
        """Exposure, contrast, gamma, white balance and saturation."""
        count = len(crops)
        unit = (crops / 255).clamp(1e-4, 1)
        unit = unit ** torch.exp(self._normal(count, 1, 1, 1) * 0.35)
        mean = unit.mean((1, 2, 3), keepdim=True)
        unit = (unit - mean) * torch.exp(self._normal(count, 1, 1, 1) * 0.25) + mean
        unit = unit * torch.exp(self._normal(count, 3, 1, 1) * 0.12) + self._normal(count, 3, 1, 1) * 0.03
        grey = luma(unit)
        return 255 * (grey + (unit - grey) * torch.exp(self._normal(count, 1, 1, 1) * 0.4))

    def drain(self, crops: Tensor) -> Tensor:
        """Grey, sepia or tinted."""
        count = len(crops)
        tint = 1 + self._normal(count, 3, 1, 1) * 0.15 * self._chance(count, 0.6).float()[:, None, None, None]
        return luma(crops) * tint

    def soften(self, crops: Tensor) -> Tensor:
        """Gaussian blur of 0.4 to 1.8 pixels, the same for the whole selection."""
        sigma = 0.4 + 1.4 * float(self._uniform(1)) ** 2
        return blur(crops, sigma)

    def shrink(self, crops: Tensor) -> Tensor:
        """Through a smaller picture and back, as faces in small videos."""
        side = int(CROP * (0.35 + 0.5 * float(self._uniform(1))))
        small = functional.interpolate(crops, size=(side, side), mode="area")
        return functional.interpolate(small, size=(CROP, CROP), mode="bilinear")

    def grain(self, crops: Tensor) -> Tensor:
        """Sensor noise or film grain: white or slightly blurred, coloured or grey."""
        count = len(crops)
        amount = 14 * self._uniform(count, 1, 1, 1) ** 2
        noise = self._normal(count, 3, CROP, CROP) if self._coin() else self._normal(count, 1, CROP, CROP)
        return crops + (noise if self._coin() else 2.5 * blur(noise, 0.9)) * amount

    def brush(self, crops: Tensor) -> Tensor:
        """Canvas and strokes: noise smeared along one direction, by gain."""
        count = len(crops)
        noise = self._normal(count, 1, CROP, CROP)
        smeared = functional.avg_pool2d(noise, (9, 1), 1, (4, 0))
        smeared = smeared if self._coin() else smeared.mT
        return crops * (1 + 0.3 * smeared * self._uniform(count, 1, 1, 1))

    def posterise(self, crops: Tensor) -> Tensor:
        """A few flat tones."""
        levels = 4 + 6 * self._uniform(len(crops), 1, 1, 1)
        return (crops / 255 * levels).round() / levels * 255

    def compress(self, crops: Tensor) -> Tensor:
        """Quantise 8x8 cosine blocks as JPEG and intra-coded video do."""
        steps = 1 + 7 * self._uniform(len(crops), 1, 1, 1) ** 1.5
        return quantise_blocks(crops, steps)

    # --- chance ------------------------------------------------------------------------------------------------

    def _some(self, crops: Tensor, share: float, change: Change) -> Tensor:
        """Apply `change` in place to a random share of the batch, so that rare effects cost little."""
        chosen = self._chance(len(crops), share).nonzero()[:, 0]
        if len(chosen):
            crops[chosen] = change(crops[chosen])
        return crops

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self.random)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.random)

    def _chance(self, count: int, share: float) -> Tensor:
        return self._uniform(count) < share

    def _coin(self) -> bool:
        return bool(self._uniform(1) < 0.5)


def luma(crops: Tensor) -> Tensor:
    """Grey (B, 1, H, W) by ITU-R BT.601."""
    return (crops * crops.new_tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)


def blur(pixels: Tensor, sigma: float) -> Tensor:
    """Nearly Gaussian blur of (B, C, H, W): repeated 3x3 means, each of variance 2/3, the first one in part."""
    passes, part = divmod(sigma * sigma * 1.5, 1.0)
    pixels = pixels.lerp(_mean3(pixels), part)
    for _ in range(int(passes)):
        pixels = _mean3(pixels)
    return pixels


def _mean3(pixels: Tensor) -> Tensor:
    return functional.avg_pool2d(pixels, 3, 1, 1, count_include_pad=False)


def kuwahara(crops: Tensor, radius: int = 2) -> Tensor:
    """Edge-preserving smoothing that looks painted: each pixel takes the calmest of its four corner windows' means.

    Kuwahara et al., Processing of RI-angiocardiographic images, 1976.
    """
    side = radius + 1
    padded = functional.pad(crops, (radius,) * 4, mode="replicate")
    mean = functional.avg_pool2d(padded, side, 1)  # (B, 3, H + radius, W + radius)
    grey = luma(padded)
    variance = functional.avg_pool2d(grey * grey, side, 1) - functional.avg_pool2d(grey, side, 1) ** 2
    height, width = crops.shape[-2:]
    corners = [(slice(a, a + height), slice(b, b + width)) for a in (0, radius) for b in (0, radius)]
    calmest = torch.stack([variance[:, :, a, b] for a, b in corners]).argmin(0, keepdim=True)  # (1, B, 1, H, W)
    means = torch.stack([mean[:, :, a, b] for a, b in corners])
    return means.gather(0, calmest.expand(-1, -1, 3, -1, -1))[0]


def quantise_blocks(crops: Tensor, steps: Tensor) -> Tensor:
    """Round the 8x8 cosine coefficients of luma and halved chroma; high frequencies coarser (JPEG's principle).

    Args:
        crops: (B, 3, H, W), H and W multiples of 16, 0 to 255.
        steps: quantiser steps (B, 1, 1, 1); 1 is mild, 8 strong.
    """
    grey = luma(crops)
    chroma = functional.avg_pool2d(crops - grey, 2)
    grey = _round_cosines(grey, steps)
    chroma = functional.interpolate(_round_cosines(chroma, 1.5 * steps), scale_factor=2.0, mode="nearest")
    return grey + chroma


def _round_cosines(pixels: Tensor, steps: Tensor) -> Tensor:
    count, channels, height, width = pixels.shape
    k = torch.arange(8.0, device=pixels.device)
    basis = torch.cos(math.pi / 8 * (k[None] + 0.5) * k[:, None]) * 0.5  # orthonormal DCT-II
    basis[0] /= math.sqrt(2)
    blocks = pixels.reshape(count, channels, height // 8, 8, width // 8, 8).transpose(3, 4)
    step = (3 + 2.5 * (k[:, None] + k[None])) * steps[..., None, None]
    cosines = basis @ blocks @ basis.T
    rounded = basis.T @ ((cosines / step).round() * step) @ basis
    return rounded.transpose(3, 4).reshape(count, channels, height, width)
