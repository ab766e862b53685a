"""Strands on the CPU: numba kernels, one frame a call."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.studio.raster import FAR, Opaque, Primitives
from tellbench.datasets.studio.raster_numba import Array, each_frame, kernel
from tellbench.datasets.studio.strand_raster import DEPTH_BIAS, DEPTH_STEP, DEPTH_STEPS, OPAQUE


def draw(layer: Opaque, points: Tensor, colours: Tensor, primitives: Primitives, focal: float) -> Tensor:
    """See `strand_raster.composite`; returns the clearness [B,S,S]."""
    clear = torch.ones_like(layer.depth)
    blended = torch.zeros_like(layer.colour)
    strands = (points.contiguous(), colours.contiguous(), primitives.segments, primitives.segment_widths * focal)
    marks = (primitives.segment_labels, layer.depth.clone(), layer.depth, layer.labels, clear, blended)
    each_frame(_blend, len(points), *(array.numpy() for array in (*strands, *marks)))
    each_frame(_merge, len(points), *(array.numpy() for array in (marks[1], blended, clear, layer.colour)))
    return clear


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
    frame: int,
    points: Array,
    colours: Array,
    segments: Array,
    widths: Array,
    segment_labels: Array,
    opaque: Array,
    depth: Array,
    labels: Array,
    clear: Array,
    blended: Array,
) -> None:
    """Add the light of every segment and take what it covers from the clearness."""
    xyz, rgb = points[frame], colours[frame]
    size = clear.shape[1]
    half, one, zero = np.float32(0.5), np.float32(1), np.float32(0)
    for s in _nearest_first(xyz, segments):
        i, j = segments[s, 0], segments[s, 1]
        steep = abs(xyz[j, 1] - xyz[i, 1]) > abs(xyz[j, 0] - xyz[i, 0])
        along, across = (1, 0) if steep else (0, 1)
        if xyz[i, along] > xyz[j, along]:
            i, j = j, i
        a0, c0, z0 = xyz[i, along], xyz[i, across], xyz[i, 2]
        run, rise, deeper = xyz[j, along] - a0, xyz[j, across] - c0, xyz[j, 2] - z0
        first, last = max(0, int(np.ceil(a0 - half))), min(size, int(np.ceil(a0 + run - half)))
        if first >= last:
            continue
        inverse = one / run
        # the width along the minor axis
        wide = widths[s] / (z0 + half * deeper) * np.sqrt(one + rise * rise * inverse * inverse)
        for a in range(first, last):
            t = (a + half - a0) * inverse
            low = c0 + rise * t - half * wide
            high = low + wide
            z = z0 + deeper * t
            for c in range(max(0, int(np.floor(low))), min(size - 1, int(np.floor(high))) + 1):
                row, column = (a, c) if steep else (c, a)
                left = clear[frame, row, column]
                if left < OPAQUE or z > opaque[frame, row, column] + DEPTH_BIAS:
                    continue
                share = (min(high, np.float32(c + 1)) - max(low, np.float32(c))) * left
                share = max(share, zero)
                clear[frame, row, column] = left - share
                for k in range(3):
                    blended[frame, row, column, k] += share * (rgb[i, k] + (rgb[j, k] - rgb[i, k]) * t)
                if left > half and left - share <= half:
                    depth[frame, row, column] = z
                    labels[frame, row, column] = segment_labels[s]


@kernel
def _merge(frame: int, opaque: Array, blended: Array, clear: Array, colour: Array) -> None:
    """Strands over what lies behind them; only the room stays to be seen through them."""
    size = clear.shape[1]
    for row in range(size):
        for column in range(size):
            left = clear[frame, row, column]
            if left < 1:
                for k in range(3):
                    colour[frame, row, column, k] = (
                        colour[frame, row, column, k] * left + blended[frame, row, column, k]
                    )
            if opaque[frame, row, column] < FAR:
                clear[frame, row, column] = 0
