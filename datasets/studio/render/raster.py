"""Z-buffer rasterisation of triangles: numba on the CPU, plain PyTorch on CUDA, behind the same two calls.

Screen space: x right and y down in samples, sample centres at .5, z = distance from the viewer (larger is further).
Triangles are drawn in order; the nearest wins, and the first one wins a tie. What is seen is found first and coloured
afterwards, so that hidden samples cost nothing. Strands come over this opaque layer: see `strand_raster`.
"""

from __future__ import annotations

import dataclasses
from types import ModuleType
from typing import Final, NamedTuple, Self

import torch
from torch import Tensor

FAR: Final = 1e9
"""Depth of a sample that nothing covers."""


@dataclasses.dataclass(frozen=True)
class Primitives:
    """What connects the vertices: shared by every frame of a person."""

    triangles: Tensor
    """int32 [F,3] vertex indices."""
    triangle_labels: Tensor
    """uint8 [F]."""
    two_sided: Tensor
    """uint8 [F]; 0 drops the triangle where it faces away (clockwise on a y-down screen)."""
    segments: Tensor
    """int32 [S,2] vertex indices of the pieces of strands."""
    segment_labels: Tensor
    """uint8 [S]."""
    segment_widths: Tensor
    """float32 [S] mm."""

    def to(self, device: torch.device | str) -> Self:
        """The same primitives on another device."""
        return type(self)(*(getattr(self, field.name).to(device) for field in dataclasses.fields(self)))


def backend(name: str) -> ModuleType:
    """Module with the rasteriser's kernels: `numba` (CPU tensors only) or `torch` (any device)."""
    if name == "numba":
        from tellbench.datasets.studio.render import raster_numba

        return raster_numba
    from tellbench.datasets.studio.render import raster_torch

    return raster_torch


def default_backend(device: torch.device) -> str:
    """`numba` for the CPU, where it is about thirty times faster than `torch`; `torch` elsewhere."""
    return "numba" if device.type == "cpu" else "torch"


class Opaque(NamedTuple):
    """What the triangles show, sample by sample."""

    colour: Tensor
    """float32 [B,S,S,3]; 0 where empty."""
    depth: Tensor
    """float32 [B,S,S]; `FAR` where empty."""
    labels: Tensor
    """uint8 [B,S,S]; 0 where empty."""
    face: Tensor
    """int32 [B,S,S] index of the triangle seen; -1 where empty."""


def opaque(points: Tensor, colours: Tensor, primitives: Primitives, size: int, kernels: str | None = None) -> Opaque:
    """Draw coloured triangles into square images.

    Args:
        points: float32 [B,V,3] in samples; z > 0.
        colours: float32 [B,V,3], interpolated linearly in screen space.
        primitives: triangles over the vertices.
        size: width and height in samples.
        kernels: `numba` or `torch`; by default what suits the device.

    Returns:
        Fresh tensors; detail and strands may be drawn over them in place.
    """
    module = backend(kernels or default_backend(points.device))
    return Opaque(*module.opaque(points, colours, primitives, size))


def depth_map(points: Tensor, triangles: Tensor, segments: Tensor, size: int, kernels: str | None = None) -> Tensor:
    """Nearest depth of unlabelled, two-sided primitives: the shadow map of a light.

    Args:
        points: float32 [B,V,3] in texels and any depth unit.
        triangles: int32 [F,3].
        segments: int32 [S,2].
        size: width and height in texels.
        kernels: as in `rasterize`.

    Returns:
        float32 [B,S,S]; `FAR` where empty.
    """
    depth: Tensor = backend(kernels or default_backend(points.device)).depth_map(points, triangles, segments, size)
    return depth
