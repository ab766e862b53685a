"""Strands on the CPU: numba kernels, one frame a call."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from tellbench.datasets.studio.render.raster import FAR, Opaque, Primitives
from tellbench.datasets.studio.render.raster_numba import Array, each_frame, kernel
from tellbench.datasets.studio.render.strand_raster import DEPTH_BIAS, DEPTH_STEP, DEPTH_STEPS, OPAQUE


def draw(layer: Opaque, points: Tensor, colours: Tensor, primitives: Primitives, focal: float) -> Tensor:
    """See `strand_raster.composite`; returns the clearness [B,S,S]."""
    clear = (layer.depth >= FAR).float()
    strands = (points.contiguous(), colours.contiguous(), primitives.segments, primitives.segment_widths * focal)
    marks = (primitives.segment_labels, layer.colour, layer.depth, layer.labels, clear)
    each_frame(_draw, len(points), *(array.numpy() for array in (*strands, *marks)))
    return clear


@kernel
def _draw(
    frame: int,
    points: Array,
    colours: Array,
    segments: Array,
    widths: Array,
    segment_labels: Array,
    colour: Array,
    depth: Array,
    labels: Array,
    clear: Array,
) -> None:
    """One frame, in a window round its strands."""
    if segments.shape[0] == 0:
        return
    xyz, size = points[frame], clear.shape[1]
    low, high = _window(xyz, segments, size)
    # what lets light through, the depth behind which nothing shows, red, green, blue: side by side in memory
    cells = np.empty((high[1] - low[1], high[0] - low[0], 5), np.float32)
    rows, columns = cells.shape[:2]
    for row in range(rows):
        for column in range(columns):
            cells[row, column] = 0
            cells[row, column, 0] = 1
            cells[row, column, 1] = depth[frame, row + low[1], column + low[0]] + np.float32(DEPTH_BIAS)
    _blend(xyz, colours[frame], segments, widths, segment_labels, low, cells, depth[frame], labels[frame])
    for row in range(rows):
        for column in range(columns):
            left = cells[row, column, 0]
            if left < 1:
                y, x = row + low[1], column + low[0]
                clear[frame, y, x] *= left
                for k in range(3):
                    colour[frame, y, x, k] = colour[frame, y, x, k] * left + cells[row, column, 2 + k]


@kernel
def _window(xyz: Array, segments: Array, size: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """First column and row, and those after the last, that segments may touch; wide ones may be cut a little there."""
    x0, y0, x1, y1 = np.float32(size), np.float32(size), np.float32(0), np.float32(0)
    for s in range(segments.shape[0]):
        for end in range(2):
            x, y = xyz[segments[s, end], 0], xyz[segments[s, end], 1]
            x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x), max(y1, y)
    edge = 8
    low = max(0, int(x0) - edge), max(0, int(y0) - edge)
    high = max(low[0], min(size, int(x1) + edge)), max(low[1], min(size, int(y1) + edge))
    return low, high


@kernel
def _nearest_first(xyz: Array, segments: Array) -> Array:
    """Segment numbers by depth step, stable: a counting sort."""
    n = segments.shape[0]
    middle = np.empty(n, np.float32)
    for s in range(n):
        middle[s] = (xyz[segments[s, 0], 2] + xyz[segments[s, 1], 2]) * np.float32(0.5)
    first = middle.min() if n else np.float32(0)
    step = np.empty(n, np.int32)
    count = np.zeros(DEPTH_STEPS + 1, np.int32)
    for s in range(n):
        step[s] = min(int((middle[s] - first) * np.float32(1 / DEPTH_STEP)), DEPTH_STEPS - 1)
        count[step[s] + 1] += 1
    place = np.cumsum(count)
    order = np.empty(n, np.int32)
    for s in range(n):
        order[place[step[s]]] = s
        place[step[s]] += 1
    return order


@kernel
def _blend(
    xyz: Array,
    rgb: Array,
    segments: Array,
    widths: Array,
    segment_labels: Array,
    low: tuple[int, int],
    cells: Array,
    depth: Array,
    labels: Array,
) -> None:
    """Add the light of every segment to the cells it touches and take what it covers from their clearness."""
    half, one, zero = np.float32(0.5), np.float32(1), np.float32(0)
    full = np.float32(OPAQUE)
    for s in _nearest_first(xyz, segments):
        i, j = segments[s, 0], segments[s, 1]
        steep = abs(xyz[j, 1] - xyz[i, 1]) > abs(xyz[j, 0] - xyz[i, 0])
        along, across = (1, 0) if steep else (0, 1)
        if xyz[i, along] > xyz[j, along]:
            i, j = j, i
        ends, sides = cells.shape[1 - along], cells.shape[along]
        a0, c0, z0 = xyz[i, along] - low[along], xyz[i, across] - low[across], xyz[i, 2]
        run, rise, deeper = xyz[j, along] - xyz[i, along], xyz[j, across] - xyz[i, across], xyz[j, 2] - z0
        first, last = max(0, int(np.ceil(a0 - half))), min(ends, int(np.ceil(a0 + run - half)))
        if first >= last:
            continue
        inverse = one / run
        # the width along the minor axis
        wide = widths[s] / (z0 + half * deeper) * np.sqrt(one + rise * rise * inverse * inverse)
        for a in range(first, last):
            t = (np.float32(a) + half - a0) * inverse
            start = c0 + rise * t - half * wide
            end = start + wide
            z = z0 + deeper * t
            for c in range(int(max(start, zero)), min(sides - 1, int(max(end, -one))) + 1):
                row, column = (a, c) if steep else (c, a)
                cell = cells[row, column]
                left = cell[0]
                if left < full or z > cell[1]:
                    continue
                share = max(min(end, np.float32(c + 1)) - max(start, np.float32(c)), zero) * left
                cell[0] = left - share
                for k in range(3):
                    cell[2 + k] += share * (rgb[i, k] + (rgb[j, k] - rgb[i, k]) * t)
                if left > half and left - share <= half:
                    depth[row + low[1], column + low[0]] = z
                    labels[row + low[1], column + low[0]] = segment_labels[s]
