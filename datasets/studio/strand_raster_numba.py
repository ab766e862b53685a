"""Strands on the CPU: a numba kernel, one frame a call."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from tellbench.datasets.studio.raster import Primitives
from tellbench.datasets.studio.raster_numba import Array, each_frame, kernel


def draw(image: Tensor, depth: Tensor, labels: Tensor, points: Tensor, colours: Tensor, primitives: Primitives) -> None:
    """See `strand_raster.composite`."""
    strands = (points.contiguous(), colours.contiguous(), primitives.segments, primitives.segment_labels)
    each_frame(_draw, len(points), *(array.numpy() for array in (*strands, image, depth, labels)))


@kernel
def _draw(
    frame: int,
    points: Array,
    colours: Array,
    segments: Array,
    segment_labels: Array,
    image: Array,
    depth: Array,
    labels: Array,
) -> None:
    xyz, rgb = points[frame], colours[frame]
    img, near, label = image[frame], depth[frame], labels[frame]
    size = near.shape[0]
    for s in range(segments.shape[0]):
        i, j = segments[s, 0], segments[s, 1]
        x0, y0, z0 = xyz[i, 0], xyz[i, 1], xyz[i, 2]
        dx, dy, dz = xyz[j, 0] - x0, xyz[j, 1] - y0, xyz[j, 2] - z0
        steps = int(max(abs(dx), abs(dy))) + 1
        for step in range(steps):
            t = (step + 0.5) / steps
            column, row, z = int(np.floor(x0 + dx * t)), int(np.floor(y0 + dy * t)), z0 + dz * t
            if 0 <= column < size and 0 <= row < size and z < near[row, column]:
                near[row, column] = z
                label[row, column] = segment_labels[s]
                for channel in range(3):
                    img[row, column, channel] = rgb[i, channel] * (1 - t) + rgb[j, channel] * t
