"""What skin shows between its vertices: pores, lines, freckles, moles, stubble, as a map over the skin grid.

The map has `TEXELS` texels a full-density grid cell (0.2 to 0.4 mm on the face) and is looked up at every sample of a
picture, at the level of its pyramid whose texels are about as large as the samples; finer detail averages out. Sizes
and strengths are set by eye unless a source is named (assumption). Facial pores are 0.1 to 0.6 mm wide and densest on
nose and cheeks (Flament et al. 2015, "Facial skin pores: a multiethnic study").
"""

from __future__ import annotations

import dataclasses
import math
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tellbench.datasets.studio.people.sculpture import smoothstep
from tellbench.datasets.studio.people.skin import Skin
from tellbench.datasets.studio.surface import detail_numba, wrinkles
from tellbench.datasets.studio.surface.marks import Canvas, freckles, moles, pores, stubble
from tellbench.datasets.studio.surface.paint import BLOOD, MELANIN, beard_mask, lip_mask

TEXELS: Final = 2
"""Texels along a full-density grid cell; twice as many along one of half density."""
CHANNELS: Final = 8
_LEVELS: Final = 4
_STEEPEST: Final = 0.7
"""Greatest change of a unit normal."""


@dataclasses.dataclass(frozen=True)
class DetailMap:
    """Detail of one person's skin; texel (row, column) times `cell` lies on a vertex of the skin grid.

    Channels of a level: factor on the albedo (3), change of the normal in head coordinates (3), factor on the mirror
    light, unused.
    """

    levels: tuple[Tensor, ...]
    """float32 [R,C,8], each half as fine as the one before."""
    cell: int
    """Texels of the finest level along one cell of the skin grid."""
    texel: float
    """Size of a texel of the finest level in the middle of the face, mm."""

    def level_for(self, millimetres: float) -> tuple[Tensor, float]:
        """The level for samples of a size in mm at the face, and its texels along one cell of the skin grid."""
        index = min(max(round(math.log2(millimetres / self.texel)), 0), len(self.levels) - 1)
        return self.levels[index], self.cell / 2**index


def detail_map(skin: Skin) -> DetailMap:
    """Draw the detail of a person; the skin must be on the CPU."""
    canvas = Canvas.over(skin, TEXELS * skin.layout.step)
    lips = canvas.finer(lip_mask(skin))
    beard = canvas.finer(beard_mask(skin))
    pore = pores(canvas) * (1 - lips)
    lines = wrinkles.depth(canvas, lips)
    height = -0.10 * pore + _microrelief(canvas, lips) - lines
    cavity = (pore * 0.8 + 2.2 * lines).clamp(0, 1)
    pigment = _mottle(canvas) + freckles(canvas) + moles(canvas) + 0.10 * cavity
    blood = _flush(canvas) + 0.22 * cavity
    shift = pigment[..., None] * MELANIN + blood[..., None] * BLOOD
    shift = shift - stubble(canvas, beard)[..., None] * torch.tensor([0.42, 0.38, 0.34])
    top = torch.cat(
        [shift.exp(), _tilt(canvas, height), (1 - 0.65 * cavity)[..., None], torch.zeros_like(pore)[..., None]], -1
    )
    levels = [top.contiguous()]
    for _ in range(_LEVELS - 1):
        levels.append(_halve(levels[-1]))
    return DetailMap(tuple(levels), canvas.cell, _texel_size(canvas))


def _microrelief(canvas: Canvas, lips: Tensor) -> Tensor:
    """Fine crossing furrows and soft unevenness, mm; oriented at random as on a cheek."""
    ridged = canvas.noise(0.9, 21).abs() + canvas.noise(0.6, 22).abs()
    return (0.075 * ridged + 0.08 * canvas.noise(2.4, 23) + 0.07 * canvas.noise(5.0, 24)) * (1 - 0.7 * lips)


def _mottle(canvas: Canvas) -> Tensor:
    person = canvas.skin.identity
    uneven = 1 + 0.8 * person.wrinkles
    return uneven * (0.16 * canvas.noise(1.1, 25) + 0.16 * canvas.noise(2.6, 26) + 0.10 * canvas.noise(6.0, 27))


def _flush(canvas: Canvas) -> Tensor:
    """Small vessels: mottled everywhere, threads on nose and cheeks with age."""
    person = canvas.skin.identity
    threads = smoothstep(0.09, 0.0, canvas.noise(3.2, 28).abs()) * canvas.spot(24, -30, 26, 18)
    return 0.26 * canvas.noise(1.7, 29) + 0.18 * canvas.noise(4.0, 30) + 0.3 * person.wrinkles * threads


def _tilt(canvas: Canvas, height: Tensor) -> Tensor:
    """Change of the unit normal by a height map in mm: [R,C] -> [R,C,3]; zero where the grid is folded or torn."""
    out = torch.empty_like(canvas.points)
    arrays = (t.contiguous().numpy() for t in (canvas.points, height, canvas.smooth))
    detail_numba.tilt(np.float32(_STEEPEST), out.numpy(), *arrays)
    return out


def _halve(level: Tensor) -> Tensor:
    """Tent filter and every second texel; vertices stay on texels: [R,C,K] with R, C odd."""
    planes = functional.pad(level.permute(2, 0, 1)[None], (1, 1, 1, 1), mode="replicate")
    tent = torch.tensor([0.25, 0.5, 0.25])
    kernel = (tent[:, None] * tent[None]).expand(len(planes[0]), 1, 3, 3)
    halved: Tensor = functional.conv2d(planes, kernel, stride=2, groups=len(planes[0]))[0]
    return halved.permute(1, 2, 0).contiguous()


def _texel_size(canvas: Canvas) -> float:
    rows = canvas.skin.layout.rows_of("under_eye", "chin")
    cells = canvas.area[rows.start * canvas.cell : rows.stop * canvas.cell]
    middle = cells.shape[1] // 2
    reach = 60 * TEXELS
    return math.sqrt(float(cells[:, middle - reach : middle + reach].median()))
