"""Loops over the texels and marks of the detail map, as numba kernels."""

from __future__ import annotations

import numpy as np

from tellbench.datasets.studio.render.raster_numba import Array, kernel


@kernel
def stamp(reach: int, total: Array, places: Array, pitch: Array, radius: Array, strength: Array) -> None:
    """Add round bells to `total` [R,C]; see `marks.Canvas.stamp`."""
    rows, columns = total.shape
    for n in range(len(places)):
        row, column = places[n, 0], places[n, 1]
        down, across = pitch[row, column, 0], pitch[row, column, 1]
        inverse = np.float32(1) / (radius[n] * radius[n])
        for i in range(max(-reach, -row), min(reach, rows - 1 - row) + 1):
            for j in range(max(-reach, -column), min(reach, columns - 1 - column) + 1):
                y, x = np.float32(i) * down, np.float32(j) * across
                total[row + i, column + j] += strength[n] * np.exp(-(y * y + x * x) * inverse)


@kernel
def tilt(steepest: np.float32, out: Array, points: Array, height: Array, smooth: Array) -> None:
    """Change of the unit normals `out` [R,C,3] by a height [R,C]; see `detail._tilt`."""
    rows, columns = height.shape
    least = np.float32(0.02)
    for r in range(rows):
        above, below = max(r - 1, 0), min(r + 1, rows - 1)
        for c in range(columns):
            left, right = max(c - 1, 0), min(c + 1, columns - 1)
            down, across, size = np.float32(0), np.float32(0), np.float32(0)
            for k in range(3):
                down += (points[below, c, k] - points[above, c, k]) ** 2
                across += (points[r, right, k] - points[r, left, k]) ** 2
            down = (height[below, c] - height[above, c]) / max(down, least)
            across = (height[r, right] - height[r, left]) / max(across, least)
            for k in range(3):
                change = (points[below, c, k] - points[above, c, k]) * down
                change += (points[r, right, k] - points[r, left, k]) * across
                out[r, c, k] = -change
                size += change * change
            scale = smooth[r, c] * steepest / max(np.sqrt(size), steepest)
            for k in range(3):
                out[r, c, k] *= scale
