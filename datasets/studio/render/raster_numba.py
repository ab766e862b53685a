"""The rasteriser on the CPU: numba kernels that release the GIL, one frame a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numba
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

if TYPE_CHECKING:
    from tellbench.datasets.studio.render.raster import Primitives

Array = npt.NDArray[Any]
_Function = TypeVar("_Function", bound=Callable[..., Any])

_FAR = 1e9
_EDGE = -1e-6  # lets a sample that lies exactly on a shared edge belong to both neighbours: no cracks


def kernel(function: _Function) -> _Function:
    """Compile for the CPU, without the GIL; the machine code is cached on disk."""
    compiled: _Function = numba.njit(nogil=True, fastmath=True, cache=True)(function)
    return compiled


def each_frame(kernel: Callable[..., None], n_frames: int, *arrays: Any) -> None:
    """Call `kernel(frame, *arrays)` for every frame. Threads, if any, run whole batches: see `Studio.render`."""
    for frame in range(n_frames):
        kernel(frame, *arrays)


def opaque(points: Tensor, colours: Tensor, primitives: Primitives, size: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """See `raster.opaque`."""
    n_frames = len(points)
    image = torch.zeros(n_frames, size, size, 3)
    depth = torch.full((n_frames, size, size), _FAR)
    labels = torch.zeros(n_frames, size, size, dtype=torch.uint8)
    face = torch.full((n_frames, size, size), -1, dtype=torch.int32)
    points, colours, triangles = points.contiguous(), colours.contiguous(), primitives.triangles
    seen = (points, triangles, primitives.two_sided, depth, face)
    painted = (points, colours, triangles, primitives.triangle_labels, face, image, labels)
    each_frame(_find, n_frames, *(array.numpy() for array in seen))
    each_frame(_paint, n_frames, *(array.numpy() for array in painted))
    return image, depth, labels, face


def depth_map(points: Tensor, triangles: Tensor, segments: Tensor, size: int) -> Tensor:
    """See `raster.depth_map`."""
    depth = torch.full((len(points), size, size), _FAR)
    points, face = points.contiguous(), torch.empty(depth.shape, dtype=torch.int32)
    both_sides = torch.ones(len(triangles), dtype=torch.uint8)
    each_frame(_find, len(points), *(a.numpy() for a in (points, triangles, both_sides, depth, face)))
    each_frame(_draw_lines, len(points), *(a.numpy() for a in (points, segments, depth)))
    return depth


@kernel
def _span(a: float, b: float, c: float, size: int) -> tuple[int, int]:
    """First and last sample whose centre may lie between three coordinates."""
    first = max(0, int(np.ceil(min(a, min(b, c)) - 0.5)))
    last = min(size - 1, int(np.floor(max(a, max(b, c)) - 0.5)))
    return first, last


@kernel
def weights(xyz: Array, i: int, j: int, k: int, px: float, py: float) -> tuple[float, float, float]:
    """Shares of the corners i, j, k of a triangle at a place on the screen."""
    x0, y0, x1, y1, x2, y2 = xyz[i, 0], xyz[i, 1], xyz[j, 0], xyz[j, 1], xyz[k, 0], xyz[k, 1]
    inverse = 1.0 / ((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0))
    a = ((x1 - px) * (y2 - py) - (x2 - px) * (y1 - py)) * inverse
    b = ((x2 - px) * (y0 - py) - (x0 - px) * (y2 - py)) * inverse
    return a, b, 1.0 - a - b


@kernel
def _find(frame: int, points: Array, triangles: Array, two_sided: Array, depth: Array, face: Array) -> None:
    """The nearest triangle at every sample of one frame."""
    xyz, near, seen = points[frame], depth[frame], face[frame]
    size = near.shape[0]
    for f in range(triangles.shape[0]):
        i, j, k = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        x0, y0, x1, y1, x2, y2 = xyz[i, 0], xyz[i, 1], xyz[j, 0], xyz[j, 1], xyz[k, 0], xyz[k, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if abs(area) < 1e-9 or (area > 0 and two_sided[f] == 0):
            continue
        left, right = _span(x0, x1, x2, size)
        top, bottom = _span(y0, y1, y2, size)
        inverse = 1.0 / area
        z0, z1, z2 = xyz[i, 2], xyz[j, 2], xyz[k, 2]
        for row in range(top, bottom + 1):
            py = row + 0.5
            for column in range(left, right + 1):
                px = column + 0.5
                a = ((x1 - px) * (y2 - py) - (x2 - px) * (y1 - py)) * inverse
                b = ((x2 - px) * (y0 - py) - (x0 - px) * (y2 - py)) * inverse
                c = 1.0 - a - b
                if a < _EDGE or b < _EDGE or c < _EDGE:
                    continue
                z = a * z0 + b * z1 + c * z2
                if z < near[row, column]:
                    near[row, column] = z
                    seen[row, column] = f


@kernel
def _paint(
    frame: int,
    points: Array,
    colours: Array,
    triangles: Array,
    triangle_labels: Array,
    face: Array,
    image: Array,
    labels: Array,
) -> None:
    """Colour and label of what is seen in one frame."""
    xyz, rgb = points[frame], colours[frame]
    size = face.shape[1]
    for row in range(size):
        for column in range(size):
            f = face[frame, row, column]
            if f < 0:
                continue
            i, j, k = triangles[f, 0], triangles[f, 1], triangles[f, 2]
            a, b, c = weights(xyz, i, j, k, column + 0.5, row + 0.5)
            labels[frame, row, column] = triangle_labels[f]
            for channel in range(3):
                image[frame, row, column, channel] = a * rgb[i, channel] + b * rgb[j, channel] + c * rgb[k, channel]


@kernel
def _draw_lines(frame: int, points: Array, segments: Array, depth: Array) -> None:
    """Nearest depth of segments, a sample wide, over what is there in one frame."""
    xyz, near = points[frame], depth[frame]
    size = near.shape[0]
    for s in range(segments.shape[0]):
        i, j = segments[s, 0], segments[s, 1]
        x0, y0, z0 = xyz[i, 0], xyz[i, 1], xyz[i, 2]
        dx, dy, dz = xyz[j, 0] - x0, xyz[j, 1] - y0, xyz[j, 2] - z0
        steps = int(max(abs(dx), abs(dy))) + 1
        for step in range(steps):
            t = (step + 0.5) / steps
            column, row = int(np.floor(x0 + dx * t)), int(np.floor(y0 + dy * t))
            if 0 <= column < size and 0 <= row < size:
                near[row, column] = min(near[row, column], z0 + dz * t)
