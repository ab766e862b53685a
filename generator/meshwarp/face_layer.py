"""The face: the cut skin grid that carries portrait coordinates and fades out before the head's outline."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from tellbench.datasets.expression import INDEX
from tellbench.generator.meshwarp.arrays import Array, Floats, Ints, Singles, blur, smoothstep
from tellbench.generator.meshwarp.camera import neck_share, place
from tellbench.generator.meshwarp.compose import (
    ALPHA,
    HIDDEN,
    LEFT_EYE,
    MOUTH,
    N_VALUES,
    RED,
    RIGHT_EYE,
    SAMPLES,
    SHADE,
    SKIN,
    U,
)
from tellbench.generator.meshwarp.head import HeadModel
from tellbench.generator.meshwarp.hidden import closed_lids, fill_hidden, lid_weights, skin_colours, trusted
from tellbench.generator.meshwarp.raster import FAR, draw
from tellbench.generator.meshwarp.surface import Surface

_OPENING_DEPTH = 30.0
"""Openings lie this many mm behind the lids and lips that cover them."""


@dataclasses.dataclass(frozen=True)
class FaceRaster:
    """The face of one frame over a window of whole pixels, `SAMPLES` times finer."""

    values: npt.NDArray[np.float32]
    """Shape (SAMPLES h, SAMPLES w, 8)."""
    label: npt.NDArray[np.uint8]
    """Shape (SAMPLES h, SAMPLES w)."""
    corner: npt.NDArray[np.int64]
    """Shape (2,): x and y of the window's first pixel."""


class FaceLayer:
    """The moving skin of one portrait and the stencils of its openings."""

    def __init__(self, surface: Surface, shapes: Floats, picture: Floats) -> None:
        """`shapes` (52, R, C, 3) displace the surface's vertices; `picture` (H, W, 3) is the portrait, 0..255."""
        model = surface.model
        self.camera = surface.camera
        self.picture = (picture.shape[0], picture.shape[1])
        values = _vertex_values(surface, picture)
        self.opacity = values[..., ALPHA]
        triangles = _skin_triangles(model, self.opacity)
        openings, kinds = _opening_triangles(model, surface.vertices)
        labels = np.concatenate([np.full(len(triangles), SKIN, np.uint8), kinds])
        used, corners = np.unique(np.concatenate([triangles, openings]), return_inverse=True)
        corners = corners.reshape(-1, 3)
        behind = np.unique(corners[labels != SKIN])
        own = np.full(len(used), -1)
        own[behind] = len(used) + np.arange(len(behind))
        corners[labels != SKIN] = own[corners[labels != SKIN]]
        used = np.concatenate([used, used[behind]])
        self.n_behind = len(behind)
        self.triangles, self.labels = np.ascontiguousarray(corners, np.int32), labels
        self.vertices = surface.vertices.reshape(-1, 3)[used].astype(np.float32)
        self.shapes = np.ascontiguousarray(shapes.reshape(len(shapes), -1, 3)[:, used]).reshape(len(shapes), -1)
        self.values = np.ascontiguousarray(values.reshape(-1, N_VALUES)[used], np.float32)
        self.rigid = neck_share(self.vertices)
        self.lid_skin, self.lash = (w.ravel()[used].astype(np.float32) for w in lid_weights(model))
        self.is_left = self.vertices[:, 0] > 0

    def moved(self, coefficients: Floats) -> Singles:
        """Vertices (B, V, 3) under expression coefficients (B, 52)."""
        moves = coefficients.astype(np.float32) @ self.shapes
        return np.asarray(self.vertices + moves.reshape(len(coefficients), -1, 3))

    def draw(self, vertices: Floats, coefficients: Floats, pose: Floats) -> FaceRaster:
        """Rasterise one frame's vertices (V, 3) in its pose (6,); `coefficients` (52,) say how far lids are shut."""
        screen = place(self.camera, vertices, self.rigid, pose)
        screen[-self.n_behind :, 2] += _OPENING_DEPTH
        height, width = self.picture
        low = np.clip(np.floor(screen[:, :2].min(0)).astype(int), 0, [width - 1, height - 1])
        high = np.clip(np.ceil(screen[:, :2].max(0)).astype(int), low + 1, [width, height])
        screen[:, :2] = (screen[:, :2] - low) * SAMPLES
        columns, rows = (high - low) * SAMPLES
        out = np.empty((rows, columns, N_VALUES), np.float32)
        depth, label = np.full((rows, columns), FAR, np.float32), np.zeros((rows, columns), np.uint8)
        draw(screen, self._with_lids(coefficients), self.triangles, self.labels, out, depth, label)
        return FaceRaster(out, label, low)

    def _with_lids(self, coefficients: Floats) -> Singles:
        """Vertex values (V, 8) with the skin and lash line that closing lids show."""
        left, right = (
            coefficients[INDEX["eyeBlink" + s]] + 0.4 * coefficients[INDEX["eyeLookDown" + s]]
            for s in ("Left", "Right")
        )
        if max(left, right) <= 0.02:
            return self.values
        shut = smoothstep(0, 0.7, np.where(self.is_left, left, right)).astype(np.float32)
        values = self.values.copy()
        values[:, HIDDEN] = np.maximum(values[:, HIDDEN], shut * self.lid_skin)
        values[:, SHADE] *= 1 - 0.68 * shut * self.lash
        return values


