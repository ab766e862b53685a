"""Strands composited over the opaque layer, each covering the share of a sample that its width covers.

A real hair is a tenth of a sample wide. A strand here stands for a few hairs; where it is narrower than a sample it
lets the rest of the sample shine through (area coverage along the line's minor axis, as in Gupta and Sproull 1981,
"Filtering edges for gray-scale displays", with a box for the filter). Segments are blended nearest first ("over",
Porter and Duff 1984), so the picture depends neither on the order in which they are stored nor on the batch.
"""

from __future__ import annotations

import importlib
from typing import Final

from torch import Tensor

from tellbench.datasets.studio.render import raster
from tellbench.datasets.studio.render.raster import Opaque, Primitives

DEPTH_STEP: Final = 0.125
"""mm: segments are put in order of their depth in steps of this size, then of their number."""
DEPTH_STEPS: Final = 8192
"""Segments more than 1 m behind the nearest share the last step."""
DEPTH_BIAS: Final = 0.4
"""mm by which a strand may lie behind the opaque layer: hair that lies on the skin is not lost between its vertices."""
OPAQUE: Final = 0.004
"""A sample that lets less light through than this, half an 8-bit level, is full."""


def composite(
    layer: Opaque, points: Tensor, colours: Tensor, primitives: Primitives, focal: float, kernels: str | None = None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Blend the segments of `primitives` over an opaque layer, in place.

    Args:
        layer: what the triangles show.
        points: float32 [B,V,3] in samples, z in mm; z > 0.
        colours: float32 [B,V,3], interpolated linearly along each segment.
        primitives: segments over the vertices, with their widths.
        focal: samples that 1 mm covers at a depth of 1 mm.
        kernels: `numba` or `torch`; by default what suits the device.

    Returns:
        Colour, depth, labels and clearness, [B,S,S,...]. Depth and label are a strand's where strands cover more than
        half of the sample: those of the strand that passes the half. Clearness is the share of a sample through which
        the room is seen; colour is multiplied with the rest.
    """
    name = kernels or raster.default_backend(points.device)
    module = importlib.import_module(f"{__name__}_{name}")
    clear: Tensor = module.draw(layer, points, colours, primitives, focal)
    return layer.colour, layer.depth, layer.labels, clear
