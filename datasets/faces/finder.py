"""Finds faces: facenet-pytorch's MTCNN on shrunk frames, in batches."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from tellbench.datasets.faces.geometry import resized
from tellbench.datasets.faces.landmarks import Floats, Frames

MIN_PROBABILITY: Final = 0.7
"""MTCNN's own last threshold (Zhang et al., IEEE SPL 2016, as in facenet-pytorch); callers may ask for more."""
_WORKING_SIDE: Final = 256
"""Shorter side in pixels at which faces are sought: the last stage sees faces at 48 pixels, more is not used."""
_SMALLEST_PIXELS: Final = 20
"""MTCNN's default smallest face; its first stage needs 12 pixels."""
_BATCH: Final = 16


@dataclasses.dataclass(frozen=True)
class Face:
    """One face in one frame."""

    box: Floats
    """xyxy in pixels, shape (4,)."""
    probability: float
    points: Floats
    """Shape (5, 2): eyes (image left first), nose tip, mouth corners (image left first)."""

    @property
    def area(self) -> float:
        """Area of the box in square pixels."""
        return float(np.clip(self.box[2:] - self.box[:2], 0, None).prod())


class FaceFinder:
    """MTCNN (Zhang et al., IEEE SPL 2016) with the weights that facenet-pytorch carries.

    Args:
        device: a torch device.
        smallest: smallest face height sought, as a share of the frame's shorter side.
        probability: faces less certain than this are dropped.
    """

    def __init__(self, device: str = "cpu", smallest: float = 0.1, probability: float = MIN_PROBABILITY) -> None:
        from facenet_pytorch import MTCNN

        self.device = torch.device(device)
        self.smallest = smallest
        self.probability = probability
        mtcnn: Any = MTCNN(keep_all=True, device=self.device).eval()
        self._mtcnn = mtcnn.to(memory_format=torch.channels_last)  # its pooling is several times faster so

    def __call__(self, frames: Frames) -> list[list[Face]]:
        """Faces of each frame, largest first; the same frames give the same faces.

        Args:
            frames: uint8 RGB of shape (T, H, W, 3); any T.
        """
        found: list[list[Face]] = []
        for start in range(0, len(frames), _BATCH):
            found += self._find(frames[start : start + _BATCH])
        return found

    def _find(self, frames: Frames) -> list[list[Face]]:
        height, width = frames.shape[1:3]
        short = min(height, width)
        if short < 2 * _SMALLEST_PIXELS:  # MTCNN fails on pictures smaller than its smallest face
            return [[] for _ in frames]
        shrink = min(1.0, _WORKING_SIDE / short)
        size = (round(height * shrink), round(width * shrink))
        pixels = resized(frames, size).to(self.device).permute(0, 2, 3, 1)  # (T, h, w, 3)
        self._mtcnn.min_face_size = max(_SMALLEST_PIXELS, round(self.smallest * min(size)))
        boxes, probabilities, points = self._mtcnn.detect(pixels, landmarks=True)
        scale = np.array([width / size[1], height / size[0]])
        return [self._faces(*found, scale) for found in zip(boxes, probabilities, points, strict=True)]

    def _faces(self, boxes: Any, probabilities: Any, points: Any, scale: npt.NDArray[np.float64]) -> list[Face]:
        """MTCNN's answer for one frame (None without a face), mapped back to the frame's size."""
        if boxes is None:
            return []
        boxes = np.asarray(boxes, np.float64).reshape(-1, 2, 2) * scale
        points = np.asarray(points, np.float64) * scale
        certain = [i for i, p in enumerate(probabilities) if p >= self.probability]
        return [
            Face(boxes[i].reshape(4).astype(np.float32), float(probabilities[i]), points[i].astype(np.float32))
            for i in certain
        ]


def same_face(first: Floats, second: Floats, overlap: float = 0.3) -> npt.NDArray[np.bool_]:
    """Whether boxes (..., 4) overlap by at least `overlap` of their union."""
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., 2:], second[..., 2:])
    shared = np.clip(high - low, 0, None).prod(-1)
    union = (first[..., 2:] - first[..., :2]).prod(-1) + (second[..., 2:] - second[..., :2]).prod(-1) - shared
    result: npt.NDArray[np.bool_] = shared >= overlap * np.maximum(union, 1e-9)
    return result
