"""Whether a portrait's landmarks can be trusted: a puppet cut along wrong lines opens its mouth in its moustache."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from tellbench.datasets.faces.finder import FaceFinder
from tellbench.datasets.faces.framing import Finder, only_face
from tellbench.datasets.faces.landmarks import INNER, MIRROR, OUTER_CORNERS, Landmarks, load_landmarker
from tellbench.errors import InputError
from tellbench.generator.base import RefusalError
from tellbench.generator.meshwarp.arrays import Array, Floats
from tellbench.generator.meshwarp.fit import Fit

Picture: TypeAlias = npt.NDArray[np.uint8]
Landmarker: TypeAlias = Callable[[npt.NDArray[np.uint8], npt.NDArray[np.float32]], Landmarks]
"""Frames (T, H, W, 3) and face boxes (T, 4) to landmarks."""

MOST_MIRROR_ERROR: Final = 0.065
MOST_JITTER: Final = 0.013
MOST_FIT_ERROR: Final = 0.06
MOST_STRANGENESS: Final = 4.5
MOST_YAW: Final = 45.0
"""Limits, set between portraits that animate well and ones that do not (assumption). Errors are mean distances over the
inner 51 points as a share of the distance between the outer corners of the eyes; strangeness is the root mean square of
the head's components in standard deviations; yaw is in degrees."""

_WARPS: Final = ((6.0, 1.0), (-6.0, 1.0), (0.0, 0.94), (0.0, 1.06))
"""Small turns in degrees and zooms under which landmarks must stay on the face."""


def trusted_landmarks(portrait: Picture, finder: Finder, landmarker: Landmarker) -> Landmarks:
    """Landmarks of the portrait's one face, one frame, the mean of several looks; lid openings as first seen.

    Args:
        portrait: RGB (H, W, 3).
        finder: frames to the faces of each.
        landmarker: frames and boxes to landmarks.

    Raises:
        RefusalError: no face, two, or none whose landmarks hold.
    """
    try:
        box = only_face(finder(portrait[None])[0]).box
    except InputError as error:
        raise RefusalError(str(error)) from error
    found = landmarker(portrait[None], box[None])
    if not found.known[0]:
        raise RefusalError("no landmarks found on the portrait's face; give a sharper picture of one face, less turned")
    quality, points, iris = examine(landmarker, portrait, box, found)
    check_landmarks(quality)
    return Landmarks(points[None], iris[None], found.aperture)


@functools.cache
def portrait_finder() -> FaceFinder:
    """The face finder for portraits; loaded once a process, since a corpus makes a generator a clip."""
    return FaceFinder()


@functools.cache
def portrait_landmarker(name: str = "network") -> Landmarker:
    """The landmarker of a name for portraits, loaded once likewise."""
    return load_landmarker(name)


@dataclasses.dataclass(frozen=True)
class Quality:
    """How well landmarks hold on a portrait."""

    mirror_error: float
    """Disagreement with the landmarks of the mirrored picture."""
    jitter: float
    """Disagreement with the landmarks of slightly turned and zoomed pictures."""


