"""Relief added to the bare skin grid, in place: lips, folds, lid crease, rolled edges, asymmetry, pores.

Depths and widths in mm are modelled by eye (assumption).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.interpolate import PchipInterpolator
from torch import Tensor
from torch.nn import functional

from tellbench.datasets.studio.people.grid import grid_normals, unit
from tellbench.datasets.studio.people.sculpture import LID_THICKNESS, smoothstep

if TYPE_CHECKING:
    from tellbench.datasets.studio.people.skin import Skin

_LIP_PROFILES = {
    "philtrum": ([0, 0.5, 0.85, 1], [0, 0.6, 2.2, 3.0]),
    "upper_lip": ([0, 0.3, 0.6, 0.85, 1], [3.4, 4.6, 4.6, 3.2, 1.2]),
    "lower_lip": ([0, 0.12, 0.35, 0.7, 1], [1.2, 2.9, 4.8, 4.4, 2.6]),
}
"""mm forward by position down each segment."""


def bump(x: Tensor, centre: float | Tensor, width: float | Tensor) -> Tensor:
    """Gaussian of height 1 that falls to 1/e at `width` from the centre."""
    return torch.exp(-(((x - centre) / width) ** 2))


def down(skin: Skin, name: str) -> Tensor:
    """0 to 1 down the rows of a segment, shape (count, 1)."""
    return torch.linspace(0, 1, skin.layout.count(name), device=skin.device)[:, None]


def add_lips(skin: Skin) -> None:
    """Push the lips forward, dent the philtrum and the crease under the lip, tuck the corners in."""
    points, layout, person = skin.P0, skin.layout, skin.identity
    window = (1 - (skin.tau.clamp(max=1.15) / 1.03) ** 2).clamp(min=0).pow(0.6)
    fullness = 1 + 0.07 * person.lip_projection
    for name, (position, depth) in _LIP_PROFILES.items():
        profile = PchipInterpolator(position, depth)(np.linspace(0, 1, layout.count(name)))
        forward = torch.as_tensor(profile, dtype=torch.float32, device=skin.device)[:, None]
        points[layout.rows_of(name), :, 2] += forward * window * fullness
    s = down(skin, "chin")
    points[layout.rows_of("chin"), :, 2] += (2.4 * bump(s, 0, 0.2) - 2.4 * bump(s, 0.36, 0.2)) * window
    s, rows = down(skin, "philtrum"), layout.rows_of("philtrum")
    x = points[rows, :, 0]
    groove = -1.1 * bump(x, 0, 2.6) + 0.5 * bump(x.abs(), 5.5, 2.2)
    points[rows, :, 2] += smoothstep(0.0, 0.4, s) * groove
    at_corner = bump(skin.tau * skin.mouth_half, skin.mouth_half, 4.5)
    for name in ("upper_lip", "lower_lip", "philtrum", "chin"):
        rows = layout.rows_of(name)
        points[rows, :, 2] -= 2.4 * at_corner * bump(points[rows, :, 1], skin.mouth_y, 4.0)


def add_folds(skin: Skin) -> None:
    """Nasolabial folds, tear troughs and forehead lines; deeper with age."""
    points, person = skin.P0, skin.identity
    x, y, z = points[..., 0].abs(), points[..., 1], points[..., 2]
    front = smoothstep(-40.0, -15.0, z)
    along = (-36 - y) / (-32 - skin.mouth_y)  # 0 at the wing of the nose, 1 a little above the mouth corner
    fold_x = 17 + 15 * along.clamp(0, 1.3) ** 1.2
    depth = (0.30 + 1.3 * person.wrinkles) * smoothstep(-0.15, 0.2, along) * (1 - smoothstep(0.8, 1.25, along))
    fold = 0.8 * bump(x, fold_x + 7, 5.0) - bump(x, fold_x, 3.6)
    trough = bump(y + 0.18 * (30 - x).clamp(min=0), -13, 3.0) * bump(x, 25, 11)
    lines = torch.sin(y * 0.62 + 0.8 * torch.sin(points[..., 0] * 0.05)).clamp(min=0)
    lines = lines * smoothstep(26.0, 36.0, y) * (1 - smoothstep(52.0, 62.0, y)) * smoothstep(-30.0, 0.0, z)
    points[..., 2] += (
        front * (depth * fold - 0.35 * person.eye_bags * (1 + person.wrinkles) * trough)
        - 0.22 * person.wrinkles * lines
    )


def add_lid_crease(skin: Skin) -> None:
    """The crease above the lid and the soft fold over it."""
    rows = torch.arange(skin.layout.rows, device=skin.device)[:, None] * skin.layout.step
    rows = rows - skin.layout.first("upper_lid") * skin.layout.step  # in full-density rows from the crease
    fold = (0.9 + skin.identity.lid_hood) * bump(rows, -8.0, 5.0) - 1.3 * bump(rows, 0.0, 2.0)
    skin.P0[..., 2] += fold * skin.lid_window
    inner = bump(skin.t_eye, -0.03, 0.13) * bump(rows, 12.0, 16.0)  # the fold over the inner corner
    skin.P0[..., 2] += 2.6 * skin.identity.epicanthus * inner


def roll_edges(skin: Skin) -> None:
    """Turn the skin inward behind the lid edges and the lips."""
    points, layout = skin.P0, skin.layout
    inside = skin.t_eye.clamp(0, 1)
    lid = (skin.eye_open * (4 * inside * (1 - inside)).pow(0.25))[:, None]
    centre = skin.eye_centres()
    lip = skin.mouth_open * (1 - skin.tau.clamp(max=1) ** 2).pow(0.4)
    for name, edge in (("upper_lid_roll", skin.up_edge), ("lower_lid_roll", skin.lo_edge)):
        radius = skin.identity.eye_radius + LID_THICKNESS - LID_ROLL * roll_depth(skin, name)  # (count, 1)
        target = centre + unit(points[edge] - centre) * radius[..., None]
        points[layout.rows_of(name)] = points[edge] + (target - points[edge]) * lid
    for name, edge, up in (("upper_lip_roll", skin.ul_edge, 1.0), ("lower_lip_roll", skin.ll_edge, -1.0)):
        depth = roll_depth(skin, name)
        shift = torch.stack([0 * depth * lip, up * 5.0 * depth**1.5 * lip, -9.0 * depth * lip], -1)
        points[layout.rows_of(name)] = points[edge] + shift


LID_ROLL = 1.9
"""mm that the rolled lid margin sinks towards the eyeball."""


def roll_depth(skin: Skin, name: str) -> Tensor:
    """Depth behind the edge of each row of a roll segment, 1/count to 1, shape (count, 1)."""
    count = skin.layout.count(name)
    depth = (torch.arange(count, device=skin.device) + 1.0) / count
    return (depth.flip(0) if name.startswith("lower") else depth)[:, None]


def add_asymmetry(skin: Skin, rng: np.random.Generator) -> None:
    """Slow personal deviations from the symmetric sculpture, about half a millimetre."""
    phase = skin.P0 / 60
    shift = torch.zeros_like(phase)
    for _ in range(14):
        wave = torch.as_tensor(rng.normal(size=3) * 1.1, dtype=torch.float32, device=skin.device)
        amplitude = torch.as_tensor(rng.normal(size=3) * [0.35, 0.4, 0.3], dtype=torch.float32, device=skin.device)
        shift += torch.sin(phase @ wave + float(rng.uniform(0, 2 * math.pi)))[..., None] * amplitude
    still = smoothstep(-165.0, -110.0, skin.P0[..., 1])[..., None]  # clothes lie on the symmetric body
    skin.P0 += 0.75 * still * shift


def add_pores(skin: Skin, rng: np.random.Generator) -> None:
    """Fine relief along the normals; not on edges and rolls, and less where rows lie close."""
    points, layout = skin.P0, skin.layout
    noise = torch.as_tensor(
        rng.normal(size=(2, 1, layout.rows, layout.columns)), dtype=torch.float32, device=skin.device
    )
    fine = noise[0] - functional.avg_pool2d(noise[0], 5, 1, 2)
    coarse = functional.avg_pool2d(noise[1], 7, 1, 3)
    amplitude = 0.035 + 0.02 * skin.identity.wrinkles
    keep = torch.ones(layout.rows, 1, device=skin.device)
    keep[skin.up_edge : skin.lo_edge + 1] = 0
    keep[skin.ul_edge : skin.ll_edge + 1] = 0
    gap = (points[1:] - points[:-1]).norm(dim=-1)
    gap = torch.minimum(torch.cat([gap[:1], gap]), torch.cat([gap, gap[-1:]]))
    keep = keep * (gap / (0.45 * layout.step)).clamp(0, 1.3)
    skin.P0 += grid_normals(points) * ((fine + 2 * coarse)[0] * amplitude * keep)[..., None]
