"""The out-of-focus room behind a person: walls, furniture, lamps, as blurred rectangles and discs."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

_GRID: Final = 96
_REACH: Final = 15


MARGIN: Final = 0.08
"""Room beyond each edge of the picture, as a share of its width: a shaking camera sees it."""


def room(seed: int, size: int, blur: float) -> Tensor:
    """Linear-light picture of a random room, float32 of shape (size, size, 3)."""
    rng = np.random.default_rng((seed, 42))
    blur = blur * _GRID
    picture = np.clip(_furnish(rng, _wall(rng)), 0.005, 3)
    planes = torch.tensor(picture, dtype=torch.float32).permute(2, 0, 1)[None]  # [1,3,G,G]
    planes = functional.interpolate(_defocus(planes, blur), (size, size), mode="bicubic", align_corners=False)
    return planes[0].permute(1, 2, 0).clamp(min=0.003).contiguous()


def _wall(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """A plain wall, unevenly lit."""
    row, column = np.mgrid[:_GRID, :_GRID] / _GRID
    tone = rng.uniform(0.06, 0.42) * (1 + rng.normal(size=3) * 0.07)
    slope = rng.uniform(-1, 1) * (column - 0.5) + rng.uniform(-0.2, 1) * (0.5 - row)
    return np.asarray(tone * (1 + 0.5 * slope)[..., None])


def _furnish(rng: np.random.Generator, picture: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Rectangles in the wall's own key, then a few lamps."""
    row, column = np.mgrid[:_GRID, :_GRID] / _GRID
    tone = picture.mean((0, 1))
    for _ in range(rng.integers(3, 10)):
        x, y, width, height = rng.uniform(0, 1), rng.uniform(0, 0.9), rng.uniform(0.05, 0.3), rng.uniform(0.05, 0.5)
        inside = (np.abs(column - x) < width) & (np.abs(row - y) < height)
        colour = tone * rng.uniform(0.3, 1.7) * (1 + rng.normal(size=3) * 0.10)
        picture = np.where(inside[..., None], 0.3 * picture + 0.7 * colour, picture)
    for _ in range(rng.integers(0, 4)):
        x, y, radius = rng.uniform(0, 1), rng.uniform(0, 0.5), rng.uniform(0.015, 0.05)
        inside = (column - x) ** 2 + (row - y) ** 2 < radius**2
        picture = np.where(inside[..., None], np.array([1.5, 1.25, 0.9]) * rng.uniform(0.4, 1.1), picture)
    return picture


def _defocus(planes: Tensor, sigma: float) -> Tensor:
    """Separable Gaussian blur of [1,3,H,W]."""
    kernel = torch.exp(-((torch.arange(-_REACH, _REACH + 1) / sigma) ** 2) / 2)
    kernel = (kernel / kernel.sum()).expand(3, 1, -1)
    padded = functional.pad(planes, (_REACH,) * 4, mode="replicate")
    across = functional.conv2d(padded, kernel[:, :, None, :], groups=3)
    return functional.conv2d(across, kernel[:, :, :, None], groups=3)
