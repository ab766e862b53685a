"""What shows between parted lips: teeth, tongue and the dark of the mouth, lit as the portrait's skin is."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from tellbench.datasets.expression import INDEX
from tellbench.generator.meshwarp.arrays import (
    Array,
    Floats,
    Mask,
    blur,
    grid_normals,
    grid_triangles,
    sample,
    smoothstep,
)
from tellbench.generator.meshwarp.camera import place
from tellbench.generator.meshwarp.compose import MOUTH, SAMPLES
from tellbench.generator.meshwarp.face_layer import FaceRaster
from tellbench.generator.meshwarp.fit import mouth_width
from tellbench.generator.meshwarp.raster import FAR, draw
from tellbench.generator.meshwarp.surface import Surface

_NEARER: Final = {
    "upper_teeth": (0.0, -1.3, 4.0),
    "lower_teeth": (0.0, 0.4, 3.5),
    "tongue": (0.0, -1.0, 0.0),
    "bag": (0.0, 0.0, -2.0),
}
"""mm by which each part is brought up to the lips: at its anatomical depth a turned mouth shows a black wedge."""

_WITH_JAW: Final = {"lower_teeth": 1.0, "tongue": 0.92, "bag": 0.5}
"""Share of the jaw's motion that each part follows."""

_SIDEWAYS_MM = 7.0
"""Sideways motion of the jaw at jawLeft = 1, as in the studio."""

_LIGHT: Final = np.array([0.0, 0.25, 0.97])
"""Direction to the light on the teeth: above the viewer."""

_GAMMA = 2.2


class Mouth:
    """The inside of one portrait's mouth."""

    def __init__(self, surface: Surface, picture: Floats, opacity: Floats) -> None:
        """`picture` (H, W, 3), 0..255; `opacity` (R, C) of the face layer marks skin that counts for the light."""
        model = surface.model
        self.model, self.camera = model, surface.camera
        self.centre = _lip_centre(surface.vertices, surface)
        average = _lip_centre(model.mean, surface)
        scale = np.clip(mouth_width(model, surface.vertices) / mouth_width(model, model.mean), 0.85, 1.15)
        self.grids = {
            name: _seat(name, part.points, average, self.centre, float(scale)) for name, part in model.parts.items()
        }
        self.light, self.cavity = _light(surface, picture, opacity)
        offset, triangles = 0, []
        for grid in self.grids.values():
            triangles.append(grid_triangles(*grid.shape[:2]) + offset)
            offset += grid.shape[0] * grid.shape[1]
        self.triangles = np.concatenate(triangles).astype(np.int32)
        self.labels = np.ones(len(self.triangles), np.uint8)

    def draw(self, face: FaceRaster, coefficients: Floats, pose: Floats) -> npt.NDArray[np.float32]:
        """Picture (SAMPLES h, SAMPLES w, 3), 0..255, behind the lips of one rasterised face."""
        out = np.empty((*face.label.shape, 3), np.float32)
        hole = face.label == MOUTH
        if not hole.any():
            return out
        window = _around(hole, 6)
        hole = hole[window]
        grids = self._moved(coefficients)
        points = np.concatenate([g.reshape(-1, 3) for g in grids.values()])
        screen = place(self.camera, points, np.ones((len(points), 1)), pose)
        screen[:, :2] = (screen[:, :2] - face.corner) * SAMPLES - [window[1].start, window[0].start]
        samples_per_mm = SAMPLES * self.camera.pixels_per_mm
        part = np.empty((*hole.shape, 3), np.float32)
        part[:] = 255 * np.clip(self.cavity, 0, 1) ** (1 / _GAMMA)
        colours = self._colours(grids, hole.sum(0).max() / samples_per_mm)
        draw(
            screen,
            colours,
            self.triangles,
            self.labels,
            part,
            np.full(hole.shape, FAR, np.float32),
            np.zeros(hole.shape, np.uint8),
        )
        out[window] = blur(part, 0.5 * SAMPLES) * _lip_shade(hole, samples_per_mm)[..., None]
        return out

    def _moved(self, coefficients: Floats) -> dict[str, Array]:
        """Each part's points under one frame's coefficients (52,)."""
        angle = self.model.jaw_degrees * float(coefficients[INDEX["jawOpen"]])
        sideways = _SIDEWAYS_MM * float(coefficients[INDEX["jawLeft"]] - coefficients[INDEX["jawRight"]])
        out = {
            name: _swing(grid, _WITH_JAW[name], angle, sideways, np.array(self.model.jaw_axis))
            if name in _WITH_JAW
            else grid
            for name, grid in self.grids.items()
        }
        tip = np.clip((self.grids["tongue"][..., 2] - self.centre[2] + 52) / 44, 0, 1)
        reach = float(coefficients[INDEX["tongueOut"]])
        out["tongue"] = out["tongue"] + reach * np.stack([0 * tip, 9 * tip**2, 7 * tip], -1)
        return out

    def _colours(self, grids: dict[str, Array], gap_mm: float) -> npt.NDArray[np.float32]:
        """Colour (V, 3), 0..255, of all parts when the lips stand `gap_mm` apart."""
        opening = 0.4 + 0.6 * smoothstep(0, 10, gap_mm)  # light gets in with the gap
        out = []
        for name, grid in grids.items():
            normal = grid_normals(grid)
            normal *= np.sign(normal[..., 2:] + 1e-9)
            lit = 0.42 + 0.58 * np.clip(normal @ _LIGHT, 0, 1)
            depth = self.grids[name][..., 2] - self.centre[2]
            if name.endswith("teeth"):
                lit = lit * smoothstep(-34, 4, depth)
            else:
                lit = lit * (0.16 + 0.84 * smoothstep(-46, 2, depth))
            if name == "upper_teeth":  # in the shade of the upper lip
                lit = lit * (1 - 0.45 * smoothstep(-2, 5, grid[..., 1] - self.centre[1]))
            out.append((self.model.parts[name].albedo * (lit * opening)[..., None] * self.light).reshape(-1, 3))
        return np.asarray(255 * np.clip(np.concatenate(out), 0, 1) ** (1 / _GAMMA), np.float32)


