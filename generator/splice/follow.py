"""Landmarks of the face through a clip, a little steadier than they are read."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Final

import numpy as np
from scipy.ndimage import correlate1d

from tellbench.datasets.faces.finder import FaceFinder
from tellbench.datasets.faces.landmarks import Floats, Frames, Landmarker, load_landmarker
from tellbench.datasets.faces.track import track_faces

_WEIGHTS: Final = (0.25, 0.5, 0.25)
"""Of the frames before, now and after: the network's jitter is halved, and a nod is not (assumption)."""


def face_points(frames: Iterable[Frames], device: str = "cpu") -> Floats:
    """The main face's 68 points in every frame, (T, 68, 2) in pixels; NaN where there is no face.

    Numbers alone are kept, not frames.
    """
    return steadied(track_faces(frames, _finder(device), _landmarker(device)).landmarks.points)


def steadied(points: Floats) -> Floats:
    """Points (T, 68, 2) averaged over three frames; frames without a face neither give nor get any."""
    known = np.isfinite(points)
    total = correlate1d(np.where(known, points, 0), _WEIGHTS, axis=0, mode="constant")
    weight = correlate1d(known.astype(np.float32), _WEIGHTS, axis=0, mode="constant")
    return np.where(known, total / np.maximum(weight, 1e-6), np.nan).astype(np.float32)


@functools.cache
def _finder(device: str) -> FaceFinder:
    """Loaded once a process, since a corpus makes a generator a clip."""
    return FaceFinder(device)


@functools.cache
def _landmarker(device: str) -> Landmarker:
    return load_landmarker(device=device)
