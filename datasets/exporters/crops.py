"""One square around the face for a whole clip, so that cropping adds no motion of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

if TYPE_CHECKING:
    from tellbench.datasets.faces.finder import Face

Frames = npt.NDArray[np.uint8]

SCALE: Final = 1.3
"""Side of the square over the longer side of the box around the face; DeepfakeBench's scale."""
_LOOKS: Final = 5
"""Frames in which the face is sought; the box holds it in all of them (assumption)."""


def face_square(frames: Frames, finder: Callable[[Frames], list[list[Face]]]) -> tuple[int, int, int] | None:
    """Left, top and side in pixels, inside the frame; None where no face is seen.

    Args:
        frames: RGB (T, H, W, 3).
        finder: a `FaceFinder`.
    """
    looks = np.unique(np.linspace(0, len(frames) - 1, _LOOKS).astype(int))
    boxes = [max(faces, key=lambda face: face.area).box for faces in finder(frames[looks]) if faces]
    if not boxes:
        return None
    low, high = np.min(boxes, 0)[:2], np.max(boxes, 0)[2:]
    height, width = frames.shape[1:3]
    side = int(min(round(SCALE * float((high - low).max())), height, width))
    left, top = np.clip(np.rint((low + high - side) / 2), 0, (width - side, height - side)).astype(int)
    return int(left), int(top), side


def middle_square(frames: Frames) -> tuple[int, int, int]:
    """The largest square in the middle of the frame."""
    height, width = frames.shape[1:3]
    side = min(height, width)
    return (width - side) // 2, (height - side) // 2, side


def cut(frame: Frames, square: tuple[int, int, int], size: int) -> Image.Image:
    """The square of one frame (H, W, 3), resized to `size` x `size`."""
    left, top, side = square
    picture = Image.fromarray(frame[top : top + side, left : left + side])
    return picture if side == size else picture.resize((size, size), Image.Resampling.BICUBIC)
