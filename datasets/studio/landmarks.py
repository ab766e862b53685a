"""The 68 iBUG landmarks as points on the skin grid.

Point order: Sagonas et al. (2013), *300 Faces in-the-Wild Challenge*. Points 0-16 jaw, 17-26 brows, 27-35 nose, 36-41
subject's right eye (image left), 42-47 left eye, 48-59 outer lips, 60-67 inner lips.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tellbench.datasets.studio import sculpture
from tellbench.datasets.studio.grid import INNER_CORNER, MOUTH_CORNER, OUTER_CORNER
from tellbench.datasets.studio.identity import Identity

if TYPE_CHECKING:
    from tellbench.datasets.studio.skin import Skin

Anchor = tuple[list[int], list[float]]
"""Three vertex ids and their weights."""


@dataclass(frozen=True)
class Anchors:
    """Points fixed to a grid, each the weighted mean of three vertices.

    Attributes:
        ids: Flat vertex ids, shape (points, 3).
        weights: Summing to 1, shape (points, 3).
    """

    ids: Tensor
    weights: Tensor

    @classmethod
    def build(cls, anchors: list[Anchor], device: torch.device) -> Anchors:
        """From a list of anchors."""
        ids, weights = zip(*anchors, strict=True)
        return cls(torch.tensor(ids, device=device), torch.tensor(weights, device=device))

    def locate(self, points: Tensor) -> Tensor:
        """Positions, shape (B, points, 3), on posed grids of shape (B, rows, columns, 3)."""
        return (points.flatten(1, 2)[:, self.ids] * self.weights[..., None]).sum(2)

    def vertices(self) -> Tensor:
        """The heaviest vertex of each point, shape (points,)."""
        return self.ids.gather(1, self.weights.argmax(1, keepdim=True))[:, 0]


def ibug68(skin: Skin) -> Anchors:
    """The 68 landmarks of a skin."""
    surface = _Front(skin)
    anchors = [*_jaw(skin, surface), *_brows(skin, surface), *_nose(skin, surface), *_eyes(skin), *_mouth(skin)]
    return Anchors.build(anchors, skin.device)


def lids_and_corners(skin: Skin) -> tuple[Anchors, Anchors]:
    """Mid-points of the lids (right upper and lower, left upper and lower), and eye corners (outer, inner each)."""
    middle = [_on_edge(skin, row, side * _eye(0.47)) for side in (-1, 1) for row in (skin.up_edge, skin.lo_edge)]
    corners = [_on_edge(skin, skin.up_edge, side * _eye(t)) for side in (-1, 1) for t in (1.0, 0.0)]
    return Anchors.build(middle, skin.device), Anchors.build(corners, skin.device)


def _eye(t: float) -> float:
    """Full-density column offset of a place across the eye."""
    return INNER_CORNER + (OUTER_CORNER - INNER_CORNER) * t


def _on_edge(skin: Skin, row: int, offset: float) -> Anchor:
    """A place between two columns of one row; `offset` as in `GridLayout.offset`."""
    layout = skin.layout
    column = offset / layout.step + layout.columns // 2
    left = min(math.floor(column), layout.columns - 2)
    share = column - left
    ids = [layout.vertex(row, left), layout.vertex(row, left + 1)]
    return [*ids, ids[0]], [1 - share, share, 0.0]


class _Front:
    """The skin seen from the front, for finding what lies at (x, y)."""

    def __init__(self, skin: Skin) -> None:
        faces = skin.triangles.long()
        corners = skin.P0.flatten(0, 1)[faces]  # (faces, 3, 3)
        a, b, c = corners[..., :2].unbind(1)
        area = _cross(b - a, c - a)
        seen = (area > 1e-4) & (corners[..., 2].amin(1) > -75)
        self.faces, self.corners, self.area = faces[seen], corners[seen], area[seen]

    def at(self, x: float, y: float) -> Anchor:
        """The foremost point at (x, y); the nearest vertex in the plane where there is none."""
        a, b, c = self.corners[..., :2].unbind(1)
        p = a.new_tensor([x, y])
        u, v = _cross(p - a, c - a) / self.area, _cross(b - a, p - a) / self.area
        weights = torch.stack([1 - u - v, u, v], -1)
        depth = (weights * self.corners[..., 2]).sum(-1)
        inside = weights.amin(-1) >= -1e-4
        if inside.any():
            k = int(depth.masked_fill(~inside, -math.inf).argmax())
            return self.faces[k].tolist(), weights[k].tolist()
        nearest = int(((self.corners[..., :2] - p).norm(dim=-1)).flatten().argmin())
        vertex = int(self.faces.flatten()[nearest])
        return [vertex] * 3, [1.0, 0.0, 0.0]


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


_JAW_COLUMNS = (138.0, 138.0, 136.0, 134.0, 130.0)
"""Full-density offsets of the contour's upper points: about 85 degrees from the front, where the face is widest."""


