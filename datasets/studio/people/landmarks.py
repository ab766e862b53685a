"""The 68 iBUG landmarks, and dense contours of lids and lips, as points on the skin grid.

Point order: Sagonas et al. (2013), *300 Faces in-the-Wild Challenge*. Points 0-16 jaw (see `jawline`), 17-26 brows,
27-35 nose, 36-41 subject's right eye (image left), 42-47 left eye, 48-59 outer lips, 60-67 inner lips. Where a point
has no anatomy of its own, its share of the way along brow, lid or lip is that of the mean annotation of the challenge
(the mean shape that dlib's predictor of 68 points starts from).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

from tellbench.datasets.studio.people import sculpture
from tellbench.datasets.studio.people.anchors import Anchor, Anchors, on_row
from tellbench.datasets.studio.people.grid import INNER_CORNER, MOUTH_CORNER, OUTER_CORNER
from tellbench.datasets.studio.people.identity import Identity

if TYPE_CHECKING:
    from tellbench.datasets.studio.people.skin import Skin

RIGHT_EYE_CORNER, LEFT_EYE_CORNER = 36, 45
"""Landmarks at the outer eye corners."""
_BRIDGE_ABOVE_CORNER: Final = 3.5
"""mm from the inner eye corners up to point 27: as in the mean annotation, at 90 mm between the outer corners."""
_CANTHUS: Final = 0.5, 0.7
"""Where the lids are seen to meet at the outer and the inner corner: shares of the way from two columns inside, where
they are open, to the column in which their edges join."""
_SILL, _SEPTUM = 0.2, 0.35
"""How far forward from lip to tip the underside of the nose is seen to end below nostrils and septum (assumption)."""
_LIP_CORNER: Final = 0.98
"""Where across the mouth the lips are seen to meet; beyond, their edges touch."""
LID_POINTS: Final = 16
"""Points on each lid edge, corner to corner."""
LIP_POINTS: Final = 20
"""Points on each lip border, corner to corner."""


def ibug51(skin: Skin) -> Anchors:
    """Landmarks 17-67 of a skin."""
    surface = _Front(skin)
    anchors = [*_brows(skin, surface), *_nose(skin, surface), *_eyes(skin), *_mouth(skin)]
    return Anchors.build(anchors, skin.device)


def lids_and_corners(skin: Skin) -> tuple[Anchors, Anchors]:
    """Mid-points of the lids (right upper and lower, left upper and lower), and eye corners (outer, inner each)."""
    middle = [on_row(skin.layout, row, side * _eye(0.47)) for side in (-1, 1) for row in (skin.up_edge, skin.lo_edge)]
    corners = [on_row(skin.layout, skin.up_edge, side * _eye(t)) for side in (-1, 1) for t in (1.0, 0.0)]
    return Anchors.build(middle, skin.device), Anchors.build(corners, skin.device)


def lid_contours(skin: Skin) -> Anchors:
    """Edges of the lids: right upper, right lower, left upper, left lower; `LID_POINTS` each, image left to right."""
    shares = [i / (LID_POINTS - 1) for i in range(LID_POINTS)]
    edges = [(side, row) for side in (-1, 1) for row in (skin.up_edge, skin.lo_edge)]
    across = {-1: shares[::-1], 1: shares}
    places = [on_row(skin.layout, row, side * _eye(t)) for side, row in edges for t in across[side]]
    return Anchors.build(places, skin.device)


def lip_contours(skin: Skin) -> Anchors:
    """Borders of the lips: outer upper and lower, inner upper and lower; `LIP_POINTS` each, image left to right."""
    across = [2 * i / (LIP_POINTS - 1) - 1 for i in range(LIP_POINTS)]
    outer = skin.layout.first("upper_lip"), skin.layout.last("lower_lip")
    places = [on_row(skin.layout, _lip_row(skin, row, u), MOUTH_CORNER * u) for row in outer for u in across]
    places += [on_row(skin.layout, row, MOUTH_CORNER * u) for row in (skin.ul_edge, skin.ll_edge) for u in across]
    return Anchors.build(places, skin.device)


def _lip_row(skin: Skin, row: int, u: float) -> int:
    """The row of a border; borders meet in the corners, where the lips part."""
    return skin.ul_edge if abs(u) == 1 else row


def _eye(t: float) -> float:
    """Full-density column offset of a place across the eye."""
    return INNER_CORNER + (OUTER_CORNER - INNER_CORNER) * t


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


def brow_line(identity: Identity, u: float) -> tuple[float, float]:
    """Point (x, y) in mm on the left brow's centre line at `u`, 0 inner to 1 outer end."""
    arch = identity.brow_arch * math.sin(math.pi * max(u * 0.95 - 0.1, 0))
    ends = 8 * max(u - 0.7, 0) ** 1.3 + 6 * max(0.25 - u, 0)
    return 13 + u * 41, identity.brow_height + 1.2 + arch - ends


def _brow_edge(identity: Identity, u: float) -> tuple[float, float]:
    """Point (x, y) on the upper edge of the left brow's hair, which grows up at the inner end and down at the tail."""
    middle = brow_line(identity, u)[1] - 1.7 + identity.brow_tilt * (u - 0.5)
    half = 2.9 * identity.brow_thickness * min(max((1.06 - u) / 0.5, 0.26), 1.0) ** 0.8
    return 14 + u * 43, middle + 0.6 * half + 1.0 - 2.3 * u * u


def _brows(skin: Skin, surface: _Front) -> list[Anchor]:
    line = [_brow_edge(skin.identity, u) for u in (0.0, 0.26, 0.54, 0.81, 1.0)]
    return [*(surface.at(-x, y) for x, y in reversed(line)), *(surface.at(x, y) for x, y in line)]


