"""Strands drawn over the opaque layer: lines one sample wide; the nearest wins."""

from __future__ import annotations

import importlib

from torch import Tensor

from tellbench.datasets.studio import raster
from tellbench.datasets.studio.raster import Opaque, Primitives


def composite(
    layer: Opaque, points: Tensor, colours: Tensor, primitives: Primitives, kernels: str | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw the segments of `primitives` over an opaque layer, in place.

    Args:
        layer: what the triangles show.
        points: float32 [B,V,3] in samples; z > 0.
        colours: float32 [B,V,3], interpolated linearly along each segment.
        primitives: segments over the vertices.
        kernels: `numba` or `torch`; by default what suits the device.

    Returns:
        Colour, depth and labels of the layer, with the strands.
    """
    name = kernels or raster.default_backend(points.device)
    module = importlib.import_module(f"{__name__}_{name}")
    module.draw(layer.colour, layer.depth, layer.labels, points, colours, primitives)
    return layer.colour, layer.depth, layer.labels