def examine(
    landmarker: Landmarker, portrait: Picture, box: Floats, found: Landmarks
) -> tuple[Quality, npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Landmark the mirrored and slightly warped portrait, compare, and take the mean of all looks.

    Args:
        landmarker: frames and boxes to landmarks.
        portrait: RGB (H, W, 3).
        box: face box (4,), left, top, right, bottom.
        found: the portrait's landmarks, one frame.

    Returns:
        the quality, and the mean points (68, 2) and iris centres (2, 2) in pixels of the portrait.
    """
    width = portrait.shape[1]
    maps = [_about(found.points[0].mean(0), *warp) for warp in _WARPS]
    frames = np.stack([portrait[:, ::-1], *(_warp(portrait, m) for m in maps)])
    boxes = np.stack([[width - box[2], box[1], width - box[0], box[3]], *(_warp_box(box, m) for m in maps)])
    seen = landmarker(frames, boxes.astype(np.float32))
    points = [seen.points[0, MIRROR] * [-1, 1] + [width, 0]] + [
        _back(p, m) for p, m in zip(seen.points[1:], maps, strict=True)
    ]
    iris = [seen.iris[0, ::-1] * [-1, 1] + [width, 0]] + [_back(p, m) for p, m in zip(seen.iris[1:], maps, strict=True)]
    own = found.points[0]
    quality = Quality(_distance(points[0], own), float(np.mean([_distance(p, own) for p in points[1:]])))
    # the mirrored look weighs as much as all upright ones, so that a bias to one side cancels
    weights = np.array([len(maps) + 1.0, *[1.0] * (len(maps) + 1)])
    return quality, _mean([*points, own], weights), _mean([*iris, found.iris[0]], weights)


def check_landmarks(quality: Quality) -> None:
    """Refuse landmarks that do not hold.

    Raises:
        RefusalError: the limit that is passed, and what to do.
    """
    for value, most, what in (
        (quality.mirror_error, MOST_MIRROR_ERROR, "in its mirror image"),
        (quality.jitter, MOST_JITTER, "when it is slightly turned"),
    ):
        if not value <= most:  # NaN: no landmarks at all
            _refuse(f"its landmarks move by {value:.1%} of the eye distance {what}; at most {most:.1%} is allowed")


def check_fit(fit: Fit) -> None:
    """Refuse points that are no face's, and faces turned too far.

    Raises:
        RefusalError: the limit that is passed, and what to do.
    """
    yaw = abs(fit.camera.euler[0])
    if yaw > MOST_YAW:
        _refuse(f"the face is turned by {yaw:.0f} degrees; at most {MOST_YAW:.0f} are allowed")
    strangeness = float(np.sqrt(np.mean(fit.coefficients**2)))
    if strangeness > MOST_STRANGENESS:
        _refuse(f"its landmarks ask for a head {strangeness:.1f} deviations from usual; at most {MOST_STRANGENESS:.1f}")
    if fit.model_error > MOST_FIT_ERROR:
        _refuse(
            f"its landmarks lie {fit.model_error:.1%} of the eye distance off any head's; "
            f"at most {MOST_FIT_ERROR:.1%} is allowed"
        )


def _refuse(why: str) -> None:
    raise RefusalError(
        f"this portrait cannot be animated well: {why}; give a sharper picture of one face, less turned and uncovered"
    )


def _distance(a: Floats, b: Floats) -> float:
    """Mean distance of inner points (68, 2) over the eye distance of the second; NaN without landmarks."""
    eyes = np.linalg.norm(b[OUTER_CORNERS[0]] - b[OUTER_CORNERS[1]])
    return float(np.linalg.norm(a[INNER] - b[INNER], axis=-1).mean() / eyes)


def _mean(looks: list[Floats], weights: Array) -> npt.NDArray[np.float32]:
    return np.average(np.stack(looks), axis=0, weights=weights).astype(np.float32)


def _back(points: Floats, affine: Array) -> Array:
    """Points (N, 2) of a warped picture in the portrait."""
    return np.asarray(np.linalg.solve(affine[:, :2], (points - affine[:, 2]).T).T, np.float64)


def _about(centre: Array, degrees: float, zoom: float) -> Array:
    """Affine map (2, 3) of pixel coordinates: a turn and a zoom about a centre."""
    angle = math.radians(degrees)
    matrix = zoom * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return np.column_stack([matrix, centre - matrix @ centre])


def _warp(portrait: Picture, affine: Array) -> Picture:
    """The portrait under a map of pixel coordinates."""
    inverse = np.linalg.inv(affine[:, :2])
    offset = -inverse @ affine[:, 2]
    data = (*inverse[0], offset[0], *inverse[1], offset[1])
    size = (portrait.shape[1], portrait.shape[0])
    return np.asarray(Image.fromarray(portrait).transform(size, Image.Transform.AFFINE, data, Image.Resampling.BICUBIC))


def _warp_box(box: Floats, affine: Array) -> Array:
    """A box of the mapped centre and the zoomed size."""
    centre = affine[:, :2] @ (np.asarray(box[:2]) + box[2:]) / 2 + affine[:, 2]
    half = (np.asarray(box[2:]) - box[:2]) / 2 * np.sqrt(np.linalg.det(affine[:, :2]))
    return np.concatenate([centre - half, centre + half])
