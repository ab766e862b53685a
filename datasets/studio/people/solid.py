"""Solids: ellipsoids and cones joined smoothly, one after another, into one signed distance.

Millimetres; distances are negative inside. x is folded at the midline, so that every shape stands on both sides.
Formulas are in torch here, for any device; `solid_numba` has the same ones fused, several times faster, for the CPU.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import Final, NamedTuple, Self

import torch
from torch import Tensor

Planes = tuple[Tensor, Tensor, Tensor]
"""x, y and z of points, one tensor each: three contiguous planes are faster than one [..., 3] tensor."""
Triple = tuple[float, float, float]

EMPTY: Final = 1e3
"""Distance to a solid without shapes, mm."""
STEP: Final = 0.85
"""Share of the distance that a ray advances: the smooth unions overestimate it a little."""
REACH: Final = (-6.0, 80.0)
"""Bounds of a distance that a ray trusts, mm: far from their surface, ellipsoids' are rough."""
NEAREST: Final = 2.0
"""mm from its origin at which a ray stops at the latest."""


class Ellipsoid(NamedTuple):
    """An axis-aligned ellipsoid."""

    centre: Triple
    radii: Triple

    def distance(self, p: Planes) -> Tensor:
        """Distance, first order (Quilez, "ellipsoid SDF": k0 (k0 - 1) / k1)."""
        a, b, c = ((plane - origin) / r for plane, origin, r in zip(p, self.centre, self.radii, strict=True))
        k0 = (a * a + b * b + c * c).sqrt()
        a, b, c = (q / r for q, r in zip((a, b, c), self.radii, strict=True))
        k1 = (a * a + b * b + c * c).sqrt().clamp(min=1e-6)
        return k0 * (k0 - 1) / k1

    def row(self) -> list[float]:
        """Its numbers for the kernels."""
        return [0.0, *self.centre, *self.radii, 0.0, 0.0]


class Cone(NamedTuple):
    """A capsule from `start` to `end` whose radius changes linearly."""

    start: Triple
    end: Triple
    start_radius: float
    end_radius: float

    def distance(self, p: Planes) -> Tensor:
        """Distance to the axis less the radius there."""
        x, y, z = (plane - origin for plane, origin in zip(p, self.start, strict=True))
        dx, dy, dz = (e - s for e, s in zip(self.end, self.start, strict=True))
        h = ((x * dx + y * dy + z * dz) / (dx * dx + dy * dy + dz * dz)).clamp(0, 1)
        x, y, z = x - h * dx, y - h * dy, z - h * dz
        return (x * x + y * y + z * z).sqrt() - self.start_radius - h * (self.end_radius - self.start_radius)

    def row(self) -> list[float]:
        """Its numbers for the kernels."""
        return [1.0, *self.start, *self.end, self.start_radius, self.end_radius]


class _Joint(NamedTuple):
    """A shape and how it joins what was there before."""

    shape: Ellipsoid | Cone
    blend: float
    sign: float
    """1 adds the shape, -1 carves it out."""


@dataclasses.dataclass(frozen=True)
class Solid:
    """Shapes in the order in which they were joined; see `union` and `carve`.

    Attributes:
        thickness: mm of cloth over them.
    """

    joints: tuple[_Joint, ...] = ()
    thickness: float = 0.0

    def joined(self, shape: Ellipsoid | Cone, blend: float, sign: float = 1.0) -> Self:
        """The solid with one more shape."""
        return dataclasses.replace(self, joints=(*self.joints, _Joint(shape, blend, sign)))

    @cached_property
    def table(self) -> Tensor:
        """A row of 11 numbers a shape for the kernels: blend, sign, then the shape's own; float32."""
        return torch.tensor([[joint.blend, joint.sign, *joint.shape.row()] for joint in self.joints])

    def distance(self, points: Tensor) -> Tensor:
        """Distances of points of shape (..., 3), shape (...)."""
        if points.device.type == "cpu":
            from tellbench.datasets.studio.people import solid_numba

            return solid_numba.distance(self, points)
        return self.distance_on_any_device(points)

    def distance_on_any_device(self, points: Tensor) -> Tensor:
        """`distance` in plain torch."""
        p = points[..., 0].abs(), points[..., 1].contiguous(), points[..., 2].contiguous()
        d = torch.full_like(p[0], EMPTY)
        for shape, blend, sign in self.joints:
            d = sign * _least(sign * d, shape.distance(p), blend)
        return d - self.thickness

    def cast(self, origin: Tensor, direction: Tensor, start: float | Tensor, steps: int = 40) -> tuple[Tensor, Tensor]:
        """March rays inward from `start` mm to the outermost surface.

        Args:
            origin: Shape (..., 3), or one that broadcasts to it.
            direction: Unit vectors of shape (..., 3).
            start: mm from the origins, one or of shape (...).
            steps: At most so many.

        Returns:
            Points of shape (..., 3) and their distances along the rays, shape (...).
        """
        t = torch.as_tensor(start, dtype=origin.dtype, device=origin.device).expand(direction.shape[:-1]).clone()
        if direction.device.type == "cpu":
            from tellbench.datasets.studio.people import solid_numba

            solid_numba.march(self, origin, direction, t, steps)
            return origin + t[..., None] * direction, t
        for _ in range(steps):
            distance = self.distance_on_any_device(origin + t[..., None] * direction)
            t = (t - distance.clamp(*REACH) * STEP).clamp(min=NEAREST)
        return origin + t[..., None] * direction, t


def union(solid: Solid, shape: Ellipsoid | Cone, blend: float) -> Solid:
    """Add a shape, smoothly over `blend` mm."""
    return solid.joined(shape, blend)


def carve(solid: Solid, shape: Ellipsoid | Cone, blend: float) -> Solid:
    """Take a shape away, smoothly over `blend` mm."""
    return solid.joined(shape, blend, -1.0)


def _least(a: Tensor, b: Tensor, k: float) -> Tensor:
    """Smooth minimum over a blend of `k` mm (Quilez, quadratic polynomial)."""
    h = (k - (a - b).abs()).clamp(min=0)
    return torch.minimum(a, b) - h * h / (4 * k)
