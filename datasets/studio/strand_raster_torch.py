"""Strands in plain PyTorch: every frame of a batch at once, on any device."""

from __future__ import annotations

from torch import Tensor

from tellbench.datasets.studio.raster import Primitives
from tellbench.datasets.studio.raster_torch import nearest, segment_fragments


def draw(image: Tensor, depth: Tensor, labels: Tensor, points: Tensor, colours: Tensor, primitives: Primitives) -> None:
    """See `strand_raster.composite`."""
    size, n_points = depth.shape[-1], points.shape[1]
    sample, z, segment, weights = nearest([segment_fragments(points, primitives.segments, size)], depth)
    vertices = primitives.segments.long()[segment] + (sample // (size * size) * n_points)[:, None]
    image.view(-1, 3)[sample] = (colours.reshape(-1, 3)[vertices] * weights[..., None]).sum(1)
    depth.view(-1)[sample] = z
    labels.view(-1)[sample] = primitives.segment_labels[segment]
