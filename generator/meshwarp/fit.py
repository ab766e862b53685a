"""From 68 points to a camera, a head and a mesh that projects exactly onto them."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
from scipy.interpolate import RBFInterpolator
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from tellbench.generator.meshwarp.arrays import Array, Floats, Mask, smoothstep
from tellbench.generator.meshwarp.camera import DISTANCE, Camera
from tellbench.generator.meshwarp.head import HeadModel
from tellbench.generator.meshwarp.seam import LOWER, UPPER, is_closed

OUTLINE = slice(0, 17)
"""Jaw line: where it lies on the head depends on the view, so it counts little."""

_START_YAWS = (-35.0, -12.0, 12.0, 35.0)
"""Degrees; the landscape of the fit has one basin a side."""


@dataclasses.dataclass(frozen=True)
class Fit:
    """A head model laid on one portrait."""

    camera: Camera
    vertices: Array
    """Shape (R, C, 3), head millimetres."""
    coefficients: Array
    """Shape (K,), standard deviations of each component."""
    mouth_closed: bool
    model_error: float
    """Mean distance of the inner 51 points before the free residual, as a share of the distance between the outer
    corners of the eyes."""
    final_error: float
    """The same after it."""


@dataclasses.dataclass(frozen=True)
class _Goal:
    """What the points ask for."""

    target: Array
    """Shape (68, 2), pixels."""
    weight: Array
    """Shape (68,)."""
    size: float
    """Half the diagonal of the points, pixels."""
    centre: Array
    """Shape (2,): the picture's middle."""


def fit_head(model: HeadModel, points: Floats, picture: tuple[int, int]) -> Fit:
    """Lay the model on a portrait.

    Args:
        model: the head model.
        points: 68 iBUG points (68, 2), pixels.
        picture: height and width, pixels.
    """
    target, closed = _close_lips(np.asarray(points, np.float64))
    weight = np.ones(68)
    weight[OUTLINE] = 0.25
    weight[36:] = 1.6  # lids and lips are where a mismatch shows
    size = float(np.linalg.norm(np.ptp(target, axis=0)) / 2)
    goal = _Goal(target, weight, size, np.array([picture[1] / 2, picture[0] / 2]))
    camera, coefficients = _solve(model, goal)
    vertices = model.mean.reshape(-1, 3) + np.tensordot(
        coefficients, model.components.reshape(len(coefficients), -1, 3), 1
    )
    before = _error(camera, vertices, model, goal)
    vertices = vertices + _residual(model, camera, vertices, target)
    after = _error(camera, vertices, model, goal)
    return Fit(camera, vertices.reshape(model.mean.shape), coefficients, closed, before, after)


def _close_lips(points: Array) -> tuple[Array, bool]:
    """Points with nearly closed inner lips brought together, and whether they were."""
    points, closed = points.copy(), is_closed(points)
    if closed:
        points[UPPER] = points[LOWER] = (points[UPPER] + points[LOWER]) / 2
    return points, closed


def _solve(model: HeadModel, goal: _Goal) -> tuple[Camera, Array]:
    """Camera and components by robust least squares, the best of several first guesses."""
    mean = model.mean.reshape(-1, 3)[model.landmarks].astype(np.float64)
    modes = model.components.reshape(len(model.components), -1, 3)[:, model.landmarks].astype(np.float64)

    def residuals(unknown: Array) -> Array:
        camera, a = _unpack(unknown, goal.centre)
        gap = camera.project(mean + np.tensordot(a, modes, 1))[:, :2] - goal.target
        return np.concatenate([(gap * goal.weight[:, None] * (100 / goal.size)).ravel(), np.sqrt(68 / 60) * a])

    solutions = [
        least_squares(residuals, _first_guess(yaw, goal, len(modes)), loss="soft_l1", f_scale=2.0, max_nfev=60)
        for yaw in _START_YAWS
    ]
    return _unpack(min(solutions, key=lambda s: float(s.cost)).x, goal.centre)


