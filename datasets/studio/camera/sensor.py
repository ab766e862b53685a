"""From light to 8-bit pixels: what lies between the rasteriser and the encoder, on the kernels that suit the device.

Every function of `sensor_torch` is also in `sensor_numba`. Both take and return tensors and give the same pictures.
"""

from __future__ import annotations

import functools
import importlib
from types import ModuleType
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

_LEVELS: Final = 4096
_TILES: Final = (509, 383)
"""Sides of the noise tiles: primes, so that their sum repeats only after 195,000 pixels."""
_CHROMA: Final = 0.45
"""Share of the noise's variance that is blotches of colour (assumption: what noise reduction leaves)."""


def kernels(name: str) -> ModuleType:
    """Module with `project`, `resolve`, `refract`, `develop` and `regrain`; `numba` (CPU tensors only) or `torch`."""
    return importlib.import_module(f"tellbench.datasets.studio.camera.sensor_{name}")


def film_curve() -> Tensor:
    """Display level over the square root of light in [0, 2]: filmic shoulder, then gamma 2.2; float32 [4096].

    Source: Narkowicz 2015, "ACES filmic tone mapping curve".
    """
    light = torch.linspace(0, 2, _LEVELS) ** 2
    toned = light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14)
    curve: Tensor = toned.clamp(0, 1) ** (1 / 2.2)
    return curve


@functools.cache
def noise_tiles() -> tuple[Tensor, Tensor]:
    """Two tiles of sensor noise as demosaicing leaves it, float32 [509,509,3] and [383,383,3]; not to be written to.

    Their sum at independent offsets has unit variance. A fine grain is shared by the channels, blotches of colour are
    not; neighbouring pixels are correlated, since each was interpolated from its neighbours.
    """
    rng = np.random.default_rng(91)
    first, second = (_tile(rng, side) / 2**0.5 for side in _TILES)
    return first, second


def _tile(rng: np.random.Generator, side: int) -> Tensor:
    planes = torch.tensor(rng.normal(size=(7, side, side)), dtype=torch.float32)
    grain = _unit(_smear(planes[:1], 1) * 0.5 + planes[:1] * 0.5)
    own = _unit(_smear(planes[1:4], 1))
    blotch = _unit(_smear(_smear(planes[4:], 2), 2))
    mixed: Tensor = grain * (1 - _CHROMA) ** 0.5 + (own + blotch) * (_CHROMA / 2) ** 0.5
    return mixed.permute(1, 2, 0).contiguous()


def _smear(planes: Tensor, radius: int) -> Tensor:
    """Box blur that wraps around, so that tiles join without a seam."""
    padded = functional.pad(planes[None], (radius,) * 4, mode="circular")
    return functional.avg_pool2d(padded, 2 * radius + 1, stride=1)[0]


def _unit(planes: Tensor) -> Tensor:
    return planes / planes.std((1, 2), keepdim=True)


def refraction(size: int, softness: float, fringe: float) -> tuple[Tensor, Tensor]:
    """Softness and lateral colour of a lens as four taps along an axis: first index int64 [3,S], weights [3,S,4].

    Each channel is magnified about the centre (red by 1 + fringe, blue by 1 - fringe) by linear interpolation, and
    smoothed by (softness, 1 - 2 softness, softness).
    """
    centre = size / 2 - 0.5
    scale = 1 / (1 + torch.tensor([fringe, 0.0, -fringe], dtype=torch.float64))
    source = centre + (torch.arange(size, dtype=torch.float64) - centre) * scale[:, None]
    first = source.floor()
    part = (source - first)[..., None]
    near, far = 1 - part, part
    w, m = softness, 1 - 2 * softness
    weights = torch.cat([w * near, m * near + w * far, w * near + m * far, w * far], -1)
    return first.long() - 1, weights.float()
