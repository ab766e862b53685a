"""One picture bent so that its landmarks lie on those of each frame: thin-plate splines (Bookstein, PAMI 1989)."""

from __future__ import annotations

from typing import Final

import torch
from torch.nn import functional

Tensor = torch.Tensor

_STIFFNESS: Final = 0.02
"""How much a landmark's own error is smoothed over; of the spline's equations, in faces (assumption)."""
_STRIDE: Final = 8
"""Pixels between places where the spline is worked out; it is smooth, so between them a line will do."""


def bend(picture: Tensor, source: Tensor, points: Tensor, size: tuple[int, int]) -> Tensor:
    """The picture as each frame would show it, (T, 3, H, W).

    Args:
        picture: (3, h, w).
        source: its landmarks (N, 2) in pixels, centres at .5.
        points: where they are in each frame, (T, N, 2).
        size: H and W of the frames.
    """
    where = _spline(points, source, _nodes(points, size))  # (T, rows, columns, 2)
    dense = functional.interpolate(where.permute(0, 3, 1, 2), size=size, mode="bilinear", align_corners=True)
    extent = torch.tensor([picture.shape[2], picture.shape[1]], dtype=dense.dtype, device=dense.device)
    grid = dense.permute(0, 2, 3, 1) * (2 / extent) - 1
    pictures = picture.expand(len(points), -1, -1, -1)
    return functional.grid_sample(pictures, grid, "bicubic", "border", align_corners=False).clamp(0, 255)


def _nodes(points: Tensor, size: tuple[int, int]) -> Tensor:
    """Pixel places (rows, columns, 2) from the first pixel's centre to the last one's."""
    y, x = (torch.linspace(0.5, n - 0.5, n // _STRIDE + 2, dtype=points.dtype, device=points.device) for n in size)
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)


def _spline(points: Tensor, source: Tensor, nodes: Tensor) -> Tensor:
    """Where in the source each node lies, (T, rows, columns, 2), when `points` (T, N, 2) are its landmarks."""
    centre = points.mean(1, keepdim=True)
    unit = (points - centre).norm(dim=-1).mean(1)[:, None, None]  # numbers about 1 keep the equations well posed
    known = ((points - centre) / unit).double()
    asked = ((nodes.reshape(1, -1, 2) - centre) / unit).double()
    count = points.shape[1]
    affine = torch.cat([torch.ones_like(known[..., :1]), known], -1)  # (T, N, 3)
    left = torch.zeros(len(points), count + 3, count + 3, dtype=known.dtype, device=known.device)
    left[:, :count, :count] = _kernel(known, known) + _STIFFNESS * torch.eye(count, device=known.device)
    left[:, :count, count:], left[:, count:, :count] = affine, affine.mT
    right = torch.cat([source.double(), source.new_zeros(3, 2).double()])
    weights = torch.linalg.solve(left, right.expand(len(points), -1, -1))
    basis = torch.cat([_kernel(asked, known), torch.ones_like(asked[..., :1]), asked], -1)
    where: Tensor = basis @ weights
    return where.to(points.dtype).reshape(len(points), *nodes.shape)


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    """r^2 log r of places (T, M, 2) and (T, N, 2), (T, M, N)."""
    square = (a[:, :, None] - b[:, None]).square().sum(-1)
    return square * square.clamp(min=1e-12).log() / 2
