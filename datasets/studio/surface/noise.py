"""Value noise over the skin and over cloth, on the CPU."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.studio.people.sculpture import smoothstep
from tellbench.datasets.studio.render.raster_numba import Array, kernel

_LATTICE = 40
"""Random values along each side of the cube that repeats, mirrored."""


def noise(points: Tensor, feature: float, seed: int) -> Tensor:
    """Smooth value noise in [-1, 1]: points [...,3] in mm, features of about `feature` mm -> [...]."""
    n = _LATTICE
    lattice = torch.rand(n, n, n, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    out = torch.empty(points.shape[:-1])
    _sample(points.reshape(-1, 3).numpy(), np.float32(1 / (feature * n)), lattice.numpy(), out.view(-1).numpy())
    return out


def spacing(points: Tensor) -> Tensor:
    """Distances in mm from each point of a grid [R,C,3] to the next row and to the next column, [R,C,2]."""
    down = (points[1:] - points[:-1]).norm(dim=-1)
    across = (points[:, 1:] - points[:, :-1]).norm(dim=-1)
    return torch.stack([torch.cat([down, down[-1:]]), torch.cat([across, across[:, -1:]], 1)], -1)


def resolved(pitch: Tensor, feature: float) -> Tensor:
    """Share of a noise that a grid can carry, by its pitch [R,C,2] in mm: [R,C]; 0 where points lie a feature apart."""
    return smoothstep(1.0, 2.0, feature / pitch.amax(-1).clamp(min=1e-3))


@kernel
def _sample(points: Array, scale: np.float32, lattice: Array, out: Array) -> None:
    """Trilinear look-up; every second cube is mirrored, so that no seam shows where it repeats."""
    one, last = np.float32(1), np.float32(lattice.shape[0] - 1)
    for p in range(len(points)):
        x, y, z = points[p, 0] * scale, points[p, 1] * scale, points[p, 2] * scale
        x = (one - abs((x - np.floor(x)) * np.float32(2) - one)) * last
        y = (one - abs((y - np.floor(y)) * np.float32(2) - one)) * last
        z = (one - abs((z - np.floor(z)) * np.float32(2) - one)) * last
        i, j, k = min(int(x), int(last) - 1), min(int(y), int(last) - 1), min(int(z), int(last) - 1)
        fx, fy, fz = x - np.float32(i), y - np.float32(j), z - np.float32(k)
        a = lattice[k, j, i] + (lattice[k, j, i + 1] - lattice[k, j, i]) * fx
        b = lattice[k, j + 1, i] + (lattice[k, j + 1, i + 1] - lattice[k, j + 1, i]) * fx
        c = lattice[k + 1, j, i] + (lattice[k + 1, j, i + 1] - lattice[k + 1, j, i]) * fx
        d = lattice[k + 1, j + 1, i] + (lattice[k + 1, j + 1, i + 1] - lattice[k + 1, j + 1, i]) * fx
        a, c = a + (b - a) * fy, c + (d - c) * fy
        out[p] = a + (c - a) * fz
