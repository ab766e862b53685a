"""Similarity frames about faces: from boxes or points to square crops and back, batched in torch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

Tensor = torch.Tensor
"""A square is an affine matrix of shape (B, 2, 3) that takes crop coordinates in [-1, 1] to image pixels."""


def crop_squares(centre: Tensor, side: Tensor, roll: Tensor | None = None) -> Tensor:
    """Squares from centres (B, 2), sides (B,) in pixels and rolls (B,) in radians (clockwise in the image)."""
    roll = torch.zeros_like(side) if roll is None else roll
    cos, sin = roll.cos() * side / 2, roll.sin() * side / 2
    linear = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], -2)  # (B, 2, 2)
    return torch.cat([linear, centre[..., None]], -1)


def to_image(points: Tensor, squares: Tensor, side: int) -> Tensor:
    """Crop pixels (B, N, 2) to image pixels."""
    return (points * (2 / side) - 1) @ squares[:, :, :2].mT + squares[:, None, :, 2]


def to_crop(points: Tensor, squares: Tensor, side: int) -> Tensor:
    """Image pixels (B, N, 2) to crop pixels."""
    inverse: Tensor = torch.linalg.inv(squares[:, :, :2])
    return ((points - squares[:, None, :, 2]) @ inverse.mT + 1) * (side / 2)


def sampling_grid(squares: Tensor, side: int, image_size: tuple[int, int] | torch.Size) -> Tensor:
    """Grid (B, side, side, 2) for `grid_sample(align_corners=False)` over images of `image_size` = (height, width)."""
    height, width = image_size
    scale = torch.tensor([2 / width, 2 / height], dtype=squares.dtype, device=squares.device)
    shift = torch.tensor([0.0, 0.0, 1.0], dtype=squares.dtype, device=squares.device)
    theta = squares * scale[:, None] - shift  # pixels to [-1, 1]
    return functional.affine_grid(theta, [len(squares), 3, side, side], align_corners=False)


def fit_similarity(shape: Tensor, points: Tensor) -> Tensor:
    """The similarity (B, 2, 3) that takes `shape` (N, 2) nearest to `points` (B, N, 2) by least squares.

    Closed form of the two-dimensional Procrustes problem (Umeyama, PAMI 1991, without reflection).
    """
    mean, target = shape.mean(0), points.mean(1)
    x, y = (shape - mean).unbind(-1)
    u, v = (points - target[:, None]).unbind(-1)
    norm = (x * x + y * y).sum()
    a, b = (u * x + v * y).sum(-1) / norm, (v * x - u * y).sum(-1) / norm
    linear = torch.stack([torch.stack([a, -b], -1), torch.stack([b, a], -1)], -2)
    return torch.cat([linear, (target - (linear @ mean))[..., None]], -1)


def resized(frames: npt.NDArray[np.uint8], size: tuple[int, int]) -> Tensor:
    """Frames (T, H, W, 3) as planes (T, 3, *size) in 0 to 255, without aliasing; on the CPU.

    Resampling bytes is ten times faster there than resampling floats.
    """
    planes = torch.as_tensor(np.array(frames)).permute(0, 3, 1, 2)
    if planes.shape[-2:] != size:
        planes = functional.interpolate(planes, size=size, mode="bilinear", antialias=True)
    return planes.float()