def _lip_centre(vertices: Floats, surface: Surface) -> Array:
    """Middle of the inner lips (3,)."""
    model = surface.model
    return np.asarray(
        vertices[[model.upper_lip_edge, model.lower_lip_edge]][:, model.mouth_open].mean((0, 1)), np.float64
    )


def _seat(name: str, points: Floats, average: Array, centre: Array, scale: float) -> Array:
    """A part (h, w, 3) of the average head, moved behind a fitted mouth."""
    out: Array = (
        (points.astype(np.float64) - average) * np.array([1.08 * scale, 1, 1]) + centre + np.array(_NEARER[name])
    )
    if name.endswith("teeth"):  # the lips of a fitted face lie close to the arch all along: flatten it
        out[..., 2] = out[..., 2].max() - 0.6 * (out[..., 2].max() - out[..., 2])
    return out


def _light(surface: Surface, picture: Floats, opacity: Floats) -> tuple[Array, Array]:
    """Light (3,) that falls on the mouth and the colour (3,) of its dark, both linear."""
    model = surface.model
    x, y = surface.vertices[..., 0], surface.vertices[..., 1]
    near = (np.abs(x) < 45) & (y < -12) & (y > -95) & (surface.visible > 0.95) & (opacity > 0.9)
    skin = sample(picture, surface.screen[near]) if near.any() else picture.reshape(-1, 3)
    linear = (np.median(skin, axis=0) / 255) ** _GAMMA
    tint = (linear / (linear @ np.array([0.3, 0.6, 0.1]))) ** 0.5
    bright = np.percentile(skin.mean(-1), 92) / 255
    first, count = model.segments["upper_lip"]
    lips = surface.screen[first + int(0.3 * count) : first + int(0.7 * count), model.mouth_open].reshape(-1, 2)
    lip = (np.median(sample(picture, lips), axis=0) / 255) ** _GAMMA
    return np.asarray(min(bright**_GAMMA * 0.9, 0.7) * tint / 0.66), np.asarray(0.09 * lip + 0.002)


def _swing(points: Array, share: float, degrees: float, sideways: float, axis: Array) -> Array:
    """Points (..., 3) turned about the hinge of the jaw and shifted by `sideways` mm."""
    angle = math.radians(degrees * share)
    y, z = points[..., 1] - axis[1], points[..., 2] - axis[2]
    return np.stack(
        [
            points[..., 0] + sideways * share,
            y * math.cos(angle) - z * math.sin(angle) + axis[1],
            y * math.sin(angle) + z * math.cos(angle) + axis[2],
        ],
        -1,
    )


def _around(mask: Mask, margin: int) -> tuple[slice, slice]:
    """The smallest window around a mask, with a margin."""
    window = []
    for axis in (0, 1):
        hit = np.flatnonzero(mask.any(1 - axis))
        window.append(slice(max(int(hit[0]) - margin, 0), min(int(hit[-1]) + 1 + margin, mask.shape[axis])))
    return window[0], window[1]


def _lip_shade(hole: Mask, samples_per_mm: float) -> Array:
    """Darkening (h, w) just behind the lips, most under the upper one."""
    from_lip = ndi.distance_transform_edt(hole) / samples_per_mm
    below_upper = np.cumsum(hole, 0) / samples_per_mm
    return np.asarray((0.55 + 0.45 * smoothstep(0, 2.5, below_upper)) * (0.85 + 0.15 * smoothstep(0, 1.6, from_lip)))