def _first_guess(yaw: float, goal: _Goal, n_modes: int) -> Array:
    """Unknowns for a head turned by `yaw` degrees: rotation vector, shift / 100 mm, log scale, components."""
    scale = goal.size / 95  # the points of the average head span a diagonal of 190 mm
    offset = (goal.target.mean(0) - goal.centre) / scale / 100
    rotation = Rotation.from_euler("y", yaw, degrees=True).as_rotvec()
    return np.concatenate([rotation, [offset[0], 0.3 - offset[1], np.log(scale)], np.zeros(n_modes)])


def _unpack(unknown: Array, centre: Array) -> tuple[Camera, Array]:
    rotation = Rotation.from_rotvec(unknown[:3]).as_matrix()
    shift = np.array([unknown[3] * 100, unknown[4] * 100, 0.0])
    return Camera(rotation, shift, float(np.exp(unknown[5])) * DISTANCE, centre), unknown[6:]


def _error(camera: Camera, vertices: Floats, model: HeadModel, goal: _Goal) -> float:
    gap = np.linalg.norm(camera.project(vertices[model.landmarks])[17:, :2] - goal.target[17:], axis=1)
    return float(gap.mean() / np.linalg.norm(goal.target[36] - goal.target[45]))


def _residual(model: HeadModel, camera: Camera, vertices: Floats, target: Floats) -> Array:
    """Displacement (R*C, 3), parallel to the image, that carries the landmarks onto their targets.

    A thin-plate spline (Bookstein 1989) over the average head, whose mouth is opened first so that the upper and the
    lower lip may go different ways.
    """
    seen = camera.to_camera(vertices[model.landmarks])
    wanted = (camera.lift(target, seen[:, 2]) - seen) @ camera.rotation
    space = _opened_mean(model)
    _, once = np.unique(model.landmarks, return_index=True)
    stiffness = np.where(np.arange(68) < OUTLINE.stop, 30.0, 0.02)[once]
    spline = RBFInterpolator(
        space[model.landmarks[once]], wanted[once], kernel="thin_plate_spline", smoothing=stiffness
    )
    fade = _residual_reach(model).ravel()
    moved = fade > 0
    out = np.zeros(vertices.shape)
    out[moved] = spline(space[moved]) * fade[moved, None]
    return out


def _opened_mean(model: HeadModel) -> Array:
    """The average head (R*C, 3) with the rows below the mouth lowered by up to 9 mm."""
    grid = model.mean.astype(np.float64)
    opening = np.minimum(np.clip(1.15 - model.mouth_span, 0, 1)[None] * 3, 1)
    near = np.exp(-(((grid[..., 1] - mouth_height(model, model.mean)) / 40) ** 2))
    grid[..., 1] -= 9 * opening * below_mouth(model)[:, None] * near
    return grid.reshape(-1, 3)


def _residual_reach(model: HeadModel) -> Array:
    """Where (R, C) the free residual may act: 1 on the face, 0 on the skull, ears and neck."""
    y = model.mean[..., 1]
    sides = 1 - smoothstep(1.05, 1.6, np.abs(model.azimuth))
    return np.asarray(sides[None] * (1 - smoothstep(55, 100, y)) * smoothstep(-165, -118, y))


def below_mouth(model: HeadModel) -> Mask:
    """Shape (R,): rows that belong to the lower lip and what lies under it."""
    return np.arange(model.shape[0]) >= model.start("lower_lip_roll")


def mouth_height(model: HeadModel, vertices: npt.NDArray[np.floating]) -> float:
    """Mean y of the inner lips of a grid (R, C, 3), mm."""
    lips = vertices[[model.upper_lip_edge, model.lower_lip_edge]][:, model.mouth_open]
    return float(lips[..., 1].mean())


def mouth_width(model: HeadModel, vertices: npt.NDArray[np.floating]) -> float:
    """Distance of the mouth's corners along x of a grid (R, C, 3), mm."""
    return float(np.ptp(vertices[model.upper_lip_edge, model.mouth_open, 0]))
