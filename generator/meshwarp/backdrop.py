"""The whole portrait on a coarse grid with the head's depth, moved with a soft falloff: no holes, no matte."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from tellbench.generator.meshwarp.arrays import Array, Floats, Mask, Singles, blur, fill, grid_triangles, smoothstep
from tellbench.generator.meshwarp.camera import DISTANCE, place
from tellbench.generator.meshwarp.raster import FAR, draw
from tellbench.generator.meshwarp.surface import Surface

_STEPS = 180
"""Cells along the shorter side; at least 2 pixels each."""

_HEAD_REACH, _REST_REACH = 18.0, 65.0
"""Hair and hats within 18 mm of the head move with it; beyond 65 mm nothing moves, or the room in the corners would."""

_EXPRESSION_REACH = 28.0
"""mm over which the expression of the nearest skin dies away outside the head."""

_SKULL_GIVE = 45.0
"""Hair and hats are nearer than the skull behind them: no backdrop recedes further than this many mm."""


class Backdrop:
    """Moves everything that the face layer does not cover."""

    def __init__(self, surface: Surface, shapes: Floats, picture: tuple[int, int]) -> None:
        """`shapes` (52, R, C, 3) displace the surface's vertices; `picture` is the portrait's height and width."""
        self.camera, self.picture = surface.camera, picture
        height, width = picture
        step = max(2, round(min(picture) / _STEPS))
        rows, columns = (np.unique(np.append(np.arange(0, n, step), n)).astype(float) for n in picture)
        y, x = np.meshgrid(rows, columns, indexing="ij")
        self.grid = y.shape
        at = np.clip(y.astype(int), 0, height - 1), np.clip(x.astype(int), 0, width - 1)
        covered = surface.cover.depth < FAR
        distance, nearest = ndi.distance_transform_edt(~covered, return_indices=True)
        away = distance[at] / surface.camera.pixels_per_mm  # mm from the head's outline
        near = nearest[0][at], nearest[1][at]
        head = surface.camera.to_head(
            surface.camera.lift(np.stack([x, y], -1), self._depth(surface, near, covered[at]))
        )
        edge = np.minimum.reduce([x, width - x, y, height - y]) / (0.05 * min(picture))
        rigid = (
            (1 - smoothstep(_HEAD_REACH, _REST_REACH, away))
            * smoothstep(-225, -118, head[..., 1])
            * smoothstep(0, 1, edge)
        )
        rigid = blur(rigid, 6 / step) * smoothstep(0, 0.6, edge)
        self.rigid = rigid.reshape(-1, 1).astype(np.float32)
        self.vertices = head.reshape(-1, 3).astype(np.float32)
        self.source = np.stack([x, y], -1).reshape(-1, 2).astype(np.float32)
        self.shapes = self._borrow(
            surface, shapes, near, np.exp(-((away / _EXPRESSION_REACH) ** 2)) * smoothstep(0, 0.6, edge)
        )
        self.triangles = grid_triangles(*self.grid)
        self.labels = np.ones(len(self.triangles), np.uint8)

    def _depth(self, surface: Surface, near: tuple[Array, Array], covered: Mask) -> Array:
        """Camera z of each grid point: the skin's where it covers, a wide smooth spread of it elsewhere."""
        depth = surface.cover.depth[near]
        inside = covered & (depth < DISTANCE + 110)  # the back of the neck is no depth for the shoulders
        z = fill(np.where(inside, DISTANCE - depth, 0)[..., None], inside.astype(float))[..., 0]
        outside = smoothstep(0, 12, ndi.distance_transform_edt(~inside))
        z = blur(z, 2) * (1 - outside) + blur(z, 12) * outside
        back = surface.camera.to_camera(np.array([0.0, 0.0, -30.0]))[2]
        return np.where(z < back, back - _SKULL_GIVE * np.tanh((back - z) / _SKULL_GIVE), z)

    def _borrow(self, surface: Surface, shapes: Floats, near: tuple[Array, Array], share: Array) -> Singles:
        """Displacements (52, 3 N) of the nearest skin, times `share`."""
        corners = surface.model.triangles[surface.cover.triangle[near].ravel()]
        weights = surface.cover.weights[near].reshape(-1, 3) * share.reshape(-1, 1)
        flat = shapes.reshape(len(shapes), -1, 3)
        moves = sum(flat[:, corners[:, k]] * weights[:, k, None].astype(np.float32) for k in range(3))
        smooth = ndi.gaussian_filter(np.asarray(moves).reshape(len(shapes), *self.grid, 3), (0, 1.2, 1.2, 0))
        return np.ascontiguousarray(smooth.reshape(len(shapes), -1), np.float32)

    def moved(self, coefficients: Floats) -> Singles:
        """Grid points (B, N, 3) under expression coefficients (B, 52)."""
        moves = coefficients.astype(np.float32) @ self.shapes
        return np.asarray(self.vertices + moves.reshape(len(coefficients), -1, 3))

    def draw(self, vertices: Floats, pose: Floats) -> tuple[Singles, npt.NDArray[np.uint8]]:
        """Portrait coordinates (H, W, 2) of the moved backdrop and where (H, W) uint8 it stands still."""
        source = np.zeros((*self.picture, 2), np.float32)
        still = np.ones(self.picture, np.uint8)
        screen = place(self.camera, vertices, self.rigid, pose)
        moves = (np.abs(screen[:, :2] - self.source).max(1) > 0.02).reshape(self.grid)
        if moves.any():
            window = self._window(moves)
            corner = np.array([window[1].start, window[0].start], np.float32)
            screen[:, :2] -= corner
            depth = np.full(still[window].shape, FAR, np.float32)
            part, label = np.zeros((*depth.shape, 2), np.float32), np.zeros(depth.shape, np.uint8)
            draw(screen, self.source, self.triangles, self.labels, part, depth, label)
            source[window], still[window] = part, label == 0
        return source, still

    def _window(self, moves: Mask) -> tuple[slice, slice]:
        """Pixels around all grid points that move."""
        places = self.source.reshape(*self.grid, 2)
        out = []
        for axis, limit in ((0, self.grid[0]), (1, self.grid[1])):
            hit = np.flatnonzero(moves.any(1 - axis))
            first, last = max(hit[0] - 1, 0), min(hit[-1] + 1, limit - 1)
            line = places[:, 0, 1] if axis == 0 else places[0, :, 0]
            out.append(slice(int(line[first]), int(line[last])))
        return out[0], out[1]
