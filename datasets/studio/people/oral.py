"""The inside of a mouth: teeth, gums, tongue and the bag behind them, each a grid in mm at rest.

Tooth widths are rounded from Wheeler's *Dental Anatomy*; the rest is modelled by eye (assumption).
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.parts import Part
from tellbench.datasets.studio.people.relief import bump
from tellbench.datasets.studio.people.sculpture import smoothstep
from tellbench.datasets.studio.people.skin import Skin

Floats = npt.NDArray[Any]

UPPER_TEETH_FRONT: Final = 10.4
LOWER_TEETH_FRONT: Final = 8.0
"""Depth of the front teeth in mm."""
_UPPER_WIDTHS: Final = (8.4, 6.6, 7.6, 7.0, 7.0, 10.0, 10.0)
_LOWER_WIDTHS: Final = (5.4, 6.0, 6.9, 7.0, 7.2, 11.0, 10.0)
_UPPER_LENGTHS: Final = (10.0, 8.8, 10.0, 8.5, 8.0, 7.5, 7.0)
_LOWER_LENGTHS: Final = (8.6, 8.8, 9.6, 8.4, 8.0, 7.2, 7.0)


def arch_depth(x: Tensor) -> Tensor:
    """Depth of the dental arch behind the front teeth at `x` mm from the midline: a parabola; <= 0."""
    return -0.052 * x * x


def teeth(skin: Skin, upper: bool) -> Part:
    """One dental arch: gums, seven teeth a side, each a little out of line as a person's own."""
    rng = np.random.default_rng([skin.identity.seed, 23, upper])
    tooth, across, x, z, width = _arch(upper)
    own = rng.normal(0, 1, (3, 2, 7))[:, (x < 0).astype(int), tooth]  # length, depth, tilt
    v = np.linspace(0, 1, 24)[:, None]  # 0 gum to 1 biting edge
    middle = 2 * across - 1
    crown = np.array(_UPPER_LENGTHS if upper else _LOWER_LENGTHS)[tooth] - _edge_drop(tooth, middle) + 0.22 * own[0]
    y = skin.mouth_y + (7.2 - v * (crown + 0.6) if upper else v * crown - 10.6)
    bulge = 1.3 * np.sqrt(np.clip(1 - middle**2, 0, 1)) * (0.4 + 0.6 * np.sin(np.pi * np.clip(v, 0.1, 0.9)))
    profile = np.interp(v, [0, 0.25, 0.7, 0.93, 1], [0.6, 1.0, 0.6, 0.0, -1.6])
    front = UPPER_TEETH_FRONT if upper else LOWER_TEETH_FRONT
    crooked = (0.18 * own[1] + 0.22 * own[2] * middle) * np.minimum(width / 8, 1) - 0.2
    points = np.stack(np.broadcast_arrays(x, y, front + z + bulge + profile + crooked), -1)
    albedo = _tooth_colour(skin.identity, tooth, v, np.minimum(across, 1 - across) * width, np.cos(np.pi * middle))
    shade = np.broadcast_to(np.clip(1 - (np.abs(x) / 27) ** 2, 0.15, 1), y.shape)
    grids = (torch.from_numpy(np.ascontiguousarray(a)).float().to(skin.device) for a in (points, shade, albedo))
    points_grid, shade_grid, albedo_grid = grids
    return Part.build(points_grid, shade=shade_grid, albedo=albedo_grid)


def _edge_drop(tooth: Floats, middle: Floats) -> Floats:
    """Mm that the biting edge falls short at `middle` -1 to 1 across a tooth: round incisors, pointed canines."""
    incisor = 0.75 * np.abs(middle) ** 5
    return np.where(tooth < 2, incisor, np.where(tooth == 2, 1.5 * np.abs(middle) ** 1.3, 0.9 * middle**2))


def _tooth_colour(identity: Identity, tooth: Floats, v: Floats, side: Floats, papilla: Floats) -> Floats:
    """Linear RGB by row and place: enamel, yellower at the neck and with age, greyer at the edge; gums between.

    Args:
        identity: The person.
        tooth: Number from the midline, shape (places,).
        v: 0 gum to 1 biting edge, shape (rows, 1).
        side: mm to the nearer side of the tooth, shape (places,).
        papilla: 1 at the middle of a tooth, -1 between two, where the gum reaches further, shape (places,).
    """
    rng = np.random.default_rng([identity.seed, 29])
    stain = np.clip(0.25 + 0.3 * identity.wrinkles + 0.15 * rng.normal(), 0, 1)
    enamel = np.array([0.64, 0.60, 0.53]) - stain * np.array([0.05, 0.09, 0.15])
    v, dark = v[..., None], (1 - 0.07 * np.minimum(tooth, 4))[None, :, None]
    neck, edge = np.clip(1 - v / 0.5, 0, 1), np.clip((v - 0.8) / 0.2, 0, 1)
    enamel = enamel * dark * (1 - neck * np.array([0.04, 0.10, 0.20]) - edge * np.array([0.16, 0.12, 0.07]))
    gap = np.exp(-((side[None, :, None] / (0.25 + 0.25 * v)) ** 2))
    line = 0.20 - 0.07 * papilla[None, :, None]
    gum = np.clip((line + 0.04 - v) / 0.08, 0, 1)
    mixed: Floats = enamel * (1 - 0.72 * gap) * (1 - gum) + np.array([0.36, 0.13, 0.115]) * gum
    return mixed


