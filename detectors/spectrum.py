"""Frequency artefacts: the azimuthally averaged power spectrum of face crops that were never resized.

After Durall et al. 2019 (arXiv 1911.00686). Resizing an image rewrites the very frequencies that give an upsampling
network away, so the spectrum is resampled instead, over frequency in cycles per pixel of the video.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from tellbench.detectors.base import Plot
from tellbench.detectors.crops import LUMA, Crops
from tellbench.detectors.fitting import Floats
from tellbench.detectors.texture import CropDetector, Facts

BINS: Final = 64
LOWEST: Final = 0.03
"""Lowest frequency kept, cycles per pixel: below it the curve shows light and pose."""
FREQUENCIES: Final[Floats] = np.linspace(LOWEST, 0.5, BINS)
"""Centres of the resampled spectrum, cycles per pixel, up to the Nyquist frequency."""
ANCHOR: Final = FREQUENCIES < 0.1
"""Bins whose mean is subtracted, so that contrast and exposure do not matter."""
FLOOR: Final = 1e-3
"""Added to the power before the logarithm; far below 8-bit rounding noise."""


def power_spectrum(crops: npt.NDArray[np.uint8]) -> Floats:
    """Azimuthal mean of the log power of square crops, averaged over them, anchored at low frequencies.

    Args:
        crops: RGB, (N, S, S, 3); 48 pixels have a ring for most of the bins.

    Returns:
        Decibels at `FREQUENCIES`, (BINS,).
    """
    side = crops.shape[1]
    luma = crops @ LUMA  # (N, S, S)
    window = np.outer(np.hanning(side), np.hanning(side))
    centred = (luma - luma.mean((1, 2), keepdims=True)) * window / np.sqrt((window**2).sum())
    power = np.abs(np.fft.fft2(centred)) ** 2  # (N, S, S)
    order, starts, radii = _rings(side)
    counts = np.diff(np.r_[starts, order.size])
    sums = np.add.reduceat(power.reshape(len(power), -1)[:, order], starts, axis=1)  # (N, rings)
    curve = 10 * np.log10((sums / counts).mean(0) + FLOOR)
    resampled = np.interp(FREQUENCIES, radii, curve)
    return np.asarray(resampled - resampled[ANCHOR].mean())


def _rings(side: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """Pixel order by ring of one frequency step, start of each ring in it, and the rings' mean frequency."""
    axis = np.fft.fftfreq(side)
    radius = np.hypot(axis[:, None], axis).ravel()
    ring = np.minimum(np.rint(radius * side), side // 2 + 1).astype(int)  # corners beyond Nyquist share the last
    order = np.argsort(ring, kind="stable")
    starts = np.flatnonzero(np.diff(ring[order], prepend=-1))
    counts = np.diff(np.r_[starts, order.size])
    return order, starts, np.asarray(np.add.reduceat(radius[order], starts) / counts)


class Spectrum(CropDetector):
    """Log power over frequency -> logistic regression or SVM, chosen on `val`."""

    name = "spectrum"
    least_side = 48
    columns = tuple(f"{frequency:.4f}" for frequency in FREQUENCIES)

    def measure(self, crops: Crops) -> Floats:
        """The spectrum, (BINS,)."""
        return power_spectrum(crops.frames)

    def facts(self, row: Floats) -> Facts:
        """Power near the Nyquist frequency."""
        return {"power above 0.4 cycles per pixel, dB": round(float(row[FREQUENCIES >= 0.4].mean()), 2)}

    def plots(self, rows: Mapping[str, Floats]) -> tuple[Plot, ...]:
        """The clip's spectrum beside the mean spectra of the training classes."""
        return (Plot("Azimuthal power spectrum", "cycles per pixel", "power, dB", FREQUENCIES, rows),)
