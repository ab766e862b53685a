"""Faces in pictures: finding, landmarks, tracking and framing.

Names load on first use, so that importing the package loads no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tellbench.datasets.faces.finder import Face, FaceFinder
    from tellbench.datasets.faces.framing import frame_portrait, read_portrait
    from tellbench.datasets.faces.landmarks import Landmarks, load_landmarker
    from tellbench.datasets.faces.track import FaceTrack, follow_faces, track_faces

_HOMES: Final = {
    "Face": "finder",
    "FaceFinder": "finder",
    "FaceTrack": "track",
    "Landmarks": "landmarks",
    "follow_faces": "track",
    "frame_portrait": "framing",
    "load_landmarker": "landmarks",
    "read_portrait": "framing",
    "track_faces": "track",
}

__all__ = [
    "Face",
    "FaceFinder",
    "FaceTrack",
    "Landmarks",
    "follow_faces",
    "frame_portrait",
    "load_landmarker",
    "read_portrait",
    "track_faces",
]


def __getattr__(name: str) -> Any:
    """Import the module that defines `name` (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
