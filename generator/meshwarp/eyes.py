"""Eyes whose iris follows the gaze: the portrait's own white and iris, each completed under the other and the lids."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from tellbench.generator.meshwarp.arrays import LUMA, Array, Floats, Mask, blur, fill, sample, smoothstep
from tellbench.generator.meshwarp.camera import place
from tellbench.generator.meshwarp.raster import kernel
from tellbench.generator.meshwarp.surface import Surface

_IRIS_MM = 11.7
"""Diameter of the visible iris: 11.71 +- 0.42 mm in 390 healthy eyes (Rufer et al. 2005, Cornea 24:259)."""

_EYEBALL_MM = 12.1
"""Radius of the eyeball, as in the studio."""

_WORK_RADIUS = 14.0
"""Eye pictures are enlarged so that the iris has at least this radius in pixels (at most fourfold)."""

_IRIS_SEARCH = (0.8, 0.25)
"""The iris is looked for this many radii beside and above its landmark, which may lag behind a sideways look."""

_FAINT = 4.0
"""Grey levels of contrast at the iris border below which its radius is taken from the head's scale."""


class Eye:
    """One eye of the portrait, ready to look elsewhere."""

    def __init__(self, surface: Surface, picture: Floats, iris: Floats, side: int) -> None:
        """`iris` (2,) is the centre in pixels; `side` is -1 for the subject's right eye, +1 for the left."""
        model, self.camera = surface.model, surface.camera
        columns = np.flatnonzero(model.eye_open & (surface.vertices[model.upper_lid_edge, :, 0] * side > 0))
        upper, lower = surface.screen[model.upper_lid_edge, columns], surface.screen[model.lower_lid_edge, columns]
        centre, radius = _find_iris(
            picture, np.asarray(iris, np.float64), upper, lower, 0.5 * _IRIS_MM * self.camera.pixels_per_mm
        )
        self.centre = centre
        outline = np.concatenate([upper, lower])
        self.zoom = max(1.0, min(4.0, _WORK_RADIUS / radius))
        self.corner = np.floor(outline.min(0) - 3 * radius)
        size = np.ceil((np.ceil(outline.max(0) + 3 * radius) - self.corner) * self.zoom).astype(int)
        x, y = np.meshgrid(*((np.arange(n) + 0.5) / self.zoom + c for n, c in zip(size, self.corner, strict=True)))
        self.layers = _split(picture, x, y, upper, lower, centre, radius, self.zoom)
        self.pixels_per_mm = 2 * radius / _IRIS_MM
        lid = surface.vertices[model.upper_lid_edge, columns].mean(0)
        depth = self.camera.to_camera(np.array([lid[0], lid[1], lid[2] + 1]))[2]
        self.anchor = self.camera.to_head(self.camera.lift(centre, depth))

    def picture(self, gaze: Floats) -> npt.NDArray[np.float32]:
        """The eye looking `gaze` (2,) degrees, right of the image and up from where the portrait looks."""
        dx, dy = self._shift(gaze)
        live = float(smoothstep(0.15, 1.2, math.hypot(dx, dy)))
        out = np.empty((*self.layers.shape[:2], 3), np.float32)
        _look(self.layers, dx * self.zoom, dy * self.zoom, live, out)
        return out

    def iris(self, gaze: Floats, pose: Floats) -> Array:
        """True pixel (2,) of the iris centre in a frame with this gaze (2,) and pose (6,)."""
        to_eye = self.placement(pose).astype(np.float64)
        there = (self.centre + self._shift(gaze) - self.corner) * self.zoom
        return np.asarray(np.linalg.solve(to_eye[:, :2], there - to_eye[:, 2]))

    def _shift(self, gaze: Floats) -> tuple[float, float]:
        """Pixels of the portrait by which a gaze in degrees moves the iris, x and y."""
        reach = _EYEBALL_MM * self.pixels_per_mm
        return reach * math.sin(math.radians(gaze[0])), -reach * math.sin(math.radians(gaze[1]))

    def placement(self, pose: Floats) -> npt.NDArray[np.float32]:
        """Affine map (2, 3) from pixels of a frame in this pose (6,) to pixels of the eye's picture."""
        corners = self.anchor + np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]])
        before = self.camera.project(corners)[:, :2]
        after = place(self.camera, corners, np.ones((3, 1)), pose)[:, :2].astype(np.float64)
        affine = np.linalg.solve(np.column_stack([after, np.ones(3)]), before).T
        affine[:, 2] -= self.corner
        return (affine * self.zoom).astype(np.float32)


