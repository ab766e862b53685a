"""Small picture and grid operations that every part of the puppet shares."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

Array: TypeAlias = npt.NDArray[np.float64]
"""Any array of floats; shapes are named where it is used."""
Floats: TypeAlias = npt.NDArray[np.floating]
Singles: TypeAlias = npt.NDArray[np.float32]
Ints: TypeAlias = npt.NDArray[np.int32]
Mask: TypeAlias = npt.NDArray[np.bool_]

LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue in lightness (ITU-R BT.601)."""


def smoothstep(low: float, high: float, x: npt.ArrayLike) -> Array:
    """Cubic Hermite step from 0 at `low` to 1 at `high`; `low` > `high` falls instead."""
    t = np.clip((np.asarray(x, np.float64) - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def sample(picture: Floats, xy: Floats) -> Array:
    """Bilinear values (..., K) of a picture (H, W, K) at pixel coordinates (..., 2), centres at .5, edges repeated."""
    where = [xy[..., 1] - 0.5, xy[..., 0] - 0.5]
    planes = [ndi.map_coordinates(picture[..., k], where, order=1, mode="nearest") for k in range(picture.shape[2])]
    return np.stack(planes, -1)


def blur(picture: Floats, sigma: float | tuple[float, float]) -> Array:
    """Gaussian blur of the first two axes of (H, W) or (H, W, K)."""
    rows, columns = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    return np.asarray(ndi.gaussian_filter(picture, (rows, columns, 0)[: picture.ndim]))


def fill(picture: Floats, weight: Floats, levels: int = 8) -> Array:
    """Spread a picture (H, W, K) from where `weight` (H, W) in [0, 1] is 1 into the rest.

    Push-pull over a pyramid (Gortler et al. 1996, "The Lumigraph", section 3.3.2).
    """
    height, width = weight.shape
    if levels == 0 or min(height, width) < 3:
        mean = (picture * weight[..., None]).sum((0, 1)) / max(float(weight.sum()), 1e-6)
        return np.where(weight[..., None] > 0, picture, mean)
    pad = ((0, height % 2), (0, width % 2), (0, 0))
    halves = ((height + 1) // 2, 2, (width + 1) // 2, 2)
    total = np.pad(picture * weight[..., None], pad).reshape(*halves, -1).sum((1, 3))
    share = np.pad(weight, pad[:2]).reshape(halves).sum((1, 3))
    coarse = fill(total / np.maximum(share, 1e-6)[..., None], np.minimum(share, 1), levels - 1)
    fine = ndi.zoom(coarse, (2, 2, 1), order=1, grid_mode=True, mode="nearest")[:height, :width]
    return np.asarray(picture * weight[..., None] + fine * (1 - weight)[..., None])


def grid_triangles(rows: int, columns: int) -> Ints:
    """Two triangles for every cell of a grid of vertices -> (2 (rows-1) (columns-1), 3)."""
    r, c = np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing="ij")
    a, b = (r * columns + c).ravel(), (r * columns + c + 1).ravel()
    d, e = a + columns, b + columns
    return np.concatenate([np.stack([a, d, b], -1), np.stack([b, d, e], -1)]).astype(np.int32)


def grid_normals(points: Floats) -> Array:
    """Unit normals of a grid of points (R, C, 3), outward for the skin's winding."""
    normal = np.cross(np.gradient(points, axis=0), np.gradient(points, axis=1))
    return np.asarray(normal / (np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-9))
