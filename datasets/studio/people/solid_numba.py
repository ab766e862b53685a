"""Distances to solids on the CPU: the formulas of `solid` fused into numba kernels, a block of points at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.studio.render.raster_numba import Array, kernel

if TYPE_CHECKING:
    from tellbench.datasets.studio.people.solid import Solid

_BLOCK = 64
"""Points at a time: their distances stay in the fastest cache while shape after shape joins them."""
_STILL = 1e-5
"""mm; a ray whose block moves less in a step has arrived. About the rounding of a float32 at a head's size."""


def distance(solid: Solid, points: Tensor) -> Tensor:
    """See `Solid.distance`."""
    out = torch.empty(points.shape[:-1])
    flat = points.contiguous().view(-1, 3)
    _distances(flat.numpy(), solid.table.numpy(), np.float32(solid.thickness), out.view(-1).numpy(), _BLOCK)
    return out


def march(solid: Solid, origin: Tensor, direction: Tensor, t: Tensor, steps: int) -> None:
    """March contiguous `t` in place; see `Solid.cast`."""
    from tellbench.datasets.studio.people.solid import NEAREST, REACH, STEP

    start, way = (ray.reshape(-1, 3).numpy() for ray in (origin.expand_as(direction), direction))
    limits = np.array([*REACH, STEP, NEAREST, _STILL], np.float32)
    _march(start, way, t.view(-1).numpy(), solid.table.numpy(), np.float32(solid.thickness), steps, limits, _BLOCK)


@kernel
def _join_all(x: Array, y: Array, z: Array, table: Array, thickness: np.float32, d: Array) -> None:
    """Distances `d` of one block."""
    quarter, one, zero, least = np.float32(0.25), np.float32(1), np.float32(0), np.float32(1e-6)
    n = len(x)
    for i in range(n):
        d[i] = np.float32(1e3)
    for row in range(table.shape[0]):
        k, sign = table[row, 0], table[row, 1]
        share = quarter / k
        px, py, pz, qx, qy, qz = (
            table[row, 3],
            table[row, 4],
            table[row, 5],
            table[row, 6],
            table[row, 7],
            table[row, 8],
        )
        if table[row, 2] == zero:
            ix, iy, iz = one / qx, one / qy, one / qz
            for i in range(n):
                a, b, c = (x[i] - px) * ix, (y[i] - py) * iy, (z[i] - pz) * iz
                k0 = np.sqrt(a * a + b * b + c * c)
                a, b, c = a * ix, b * iy, c * iz
                k1 = max(np.sqrt(a * a + b * b + c * c), least)
                shape, before = k0 * (k0 - one) / k1, sign * d[i]
                h = max(k - abs(before - shape), zero)
                d[i] = sign * (min(before, shape) - h * h * share)
        else:
            dx, dy, dz, radius, more = qx - px, qy - py, qz - pz, table[row, 9], table[row, 10] - table[row, 9]
            scale = one / (dx * dx + dy * dy + dz * dz)
            for i in range(n):
                a, b, c = x[i] - px, y[i] - py, z[i] - pz
                h = min(max((a * dx + b * dy + c * dz) * scale, zero), one)
                a, b, c = a - h * dx, b - h * dy, c - h * dz
                shape, before = np.sqrt(a * a + b * b + c * c) - radius - h * more, sign * d[i]
                h = max(k - abs(before - shape), zero)
                d[i] = sign * (min(before, shape) - h * h * share)
    for i in range(n):
        d[i] -= thickness


@kernel
def _distances(points: Array, table: Array, thickness: np.float32, out: Array, block: int) -> None:
    x, y, z = np.empty(block, np.float32), np.empty(block, np.float32), np.empty(block, np.float32)
    for start in range(0, len(points), block):
        n = min(block, len(points) - start)
        for i in range(n):
            x[i], y[i], z[i] = abs(points[start + i, 0]), points[start + i, 1], points[start + i, 2]
        _join_all(x[:n], y[:n], z[:n], table, thickness, out[start : start + n])


@kernel
def _march(
    origin: Array,
    direction: Array,
    t: Array,
    table: Array,
    thickness: np.float32,
    steps: int,
    limits: Array,
    block: int,
) -> None:
    """`limits`: least and greatest distance, share of it that a step takes, least `t`, what counts as still."""
    low, high, share, nearest, still = limits
    x, y, z = np.empty(block, np.float32), np.empty(block, np.float32), np.empty(block, np.float32)
    d = np.empty(block, np.float32)
    for start in range(0, len(t), block):
        n = min(block, len(t) - start)
        for _ in range(steps):
            for i in range(n):
                ray = start + i
                x[i] = abs(origin[ray, 0] + t[ray] * direction[ray, 0])
                y[i] = origin[ray, 1] + t[ray] * direction[ray, 1]
                z[i] = origin[ray, 2] + t[ray] * direction[ray, 2]
            _join_all(x[:n], y[:n], z[:n], table, thickness, d[:n])
            moved = np.float32(0)
            for i in range(n):
                new = max(t[start + i] - min(max(d[i], low), high) * share, nearest)
                moved = max(moved, abs(new - t[start + i]))
                t[start + i] = new
            if moved < still:
                break
