"""Flicker: how what a pixel shows of fine and of coarse detail changes over time, by frequency.

Frame-by-frame synthesis leaves noise that is new in every frame, carried pixels leave none; a camera's noise, its
codec and a living face lie between. The spectrum is taken along time at fixed places about the face.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter

from tellbench.datasets.clip import Clip
from tellbench.detectors.base import Plot
from tellbench.detectors.crops import LUMA, RUN, Crops, face_run
from tellbench.detectors.cues import extract
from tellbench.detectors.fitting import Floats
from tellbench.detectors.texture import CropDetector, Facts

BLUR: Final = 5
"""Pixels of the box that parts fine detail from coarse (assumption)."""
FLOOR: Final = 1e-3
"""Added to the power before the logarithm; far below 8-bit rounding noise."""
BANDS: Final = ("coarse", "fine")
BINS: Final = RUN // 2


def flicker(frames: npt.NDArray[np.uint8]) -> Floats:
    """Power over temporal frequency, averaged over the middle of the face, in decibels; coarse detail, then fine.

    Args:
        frames: consecutive RGB crops cut at one place, (`RUN`, S, S, 3).

    Returns:
        (2 * `BINS`,): frequencies k / `RUN` per frame, k = 1 to `BINS`.
    """
    luma = frames @ LUMA  # (T, S, S)
    edge = luma.shape[1] // 6
    middle = luma[:, edge:-edge, edge:-edge]
    coarse = uniform_filter(middle, (0, BLUR, BLUR))
    window = np.hanning(len(luma))[:, None, None]
    curves = []
    for band in (coarse, middle - coarse):
        moving = (band - band.mean(0)) * window
        power = (np.abs(np.fft.rfft(moving, axis=0)) ** 2).mean((1, 2)) / (window**2).sum()
        curves.append(10 * np.log10(power[1:] + FLOOR))
    return np.concatenate(curves)


class Flicker(CropDetector):
    """Temporal spectrum -> logistic regression or SVM, chosen on `val`.

    Args:
        backend: landmark source.
        device: `auto`, `cpu` or `cuda`.
    """

    name = "flicker"
    least_side = 48
    columns = tuple(f"{band} {k}/{RUN}" for band in BANDS for k in range(1, BINS + 1))

    def __init__(self, backend: str = "network", device: str = "auto") -> None:
        super().__init__(RUN, backend, device)

    def crops(self, clip: Clip) -> Crops:
        """Consecutive crops.

        Raises:
            InputError: unreadable, or too few frames with a face in a row.
        """
        return face_run(clip, extract(clip, self.backend, self.device))

    def measure(self, crops: Crops) -> Floats:
        """The temporal spectrum of coarse and fine detail."""
        return flicker(crops.frames)

    def facts(self, row: Floats) -> Facts:
        """Change from frame to frame."""
        return {f"{name} detail, fastest quarter, dB": round(float(half[-4:].mean()), 2) for name, half in _halves(row)}

    def plots(self, rows: Mapping[str, Floats]) -> tuple[Plot, ...]:
        """Both bands."""
        curves = {f"{row_name}, {band}": half for row_name, row in rows.items() for band, half in _halves(row)}
        return (Plot("Power over time", "cycles per frame", "power, dB", np.arange(1, BINS + 1) / RUN, curves),)


def _halves(row: Floats) -> list[tuple[str, Floats]]:
    return list(zip(BANDS, (row[:BINS], row[BINS:]), strict=True))