def _jaw(skin: Skin, surface: _Front) -> list[Anchor]:
    """The contour from ear to ear: down the sides of the face, then a superellipse round the chin."""
    heights = [-2 + (skin.mouth_y - 8) * (i / 8) / 0.55 for i in range(5)]
    sides = []
    for side in (-1, 1):
        upper = [_at_height(skin, side * c, y) for c, y in zip(_JAW_COLUMNS, heights, strict=True)]
        gonion = Anchors.build(upper, skin.device).locate(skin.P0[None])[0, -1]
        sides.append([*upper, *_chin_curve(skin, surface, float(gonion[0]), float(gonion[1]))])
    right, left = sides
    return [*right, *reversed(left[:-1])]


def _at_height(skin: Skin, offset: float, y: float) -> Anchor:
    """Where one column passes a height, below the eyes."""
    layout, column = skin.layout, skin.layout.column_at(offset)
    below = torch.arange(*layout.rows_of("under_eye", "nose_tip").indices(layout.rows)).tolist()
    below += torch.arange(*layout.rows_of("lower_lip", "chin").indices(layout.rows)).tolist()
    heights = skin.P0[below, column, 1]
    k = min(max(int((heights > y).sum()), 1), len(below) - 1)
    high, low = float(heights[k - 1]), float(heights[k])
    share = min(max((high - y) / max(high - low, 1e-6), 0.0), 1.0)
    upper, lower = layout.vertex(below[k - 1], column), layout.vertex(below[k], column)
    return [upper, lower, upper], [1 - share, share, 0.0]


def _chin_curve(skin: Skin, surface: _Front, x: float, y: float) -> list[Anchor]:
    """Four points from the angle of the jaw at (x, y) to the chin."""
    tip = sculpture.chin_height(skin.identity) - 12.5
    anchors = []
    for i in range(1, 5):
        angle = i / 4 * math.pi / 2
        across = x * max(math.cos(angle), 0.0) ** 0.85 if i < 4 else 0.0
        anchors.append(surface.at(across, y + (tip - y) * math.sin(angle) ** 1.25))
    return anchors


def brow_line(identity: Identity, u: float) -> tuple[float, float]:
    """Point (x, y) in mm on the left brow's centre line at `u`, 0 inner to 1 outer end."""
    arch = identity.brow_arch * math.sin(math.pi * min(max(u * 1.05 - 0.12, 0), 1))
    return 13 + u * 41, identity.brow_height + 1.2 + arch - 10.5 * max(u - 0.68, 0) ** 1.3


def _brows(skin: Skin, surface: _Front) -> list[Anchor]:
    line = [brow_line(skin.identity, u) for u in (0.0, 0.28, 0.52, 0.76, 1.0)]
    return [*(surface.at(-x, y) for x, y in reversed(line)), *(surface.at(x, y) for x, y in line)]


def _nose(skin: Skin, surface: _Front) -> list[Anchor]:
    base, width = sculpture.nose_base(skin.identity), skin.identity.nose_width
    bridge = [surface.at(0.0, 2 + (base - 1) * i / 3) for i in range(4)]
    under = [surface.at(x * width, base - (6.0 if abs(x) > 8 else 8.0)) for x in (-11.0, -5.5, 0.0, 5.5, 11.0)]
    return bridge + under


def _eyes(skin: Skin) -> list[Anchor]:
    anchors = []
    for side, across in ((-1, (1.0, 0.66, 0.33, 0.0)), (1, (0.0, 0.33, 0.66, 1.0))):
        anchors += [_on_edge(skin, skin.up_edge, side * _eye(t)) for t in across]
        anchors += [_on_edge(skin, skin.lo_edge, side * _eye(t)) for t in across[2:0:-1]]
    return anchors


def _mouth(skin: Skin) -> list[Anchor]:
    upper, lower = skin.layout.first("upper_lip"), skin.layout.last("lower_lip")
    across = (-1, -0.62, -0.26, 0, 0.26, 0.62, 1)
    outer = [_on_edge(skin, skin.ul_edge if abs(u) == 1 else upper, MOUTH_CORNER * u) for u in across]
    outer += [_on_edge(skin, lower, MOUTH_CORNER * u) for u in (0.62, 0.28, 0, -0.28, -0.62)]
    inner = [_on_edge(skin, skin.ul_edge, MOUTH_CORNER * u) for u in (-0.92, -0.3, 0, 0.3, 0.92)]
    return [*outer, *inner, *(_on_edge(skin, skin.ll_edge, MOUTH_CORNER * u) for u in (0.3, 0, -0.3))]
