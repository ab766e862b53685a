"""The inside of a mouth: teeth, gums, tongue and the bag behind them, each a grid in mm at rest.

Tooth widths are rounded from Wheeler's *Dental Anatomy*; the rest is modelled by eye (assumption).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tellbench.datasets.studio.parts import Part
from tellbench.datasets.studio.sculpture import smoothstep
from tellbench.datasets.studio.skin import Skin

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
    """One dental arch: gums, seven teeth a side."""
    tooth, across, x, z, width = _arch(upper)
    v = np.linspace(0, 1, 22)[:, None]  # 0 gum to 1 biting edge
    length = np.array(_UPPER_LENGTHS if upper else _LOWER_LENGTHS)[tooth]
    rounding = 0.65 * np.abs(2 * across - 1) ** 4
    crown = length - rounding
    y = skin.mouth_y + (7.2 - v * (crown + 0.6) if upper else v * crown - 10.6)
    bulge = 1.1 * np.sqrt(np.clip(1 - (2 * across - 1) ** 2, 0, 1)) * (0.4 + 0.6 * np.sin(np.pi * np.clip(v, 0.1, 0.9)))
    profile = np.interp(v, [0, 0.25, 0.7, 0.93, 1], [0.6, 1.0, 0.6, 0.0, -1.6])
    front = UPPER_TEETH_FRONT if upper else LOWER_TEETH_FRONT
    points = np.stack(np.broadcast_arrays(x, y, front + z + bulge + profile), -1)
    gum = smoothstep(0.30, 0.18, torch.from_numpy(v + 0.06 * np.cos(2 * np.pi * across)))[..., None].numpy()
    gap = np.exp(-((np.minimum(across, 1 - across) * width / 0.32) ** 2))[None, :, None]
    enamel = np.array([0.72, 0.67, 0.57]) * (1 - 0.06 * tooth[None, :, None]) * (1 - 0.55 * gap)
    albedo = enamel * (1 - gum) + np.array([0.38, 0.14, 0.12]) * gum
    shade = np.broadcast_to(np.clip(1 - (np.abs(x) / 27) ** 2, 0.15, 1), y.shape)
    grids = (torch.from_numpy(np.ascontiguousarray(a)).float().to(skin.device) for a in (points, shade, albedo))
    points_grid, shade_grid, albedo_grid = grids
    return Part.build(points_grid, shade=shade_grid, albedo=albedo_grid)


def _arch(upper: bool) -> tuple[npt.NDArray[Any], ...]:
    """Tooth number, position across it, x, depth and tooth width at 176 places along an arch."""
    along = np.linspace(-52, 52, 176)  # mm along the arch
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
    """The tongue's back, rows from root to tip."""
    v, u = torch.meshgrid(
        torch.linspace(0, 1, 28, device=skin.device), torch.linspace(-1, 1, 28, device=skin.device), indexing="ij"
    )  # root to tip, across
    x = u * (19 * (1 - v**4).clamp(0, 1).sqrt() + 0.5)
    y = skin.mouth_y - 4.5 - 2.5 * v**2 + 3.5 * (1 - u**2) * (1 - 0.3 * v)
    y = y - 1.2 * torch.exp(-((u / 0.12) ** 2)) * (1 - v)
    return Part.build(torch.stack([x, y, -38 + 44 * v], -1), albedo=(0.42, 0.15, 0.14))


def tongue_move(points: Tensor, rest: Tensor, out: Tensor) -> Tensor:
    """Stick the tongue out by `out` of shape (B,), each in [0, 1].

    Args:
        points: Tongue vertices on the jaw, shape (B, n, 3).
        rest: The same at rest, shape (n, 3).
        out: Shape (B,).
    """
    tip = ((rest[:, 2] + 38) / 44).clamp(0, 1)  # 0 root to 1 tip
    amount = out[:, None] * tip
    zero = torch.zeros_like(amount)
    return points + torch.stack([zero, amount * (6 - 10 * tip), amount * 34], -1)


def mouth_bag(skin: Skin) -> Part:
    """Dark inside of the mouth: a half-ellipsoid seen from within."""
    a, b = torch.meshgrid(
        torch.linspace(-1.5, 1.5, 20, device=skin.device),
        torch.linspace(-1.5, 1.5, 40, device=skin.device),
        indexing="ij",
    )
    x, y = (skin.mouth_half + 4) * b.sin() * (a * 0.5).cos(), skin.mouth_y - 17 * a.sin()
    return Part.build(torch.stack([x, y, -4 - 40 * b.cos() * a.cos()], -1), albedo=(0.15, 0.038, 0.032))
