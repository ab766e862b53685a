"""Landmarks of one face a frame: the value type, its geometry, and the landmarkers that make it."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Final, Protocol, Self

import numpy as np
import numpy.typing as npt

from tellbench.errors import InputError

Frames = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

N_POINTS: Final = 68
GROUPS: Final[dict[str, slice]] = {
    "jaw": slice(0, 17),
    "brows": slice(17, 27),
    "nose": slice(27, 36),
    "eyes": slice(36, 48),
    "mouth": slice(48, 68),
}
"""Parts of the face as slices of the 68 points (Sagonas et al., 300 Faces In-The-Wild, ICCVW 2013)."""
INNER: Final = slice(17, 68)
"""The 51 points inside the face: all but the jaw."""
EYES: Final = (slice(36, 42), slice(42, 48))
"""Lid points of the subject's right eye (image left) and left eye: the eye order of every array here."""
EYE_CORNERS: Final = ((36, 39), (42, 45))
OUTER_CORNERS: Final = (36, 45)
FOREHEAD: Final = 0.34
"""What MTCNN's box shows above the brows, in heights of the 68 points (measured on two GRID speakers and a render)."""

MIRROR: Final[npt.NDArray[np.intp]] = np.array(
    [
        *(*range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1)),
        *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
        *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65),
    ]
)
"""Where each of the 68 points is found after a horizontal flip of the picture."""


@dataclasses.dataclass(frozen=True)
class Landmarks:
    """Points on one face in each of T frames.

    Coordinates are pixels of the frame, x right and y down, pixel centres at .5. Frames without a face hold NaN in
    every array. Eye order: 0 = subject's right (image left), 1 = subject's left.

    Raises:
        ValueError: shapes disagree, or a frame is NaN in part.
    """

    points: Floats
    """Shape (T, 68, 2), iBUG order."""
    iris: Floats
    """Shape (T, 2, 2): iris centres, where they would be seen also while the lids are closed."""
    aperture: Floats
    """Shape (T, 2): lid opening over eye width, 0 closed, about 0.35 open; dimensionless."""
    brows: Floats = None  # type: ignore[assignment]  # not read: NaN in every frame
    """Shape (T, 2): how far each brow is raised above or lowered below its rest, -1 to 1; NaN where a landmarker does
    not read it. The subject's right brow first."""

    def __post_init__(self) -> None:
        """Check shapes and that a frame is known or unknown as a whole."""
        length = len(self.points)
        if self.brows is None:
            object.__setattr__(self, "brows", np.full((length, 2), np.nan, np.float32))
        expected = {"points": (length, N_POINTS, 2), "iris": (length, 2, 2), "aperture": (length, 2)}
        if self.brows.shape != (length, 2):
            raise ValueError(f"landmark brows {self.brows.shape}; {(length, 2)} is needed")
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"landmark {name} {getattr(self, name).shape}; {shape} is needed")
        known = [np.isfinite(getattr(self, name)).reshape(length, math.prod(expected[name][1:])) for name in expected]
        whole = np.concatenate(known, 1)  # (T, 68 * 2 + 2 * 2 + 2)
        if (whole.any(1) != whole.all(1)).any():
            raise ValueError("a frame's landmarks are NaN in part; all or none must be known")

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: slice | npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Self:
        """The frames at a slice, mask or index array."""
        return type(self)(self.points[index], self.iris[index], self.aperture[index], self.brows[index])

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Shape (T,): frames with a face."""
        return np.isfinite(self.points[:, 0, 0])

    @property
    def outer_distance(self) -> Floats:
        """Shape (T,): distance between the outer eye corners in pixels, the usual unit of landmark errors."""
        return _distance(self.points, *OUTER_CORNERS)

    @property
    def eye_widths(self) -> Floats:
        """Shape (T, 2): corner to corner in pixels."""
        return np.stack([_distance(self.points, *corners) for corners in EYE_CORNERS], 1)

    @property
    def eye_aspect(self) -> Floats:
        """Shape (T, 2): mean lid distance over eye width (EAR; Soukupova and Cech, CVWW 2016, eq. 1)."""
        openings = [
            _distance(self.points, s.start + 1, s.start + 5) + _distance(self.points, s.start + 2, s.start + 4)
            for s in EYES
        ]
        aspect: Floats = np.stack(openings, 1) / (2 * np.maximum(self.eye_widths, 1e-6))
        return aspect

    @property
    def boxes(self) -> Floats:
        """Shape (T, 4): xyxy about the face, as the face finder would draw it (`face_boxes`)."""
        return face_boxes(self.points)

    @classmethod
    def unknown(cls, length: int) -> Self:
        """`length` frames without a face."""
        shapes = ((length, N_POINTS, 2), (length, 2, 2), (length, 2))
        return cls(*(np.full(shape, np.nan, np.float32) for shape in shapes))

    @classmethod
    def concatenate(cls, parts: list[Self]) -> Self:
        """Frames of all parts in order."""
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in dataclasses.fields(cls)))


class Landmarker(Protocol):
    """From frames and one face box each to landmarks."""

    def __call__(self, frames: Frames, boxes: Floats) -> Landmarks:
        """Landmarks of the face in each frame; NaN where the landmarker sees none.

        Args:
            frames: uint8 RGB of shape (T, H, W, 3).
            boxes: xyxy in pixels, shape (T, 4).
        """
        ...


def load_landmarker(name: str = "network", device: str = "cpu", model: Path | None = None) -> Landmarker:
    """Load a landmarker by name.

    Args:
        name: `network`, the compact network trained on studio renders, or `mediapipe`, Google's FaceLandmarker.
        device: a torch device for `network`; MediaPipe runs on the CPU.
        model: another weight file (`network`), or the `face_landmarker.task` bundle (`mediapipe`; without it the
            environment variable TELLBENCH_MEDIAPIPE_MODEL).

    Raises:
        InputError: an unknown name, a missing or broken model file, or an extra that is not installed.
    """
    if name == "network":
        from tellbench.datasets.faces.network import NetworkLandmarker

        return NetworkLandmarker.load(model, device)
    if name == "mediapipe":
        from tellbench.datasets.faces.mediapipe_backend import MediaPipeLandmarker

        return MediaPipeLandmarker.load(model)
    raise InputError(f"unknown landmarker {name!r}; allowed: network, mediapipe")


def face_boxes(points: Floats) -> Floats:
    """Boxes (T, 4) about 68 points (T, 68, 2), as MTCNN would draw them.

    Its box is as wide as the points, ends at the chin, and reaches above the brows by `FOREHEAD`.
    """
    low, high = points.min(1), points.max(1)
    top = low[:, 1] - FOREHEAD * (high[:, 1] - low[:, 1])
    return np.stack([low[:, 0], top, high[:, 0], high[:, 1]], 1).astype(np.float32)


def _distance(points: Floats, first: int, second: int) -> Floats:
    return np.asarray(np.linalg.norm(points[:, first] - points[:, second], axis=-1), np.float32)