def _nose(skin: Skin, surface: _Front) -> list[Anchor]:
    """Four places down the bridge to the tip; then along the fold between nose and lip."""
    row, tip = _midline(skin)
    column = skin.layout.columns // 2
    top = float(skin.P0[skin.up_edge, skin.layout.column_at(INNER_CORNER), 1]) + _BRIDGE_ABOVE_CORNER
    bridge = [surface.at(0.0, top + (tip - top) * i / 3) for i in range(4)]
    width, under = skin.identity.nose_width, float(skin.P0[row, column, 1])
    wings = [surface.at(side * 12.5 * width, under + 2.5) for side in (-1, 1)]
    places = zip((-7.5, 0.0, 7.5), (_SILL, _SEPTUM, _SILL), strict=True)
    right, septum, left = (_lower_edge(skin, row, x * width, share) for x, share in places)
    return [*bridge, wings[0], right, septum, left, wings[1]]


def _lower_edge(skin: Skin, row: int, x: float, share: float) -> Anchor:
    """Lower edge of the nose as it is seen from the front: `share` of the way forward, x mm from the midline."""
    layout = skin.layout
    column = layout.column_at(_offset_at(skin, row, x))
    depth = skin.P0[layout.first("nose_tip") : row + 1, column, 2].flip(0)  # from the base upward
    edge = torch.lerp(depth[0], depth.max(), share)
    k = int((depth > edge).int().argmax())
    part = float((edge - depth[k - 1]) / (depth[k] - depth[k - 1]))
    below, above = (layout.vertex(row - up, column) for up in (k - 1, k))
    return [below, above, below], [1 - part, part, 0.0]


def _midline(skin: Skin) -> tuple[int, float]:
    """Row of the subnasale, and height of the tip (foremost place) in mm.

    The subnasale, where septum and lip meet, lies farthest behind the straight line from the tip to the upper lip.
    """
    layout, base = skin.layout, sculpture.nose_base(skin.identity)
    first, end = layout.first("nose"), layout.first("upper_lip")
    profile = skin.P0[first : end + 1, layout.columns // 2, 1:]
    y, z = profile.unbind(-1)
    tip = int(z.masked_fill((y - base).abs() > 12, -math.inf).argmax())
    behind = _cross(profile[-1] - profile[tip], profile[tip:] - profile[tip])
    return first + tip + int(behind.argmax()), float(y[tip])


def _offset_at(skin: Skin, row: int, x: float) -> float:
    """Column offset at which a row passes x mm, near the midline."""
    near = (skin.layout.offset.abs() <= MOUTH_CORNER).to(skin.device)
    across, offsets = skin.P0[row, near, 0], skin.layout.offset.to(skin.device)[near]
    k = min(max(int((across < x).sum()), 1), len(across) - 1)
    share = (x - float(across[k - 1])) / max(float(across[k] - across[k - 1]), 1e-6)
    return float(offsets[k - 1] + (offsets[k] - offsets[k - 1]) * min(max(share, 0.0), 1.0))


def _eyes(skin: Skin) -> list[Anchor]:
    (outer_r, inner_r), (outer_l, inner_l) = (_canthi(skin, side) for side in (-1, 1))
    right = [on_row(skin.layout, row, -_eye(t)) for row, t in _lid_places(skin)]
    left = [on_row(skin.layout, row, _eye(t)) for row, t in _lid_places(skin)]
    return [outer_r, *right[:2], inner_r, *right[2:], inner_l, left[1], left[0], outer_l, left[3], left[2]]


def _lid_places(skin: Skin) -> list[tuple[int, float]]:
    """Row and share of the way across the eye of points 37, 38, 40 and 41."""
    upper, lower = ((skin.up_edge, t) for t in (0.69, 0.32)), ((skin.lo_edge, t) for t in (0.35, 0.71))
    return [*upper, *lower]


def _canthi(skin: Skin, side: int) -> list[Anchor]:
    """Outer and inner corner of an eye, midway between the lids' edges."""
    corners = ((OUTER_CORNER, -2, _CANTHUS[0]), (INNER_CORNER, 2, _CANTHUS[1]))
    return [_canthus(skin, side * end, side * (end + inward), share) for end, inward, share in corners]


def _canthus(skin: Skin, end: float, inside: float, share: float) -> Anchor:
    """A place `share` of the way from the middle of the opening at column offset `inside` to the join at `end`."""
    layout = skin.layout
    join, opened = layout.column_at(end), layout.column_at(inside)
    ids = [layout.vertex(skin.up_edge, join), layout.vertex(skin.up_edge, opened), layout.vertex(skin.lo_edge, opened)]
    return ids, [share, (1 - share) / 2, (1 - share) / 2]


def _mouth(skin: Skin) -> list[Anchor]:
    layout = skin.layout
    corner, upper, lower = _LIP_CORNER, layout.first("upper_lip"), layout.last("lower_lip")
    outer = [on_row(layout, upper, MOUTH_CORNER * u) for u in (-0.61, -0.26, 0, 0.26, 0.61)]
    below = [on_row(layout, lower, MOUTH_CORNER * u) for u in (0.61, 0.28, 0, -0.28, -0.61)]
    right, left = (on_row(layout, skin.ul_edge, MOUTH_CORNER * u) for u in (-corner, corner))
    inner = [on_row(layout, skin.ul_edge, MOUTH_CORNER * u) for u in (-0.85, -0.27, 0, 0.27, 0.85)]
    inner += [on_row(layout, skin.ll_edge, MOUTH_CORNER * u) for u in (0.27, 0, -0.27)]
    return [right, *outer, left, *below, *inner]
