"""Landmarks 0-16: the edge of cheeks, jaw and chin as the camera sees it.

A point of the jaw is no fixed place of the skin: on the side that is turned away, annotators follow the silhouette.
So each point owns a path over the skin and takes the place on it that lies outermost in the picture (landmark
marching; Zhu et al., CVPR 2015, *High-Fidelity Pose and Expression Normalization*). On the side that is turned
towards the camera the outermost place is the path's end, before the ear or under the jaw.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

from tellbench.datasets.studio.people.anchors import Anchor, Anchors, on_row

if TYPE_CHECKING:
    from tellbench.datasets.studio.people.skin import Skin

STEPS: Final = 24
"""Places on a path; about 3 mm apart, which errs by 0.1 mm across a cheek's curve."""
_START: Final = 60.0
"""Full-density column offset at which the paths round the cheeks begin: the silhouette at a yaw of 60 degrees."""
_ENDS: Final = (146.0, 146.0, 145.0, 143.0, 140.0)
"""Offsets at which they end: a few mm before the ear, and at the angle of the jaw (assumption)."""
_TOP: Final = -2.0
"""Height of points 0 and 16 in mm: just below the eyes."""
_COLUMNS: Final = (112.0, 80.0, 42.0, 0.0)
"""Offsets of the columns that lead over the jaw's edge at points 5 to 8."""
_SLOPES: Final = (0.0, 0.0, 0.0, 0.0, 10.0, 35.0, 60.0, 78.0, 90.0)
"""Degrees below the horizontal in which points 0 to 8 look for the edge: across the contour of a mean face."""


@dataclass(frozen=True)
class JawLine:
    """The paths of the 17 points.

    Attributes:
        paths: Places on the grid, `STEPS` a point, 17 * STEPS in all.
        outward: Direction across the contour of each point, unit vectors of shape (17, 2): to image right and down,
            along the axes of the head.
    """

    paths: Anchors
    outward: Tensor

    @classmethod
    def build(cls, skin: Skin) -> JawLine:
        """The paths of one person."""
        right, left = (_paths(skin, side) for side in (-1, 1))
        anchors = [place for path in [*right, *reversed(left[:-1])] for place in path]
        angles = torch.deg2rad(torch.tensor([*_SLOPES, *_SLOPES[-2::-1]]))
        across = angles.cos() * torch.tensor([-1.0] * 8 + [0.0] + [1.0] * 8)
        return cls(Anchors.build(anchors, skin.device), torch.stack([across, angles.sin()], -1).to(skin.device))

    def candidates(self, points: Tensor) -> Tensor:
        """All places of the paths, (B, 17 * STEPS, 3), on posed grids (B, rows, columns, 3)."""
        return self.paths.locate(points)

    def outermost(self, places: Tensor, axis: Tensor) -> Tensor:
        """The contour in the picture.

        Args:
            places: The candidates in pixels, y down, shape (B, 17 * STEPS, 2).
            axis: From the subject's right eye to the left one, shape (B, 2), any length.

        Returns:
            Shape (B, 17, 2).
        """
        places = places.reshape(-1, 17, STEPS, 2)
        chosen = self._reach(places, axis).argmax(2)
        return places.gather(2, chosen[..., None, None].expand(-1, -1, 1, 2))[:, :, 0]

    def at_rest(self, points: Tensor) -> Anchors:
        """The 17 places that form the contour of a grid (rows, columns, 3) seen from the front."""
        places = self.paths.locate(points[None])[..., :2] * points.new_tensor([1.0, -1.0])  # y points up in the head
        reach = self._reach(places.reshape(-1, 17, STEPS, 2), points.new_tensor([[1.0, 0.0]]))
        chosen = reach.argmax(2)[0] + torch.arange(17, device=points.device) * STEPS
        return Anchors(self.paths.ids[chosen], self.paths.weights[chosen])

    def _reach(self, places: Tensor, axis: Tensor) -> Tensor:
        """How far out every place (B, 17, STEPS, 2) lies, shape (B, 17, STEPS)."""
        x, y = (axis / axis.norm(dim=-1, keepdim=True)).unbind(-1)  # (B,)
        turn = torch.stack(
            [torch.stack([x, y], -1), torch.stack([-y, x], -1)], -2
        )  # (B, 2, 2) head axes in the picture
        return torch.einsum("bpsi,bpi->bps", places, self.outward @ turn)


def _paths(skin: Skin, side: int) -> list[list[Anchor]]:
    """Paths of points 0 to 8 (side -1) or 16 to 8 (side 1)."""
    last = skin.mouth_y - 12.0
    heights = [_TOP + (last - _TOP) * i / 4 for i in range(5)]
    round_cheek = [_at_height(skin, side, end, y) for end, y in zip(_ENDS, heights, strict=True)]
    return [*round_cheek, *(_down(skin, side * offset) for offset in _COLUMNS)]


def _at_height(skin: Skin, side: int, end: float, y: float) -> list[Anchor]:
    """Where the columns from the cheek to the ear pass a height, below the eyes."""
    layout = skin.layout
    below = [*_rows(skin, "under_eye", "nose_tip"), *_rows(skin, "lower_lip", "chin")]
    places = []
    for k in range(STEPS):
        column = layout.column_at(side * (_START + (end - _START) * k / (STEPS - 1)))
        heights = skin.P0[below, column, 1]
        at = min(max(int((heights > y).sum()), 1), len(below) - 1)
        high, low = float(heights[at - 1]), float(heights[at])
        share = min(max((high - y) / max(high - low, 1e-6), 0.0), 1.0)
        upper, lower = layout.vertex(below[at - 1], column), layout.vertex(below[at], column)
        places.append(([upper, lower, upper], [1 - share, share, 0.0]))
    return places


def _down(skin: Skin, offset: float) -> list[Anchor]:
    """Places of one column from below the lip over the jaw's edge to its underside."""
    rows = _rows(skin, "chin", "jaw")
    first = len(rows) // 4
    chosen = (rows[first + math.floor((len(rows) - 1 - first) * k / (STEPS - 1))] for k in range(STEPS))
    return [on_row(skin.layout, row, offset) for row in chosen]


def _rows(skin: Skin, first: str, last: str) -> list[int]:
    return list(range(*skin.layout.rows_of(first, last).indices(skin.layout.rows)))
