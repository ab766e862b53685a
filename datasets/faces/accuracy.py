"""How near landmarks come to the truth, in units that do not depend on the size of the face."""

from __future__ import annotations

from typing import Final

import numpy as np

from tellbench.datasets.faces.landmarks import GROUPS, INNER, N_POINTS, Landmarker, Landmarks, face_boxes
from tellbench.datasets.faces.sittings import Crops

VISIBLE: Final = 0.1
"""Aperture above which the place of an iris can be seen."""


def measure(landmarker: Landmarker, crops: Crops, seed: int = 0) -> dict[str, float]:
    """Errors of the whole landmarker on cached crops, from boxes as shaky as a finder's.

    Returns:
        Mean distances over the distance of the outer eye corners, by part (`inner` = 51 points), error of the
        visible irises in the same unit, and correlation and mean absolute error of apertures and of brows.
    """
    rng = np.random.default_rng(seed)
    boxes = face_boxes(crops.points[:, :N_POINTS])
    size = (boxes[:, 2:] - boxes[:, :2]).max(1, keepdims=True)
    boxes = boxes + np.tile(rng.normal(size=(len(boxes), 2)) * 0.04 * size, 2).astype(np.float32)
    return errors(
        landmarker(crops.frames, boxes),
        Landmarks(crops.points[:, :N_POINTS], crops.points[:, N_POINTS:], crops.apertures, crops.brows),
    )


def errors(found: Landmarks, truth: Landmarks) -> dict[str, float]:
    """Errors of landmarks against the truth, as `measure` returns them."""
    unit = truth.outer_distance[:, None]
    distance = np.linalg.norm(found.points - truth.points, axis=-1) / unit
    result = {name: float(distance[:, group].mean()) for name, group in {**GROUPS, "inner": INNER}.items()}
    result["iris"] = float((np.linalg.norm(found.iris - truth.iris, axis=-1) / unit)[truth.aperture > VISIBLE].mean())
    result["aperture_mae"] = float(np.abs(found.aperture - truth.aperture).mean())
    result["brow_mae"] = float(np.abs(found.brows - truth.brows).mean())
    with np.errstate(invalid="ignore"):  # an untrained network may answer one constant
        for name, mine, true in (
            ("aperture_r", found.aperture, truth.aperture),
            ("brow_r", found.brows, truth.brows),
        ):
            result[name] = float(np.nan_to_num(np.corrcoef(mine.ravel(), true.ravel())[0, 1]))
    return result
