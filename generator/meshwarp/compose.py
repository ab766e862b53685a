"""The last step of a frame: backdrop, face and what shows through its openings become one picture."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tellbench.generator.meshwarp.raster import cubic, inlined, kernel, linear

SAMPLES: Final = 2
"""Face samples per pixel and axis."""

SKIN, MOUTH, RIGHT_EYE, LEFT_EYE = 1, 2, 3, 4
"""Labels of the face layer; 0 is nothing."""

U, V, ALPHA, HIDDEN, RED, SHADE = 0, 1, 2, 3, 4, 7
"""Columns of the face layer: portrait coordinates, opacity, share of the filled colour, that colour (3), darkening."""

N_VALUES: Final = 8


@inlined
def _plain(values: Any, label: Any, y: int, x: int) -> Any:
    """Whether all samples of a pixel are skin the portrait shows, and whether any sample is face at all."""
    full, some = True, False
    for j in range(SAMPLES):
        for i in range(SAMPLES):
            row, column = y * SAMPLES + j, x * SAMPLES + i
            which = label[row, column]
            some = some or which > 0
            if which != SKIN or values[row, column, ALPHA] < 0.999 or values[row, column, HIDDEN] > 0.001:
                full = False
    return full, some


@inlined
def _plain_pixel(picture: Any, values: Any, y: int, x: int, out: Any) -> None:
    """One sharp lookup at the mean of the samples' portrait coordinates."""
    u = v = shade = 0.0
    for j in range(SAMPLES):
        for i in range(SAMPLES):
            sample = values[y * SAMPLES + j, x * SAMPLES + i]
            u += sample[U]
            v += sample[V]
            shade += sample[SHADE]
    share = 1.0 / (SAMPLES * SAMPLES)
    cubic(picture, u * share, v * share, out)
    for c in range(3):
        out[c] *= shade * share


@inlined
def _skin(picture: Any, sample: Any, behind: Any, work: Any, total: Any) -> None:
    linear(picture, sample[U], sample[V], work)
    for c in range(3):
        seen = work[c] * (1 - sample[HIDDEN]) + sample[RED + c] * sample[HIDDEN]
        total[c] += behind[c] * (1 - sample[ALPHA]) + seen * sample[SHADE] * sample[ALPHA]


@inlined
def _eye(eye: Any, to_eye: Any, px: float, py: float, work: Any, total: Any) -> None:
    u = to_eye[0, 0] * px + to_eye[0, 1] * py + to_eye[0, 2]
    v = to_eye[1, 0] * px + to_eye[1, 1] * py + to_eye[1, 2]
    linear(eye, u, v, work)
    for c in range(3):
        total[c] += work[c]


@inlined
def _mixed_pixel(
    picture: Any,
    values: Any,
    label: Any,
    mouth: Any,
    eyes: Any,
    to_eyes: Any,
    corner: Any,
    y: int,
    x: int,
    behind: Any,
    work: Any,
    total: Any,
) -> None:
    """The mean of a window pixel's samples, each taken from skin, mouth, an eye or what lies behind the face."""
    total[:] = 0.0
    for j in range(SAMPLES):
        for i in range(SAMPLES):
            row, column = y * SAMPLES + j, x * SAMPLES + i
            which = label[row, column]
            if which == SKIN:
                _skin(picture, values[row, column], behind, work, total)
            elif which == MOUTH:
                total += mouth[row, column]
            elif which >= RIGHT_EYE:
                side = which - RIGHT_EYE
                px, py = corner[0] + x + (i + 0.5) / SAMPLES, corner[1] + y + (j + 0.5) / SAMPLES
                _eye(eyes[side], to_eyes[side], px, py, work, total)
            else:
                total += behind
    total *= np.float32(1.0 / (SAMPLES * SAMPLES))


@kernel
def compose(
    picture: Any,
    source: Any,
    still: Any,
    values: Any,
    label: Any,
    mouth: Any,
    eyes: Any,
    to_eyes: Any,
    corner: Any,
    out: Any,
) -> None:
    """Write one frame.

    Args:
        picture: portrait (H, W, 3) float32, 0..255.
        source: (H, W, 2) portrait coordinates of the moved backdrop.
        still: (H, W) uint8, 1 where the backdrop does not move.
        values: (SAMPLES h, SAMPLES w, 8) face layer over a window of h x w pixels.
        label: (SAMPLES h, SAMPLES w) labels of the face layer.
        mouth: (SAMPLES h, SAMPLES w, 3) what lies behind the lips, 0..255.
        eyes: pictures of the right and the left eye, 0..255.
        to_eyes: (2, 2, 3) affine maps from frame pixels to eye-picture pixels.
        corner: x and y of the window's first pixel.
        out: (H, W, 3) uint8.
    """
    height, width = out.shape[:2]
    h, w = label.shape[0] // SAMPLES, label.shape[1] // SAMPLES
    behind, work, total = np.zeros(3, np.float32), np.zeros(3, np.float32), np.zeros(3, np.float32)
    for y in range(height):
        for x in range(width):
            wy, wx = y - corner[1], x - corner[0]
            full = some = False
            if 0 <= wy < h and 0 <= wx < w:
                full, some = _plain(values, label, wy, wx)
            if full:
                _plain_pixel(picture, values, wy, wx, total)
            else:
                if still[y, x]:
                    behind[:] = picture[y, x]
                else:
                    cubic(picture, source[y, x, 0], source[y, x, 1], behind)
                total[:] = behind
                if some:
                    _mixed_pixel(picture, values, label, mouth, eyes, to_eyes, corner, wy, wx, behind, work, total)
            for c in range(3):
                out[y, x, c] = np.uint8(min(max(total[c] + 0.5, 0.0), 255.0))
