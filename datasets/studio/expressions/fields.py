"""Coordinates and weights on the rest skin that expression shapes are made of."""

from __future__ import annotations

import torch
from torch import Tensor

from tellbench.datasets.studio.people.relief import bump
from tellbench.datasets.studio.people.sculpture import smoothstep
from tellbench.datasets.studio.people.skin import Skin


class Fields:
    """Scalar fields over one skin, each of shape (rows, columns) unless it says otherwise.

    Attributes:
        skin: The skin at rest.
        x, y, z: Rest positions, mm; `ax` is |x|.
        dy: mm above the line where the lips meet, column by column.
        half: Half the width of the mouth, mm.
        front: 1 on the front of the head, 0 at its back.
        above: 1 above the cut of the mouth, 0 below.
        part: How far the lips part at this distance from the midline, 1 at the middle, 0 from the corners outward.
        jaw: Share with which a vertex rides on the jaw.
        upper_lip, lower_lip: 1 on that lip, fading over the skin beside it.
        upper_thin, lower_thin: mm to the mouth line within that lip, fading over the skin beside it: times a share
            below 1 this thins the lip without crossing rows.
        lips: Both lips and the skin about them.
        upper_lid, lower_lid: Shares with which rows follow the lid edges, shape (rows, 1).
        eye_centre: Centre of the eyeball of each column's side, shape (columns, 3).
    """

    def __init__(self, skin: Skin) -> None:
        layout, device = skin.layout, skin.device
        self.skin = skin
        self.x, self.y, self.z = skin.P0.unbind(-1)
        self.ax = self.x.abs()
        edge = (self.y[skin.ul_edge] + self.y[skin.ll_edge]) / 2  # (columns,)
        self.dy = self.y - edge
        self.half = skin.mouth_half
        self.front = smoothstep(-75.0, -35.0, self.z)
        row = torch.arange(layout.rows, device=device)[:, None]
        self.above = (row < layout.first("lower_lip_roll")).float()
        # the gap between the lips is an ellipse, what they drag along beside it a softer bell
        self.part = (1 - skin.tau.clamp(max=1) ** 2) ** (0.55 + 0.9 * smoothstep(0.0, 12.0, self.dy.abs()))
        self.jaw = self._jaw_weight()
        upper = self.dy[layout.first("upper_lip")].clamp(min=1)  # heights of the vermilion, (columns,)
        lower = -self.dy[layout.last("lower_lip")].clamp(max=-1)
        self.upper_lip = self.above * bump((self.dy - upper).clamp(min=0), 0, 10) * self.front
        self.lower_lip = (1 - self.above) * bump((-self.dy - lower).clamp(min=0), 0, 11) * self.front
        across = 1 - smoothstep(0.9, 1.3, self.ax / self.half)
        self.upper_thin = self.upper_lip * across * self.dy.clamp(min=0).minimum(upper)
        self.lower_thin = self.lower_lip * across * (-self.dy).clamp(min=0).minimum(lower)
        self.lips = torch.exp(-((self.ax / (self.half * 1.25)) ** 4) - (self.dy / 17) ** 4) * self.front
        self.upper_lid, self.lower_lid = skin.upper_lid, skin.lower_lid
        self.eye_centre = skin.eye_centres()

    def _jaw_weight(self) -> Tensor:
        skin = self.skin
        soft = 17 + 26 * smoothstep(self.half * 0.8, self.half * 2.0, self.ax)
        spread = smoothstep(0.0, 1.0, self.dy.abs().clamp(max=60) / soft)
        spread = self.part + (1 - self.part) * spread  # inside the mouth the lips part at once, beside it slowly
        weight = 0.5 - 0.5 * (2 * self.above - 1) * spread
        neck = smoothstep(skin.mouth_y - 75, skin.mouth_y - 52, self.y)
        below = (torch.arange(skin.layout.rows, device=skin.device) >= skin.layout.first("jaw"))[:, None]
        floor = below * bump(self.x, 0, 28) * smoothstep(-2.0, -42.0, self.z)  # the hyoid holds the floor of the mouth
        weight = weight * (1 - 0.8 * floor)
        return weight * neck * smoothstep(-88.0, -48.0, self.z) * (1 - smoothstep(-30.0, -5.0, self.y))

    def near(self, x: float, y: float, width: float, height: float, side: float = 0.0) -> Tensor:
        """Bump on the face's front; `side` +1 or -1 puts it on that side only, 0 on both."""
        across = self.x * side if side else self.ax
        return bump(across, x, width) * bump(self.y, y, height) * self.front

    def corner(self, side: float, reach: float = 15.0) -> Tensor:
        """Mouth corner of a side: it draws the lips of its half along, and the skin beside it for some `reach` mm."""
        out = self.x * side
        rise = smoothstep(0.0, 1.1 * self.half, out).pow(1.6)
        across = rise * (1 - smoothstep(self.half, self.half + 1.7 * reach, out))
        return across * bump(self.dy, 0, reach) * self.front


def along(weight: Tensor, x: float | Tensor = 0.0, y: float | Tensor = 0.0, z: float | Tensor = 0.0) -> Tensor:
    """Displacement of shape (rows, columns, 3) from a weight and its direction in mm."""
    return torch.stack([weight * x, weight * y, weight * z], -1)
