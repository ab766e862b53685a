"""Which pixels are replaced: the inner face between jaw and brows, without the eyes and the mouth that move."""

from __future__ import annotations

import math
from typing import Final

import torch

from tellbench.datasets.faces.landmarks import EYES, OUTER_CORNERS

Tensor = torch.Tensor

_DIRECTIONS: Final = 32
"""The face's outline is the hull of its points as seen from so many sides: round, and steady over time."""
_FOREHEAD: Final = 0.2
"""How far above the brows the face ends, as all lengths here in distances of the outer eye corners (assumption)."""
_TEMPLES: Final = 1.15
"""How much wider than the brows the face is there (assumption)."""
_INSET: Final = 0.04
"""What is left of the rim, since landmarks of the jaw err by a few per cent (assumption)."""
_EYE: Final = (0.04, 0.12)
"""Beyond the corners, and half the height of the hole at least: lids with lashes, open or shut (assumption)."""
_MOUTH: Final = (0.04, 0.10)
"""The same for the lips."""
_HOLE_EDGE: Final = 0.4
"""Soft edge of a hole against that of the face: there is less room."""
_SHARPEST: Final = 1e-4


def face_region(points: Tensor, size: tuple[int, int], blend_width: float) -> Tensor:
    """Share of the strange face in every pixel, (T, H, W) in 0 to 1; exactly 0 outside the region.

    Args:
        points: (T, 68, 2) in pixels, iBUG order.
        size: height and width.
        blend_width: of the soft edge, which lies inside the outline, in distances of the outer eye corners.
    """
    unit = (points[:, OUTER_CORNERS[0]] - points[:, OUTER_CORNERS[1]]).norm(dim=-1)[:, None, None]
    y, x = (torch.arange(n, dtype=points.dtype, device=points.device) + 0.5 for n in size)
    share = _ramp(_depth(_outline(points), x, y) / unit - _INSET, blend_width)
    holes = [(points[:, eye], 0, 3, _EYE) for eye in EYES] + [(points[:, 48:60], 0, 6, _MOUTH)]
    for part, first, second, room in holes:
        share *= _ramp(_beyond(part, first, second, room, x, y, unit), _HOLE_EDGE * blend_width)
    return share


def _ramp(distance: Tensor, width: float) -> Tensor:
    """0 up to distance 0, 1 from `width` on, smooth between."""
    t = (distance / max(width, _SHARPEST)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def _outline(points: Tensor) -> Tensor:
    """Jaw and forehead, (T, 27, 2): the brows spread and lifted along the face's own upright."""
    along = points[:, OUTER_CORNERS[1]] - points[:, OUTER_CORNERS[0]]  # as long as the unit
    up = torch.stack([along[:, 1], -along[:, 0]], -1)[:, None]
    brows = points[:, 17:27]
    middle = brows.mean(1, keepdim=True)
    return torch.cat([points[:, :17], middle + _TEMPLES * (brows - middle) + _FOREHEAD * up], 1)


def _depth(outline: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """How deep each pixel lies in the hull of points (T, N, 2), (T, H, W) in pixels; negative outside."""
    angles = torch.arange(_DIRECTIONS, device=x.device) * (2 * math.pi / _DIRECTIONS)
    normals = torch.stack([angles.cos(), angles.sin()], -1).to(x.dtype)
    reach = (outline @ normals.T).amax(1)  # (T, directions): the hull's support function
    depth = torch.full((len(outline), len(y), len(x)), torch.inf, dtype=x.dtype, device=x.device)
    for k, (nx, ny) in enumerate(normals.tolist()):
        depth = torch.minimum(depth, reach[:, k, None, None] - (nx * x + ny * y[:, None]))
    return depth


def _beyond(
    part: Tensor, first: int, second: int, room: tuple[float, float], x: Tensor, y: Tensor, unit: Tensor
) -> Tensor:
    """How far outside an ellipse about a part's points (T, N, 2) each pixel lies, in units, (T, H, W); about 0 inside.

    Its long axis goes through the corners `first` and `second`.
    """
    left, right = part[:, first], part[:, second]
    along = (right - left) / (right - left).norm(dim=-1, keepdim=True).clamp(min=1e-6)
    across = torch.stack([-along[:, 1], along[:, 0]], -1)
    heights = ((part - left[:, None]) * across[:, None]).sum(-1)  # (T, N)
    low, high = heights.amin(1), heights.amax(1)
    centre = (left + right) / 2 + across * ((low + high) / 2)[:, None]
    wide = (right - left).norm(dim=-1)[:, None, None] / 2 + room[0] * unit
    high_half = torch.maximum((high - low)[:, None, None] / 2 + room[0] * unit, room[1] * unit)
    dx, dy = x - centre[:, 0, None, None], y[:, None] - centre[:, 1, None, None]
    u = dx * along[:, 0, None, None] + dy * along[:, 1, None, None]
    v = dx * across[:, 0, None, None] + dy * across[:, 1, None, None]
    return (torch.hypot(u / wide, v / high_half) - 1) * high_half / unit