PORTRAIT, WHITE, IRIS, SHADOW, MASK, SEEN, INSIDE, SHADE = 0, 3, 6, 9, 12, 13, 14, 15
"""Columns of an eye's layers: four colours, then four weights."""


@kernel
def _look(layers: Any, dx: float, dy: float, live: float, out: Any) -> None:
    """Move the iris by (dx, dy) pixels over the white; `live` 0 keeps the portrait's own eye."""
    height, width = out.shape[:2]
    for y in range(height):
        for x in range(width):
            u, v = min(max(x - dx, 0.0), width - 1.001), min(max(y - dy, 0.0), height - 1.001)
            i, j = int(u), int(v)
            fx, fy = u - i, v - j
            a, b, c, d = (1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy
            p, q, r, s = layers[j, i], layers[j, i + 1], layers[j + 1, i], layers[j + 1, i + 1]
            mask = a * p[MASK] + b * q[MASK] + c * r[MASK] + d * s[MASK]
            here = layers[y, x]
            for k in range(3):
                iris = a * p[IRIS + k] + b * q[IRIS + k] + c * r[IRIS + k] + d * s[IRIS + k]
                eye = (here[WHITE + k] + here[SHADOW + k]) * (1 - mask) + iris * mask
                if here[SEEN] < 0.5:
                    eye *= here[SHADE]
                # where the lid opens wider than in the portrait, its painted lid and lashes must not show
                out[y, x, k] = here[PORTRAIT + k] * (1 - live) + eye * live if here[INSIDE] > 0.5 else eye * 0.92


def _find_iris(picture: Floats, centre: Array, upper: Array, lower: Array, expected: float) -> tuple[Array, float]:
    """Centre (2,) and radius of the iris: the circle across which lightness rises most.

    Daugman's integro-differential operator (1993, IEEE PAMI 15:1148), on the arcs between the lids and near the
    landmark and the expected radius.
    """
    radii = expected * np.linspace(0.82, 1.3, 20)
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    steps = np.linspace(-1, 1, 17) * _IRIS_SEARCH[0], np.linspace(-1, 1, 7) * _IRIS_SEARCH[1]
    offsets = np.stack(np.meshgrid(*steps), -1).reshape(-1, 2)
    centres = centre + expected * offsets[:, None, None]
    circle = np.stack([np.cos(angles), np.sin(angles)], -1)
    points = centres + radii[:, None, None] * circle  # [119, 20, 64, 2]
    lightness = sample((picture @ LUMA)[..., None], points)[..., 0]
    top, bottom = _lid_lines(points[..., 0], upper, lower)
    between = (points[..., 1] > top + 0.15 * expected) & (points[..., 1] < bottom - 0.05 * expected)
    count = between.sum(-1)
    mean = np.where(count >= 6, (lightness * between).sum(-1) / np.maximum(count, 1), np.nan)
    rise = mean[:, 3:] - mean[:, :-3]
    if np.all(np.isnan(rise)) or np.nanmax(rise) < _FAINT:
        return centre, expected
    near = 1 - 0.3 * ((offsets / _IRIS_SEARCH) ** 2).sum(1, keepdims=True)
    which, step = np.unravel_index(np.nanargmax(rise * near), rise.shape)
    return centres[which, 0, 0], float(radii[1:-2][step : step + 2].mean())


def _lid_lines(x: Floats, upper: Floats, lower: Floats) -> tuple[Array, Array]:
    """Height of the upper and of the lower lid's edge, pixel y, at pixel columns x."""
    lines = []
    for edge in (upper, lower):
        order = np.argsort(edge[:, 0])
        lines.append(np.interp(x, edge[order, 0], edge[order, 1]))
    return lines[0], lines[1]


def _split(
    picture: Floats, x: Array, y: Array, upper: Array, lower: Array, centre: Array, radius: float, zoom: float
) -> npt.NDArray[np.float32]:
    """Layers (h, w, 16) of the eye at pixel coordinates x, y (h, w)."""
    own = sample(picture, np.stack([x, y], -1))
    top, bottom = _lid_lines(x, upper, lower)
    sides = np.concatenate([upper[:, 0], lower[:, 0]])
    across = (x > sides.min() + 0.4) & (x < sides.max() - 0.4)
    seen = across & (y > top + 0.22 * radius) & (y < bottom - 0.10 * radius)
    reach = np.hypot(x - centre[0], y - centre[1]) / radius  # 1 at the border of the iris
    white = _white(own, seen, reach, radius * zoom)
    iris = _whole_iris(picture, own, x, y, seen & (reach < 1.12), centre, reach, radius * zoom)
    mask = smoothstep(1.13, 0.98, reach)
    shadow = own - (white * (1 - mask[..., None]) + iris * mask[..., None])  # what lids and lashes add
    shadow = np.clip(blur(shadow * (reach > 1.1)[..., None], 1), -60, 40) * blur(seen.astype(float), 0.5)[..., None]
    inside = across & (y > top - 0.5) & (y < bottom + 0.5)
    shade = 1 - 0.3 * np.exp(-(np.maximum((y - top) / (0.45 * radius), 0) ** 2))  # the lid's shade on what it uncovers
    return np.concatenate([own, white, iris, shadow, np.stack([mask, seen, inside, shade], -1)], -1).astype(np.float32)


def _white(own: Array, seen: Mask, reach: Array, radius: float) -> Array:
    """A smooth white of the eye (h, w, 3), so that no streak stays behind a moving iris."""
    white = seen & (reach > 1.18)
    if white.sum() < 6:
        white = seen & (reach > 1.0)
    weight = white.astype(float)
    share = blur(weight, 0.3 * radius)
    mean = blur(own * weight[..., None], 0.3 * radius) / np.maximum(share, 1e-3)[..., None]
    return fill(mean, (share > 0.05).astype(float))


def _whole_iris(
    picture: Floats, own: Array, x: Array, y: Array, known: Mask, centre: Array, reach: Array, radius: float
) -> Array:
    """The iris (h, w, 3) completed by its mirror images about the centre, then by the colour of its rings."""
    iris, got = own.copy(), known.astype(float)
    zoom = (x.shape[1] - 1) / np.ptp(x)
    for fx, fy in ((1, -1), (-1, 1), (-1, -1)):
        mx, my = centre[0] + fx * (x - centre[0]), centre[1] + fy * (y - centre[1])
        there = ndi.map_coordinates(known.astype(float), [(my - y[0, 0]) * zoom, (mx - x[0, 0]) * zoom], order=1)
        take = (there > 0.95) & (got < 0.5)
        iris[take] = sample(picture, np.stack([mx, my], -1)[take])
        got[take] = 1
    rings = _rings(own, known, reach)
    share = (np.clip(blur(got, 0.1 * radius) * 2 - 1, 0, 1) * got)[..., None]
    return np.asarray(iris * share + rings * (1 - share))


def _rings(own: Array, known: Mask, reach: Array) -> Array:
    """The mean colour of the known iris at each distance from its centre (h, w, 3)."""
    at = np.linspace(0, 1.3, 14)
    weight = np.exp(-(((reach[None] - at[:, None, None]) / 0.1) ** 2)) * known
    total = weight.sum((1, 2))
    enough = total > 0.5
    if not enough.any():
        return np.full_like(own, 40.0)
    profile = np.einsum("khw,hwc->kc", weight[enough], own) / total[enough, None]
    return np.stack([np.interp(reach, at[enough], profile[:, c]) for c in range(3)], -1)
