"""How lips touch: the teeth, and each other; they peel apart from the middle outward."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from tellbench.datasets.expression import INDEX
from tellbench.datasets.studio.expressions.fields import Fields
from tellbench.datasets.studio.expressions.jaw import jaw_move
from tellbench.datasets.studio.expressions.mouth_shapes import UPPER_SHARE
from tellbench.datasets.studio.people.oral import LOWER_TEETH_FRONT, UPPER_TEETH_FRONT, arch_depth
from tellbench.datasets.studio.people.sculpture import smoothstep

LIP_THICKNESS: Final = 2.8
"""mm that the lips keep from the front of the teeth."""
_STICK: Final = (0.9, 1.7)
"""mm of gap that moist lips bridge in the middle, and how much more at the corners (assumption)."""


class LipContact:
    """Contacts of the lips of one skin."""

    def __init__(self, fields: Fields) -> None:
        skin = fields.skin
        layout = skin.layout
        self.skin = skin
        width = int(layout.mouth_open.sum()) // 2
        self.columns = slice(layout.columns // 2 - width, layout.columns // 2 + width + 1)
        self.rows = layout.rows_of("nose_tip", "chin")
        # the lips and what follows them when they meet
        followers = (fields.upper_lip, fields.lower_lip)
        self.upper, self.lower = (weight[self.rows, self.columns, None] for weight in followers)
        self.stick = (_STICK[0] + _STICK[1] * skin.tau[self.columns] ** 3)[:, None]  # (columns, 1)
        self.over_teeth = 1 - smoothstep(0.7, 1.0, skin.tau[self.columns])  # the corners lie beside the front teeth
        upper, lower = layout.rows_of("philtrum", "upper_lip"), layout.rows_of("lower_lip")
        self.teeth = tuple((rows, skin.P0[rows, self.columns, 2]) for rows in (upper, lower))

    def lie_on_teeth(self, points: Tensor, coefficients: Tensor) -> None:
        """Keep the lips of `points` (B, rows, columns, 3) in front of teeth and gums, in place."""
        tip = points.new_tensor([[0.0, self.skin.mouth_y, LOWER_TEETH_FRONT]])
        lower_front = jaw_move(tip, coefficients)[:, :, 2, None]  # (B, 1, 1)
        upper_front = torch.full_like(lower_front, UPPER_TEETH_FRONT)
        for front, (rows, rest) in zip((upper_front, lower_front), self.teeth, strict=True):
            lips = points[:, rows, self.columns]
            limit = arch_depth(lips[..., 0]) + (front + LIP_THICKNESS)
            lips[..., 2] += (limit.minimum(rest) - lips[..., 2]).clamp(min=0) * self.over_teeth

    def meet(self, points: Tensor, coefficients: Tensor) -> None:
        """Shut the lips of `points` (B, rows, columns, 3) as mouthClose says, let them stick, never cross; in place."""
        skin = self.skin
        gap = points[:, skin.ul_edge, self.columns] - points[:, skin.ll_edge, self.columns]  # (B, columns, 3)
        jaw, close = coefficients[:, INDEX["jawOpen"]], coefficients[:, INDEX["mouthClose"]]
        # the shapes close in proportion; this takes what they leave when mouthClose reaches jawOpen
        shut = (close / jaw.clamp(min=1e-3)).clamp(0, 1)[:, None, None] ** 4
        height = gap[..., 1:2]
        touch = smoothstep(self.stick, 0.25 * self.stick, height).maximum(shut)
        crossing = (height < 0).to(height.dtype)
        meet = (gap * torch.cat([touch, touch.maximum(crossing), touch], -1))[:, None]  # (B, 1, columns, 3)
        up, low = -UPPER_SHARE * meet, (1 - UPPER_SHARE) * meet
        # in depth the lip behind comes forward: half-way might lie inside the teeth
        up[..., 2], low[..., 2] = (-meet[..., 2]).clamp(min=0), meet[..., 2].clamp(min=0)
        points[:, self.rows, self.columns] += up * self.upper + low * self.lower
