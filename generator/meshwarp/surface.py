"""What the painter saw: which vertices of the fitted head the portrait shows, and what covers each pixel."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from tellbench.generator.meshwarp.arrays import Array, Floats, Ints, Mask, grid_normals, smoothstep
from tellbench.generator.meshwarp.camera import DISTANCE, Camera
from tellbench.generator.meshwarp.head import HeadModel
from tellbench.generator.meshwarp.raster import FAR, draw_ids

_BEHIND = 4.0
"""A vertex this many mm behind the nearest skin of its pixel is hidden by it."""


@dataclasses.dataclass(frozen=True)
class Cover:
    """The nearest skin of every pixel of the portrait."""

    triangle: Ints
    """Shape (H, W), -1 where there is none."""
    weights: npt.NDArray[np.float32]
    """Shape (H, W, 3), barycentric."""
    depth: npt.NDArray[np.float32]
    """Shape (H, W), mm from the camera, `FAR` where there is none."""


@dataclasses.dataclass(frozen=True)
class Surface:
    """A fitted head as its portrait shows it."""

    model: HeadModel
    camera: Camera
    vertices: Array
    """Shape (R, C, 3), head millimetres."""
    screen: Array
    """Shape (R, C, 2), pixels."""
    facing: Array
    """Shape (R, C), cosine between the skin and the line of sight."""
    occluded: Mask
    """Shape (R, C)."""
    visible: Array
    """Shape (R, C), 1 where the portrait shows the vertex, falling to 0 where it is grazed or hidden."""
    cover: Cover


def look(model: HeadModel, camera: Camera, vertices: Array, picture: tuple[int, int]) -> Surface:
    """Find what a portrait of height and width `picture` shows of a head (R, C, 3)."""
    seen = camera.to_camera(vertices)
    screen = camera.screen(seen)
    sight = np.array([0, 0, DISTANCE]) - seen
    sight /= np.linalg.norm(sight, axis=-1, keepdims=True)
    facing = (grid_normals(seen) * sight).sum(-1)
    cover = _cover(screen, model.triangles, picture)
    column = np.clip(screen[..., 0].astype(int), 0, picture[1] - 1)
    row = np.clip(screen[..., 1].astype(int), 0, picture[0] - 1)
    nearest = ndi.maximum_filter(np.where(cover.depth < FAR, cover.depth, 0), 3)
    occluded = screen[..., 2] > nearest[row, column] + _BEHIND
    _settle_cuts(model, facing, occluded)
    inside = (screen[..., :2] > 0).all(-1) & (screen[..., 0] < picture[1]) & (screen[..., 1] < picture[0])
    visible = smoothstep(0.03, 0.12, facing) * ~occluded * inside
    return Surface(model, camera, vertices, screen[..., :2], facing, occluded, visible, cover)


def _cover(screen: Floats, triangles: Ints, picture: tuple[int, int]) -> Cover:
    index = np.full(picture, -1, np.int32)
    weights, depth = np.zeros((*picture, 3), np.float32), np.full(picture, FAR, np.float32)
    draw_ids(screen.reshape(-1, 3).astype(np.float32), triangles, index, weights, depth)
    return Cover(index, weights, depth)


def _settle_cuts(model: HeadModel, facing: Array, occluded: Mask) -> None:
    """Rows along a cut take the facing of their neighbours; rows rolled inwards count as their edge."""
    sides = (
        ("upper_lid_roll", model.upper_lid_edge, -1),
        ("lower_lid_roll", model.lower_lid_edge, 1),
        ("upper_lip_roll", model.upper_lip_edge, -1),
        ("lower_lip_roll", model.lower_lip_edge, 1),
    )
    for roll, edge, outwards in sides:
        facing[edge] = facing[edge + outwards]
        facing[model.rows(roll)] = facing[edge]
        occluded[model.rows(roll)] = occluded[edge]
