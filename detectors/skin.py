"""Colour of patches of skin over time, which the pulse is read from; sampled as the video passes by."""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
import numpy.typing as npt

from tellbench.datasets.clip import Clip
from tellbench.datasets.video import iter_frames
from tellbench.detectors.cache import Arrays, remember

Floats = npt.NDArray[np.float32]

PATCHES: Final = {
    "forehead": ((-0.30, -0.82), (-0.10, -0.86), (0.10, -0.86), (0.30, -0.82)),
    "right cheek": ((-0.44, 0.70), (-0.30, 0.70), (-0.40, 1.05), (-0.30, 1.05)),
    "left cheek": ((0.44, 0.70), (0.30, 0.70), (0.40, 1.05), (0.30, 1.05)),
    "nose": ((0.0, 0.30), (0.0, 0.60)),
}
"""Middles of patches by region, away from eyes, brows and lips: across in outer eye distances, towards the subject's
left, and down from the eye line in distances of the eyes to the base of the nose, which no jaw moves (assumption)."""
SIDE: Final = 0.12
"""Of a patch, outer eye distances (assumption)."""
SAMPLES: Final = 8
"""Pixels of a patch along each side."""
VERSION: Final = 1
"""Of the sampling; raise it whenever colours of the same video change."""
_EYES, _NOSE = (36, 45), 33


def regions() -> npt.NDArray[np.str_]:
    """The region of each patch, (P,)."""
    return np.array([region for region, middles in PATCHES.items() for _ in middles])


def patch_colours(frames: npt.NDArray[np.uint8], points: Floats) -> Floats:
    """Mean red, green and blue of each patch, (T, P, 3), 0 to 255; NaN where no face is known.

    Args:
        frames: RGB, (T, H, W, 3).
        points: 68 landmarks of each in pixels, (T, 68, 2).
    """
    known = np.asarray(np.isfinite(points).all((1, 2)))
    places = _places(np.where(known[:, None, None], points, 0.0))  # (T, P, S, 2)
    height, width = frames.shape[1:3]
    columns, rows = np.rint(places).astype(int).clip(0, [width - 1, height - 1]).transpose(3, 0, 1, 2)
    colours = frames[np.arange(len(frames))[:, None, None], rows, columns].mean(2)  # (T, P, 3)
    return np.where(known[:, None, None], colours, np.nan).astype(np.float32)


def skin_of(clip: Clip, points: Floats, seen: Floats | None = None) -> Floats:
    """Colours of the patches of a clip, (T, P, 3), from the cache where they are known.

    Args:
        clip: the video.
        points: its landmarks, (T, 68, 2).
        seen: the colours, where they were sampled already; otherwise the video is read once more.

    Raises:
        InputError: the video cannot be read.
    """

    def sample() -> Arrays:
        return {"colours": _sampled(clip, points) if seen is None else seen}

    marks = hashlib.sha256(points.tobytes()).hexdigest()
    return remember("skin", clip.path, {"version": VERSION, "points": marks}, sample)["colours"]


def _sampled(clip: Clip, points: Floats) -> Floats:
    parts, start = [np.zeros((0, len(regions()), 3), np.float32)], 0
    for frames in iter_frames(clip.path):
        parts.append(patch_colours(frames, points[start : start + len(frames)]))
        start += len(frames)
    return np.concatenate(parts)


def _places(points: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Pixels x, y to be read for each patch, (T, P, SAMPLES^2, 2): a square about its middle."""
    right, left, nose = points[:, _EYES[0]], points[:, _EYES[1]], points[:, _NOSE]
    across, down = left - right, nose - (right + left) / 2  # (T, 2)
    u, v = np.array([middle for middles in PATCHES.values() for middle in middles]).T[..., None]  # (P, 1)
    middles = ((right + left) / 2)[:, None] + u * across[:, None] + v * down[:, None]  # (T, P, 2)
    side = SIDE * np.linalg.norm(across, axis=1)[:, None, None, None]
    grid = (np.arange(SAMPLES) + 0.5) / SAMPLES - 0.5
    square = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2)
    return np.asarray(middles[:, :, None] + square * side)
