"""How lids touch: each other when they close, and the eyeball always."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

from tellbench.datasets.studio.people.grid import GridLayout
from tellbench.datasets.studio.people.relief import LID_ROLL, roll_depth
from tellbench.datasets.studio.people.sculpture import smoothstep

if TYPE_CHECKING:
    from tellbench.datasets.studio.people.skin import Skin

LID_CLEARANCE: Final = 0.9
"""mm that a lid keeps from the eyeball."""


def upper_share(layout: GridLayout) -> Tensor:
    """How far each row follows the upper lid edge, 0 to 1, shape (rows, 1)."""
    share = torch.zeros(layout.rows, 1)
    share[layout.rows_of("upper_lid"), 0] = torch.linspace(0.1, 1, layout.count("upper_lid"))
    share[layout.rows_of("brow"), 0] = 0.1 * smoothstep(0.45, 1.0, torch.linspace(0, 1, layout.count("brow")))
    share[layout.rows_of("upper_lid_roll")] = 1
    return share


def lower_share(layout: GridLayout) -> Tensor:
    """How far each row follows the lower lid edge, 0 to 1, shape (rows, 1)."""
    share = torch.zeros(layout.rows, 1)
    share[layout.rows_of("under_eye"), 0] = torch.linspace(1, 0, layout.count("under_eye")).pow(2.2)
    share[layout.rows_of("lower_lid_roll")] = 1
    return share


def moving_rows(layout: GridLayout) -> slice:
    """Rows that may touch the eye: from the middle of the brow segment through the one under the eye."""
    return slice(layout.first("brow") + layout.count("brow") // 2, layout.last("under_eye") + 1)


def meet(skin: Skin, points: Tensor) -> None:
    """Stop a lid that would pass the other one, and let nearly closed edges meet in all three axes; in place.

    Args:
        skin: The skin that `points` belong to.
        points: Posed vertices in mm, shape (B, rows, columns, 3).
    """
    gap = points[:, skin.up_edge] - points[:, skin.lo_edge]  # (B, columns, 3)
    vertical = gap[..., 1:2]
    near = smoothstep(1.0, 0.2, vertical)
    shift = torch.cat([-gap[..., :1] * near, (-vertical).clamp(min=0), -gap[..., 2:] * near], -1)
    shift = (shift * skin.eye_open[:, None])[:, None]  # (B, 1, columns, 3)
    rows = moving_rows(skin.layout)
    # the upper lid gives way
    points[:, rows] += shift * (0.85 * skin.upper_lid - 0.15 * skin.lower_lid)[rows, :, None]


def push_out(skin: Skin, points: Tensor) -> None:
    """Push lids of shape (B, rows, columns, 3) out of the eyeballs along the radius, in place."""
    layout = skin.layout
    rows, columns = moving_rows(layout), slice(layout.column_at(-88), layout.column_at(88) + 1)
    limit = torch.full((layout.rows, 1, 1), skin.identity.eye_radius + LID_CLEARANCE, device=points.device)
    for name in ("upper_lid_roll", "lower_lid_roll"):
        limit[layout.rows_of(name), 0] -= (LID_ROLL - 0.5) * roll_depth(skin, name)
    centre = skin.eye_centres()[columns]
    offset = points[:, rows, columns] - centre
    radius = offset.norm(dim=-1, keepdim=True)
    points[:, rows, columns] = centre + offset * (limit[rows] / radius).clamp(min=1)