def _vertex_values(surface: Surface, picture: Floats) -> Array:
    """Values (R, C, 8) of every vertex, in the columns that `compose` names."""
    model = surface.model
    colours = skin_colours(surface, picture)
    good = trusted(surface, colours)
    filled, spread = fill_hidden(surface, colours, good)
    lid_skin, _ = lid_weights(model)
    lids, share = model.rows("upper_lid"), lid_skin[model.rows("upper_lid"), :, None]
    filled[lids] = filled[lids] * (1 - share) + closed_lids(surface, picture, colours, good, spread) * share
    hidden = 1 - blur(surface.visible, 0.8 * model.density)
    values = np.zeros((*model.shape, N_VALUES))
    values[..., U : U + 2] = surface.screen
    values[..., ALPHA] = _opacity(surface)
    values[..., HIDDEN] = np.where(surface.visible > 0.95, 0, hidden)
    values[..., RED : RED + 3] = filled
    values[..., SHADE] = 1
    _inner_lips(model, values)
    return values


def _opacity(surface: Surface) -> Array:
    """Opacity (R, C): 1 on the face, 0 before the outline; nose and lips never fade."""
    model = surface.model
    x, y = surface.vertices[..., 0], surface.vertices[..., 1]
    alpha = blur(smoothstep(0.16, 0.42, surface.facing) * ~surface.occluded, 1.5 * model.density)
    core = np.exp(-((x / 30) ** 4)) * smoothstep(-112, -96, y) * smoothstep(45, 25, y)
    alpha = np.maximum(alpha, smoothstep(0.25, 0.6, core))
    alpha = (
        alpha * (1 - smoothstep(1.1, 1.45, np.abs(model.azimuth))) * smoothstep(72, 52, y) * smoothstep(-128, -108, y)
    )
    alpha[: model.start("forehead")] = 0
    alpha[model.start("neck") :] = 0
    return np.asarray(alpha)


def _inner_lips(model: HeadModel, values: Array) -> None:
    """The insides of the lips show the lip's colour, darker inwards."""
    upper = model.start("upper_lip") + int(model.segments["upper_lip"][1] * 0.55)
    lower = model.start("lower_lip") + int(model.segments["lower_lip"][1] * 0.4)
    for roll, source in (("upper_lip_roll", upper), ("lower_lip_roll", lower)):
        rows = model.rows(roll)
        inwards = np.arange(rows.stop - rows.start) / (rows.stop - rows.start)
        inwards = inwards if roll == "upper_lip_roll" else inwards[::-1]
        values[rows, :, U : U + 2] = values[source, :, U : U + 2]
        values[rows, :, SHADE] = (0.75 - 0.45 * inwards)[:, None]
        values[rows, :, HIDDEN] = 0
        values[rows, :, ALPHA] = 1


def _skin_triangles(model: HeadModel, alpha: Floats) -> Ints:
    """Triangles with any opacity, without the rolled rows of the lids (the eye's own picture shows there)."""
    triangles = model.triangles
    rows = triangles // model.shape[1]
    lid_roll = np.zeros(model.shape[0], bool)
    lid_roll[model.rows("upper_lid_roll")] = lid_roll[model.rows("lower_lid_roll")] = True
    return triangles[(alpha.ravel()[triangles] > 0).any(1) & ~lid_roll[rows].any(1)]


def _opening_triangles(model: HeadModel, vertices: Floats) -> tuple[Ints, npt.NDArray[np.uint8]]:
    """Strips (N, 3) between the two edges of each cut, and the label (N,) of what shows through."""
    columns = np.flatnonzero(np.abs(model.azimuth[:-1]) < 1.2)
    strips, labels = [], []
    for is_open, upper, lower in (
        (model.eye_open, model.upper_lid_edge, model.lower_lid_edge),
        (model.mouth_open, model.upper_lip_edge, model.lower_lip_edge),
    ):
        near = columns[is_open[columns] | is_open[columns + 1]]
        a, b = upper * model.shape[1] + near, lower * model.shape[1] + near
        strips.append(np.stack([a, b, a + 1, a + 1, b, b + 1], -1).reshape(-1, 3))
        kind = (
            np.where(vertices[upper, near, 0] > 0, LEFT_EYE, RIGHT_EYE)
            if is_open is model.eye_open
            else np.full(len(near), MOUTH)
        )
        labels.append(np.repeat(kind, 2).astype(np.uint8))
    return np.concatenate(strips).astype(np.int32), np.concatenate(labels)
