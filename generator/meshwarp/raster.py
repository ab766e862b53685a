"""Numba kernels: z-buffered triangles and picture lookups. All release the GIL, so frames run in threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numba
import numpy as np

_Function = TypeVar("_Function", bound=Callable[..., Any])

FAR: Final = np.float32(1e9)
"""Depth of nothing, mm."""


def kernel(function: _Function) -> _Function:
    """Compile a kernel: it releases the GIL, and its machine code is kept on disk."""
    return cast(_Function, numba.njit(nogil=True, fastmath=True, cache=True)(function))


def inlined(function: _Function) -> _Function:
    """Compile a helper into the kernels that call it."""
    return cast(_Function, numba.njit(inline="always", fastmath=True)(function))


@inlined
def _edges(a: Any, b: Any, c: Any) -> Any:
    """Barycentric weights of a triangle as planes over the picture: (value at 0, slope x, slope y) of the first two.

    The signed area comes first; 0 says that the triangle is seen edge-on.
    """
    area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
    if -1e-9 < area < 1e-9:
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    inverse = 1.0 / area
    u0, ux, uy = (b[0] * c[1] - c[0] * b[1]) * inverse, (b[1] - c[1]) * inverse, (c[0] - b[0]) * inverse
    v0, vx, vy = (c[0] * a[1] - a[0] * c[1]) * inverse, (c[1] - a[1]) * inverse, (a[0] - c[0]) * inverse
    return area, u0, ux, uy, v0, vx, vy


@inlined
def _span(a: float, b: float, c: float, limit: int) -> Any:
    """First and last pixel whose centres lie between the least and the greatest of three coordinates."""
    low, high = min(a, min(b, c)), max(a, max(b, c))
    return max(0, int(np.ceil(low - 0.5))), min(limit - 1, int(np.floor(high - 0.5)))


@kernel
def draw(points: Any, values: Any, triangles: Any, labels: Any, out: Any, depth: Any, label: Any) -> None:
    """Interpolate vertex values over triangles, nearest wins.

    Args:
        points: (V, 3) float32 pixel x, y and depth.
        values: (V, K) float32.
        triangles: (F, 3) int32.
        labels: (F,) uint8, not 0.
        out: (H, W, K) float32, written where a triangle lies.
        depth: (H, W) float32, starts at `FAR`.
        label: (H, W) uint8 label of the nearest triangle, starts at 0.
    """
    height, width, n_values = out.shape
    for f in range(triangles.shape[0]):
        i, j, k = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        a, b, c = points[i], points[j], points[k]
        left, right = _span(a[0], b[0], c[0], width)
        top, bottom = _span(a[1], b[1], c[1], height)
        if left > right or top > bottom:
            continue
        area, u0, ux, uy, v0, vx, vy = _edges(a, b, c)
        if area == 0.0:
            continue
        for y in range(top, bottom + 1):
            u_row, v_row = u0 + uy * (y + 0.5), v0 + vy * (y + 0.5)
            for x in range(left, right + 1):
                u, v = u_row + ux * (x + 0.5), v_row + vx * (x + 0.5)
                w = 1.0 - u - v
                if u < -1e-6 or v < -1e-6 or w < -1e-6:
                    continue
                z = u * a[2] + v * b[2] + w * c[2]
                if z < depth[y, x]:
                    depth[y, x] = z
                    label[y, x] = labels[f]
                    for n in range(n_values):
                        out[y, x, n] = u * values[i, n] + v * values[j, n] + w * values[k, n]


@kernel
def draw_ids(points: Any, triangles: Any, index: Any, weights: Any, depth: Any) -> None:
    """Which triangle covers each pixel, and where in it.

    Args:
        points: (V, 3) float32 pixel x, y and depth.
        triangles: (F, 3) int32.
        index: (H, W) int32, triangle, starts at -1.
        weights: (H, W, 3) float32 barycentric weights.
        depth: (H, W) float32, starts at `FAR`.
    """
    height, width = index.shape
    for f in range(triangles.shape[0]):
        a, b, c = points[triangles[f, 0]], points[triangles[f, 1]], points[triangles[f, 2]]
        left, right = _span(a[0], b[0], c[0], width)
        top, bottom = _span(a[1], b[1], c[1], height)
        area, u0, ux, uy, v0, vx, vy = _edges(a, b, c)
        if area == 0.0:
            continue
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                u, v = u0 + ux * (x + 0.5) + uy * (y + 0.5), v0 + vx * (x + 0.5) + vy * (y + 0.5)
                w = 1.0 - u - v
                if u < -1e-6 or v < -1e-6 or w < -1e-6:
                    continue
                z = u * a[2] + v * b[2] + w * c[2]
                if z < depth[y, x]:
                    depth[y, x] = z
                    index[y, x] = f
                    weights[y, x, 0], weights[y, x, 1], weights[y, x, 2] = u, v, w


@inlined
def _catmull_rom(t: float) -> Any:
    """Weights of four neighbours at fraction t (Catmull & Rom 1974)."""
    t2 = t * t
    t3 = t2 * t
    return (
        -0.5 * t3 + t2 - 0.5 * t,
        1.5 * t3 - 2.5 * t2 + 1.0,
        -1.5 * t3 + 2.0 * t2 + 0.5 * t,
        0.5 * t3 - 0.5 * t2,
    )


@kernel
def linear(picture: Any, u: float, v: float, out: Any) -> None:
    """Bilinear value of a picture (H, W, 3) at pixel (u, v), centres at .5, edges repeated, into out (3,)."""
    height, width = picture.shape[:2]
    x, y = min(max(u - 0.5, 0.0), width - 1.001), min(max(v - 0.5, 0.0), height - 1.001)
    i, j = int(x), int(y)
    fx, fy = x - i, y - j
    for c in range(3):
        above = picture[j, i, c] * (1 - fx) + picture[j, i + 1, c] * fx
        below = picture[j + 1, i, c] * (1 - fx) + picture[j + 1, i + 1, c] * fx
        out[c] = above * (1 - fy) + below * fy


@kernel
def cubic(picture: Any, u: float, v: float, out: Any) -> None:
    """Sharp value of a picture (H, W, 3) at pixel (u, v), centres at .5, into out (3,); bilinear at the border."""
    height, width = picture.shape[:2]
    x, y = u - 0.5, v - 0.5
    if not (1.0 <= x < width - 2 and 1.0 <= y < height - 2):
        linear(picture, u, v, out)
        return
    i, j = int(x), int(y)
    a0, a1, a2, a3 = _catmull_rom(x - i)
    b0, b1, b2, b3 = _catmull_rom(y - j)
    for c in range(3):  # unrolled: twice as fast as a loop over the sixteen neighbours
        r0 = (
            a0 * picture[j - 1, i - 1, c]
            + a1 * picture[j - 1, i, c]
            + a2 * picture[j - 1, i + 1, c]
            + a3 * picture[j - 1, i + 2, c]
        )
        r1 = a0 * picture[j, i - 1, c] + a1 * picture[j, i, c] + a2 * picture[j, i + 1, c] + a3 * picture[j, i + 2, c]
        r2 = (
            a0 * picture[j + 1, i - 1, c]
            + a1 * picture[j + 1, i, c]
            + a2 * picture[j + 1, i + 1, c]
            + a3 * picture[j + 1, i + 2, c]
        )
        r3 = (
            a0 * picture[j + 2, i - 1, c]
            + a1 * picture[j + 2, i, c]
            + a2 * picture[j + 2, i + 1, c]
            + a3 * picture[j + 2, i + 2, c]
        )
        out[c] = b0 * r0 + b1 * r1 + b2 * r2 + b3 * r3
