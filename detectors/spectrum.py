"""Frequency artefacts: the azimuthally averaged power spectrum of face crops that were never resized.

After Durall et al. 2019 (arXiv 1911.00686). Resizing an image rewrites the very frequencies that give an upsampling
network away, so the spectrum is resampled instead, over frequency in cycles per pixel of the video.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tellbench.datasets.clip import Clip
from tellbench.detectors.base import Evidence, Plot
from tellbench.detectors.crops import COUNT, Crops, face_crops
from tellbench.detectors.cues import check_backend, extract
from tellbench.detectors.fitting import Floats
from tellbench.detectors.tabular import TabularDetector
from tellbench.errors import InputError

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

BINS: Final = 64
LOWEST: Final = 0.03
"""Lowest frequency kept, cycles per pixel: below it the curve shows light and pose."""
FREQUENCIES: Final[Floats] = np.linspace(LOWEST, 0.5, BINS)
"""Centres of the resampled spectrum, cycles per pixel, up to the Nyquist frequency."""
ANCHOR: Final = FREQUENCIES < 0.1
"""Bins whose mean is subtracted, so that contrast and exposure do not matter."""
MIN_SIDE: Final = 48
"""Smallest crop in pixels with a ring for most of the bins (assumption)."""
LUMA: Final = np.array([0.299, 0.587, 0.114])
"""ITU-R BT.601 weights of red, green and blue."""
FLOOR: Final = 1e-3
"""Added to the power before the logarithm; far below 8-bit rounding noise."""


def power_spectrum(crops: npt.NDArray[np.uint8]) -> Floats:
    """Azimuthal mean of the log power of square crops, averaged over them, anchored at low frequencies.

    Args:
        crops: RGB, (N, S, S, 3), S >= `MIN_SIDE`.

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


class Spectrum(TabularDetector):
    """Log power over frequency -> logistic regression or SVM, chosen on `val`."""

    name = "spectrum"

    def __init__(self, frames: int = COUNT, backend: str = "network", device: str = "auto") -> None:
        if frames < 1:
            raise InputError(f"spectrum frames {frames}; at least 1 is needed")
        self.frames = frames
        self.backend = check_backend(backend)
        self.device = device

    @property
    def columns(self) -> tuple[str, ...]:
        """Frequencies as names."""
        return tuple(f"{frequency:.4f}" for frequency in FREQUENCIES)

    def row(self, clip: Clip) -> Floats:
        """The spectrum of one clip, (BINS,).

        Raises:
            InputError: unreadable, no face, or a face too small.
        """
        return self._measure(clip)[1]

    def candidates(self) -> dict[str, BaseEstimator]:
        """Linear at three strengths, and a radial SVM as in the paper's code."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC

        heads = {
            f"logistic C={c:g}": LogisticRegression(C=c, class_weight="balanced", max_iter=1000)
            for c in (0.1, 0.01, 1.0)
        }
        heads["svm"] = SVC(class_weight="balanced")
        return {name: make_pipeline(StandardScaler(), head) for name, head in heads.items()}

    def evidence(self, clip: Clip) -> Evidence:
        """The clip's spectrum beside the mean spectra of the training classes."""
        try:
            crops, curve = self._measure(clip)
        except InputError as error:
            return Evidence(self.name, None, {"problem": str(error)})
        score = self.row_and_score(clip)[1]
        series = {"this clip": curve}
        if self.fitted is not None:
            series |= {"pristine, training mean": self.fitted.pristine, "forged, training mean": self.fitted.forged}
        top = FREQUENCIES >= 0.4
        facts: dict[str, float | int | str] = {
            "frames measured": len(crops.frames),
            "crop side, pixels": crops.side,
            "power above 0.4 cycles per pixel, dB": round(float(curve[top].mean()), 2),
        }
        plot = Plot("Azimuthal power spectrum", "cycles per pixel", "power, dB", FREQUENCIES, series)
        return Evidence(self.name, score, facts, (plot,))

    def _measure(self, clip: Clip) -> tuple[Crops, Floats]:
        crops = face_crops(clip, extract(clip, self.backend, self.device), self.frames)
        if crops.side < MIN_SIDE:
            raise InputError(f"{clip.path}: face crop of {crops.side} pixels; at least {MIN_SIDE} are needed")
        return crops, power_spectrum(crops.frames)
