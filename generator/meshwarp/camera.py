"""The portrait's camera and the turning of the head in front of it."""

from __future__ import annotations

import dataclasses
import math
from typing import Final

import numpy as np
from scipy.spatial.transform import Rotation

from tellbench.generator.meshwarp.arrays import Array, Floats, Singles, smoothstep

DISTANCE: Final = 900.0
"""Camera to head, mm: a portrait photographer's distance (assumption; only the perspective depends on it)."""

PIVOT: Final = np.array([0.0, -105.0, -95.0])
"""The point that head rotations leave in place, near the atlas; the studio's own."""


@dataclasses.dataclass(frozen=True)
class Camera:
    """Perspective camera looking along -z; `rotation` and `shift` bring head millimetres before it."""

    rotation: Array
    """Shape (3, 3)."""
    shift: Array
    """Shape (3,), mm."""
    focal: float
    """Pixels."""
    centre: Array
    """Shape (2,), pixels."""

    @property
    def pixels_per_mm(self) -> float:
        """Scale at the head's origin."""
        return self.focal / DISTANCE

    @property
    def euler(self) -> tuple[float, float, float]:
        """Yaw, pitch, roll of the portrait in degrees, signs as in a clip's pose."""
        yaw, pitch, roll = _to_euler(self.rotation[None])[0]
        return float(yaw), float(pitch), float(roll)

    def euler_after(self, pose: Floats) -> Array:
        """Yaw, pitch, roll (B, 3) in degrees of the portrait's head after moving by poses (B, 6)."""
        turns = np.stack([turn(*(float(v) for v in p[:3])) for p in pose])
        return _to_euler(self.rotation @ turns)

    def to_camera(self, points: Floats) -> Array:
        """Head millimetres (..., 3) -> camera millimetres."""
        return np.asarray(points @ self.rotation.T + self.shift)

    def to_head(self, points: Floats) -> Array:
        """Camera millimetres (..., 3) -> head millimetres."""
        return np.asarray((points - self.shift) @ self.rotation)

    def screen(self, points: Floats) -> Array:
        """Camera millimetres (..., 3) -> pixel x, pixel y, depth in mm."""
        depth = DISTANCE - points[..., 2]
        x = self.centre[0] + self.focal * points[..., 0] / depth
        y = self.centre[1] - self.focal * points[..., 1] / depth
        return np.stack([x, y, depth], -1)

    def project(self, points: Floats) -> Array:
        """Head millimetres (..., 3) -> pixel x, pixel y, depth in mm."""
        return self.screen(self.to_camera(points))

    def lift(self, xy: Floats, z: Floats | float) -> Array:
        """Pixels (..., 2) at camera z (...) -> camera millimetres (..., 3)."""
        z = np.broadcast_to(z, xy.shape[:-1])
        scale = (DISTANCE - z) / self.focal
        return np.stack([(xy[..., 0] - self.centre[0]) * scale, -(xy[..., 1] - self.centre[1]) * scale, z], -1)


def turn(yaw: float, pitch: float, roll: float) -> Array:
    """Rotation matrix (3, 3) from degrees: + yaw to the subject's left, + pitch down, + roll to the subject's left.

    Roll after yaw after pitch, as in the studio.
    """
    y, p, r = (math.radians(v) for v in (yaw, pitch, roll))
    about_y = np.array([[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(p), -math.sin(p)], [0, math.sin(p), math.cos(p)]])
    about_z = np.array([[math.cos(r), math.sin(r), 0], [-math.sin(r), math.cos(r), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


def _to_euler(rotations: Array) -> Array:
    """Inverse of `turn`: yaw, pitch, roll (B, 3) of matrices (B, 3, 3)."""
    return np.asarray(Rotation.from_matrix(rotations).as_euler("ZYX", degrees=True)[:, [1, 2, 0]] * [1, 1, -1])


def neck_share(points: Floats) -> Singles:
    """Share (..., 1) of points (..., 3) in the head's motion: 1 on the head, falling to 0 down the neck."""
    return smoothstep(-212, -118, points[..., 1:2]).astype(np.float32)


def place(camera: Camera, points: Floats, weight: Floats, pose: Floats) -> Singles:
    """Move points (V, 3) of the portrait's head by a pose (6,) and project them -> float32 (V, 3) x, y, depth.

    `weight` (V, 1) is each point's share in the head's motion: 1 on the head, falling to 0 down the neck.
    """
    rotation = turn(*(float(v) for v in pose[:3]))
    moved = (points - PIVOT) @ rotation.T + (PIVOT + np.asarray(pose[3:6]))
    return camera.project(points + (moved - points) * weight).astype(np.float32)
