"""Marks on the skin's detail map: pores, freckles, moles, stubble, each stamped where it lies."""

from __future__ import annotations

import dataclasses
import functools
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from tellbench.datasets.studio.people import sculpture
from tellbench.datasets.studio.people.sculpture import smoothstep
from tellbench.datasets.studio.people.skin import Skin
from tellbench.datasets.studio.surface import detail_numba
from tellbench.datasets.studio.surface.noise import noise, resolved, spacing


@dataclasses.dataclass(frozen=True)
class Canvas:
    """The skin at rest, finer: R x C texels, `cell` of them along each cell of the skin grid; or a patch of it."""

    skin: Skin
    cell: int
    window: tuple[slice, slice]
    """Rows and columns of the skin's vertices under it."""
    points: Tensor
    """[R,C,3] mm."""
    area: Tensor
    """mm² a texel [R,C]."""
    pitch: Tensor
    """mm between rows and between columns, [R,C,2]."""
    smooth: Tensor
    """1, but 0 on the rolled rims of lids and lips, where the grid folds, [R,C]."""

    @classmethod
    def over(cls, skin: Skin, cell: int) -> Self:
        """A canvas over a skin."""
        points = _finer(skin.P0, cell)
        pitch = spacing(points)
        keep = torch.ones(skin.layout.rows, skin.layout.columns)
        for name in ("upper_lid_roll", "lower_lid_roll", "upper_lip_roll", "lower_lip_roll"):
            keep[skin.layout.rows_of(name)] = 0
        smooth, area = _finer(keep[..., None], cell)[..., 0], pitch.prod(-1).clamp(max=1)
        return cls(skin, cell, (slice(0, len(keep)), slice(0, keep.shape[1])), points, area, pitch, smooth)

    def patch(self, heights: tuple[float, float], sideways: tuple[float, float]) -> Self:
        """The part of a whole canvas on the front of the head between two heights y and two distances x in mm."""
        x, y, z = self.skin.P0.unbind(-1)
        inside = (y > heights[0]) & (y < heights[1]) & (x > sideways[0]) & (x < sideways[1]) & (z > -70)
        window = _bounds(inside.any(1)), _bounds(inside.any(0))
        part = dataclasses.replace(self, window=window)
        at = part.texels
        fields = {name: getattr(self, name)[at] for name in ("points", "area", "pitch", "smooth")}
        return dataclasses.replace(part, **fields)

    @property
    def texels(self) -> tuple[slice, slice]:
        """Rows and columns of the whole canvas that this one covers."""
        rows, columns = (slice(s.start * self.cell, (s.stop - 1) * self.cell + 1) for s in self.window)
        return rows, columns

    @functools.cached_property
    def vertices(self) -> Tensor:
        """The skin's vertices under it [rows,columns,3]."""
        return self.skin.P0[self.window].contiguous()

    def finer(self, values: Tensor) -> Tensor:
        """Values of the vertices, at the texels: [rows,columns] -> [R,C]."""
        return _finer(values[..., None], self.cell)[..., 0]

    def noise(self, feature: float, which: int) -> Tensor:
        """Smooth noise in [-1, 1] of a person's own, features in mm; 0 where texels are too large for it: [R,C]."""
        seed = self.skin.identity.seed * 13 + which
        if feature > 3.5:  # the vertices are close enough
            return self.finer(noise(self.vertices, feature, seed) * resolved(spacing(self.vertices), feature))
        return noise(self.points, feature, seed) * resolved(self.pitch, feature)

    def spot(self, x: float, y: float, width: float, height: float) -> Tensor:
        """Gaussian spots on both sides of the front of the face."""
        across, up, forward = self.vertices[..., 0].abs(), self.vertices[..., 1], self.vertices[..., 2]
        bell = torch.exp(-(((across - x) / width) ** 2) - ((up - y) / height) ** 2)
        return self.finer(bell * smoothstep(-70.0, -30.0, forward))

    def scatter(self, per_mm2: Tensor, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """Random texels at a density [R,C] in 1/mm²: indices [N,2]."""
        odds = (per_mm2 * self.area).numpy()
        return np.argwhere(rng.random(odds.shape, np.float32) < odds)

    def stamp(self, places: npt.NDArray[np.int64], radius: Tensor, strength: Tensor, reach: int = 3) -> Tensor:
        """Round bells of radii in mm [N] and strengths [N] about texels [N,2], added up: [R,C]."""
        total = torch.zeros_like(self.area)
        pitch = self.pitch[places[:, 0], places[:, 1]]
        strength = strength * (1.7 * radius[:, None] / pitch).clamp(max=1).prod(1)  # smaller than a texel: fainter
        arrays = (t.contiguous().numpy() for t in (self.pitch, radius, strength))
        detail_numba.stamp(reach, total.numpy(), places, *arrays)
        return total


def _bounds(flags: Tensor) -> slice:
    """From one before the first place that is set to one past the last; a single cell where none is."""
    places = flags.nonzero()[:, 0].tolist() or [0]
    return slice(max(places[0] - 1, 0), min(places[-1] + 2, len(flags)))


def _finer(values: Tensor, cell: int) -> Tensor:
    """Bilinear: [rows,columns,K] -> [(rows-1) cell + 1, (columns-1) cell + 1, K]."""
    size = [(n - 1) * cell + 1 for n in values.shape[:2]]
    planes = functional.interpolate(values.permute(2, 0, 1)[None], size, mode="bilinear", align_corners=True)
    return planes[0].permute(1, 2, 0).contiguous()


def _rng(canvas: Canvas, which: int) -> np.random.Generator:
    return np.random.default_rng((canvas.skin.identity.seed, which))


def _uniform(rng: np.random.Generator, low: float, high: float, n: int) -> Tensor:
    return torch.from_numpy(rng.uniform(low, high, n).astype(np.float32))


def pores(canvas: Canvas) -> Tensor:
    """Depth of the pores, 0 to about 1: dense on the nose, wide on the cheeks beside it, wider with age."""
    person, rng = canvas.skin.identity, _rng(canvas, 31)
    nose_y = sculpture.nose_base(person)
    zone = canvas.spot(0, nose_y + 4, 14, 16) + canvas.spot(24, -30, 17, 15) + 0.5 * canvas.spot(0, 45, 34, 16)
    zone = zone + 0.4 * canvas.spot(0, canvas.skin.mouth_y - 26, 16, 10)
    places = canvas.scatter((0.12 + 0.55 * zone) * canvas.smooth, rng)
    local = zone[places[:, 0], places[:, 1]]
    radius = _uniform(rng, 0.10, 0.22, len(places)) * (1 + 0.5 * local) * (1 + 0.25 * person.wrinkles)
    strength = (
        _uniform(rng, 0.25, 1.0, len(places)) * (0.35 + 0.65 * local.clamp(max=1)) * (0.6 + 0.4 * person.oiliness)
    )
    return canvas.stamp(places, radius, strength * (0.6 + 0.4 * person.oiliness)).clamp(max=1.2)


def freckles(canvas: Canvas) -> Tensor:
    """Pigment of freckles and, with age, of sun spots."""
    person, rng = canvas.skin.identity, _rng(canvas, 32)
    area = (canvas.spot(30, -26, 28, 20) + 0.7 * canvas.spot(0, -22, 18, 16) + 0.2).clamp(max=1)
    density = 0.09 * person.freckles * area + 0.004 * person.wrinkles * (1 + canvas.noise(20, 33))
    places = canvas.scatter(density * canvas.smooth, rng)
    n = len(places)
    return canvas.stamp(places, _uniform(rng, 0.3, 0.85, n), _uniform(rng, 0.2, 0.9, n), 4).clamp(max=1.3)


def moles(canvas: Canvas) -> Tensor:
    """Pigment of moles, small round and few."""
    person, rng = canvas.skin.identity, _rng(canvas, 3)
    total = torch.zeros_like(canvas.area)
    for _ in range(person.moles):
        across, up, radius = rng.uniform(-58, 58), rng.uniform(-95, 50), rng.uniform(0.5, 1.5)
        part = canvas.patch((up - 4, up + 4), (across - 4, across + 4))
        x, y, z = part.points.unbind(-1)
        near = ((x - across) ** 2 + (y - up) ** 2) / radius**2
        total[part.texels] += 2.0 * torch.exp(-(near**2)) * smoothstep(-70.0, -30.0, z)
    return total * canvas.smooth


def stubble(canvas: Canvas, beard: Tensor) -> Tensor:
    """Cut hairs in a shaved beard: darkness 0 to about 1, where `beard` [R,C] grows."""
    person, rng = canvas.skin.identity, _rng(canvas, 34)
    if person.sex == "female":
        return torch.zeros_like(beard)
    places = canvas.scatter(0.35 * beard**1.5 * canvas.smooth, rng)
    n = len(places)
    dark = 1 - float(np.mean(person.hair_tone)) * 1.5
    return canvas.stamp(places, _uniform(rng, 0.12, 0.2, n), dark * _uniform(rng, 0.3, 1.0, n), 2).clamp(max=1.2)
