"""Pictures of every kind from studio windows, so that a network trained on them holds on photographs and paintings.

A source and its target get one look, each driver another: what a face does must be read through any look and shown in
the source's. What a look lays on a face moves with the face. All amounts are assumptions, chosen wide.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from tellbench.datasets.faces.augment import blur, kuwahara, luma, quantise_blocks
from tellbench.generator.vasa.frames import FaceFrames, Pairs
from tellbench.generator.vasa.window import STEADY_PLACES

_CELLS: Final = 96
"""Strokes and threads across a texture's plane, which covers twice the window."""
Effect = Callable[[Tensor, Tensor], Tensor]
"""From pictures (K, B, 3, H, W) in [0, 1] and the places on the surface (K, B, H, W, 2) that they show to pictures."""


class Randomiser:
    """Draws looks; `random` is all its state, and lives on the device of the pictures."""

    def __init__(self, seed: int, device: str | torch.device = "cpu") -> None:
        self.random = torch.Generator(device).manual_seed(seed)

    @torch.no_grad()
    def __call__(self, pairs: Pairs) -> Pairs:
        """Pairs in random looks."""
        source, target = self.together([pairs.source, pairs.target])
        drivers = (self.together([driver])[0] for driver in (pairs.pose_driver, pairs.dynamics_driver))
        pose_driver, dynamics_driver = (dataclasses.replace(one, image=self.grain(one.image)) for one in drivers)
        return Pairs(source, target, pose_driver, dynamics_driver)

    def together(self, frames: list[FaceFrames]) -> list[FaceFrames]:
        """Batches of B frames each, of which row b of every batch gets the same look."""
        pictures = torch.stack([one.image for one in frames])
        places = torch.stack([_places(one) for one in frames])
        for share, effect in (
            (0.30, self.paint),
            (0.05, self.posterise),
            (0.25, self.texture),
            (0.35, self.shade),
            (0.35, self.sockets),
            (0.80, self.grade),
            (0.15, self.drain),
            (0.20, self.soften),
            (0.25, self.compress),
        ):
            pictures = self._some(share, effect, pictures, places)
        return [dataclasses.replace(one, image=image.clamp(0, 1)) for one, image in zip(frames, pictures, strict=True)]

    def paint(self, pictures: Tensor, places: Tensor) -> Tensor:
        """Dabs of paint instead of detail."""
        dabs = kuwahara(pictures.flatten(0, 1), radius=2 if self._coin() else 3)
        return dabs.view_as(pictures)

    def posterise(self, pictures: Tensor, places: Tensor) -> Tensor:
        """A few flat tones."""
        levels = 5 + 7 * self._uniform(pictures)
        return (pictures * levels).round() / levels

    def texture(self, pictures: Tensor, places: Tensor) -> Tensor:
        """Strokes or canvas on the face and the room, by gain; it stays on the surface while the head moves."""
        count = pictures.shape[1]
        noise = torch.randn(count, 1, _CELLS, _CELLS, generator=self.random, device=pictures.device)
        smeared = functional.avg_pool2d(noise, (7, 1), 1, (3, 0)) * 7**0.5
        plane = noise if self._coin() else smeared if self._coin() else smeared.mT
        laid = [functional.grid_sample(plane, place / 2, align_corners=False) for place in places]
        return pictures * (1 + 0.14 * torch.stack(laid) * self._uniform(pictures))

    def shade(self, pictures: Tensor, places: Tensor) -> Tensor:
        """Light from somewhere: a smooth gain over the window, now and then with a hard edge."""
        size, count = list(pictures.shape[-2:]), pictures.shape[1]
        rough = torch.randn(count, 1, 3, 3, generator=self.random, device=pictures.device)
        field = functional.interpolate(rough, size=size, mode="bilinear")
        if self._coin():
            field = torch.tanh(3 * field)
        return pictures * torch.exp(0.4 * field * self._uniform(pictures))

    def sockets(self, pictures: Tensor, places: Tensor) -> Tensor:
        """Shadow, or another tone, about the eyes, as painters, make-up and light from above lay it."""
        corners = pictures.new_tensor(STEADY_PLACES[:4])[:, :2]
        eyes = corners.reshape(2, 2, 2).mean(1)  # (2, 2)
        away = (places[..., None, :] - eyes).square().sum(-1)  # (K, B, H, W, 2)
        reach = 0.08 + 0.1 * self._uniform(pictures)[..., 0]  # (1, B, 1, 1)
        near = (-away.amin(-1) / (2 * reach.square())).exp()[:, :, None]
        tone = 0.35 * self._normal(pictures) + 0.12 * self._normal(pictures, 3) - 0.15
        return pictures * torch.exp(tone * near)

    def grade(self, pictures: Tensor, places: Tensor) -> Tensor:
        """Exposure, contrast, gamma, white balance and saturation."""
        unit = pictures.clamp(1e-4, 1) ** torch.exp(0.3 * self._normal(pictures))
        mean = unit.mean((0, 2, 3, 4), keepdim=True)
        unit = (unit - mean) * torch.exp(0.22 * self._normal(pictures)) + mean
        unit = unit * torch.exp(0.12 * self._normal(pictures, 3)) + 0.03 * self._normal(pictures, 3)
        grey = _grey(unit)
        return grey + (unit - grey) * torch.exp(0.35 * self._normal(pictures))

    def drain(self, pictures: Tensor, places: Tensor) -> Tensor:
        """Grey, sepia or tinted."""
        tint = torch.exp(0.13 * self._normal(pictures, 3) * (self._uniform(pictures) < 0.6))
        return _grey(pictures) * tint

    def soften(self, pictures: Tensor, places: Tensor) -> Tensor:
        """Out of focus; the same for all that were chosen."""
        amount = float(torch.rand(1, generator=self.random, device=self.random.device))
        return blur(pictures.flatten(0, 1), 0.4 + amount**2).view_as(pictures)

    def compress(self, pictures: Tensor, places: Tensor) -> Tensor:
        """Blocks as JPEG and video leave them; only sides that are multiples of 16 have whole blocks."""
        if pictures.shape[-1] % 16 or pictures.shape[-2] % 16:
            return pictures
        steps = (1 + 5 * self._uniform(pictures) ** 1.5).expand(len(pictures), -1, 1, 1, 1).flatten(0, 1)
        return (quantise_blocks(255 * pictures.flatten(0, 1), steps) / 255).view_as(pictures)

    def grain(self, pictures: Tensor) -> Tensor:
        """Sensor noise on a picture (B, 3, H, W) that nothing is compared with."""
        noise = torch.randn(pictures.shape, generator=self.random, device=pictures.device)
        return (pictures + 0.05 * self._uniform(pictures[None])[0] ** 2 * noise).clamp(0, 1)

    def _some(self, share: float, effect: Effect, pictures: Tensor, places: Tensor) -> Tensor:
        """Apply an effect to a random share of the rows, so that rare ones cost little."""
        chance = torch.rand(pictures.shape[1], generator=self.random, device=pictures.device)
        chosen = (chance < share).nonzero()[:, 0]
        if not len(chosen):
            return pictures
        return pictures.index_copy(1, chosen, effect(pictures[:, chosen], places[:, chosen]))

    def _uniform(self, pictures: Tensor, channels: int = 1) -> Tensor:
        """One number (or colour) a row of pictures (K, B, 3, H, W), (1, B, channels, 1, 1)."""
        shape = (1, pictures.shape[1], channels, 1, 1)
        return torch.rand(shape, generator=self.random, device=pictures.device)

    def _normal(self, pictures: Tensor, channels: int = 1) -> Tensor:
        shape = (1, pictures.shape[1], channels, 1, 1)
        return torch.randn(shape, generator=self.random, device=pictures.device)

    def _coin(self) -> bool:
        return bool(torch.rand(1, generator=self.random, device=self.random.device) < 0.5)


def _grey(pictures: Tensor) -> Tensor:
    """Grey (K, B, 1, H, W)."""
    return luma(pictures.flatten(0, 1)).view(*pictures.shape[:2], 1, *pictures.shape[-2:])


def _places(frames: FaceFrames) -> Tensor:
    """Where on the surface each pixel lies (B, H, W, 2): canonical x and y on a person, the window's own elsewhere."""
    height, width = size = frames.image.shape[-2:]
    y, x = ((torch.arange(n, device=frames.image.device) + 0.5) * (2 / n) - 1 for n in (height, width))
    here = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).expand(len(frames), -1, -1, -1)
    if frames.canonical is None or frames.surface is None:
        return here
    on = functional.interpolate(frames.surface, size=size, mode="bilinear")
    place = functional.interpolate(frames.canonical[:, :2], size=size, mode="bilinear") / on.clamp(min=1e-3)
    return torch.where(on.permute(0, 2, 3, 1) > 0.5, place.permute(0, 2, 3, 1), here)
