"""Portraits in: read a picture, find its one face, and cut the square that generators animate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from tellbench.datasets.faces.finder import Face, FaceFinder
from tellbench.datasets.faces.landmarks import Frames
from tellbench.errors import InputError

Picture = npt.NDArray[np.uint8]
"""RGB of shape (H, W, 3)."""
Finder = Callable[[Frames], list[list[Face]]]

FACE_SHARE: Final = 0.45
"""Height of the face box over the side of the portrait, with room for hair, neck and motion."""
_FACE_LEVEL: Final = 0.48
"""Height of the face's middle in the square, from the top."""
_GREY: Final = (128, 128, 128)
_MIN_SIDE: Final = 64
_MAX_PIXELS: Final = 100_000_000
_COMPARABLE: Final = 1 / 3
"""A second face of this share of the first one's area makes a portrait ambiguous."""
_SURE: Final = 0.95


def read_portrait(path: Path) -> Picture:
    """Read a picture as RGB: EXIF rotation applied, transparency laid on mid-grey, first frame of several.

    Raises:
        InputError: absent, not a picture, or too small or large.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} does not exist; give a JPEG, PNG or WebP picture of one face")
    try:
        with Image.open(path) as opened:
            if opened.width * opened.height > _MAX_PIXELS:
                raise InputError(f"{path}: {opened.width}x{opened.height} pixels; make it smaller than 100 megapixels")
            picture = _on_grey(ImageOps.exif_transpose(opened))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{path}: not a readable picture; give a JPEG, PNG or WebP picture of one face") from error
    if min(picture.size) < _MIN_SIDE:
        raise InputError(
            f"{path}: {picture.width}x{picture.height} pixels; give one of at least {_MIN_SIDE}x{_MIN_SIDE}"
        )
    return np.array(picture)


def frame_portrait(image: Picture, size: int, finder: Finder | None = None) -> Picture:
    """Cut the square about the one face and resize it to `size` x `size`.

    The face box is about 45 % of the side, less where the picture ends: the square stays inside the picture, so no
    pixel is invented.

    Args:
        image: RGB uint8 (H, W, 3).
        size: side of the result in pixels; even, since video needs even sides.
        finder: a `FaceFinder`; a new one by default.

    Raises:
        InputError: an odd or tiny size, no face, or two faces of comparable size.
    """
    if size < _MIN_SIDE or size % 2:
        raise InputError(f"portrait size {size}; an even number of at least {_MIN_SIDE} pixels is needed")
    faces = (finder or FaceFinder())(image[None])[0]
    x0, y0, side = portrait_square(only_face(faces), image.shape[:2])
    cut = Image.fromarray(image[y0 : y0 + side, x0 : x0 + side])
    return np.array(cut.resize((size, size), Image.Resampling.LANCZOS))


def only_face(faces: list[Face]) -> Face:
    """The one face of a portrait.

    Raises:
        InputError: no face, or a second one that is sure and at least a third as large.
    """
    if not faces:
        raise InputError("no face found in the portrait; give a picture of one person, face to the camera and well lit")
    main = max(faces, key=lambda face: face.area)
    rivals = [face for face in faces if face.probability >= _SURE and face.area >= _COMPARABLE * main.area]
    if len(rivals) > 1:
        raise InputError(
            f"{len(rivals)} faces found in the portrait; exactly one is allowed, crop the picture to one person"
        )
    return main


def portrait_square(face: Face, image_size: tuple[int, ...]) -> tuple[int, int, int]:
    """Left, top and side in pixels of the square about a face, inside an image of (height, width)."""
    height, width = image_size[:2]
    x0, y0, x1, y1 = face.box.tolist()
    side = int(min((y1 - y0) / FACE_SHARE, height, width))
    left = round((x0 + x1) / 2 - side / 2)
    top = round((y0 + y1) / 2 - side * _FACE_LEVEL)
    return min(max(left, 0), width - side), min(max(top, 0), height - side), side


def _on_grey(picture: Image.Image) -> Image.Image:
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layered.size, (*_GREY, 255)), layered).convert("RGB")
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        values = np.asarray(picture, np.float64)
        picture = Image.fromarray((255 * (values - values.min()) / max(np.ptp(values), 1e-9)).astype(np.uint8))
    return picture.convert("RGB")
