"""Landmarks by MediaPipe's FaceLandmarker, behind the same interface as the own network (extra `mediapipe`)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from tellbench.datasets.faces.landmarks import Floats, Frames, Landmarks
from tellbench.errors import InputError

MODEL_VARIABLE: Final = "TELLBENCH_MEDIAPIPE_MODEL"
_N_VERTICES: Final = 478
_CROP_SIDE: Final = 2.0
"""Side of the square given to MediaPipe over the longer side of the box (its own face detector wants surroundings)."""
_MIN_CONFIDENCE: Final = 0.3

TO_IBUG: Final[npt.NDArray[np.intp]] = np.array(
    [
        *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),  # jaw
        *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300),  # brows
        *(168, 197, 5, 4, 75, 97, 2, 326, 305),  # nose
        *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
        *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87),  # lips
    ]
)
"""Vertex of MediaPipe's face mesh for each of the 68 points (mapping in common use; the jaw is spaced differently)."""
IRISES: Final = (468, 473)
"""Iris centres: subject's right, left."""
_LIDS: Final = np.array([[159, 145, 33, 133], [386, 374, 362, 263]])
"""Middle of upper and lower lid, and the corners, by eye: subject's right, left."""


class MediaPipeLandmarker:
    """Runs on the CPU, one frame after another (MediaPipe has no batches).

    The task is opened for each call, since one left open complains while the interpreter shuts down.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def load(cls, model: Path | None = None) -> Self:
        """Use the `face_landmarker.task` bundle named here or in TELLBENCH_MEDIAPIPE_MODEL.

        Raises:
            InputError: the extra is not installed, or the bundle is missing or broken.
        """
        landmarker = cls(bundle_path(model))
        with landmarker._open():
            return landmarker

    def __call__(self, frames: Frames, boxes: Floats) -> Landmarks:
        """Landmarks of the face in each box; NaN where the box is NaN or MediaPipe sees no face.

        Args:
            frames: uint8 RGB of shape (T, H, W, 3).
            boxes: xyxy in pixels, shape (T, 4).
        """
        meshes = np.full((len(frames), _N_VERTICES, 2), np.nan, np.float32)
        with self._open() as task:
            for i in np.flatnonzero(np.isfinite(boxes).all(1)):
                mesh = _mesh(task, frames[i], boxes[i])
                if mesh is not None:
                    meshes[i] = mesh
        return from_meshes(meshes)

    def _open(self) -> Any:
        """MediaPipe's task, a context manager."""
        return open_task(self._path, min_confidence=_MIN_CONFIDENCE)


def open_task(path: Path, *, min_confidence: float = 0.5, n_faces: int = 1, scores: bool = False) -> Any:
    """MediaPipe's FaceLandmarker, a context manager with a method `detect`.

    Args:
        path: the `face_landmarker.task` bundle.
        min_confidence: of face detection and presence; the default is MediaPipe's own.
        n_faces: at most so many faces a picture.
        scores: also give the 52 expression scores.

    Raises:
        InputError: the extra is not installed, or the bundle is broken.
    """
    try:
        from mediapipe.tasks.python import BaseOptions, vision
    except ImportError as error:
        raise InputError(
            "landmarker 'mediapipe' needs MediaPipe; install tellbench[mediapipe] or use 'network'"
        ) from error
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(path)),
        num_faces=n_faces,
        min_face_detection_confidence=min_confidence,
        min_face_presence_confidence=min_confidence,
        output_face_blendshapes=scores,
    )
    try:
        return vision.FaceLandmarker.create_from_options(options)
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"{path}: not a FaceLandmarker bundle; give face_landmarker.task as published by MediaPipe"
        ) from error


def _mesh(task: Any, frame: Frames, box: Floats) -> Floats | None:
    """Mesh vertices (478, 2) of the face in the box, in pixels of the frame (H, W, 3)."""
    import mediapipe

    height, width = frame.shape[:2]
    reach = (box[2:] - box[:2]).max() * _CROP_SIDE / 2
    centre = (box[:2] + box[2:]) / 2
    x0, y0 = np.maximum(np.floor(centre - reach), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(centre + reach), [width, height]).astype(int)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return None
    part = np.ascontiguousarray(frame[y0:y1, x0:x1])
    result = task.detect(mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=part))
    if not result.face_landmarks:
        return None
    shares = np.array([(point.x, point.y) for point in result.face_landmarks[0]])
    mesh: Floats = (shares * [x1 - x0, y1 - y0] + [x0, y0]).astype(np.float32)
    return mesh


def from_meshes(meshes: Floats) -> Landmarks:
    """MediaPipe meshes (T, 478, 2) as landmarks; the aperture is the middle lid distance over the eye width."""
    points = meshes[:, TO_IBUG]
    lids = meshes[:, _LIDS]  # (T, 2 eyes, 4, 2)
    opening = np.linalg.norm(lids[:, :, 0] - lids[:, :, 1], axis=-1)
    width = np.linalg.norm(lids[:, :, 2] - lids[:, :, 3], axis=-1)
    return Landmarks(points, meshes[:, list(IRISES)], opening / np.maximum(width, 1e-6))


def bundle_path(model: Path | None = None) -> Path:
    """The bundle named here or in TELLBENCH_MEDIAPIPE_MODEL.

    Raises:
        InputError: none is named, or it does not exist.
    """
    named = model or os.environ.get(MODEL_VARIABLE)
    if not named:
        raise InputError(
            f"landmarker 'mediapipe' needs face_landmarker.task; name its path in {MODEL_VARIABLE} or use 'network'"
        )
    path = Path(named)
    if not path.is_file():
        raise InputError(
            f"{path} does not exist; download MediaPipe's face_landmarker.task there or use landmarker 'network'"
        )
    return path
