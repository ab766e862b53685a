"""A folder of pictures as a video: how some corpora ship the frames of a clip."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from tellbench.datasets.files import sha256
from tellbench.errors import InputError

SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
RATE: Final = 25.0
"""Frames a second of a folder, which tells none (assumption); cues of time mean nothing where frames are a sample."""

Frames = npt.NDArray[np.uint8]


def picture_files(folder: Path) -> list[Path]:
    """The pictures of a folder by the numbers in their names.

    Raises:
        InputError: there are none.
    """
    files = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]
    if not files:
        raise InputError(f"{folder}: holds no pictures ({', '.join(SUFFIXES)}); give a video or a folder of frames")
    return sorted(files, key=lambda path: [int(part) if part.isdigit() else part for part in _parts(path.name)])


def picture_size(folder: Path) -> tuple[int, int, int]:
    """Width and height of the first picture, and how many there are.

    Raises:
        InputError: no picture, or the first cannot be read.
    """
    files = picture_files(folder)
    height, width = _read(files[0]).shape[:2]
    return width, height, len(files)


def iter_pictures(folder: Path, chunk: int) -> Iterator[Frames]:
    """Frames in order, uint8 RGB of shape (T, H, W, 3), T <= chunk.

    Raises:
        InputError: a picture cannot be read, or has another size than the first.
    """
    files = picture_files(folder)
    for start in range(0, len(files), chunk):
        yield _stack(files[start : start + chunk])


def read_pictures(folder: Path, indices: Sequence[int]) -> Frames:
    """The frames at `indices`, shape (len(indices), H, W, 3).

    Raises:
        InputError: as `iter_pictures`, or an index beyond the last picture.
    """
    files = picture_files(folder)
    if max(indices, default=0) >= len(files):
        raise InputError(f"{folder}: has {len(files)} frames; frame {max(indices)} was asked for")
    return _stack([files[i] for i in indices])


def pictures_digest(folder: Path) -> str:
    """Hash of all pictures in order."""
    return hashlib.sha256("".join(map(sha256, picture_files(folder))).encode()).hexdigest()


def _parts(name: str) -> list[str]:
    """Text and numbers in turn, so that 10 comes after 9."""
    return re.split(r"(\d+)", name)


def _stack(files: Sequence[Path]) -> Frames:
    frames = [_read(path) for path in files]
    odd = next((path for path, frame in zip(files, frames, strict=True) if frame.shape != frames[0].shape), None)
    if odd is not None:
        raise InputError(f"{odd}: another size than {files[0].name}; the frames of a clip have one size")
    return np.stack(frames)


def _read(path: Path) -> Frames:
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: not a readable picture ({error}); copy it again") from error