def _arch(upper: bool) -> tuple[Floats, ...]:
    """Tooth number, position across it, x, depth and tooth width at 221 places along an arch, densest in front."""
    spread = np.linspace(-1, 1, 221)
    along = 52 * np.sign(spread) * np.abs(spread) ** 1.25  # mm along the arch
    widths = np.array(_UPPER_WIDTHS if upper else _LOWER_WIDTHS)
    edges = np.concatenate([[0], np.cumsum(widths)])
    tooth = np.clip(np.searchsorted(edges, np.abs(along), side="right") - 1, 0, len(widths) - 1)
    across = np.clip((np.abs(along) - edges[tooth]) / widths[tooth], 0, 1)
    x = np.linspace(0, 25 if upper else 23, 400)
    z = arch_depth(torch.from_numpy(x)).numpy()
    length = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(z)))])
    return (
        tooth,
        across,
        np.interp(np.abs(along), length, x) * np.sign(along),
        np.interp(np.abs(along), length, z),
        widths[tooth],
    )


def tongue(skin: Skin) -> Part:
    """The tongue: rows from its root over the back to the tip, and a few under it."""
    v, u = torch.meshgrid(
        torch.linspace(0, 1.2, 34, device=skin.device), torch.linspace(-1, 1, 33, device=skin.device), indexing="ij"
    )  # root to tip (1) and beneath, across
    top, under = v.clamp(max=1), (v - 1).clamp(min=0) / 0.2
    width = 19 * (1 - top**12).clamp(min=0).sqrt() * (1 - 0.25 * top**3) + 7 * top**12 * (1 - 0.4 * under)
    rounding = 4.2 * (1 - u.abs() ** 2.6) * (1 - 0.35 * top) - 1.1 * bump(u, 0, 0.16) * (1 - 0.7 * top)
    y = skin.mouth_y - 6.0 - 2.5 * top**2 + rounding + 3.0 * bump(top, 0.25, 0.3) - 4.0 * under**0.7
    z = -38 + 44 * top - 5 * u**2 * top**4 - 4.0 * under**2
    pale = smoothstep(0.9, 0.3, u.abs()) * smoothstep(1.0, 0.55, v)
    albedo = torch.tensor([0.40, 0.135, 0.125], device=skin.device) + pale[..., None] * 0.045
    rough = 1 + 0.10 * torch.sin(31 * u + 5 * torch.sin(23 * v)) * torch.sin(47 * v + 3 * torch.sin(17 * u))
    return Part.build(torch.stack([u * width, y, z], -1), albedo=albedo * rough[..., None])


def tongue_move(points: Tensor, rest: Tensor, out: Tensor, lips: Tensor) -> Tensor:
    """Stick the tongue out between the lips, as far as they are open, over the lower one and down.

    Args:
        points: Tongue vertices on the jaw, shape (B, rows, columns, 3).
        rest: The same at rest, shape (rows, columns, 3).
        out: Shape (B,), each in [0, 1].
        lips: Middle of the upper and of the lower lip where they meet, shape (B, 2, 3).
    """
    tip = ((rest[..., 2] + 38) / 44).clamp(0, 1)  # 0 root to 1 tip
    gap = lips[:, 0, 1] - lips[:, 1, 1]
    amount = (out * smoothstep(0.5, 6.0, gap))[:, None, None] * tip
    moved = points.clone()
    moved[..., 0] *= 1 - 0.22 * amount
    moved[..., 2] += 34 * amount
    lip = lips[:, 1, :, None, None]  # (B, 3, 1, 1)
    beyond = moved[..., 2] - lip[:, 2]  # mm in front of the lower lip
    low = moved[:, :_TONGUE_TOP, :, 1].amin(-1)[:, :, None]
    low = torch.cat([low, low[:, -1:].expand(-1, len(rest) - _TONGUE_TOP, -1)], 1)
    lift = (lip[:, 1] + 1.0 - low).clamp(min=0) * smoothstep(-22.0, -3.0, beyond)
    ahead = (beyond + 2).clamp(min=0)
    drape = 0.6 * ahead**2 / (ahead + 8)
    moved[..., 1] += (lift - drape) * smoothstep(0.0, 0.2, amount)
    return moved


_TONGUE_TOP: Final = 29
"""Rows of the tongue down to its tip; the rest lie under it."""


def mouth_bag(skin: Skin) -> Part:
    """Dark inside of the mouth of the skin at rest."""
    points = line_mouth(skin, skin.P0[None])[0]
    return Part.build(points, albedo=(0.15, 0.038, 0.032))


def line_mouth(skin: Skin, points: Tensor) -> Tensor:
    """The lining of the mouth, from the inside of the upper lip back to the throat and to that of the lower lip.

    It hangs on the lips, so that nothing behind it shows however they part.

    Args:
        skin: The skin that `points` belong to.
        points: Posed vertices in mm, shape (B, rows, columns, 3).

    Returns:
        Shape (B, 16, columns of the mouth + 2, 3).
    """
    layout = skin.layout
    reach = int(layout.mouth_open.sum()) // 2 + 1
    columns = slice(layout.columns // 2 - reach, layout.columns // 2 + reach + 1)
    upper = points[:, None, layout.last("upper_lip_roll"), columns]
    lower = points[:, None, layout.first("lower_lip_roll"), columns]
    share = torch.linspace(0, 1, 16, device=points.device)[:, None, None]  # from the upper to the lower lip
    room = (1 - skin.tau[columns].clamp(max=1) ** 4).sqrt()[:, None]
    lining = upper + (lower - upper) * share
    lining[..., 1:2] += 13.0 * room * (2 * math.pi * share).sin()
    lining[..., 2:] -= 40.0 * room * (math.pi * share).sin().clamp(min=0) ** 0.7
    return lining
