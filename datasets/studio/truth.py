"""The ground truth of a studio clip: every column of `tracks/<clip_id>.parquet`, one row a frame."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from tellbench.datasets.studio.behaviour.perform import TRACKS
from tellbench.datasets.studio.camera.camera import CAMERA
from tellbench.datasets.studio.renderer import Shot

SEEN: Final = {
    "aperture_right": "lid opening over eye width in 3D, 0 closed, subject's right eye",
    "aperture_left": "the same, subject's left eye",
    "iris_x_*": "centre of the iris, pixels to the right, of the subject's right and left eye",
    "iris_y_*": "the same, pixels down",
    "lid_x_*": "edge of a lid, eye (right, left) and lid (upper, lower), 16 points 00 to 15 from image left, pixels",
    "lid_y_*": "the same, pixels down",
    "lip_x_*": "border of a lip, outer or inner, upper or lower, 20 points 00 to 19 from image left, pixels",
    "lip_y_*": "the same, pixels down",
    "landmark_x*": "68 points in iBUG order 00 to 67, pixels to the right; pixel centres at .5",
    "landmark_y*": "the same, pixels down",
}
"""Columns of what the renderer shows."""
TRUTH: Final = {**TRACKS, **SEEN, **CAMERA}
"""Every column, or family of columns with *, and its meaning with units."""


def truth_of(shot: Shot, played: pd.DataFrame, log: dict[str, npt.NDArray[np.float64]]) -> pd.DataFrame:
    """One row a frame: what the person does, what the picture shows of it, and what the camera did.

    Args:
        shot: the frames.
        played: rows of `Performance.tracks` for these frames.
        log: `Camera.log` of these frames.
    """
    sides = tuple(enumerate(("right", "left")))
    seen: dict[str, npt.NDArray[Any]] = {
        **{f"aperture_{side}": shot.aperture[:, i] for i, side in sides},
        **{f"iris_{axis}_{side}": shot.iris[:, i, j] for i, side in sides for j, axis in enumerate("xy")},
        **_contours("lid", ("right", "left"), shot.lids),
        **_contours("lip", ("outer", "inner"), shot.lips),
        **{f"landmark_{axis}{k:02d}": shot.landmarks[:, k, j] for k in range(68) for j, axis in enumerate("xy")},
        **log,
    }
    # as one block: a column at a time takes pandas longer than a frame takes to film
    block = pd.DataFrame(np.stack(list(seen.values()), 1).astype(np.float32), columns=list(seen))
    return pd.concat([played.reset_index(drop=True), block], axis=1)


def _contours(name: str, first: tuple[str, str], points: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.float32]]:
    """Columns of contours [T,2,2,K,2], such as `lid_x_right_upper00`."""
    return {
        f"{name}_{axis}_{one}_{edge}{k:02d}": points[:, i, j, k, a]
        for a, axis in enumerate("xy")
        for i, one in enumerate(first)
        for j, edge in enumerate(("upper", "lower"))
        for k in range(points.shape[3])
    }
