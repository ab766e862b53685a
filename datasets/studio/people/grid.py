"""Grids of vertices: the layout of the skin grid, triangles, normals, and the rays that find the skin."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import torch
from torch import Tensor

from tellbench.datasets.studio.people.sculpture import smoothstep

Density = Literal["half", "full"]

_FULL_ROWS: Final[dict[str, int]] = {
    **{"scalp": 40, "forehead": 34, "brow": 30, "upper_lid": 20, "upper_lid_roll": 4, "lower_lid_roll": 4},
    **{"under_eye": 36, "nose": 32, "nose_tip": 40, "philtrum": 20, "upper_lip": 20, "upper_lip_roll": 8},
    **{"lower_lip_roll": 8, "lower_lip": 22, "chin": 42, "jaw": 30, "neck": 30},
}
"""Rows of each segment of the skin grid at full density, top to bottom."""
_FULL_COLUMNS: Final = 353
INNER_CORNER, OUTER_CORNER, MOUTH_CORNER, BACK = 34, 80, 42, _FULL_COLUMNS // 2
"""Columns from the midline to the eye corners, the mouth corners and the back of the head, at full density."""


@dataclass(frozen=True)
class GridLayout:
    """How the skin grid is laid out; the same for every person at one density.

    Rows run from the crown to the neck in named segments, columns from the subject's right ear side through the face
    to the left (the two outermost columns meet at the back of the head). Rows follow the lid edges and lip borders;
    the grid is cut between the lids and between the lips, and the "roll" segments turn inward behind each cut.

    Attributes:
        density: "full" (420 x 353 vertices) or "half" (210 x 177).
        step: 1 at full density, 2 at half: distances in rows are divided by it.
    """

    density: Density = "half"

    @property
    def step(self) -> int:
        """How many full-density rows or columns one row or column stands for."""
        return 2 if self.density == "half" else 1

    @cached_property
    def starts(self) -> dict[str, int]:
        """First row of every segment."""
        starts, row = {}, 0
        for name, rows in _FULL_ROWS.items():
            starts[name] = row
            row += rows // self.step
        return starts

    def count(self, name: str) -> int:
        """Number of rows of a segment."""
        return _FULL_ROWS[name] // self.step

    def first(self, name: str) -> int:
        """First row of a segment."""
        return self.starts[name]

    def last(self, name: str) -> int:
        """Last row of a segment."""
        return self.starts[name] + self.count(name) - 1

    def rows_of(self, first: str, last: str | None = None) -> slice:
        """Rows of a segment, or from one segment through another."""
        return slice(self.first(first), self.last(last or first) + 1)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(_FULL_ROWS.values()) // self.step

    @property
    def columns(self) -> int:
        """Number of columns, odd: the middle one is the midline of the face."""
        return (_FULL_COLUMNS - 1) // self.step + 1

    @property
    def size(self) -> int:
        """Number of vertices."""
        return self.rows * self.columns

    @cached_property
    def offset(self) -> Tensor:
        """Signed full-density columns from the midline, shape (columns,); positive on the subject's left."""
        return (torch.arange(self.columns) - self.columns // 2).float() * self.step

    @cached_property
    def side(self) -> Tensor:
        """-1 on the subject's right, 0 on the midline, 1 on the left, shape (columns,)."""
        return self.offset.sign()

    @cached_property
    def t_eye(self) -> Tensor:
        """Position across the eye of the column's side, 0 inner corner to 1 outer corner, shape (columns,)."""
        return (self.offset.abs() - INNER_CORNER) / (OUTER_CORNER - INNER_CORNER)

    @cached_property
    def tau(self) -> Tensor:
        """Position across the mouth, 0 midline to 1 corner and beyond, shape (columns,)."""
        return self.offset.abs() / MOUTH_CORNER

    @cached_property
    def eye_open(self) -> Tensor:
        """Columns where the lids part, bool, shape (columns,)."""
        return (self.t_eye > 0) & (self.t_eye < 1)

    @cached_property
    def mouth_open(self) -> Tensor:
        """Columns where the lips part, bool, shape (columns,)."""
        return self.tau < 1

    @cached_property
    def triangles(self) -> Tensor:
        """Vertex ids of the faces, int32, shape (n, 3); the cuts stay open only inside eyes and mouth."""
        faces = grid_triangles(self.rows, self.columns)
        row = faces.div(self.columns, rounding_mode="floor").amin(1)
        # a cell touches the opening when either of its two columns is open
        column = (faces % self.columns).amin(1).long()
        keep = torch.ones(len(faces), dtype=torch.bool)
        for upper, lower, is_open in (
            ("upper_lid", "lower_lid", self.eye_open),
            ("upper_lip", "lower_lip", self.mouth_open),
        ):
            below = "under_eye" if lower == "lower_lid" else "lower_lip"
            keep &= row != self.first(lower + "_roll") - 1
            rolls = (row >= self.first(upper + "_roll") - 1) & (row < self.first(below))
            touches = is_open | torch.roll(is_open, -1)
            keep &= ~(rolls & ~touches[column])
        return faces[keep].contiguous()

    def vertex(self, row: int, column: int) -> int:
        """Flat vertex id."""
        return row * self.columns + column

    def column_at(self, offset: float) -> int:
        """Column nearest to a signed full-density distance from the midline."""
        return round(offset / self.step) + self.columns // 2


def grid_triangles(rows: int, columns: int, wrap: bool = False) -> Tensor:
    """Two triangles a cell, int32, shape (n, 3); `wrap` joins the last column to the first.

    Anticlockwise seen from outside when rows run downward and columns to the subject's left.
    """
    r = torch.arange(rows - 1)[:, None]
    c = torch.arange(columns if wrap else columns - 1)[None]
    right = (c + 1) % columns
    a, b = r * columns + c, r * columns + right
    e, g = a + columns, b + columns
    return torch.cat([torch.stack([a, e, b], -1).reshape(-1, 3), torch.stack([b, e, g], -1).reshape(-1, 3)]).int()


def grid_normals(points: Tensor) -> Tensor:
    """Unit normals of grids of shape (..., rows, columns, 3), from central differences."""
    across, down = torch.empty_like(points), torch.empty_like(points)
    across[..., 1:-1, :] = points[..., 2:, :] - points[..., :-2, :]
    across[..., 0, :] = points[..., 1, :] - points[..., 0, :]
    across[..., -1, :] = points[..., -1, :] - points[..., -2, :]
    down[..., 1:-1, :, :] = points[..., 2:, :, :] - points[..., :-2, :, :]
    down[..., 0, :, :] = points[..., 1, :, :] - points[..., 0, :, :]
    down[..., -1, :, :] = points[..., -1, :, :] - points[..., -2, :, :]
    normals: Tensor = torch.linalg.cross(down, across)
    return unit(normals)


def unit(vectors: Tensor) -> Tensor:
    """Vectors of shape (..., 3) at length 1; zero stays zero."""
    length: Tensor = vectors.norm(dim=-1, keepdim=True)
    return vectors / (length + 1e-9)


def cylinder_rays(azimuth: Tensor, height: Tensor) -> tuple[Tensor, Tensor]:
    """Origins and directions of rays from the head's axis, each of shape (..., 3).

    Args:
        azimuth: radians, 0 forward, positive to the subject's left.
        height: about the y in mm of the point hit, up to `DOME`; above it the ray climbs the dome of the skull, one
            radian about every 85 mm. Below the mouth rays tilt down, to see the underside of the jaw;
            below the neck they tilt up, to see the top of the shoulders.
    """
    dome = ((height - DOME).clamp(min=0) * (math.pi / 2 / 134)).clamp(max=math.pi / 2)
    under_jaw = smoothstep(-78.0, -116.0, height) * (1 - smoothstep(-122.0, -160.0, height))
    tilt = TILT * (under_jaw - 0.85 * smoothstep(-140.0, -190.0, height))
    elevation = dome - tilt
    # the axis leans back into the neck below the chin
    axis = -60 - 38 * ((-height - 100) / 115).clamp(0, 1.2)
    # tilted rays start higher, so that they pass `height` at the usual distance of the skin
    origin = torch.stack([torch.zeros_like(height), height.clamp(max=DOME) + 60 * tilt.tan(), axis], -1)
    flat = elevation.cos()
    direction = torch.stack([azimuth.sin() * flat, elevation.sin().expand_as(azimuth), azimuth.cos() * flat], -1)
    return origin, direction


TILT: Final = math.radians(35)
"""Downward tilt of the rays under the chin; at the shoulders they tilt up nearly as far."""
DOME: Final = 55.0
"""Height in mm at which the cylinder of rays becomes a dome."""
