"""Small time-series tools; motion is made at 100 Hz and read off at the clip's frame rate."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from tellbench.generator.meshwarp.arrays import Array, Floats

RATE: Final = 100
"""Steps a second."""


def smooth(signal: Floats, steps: float) -> Array:
    """Gaussian smoothing of (N, ...) along time; `steps` is its standard deviation."""
    return np.asarray(gaussian_filter1d(np.asarray(signal, np.float64), steps, axis=0, mode="nearest"))


def drift(random: np.random.Generator, n_steps: int, seconds: float, columns: int) -> Array:
    """Smooth noise (N, columns) of zero mean and unit variance that turns over within about `seconds`."""
    margin = round(6 * seconds * RATE)
    white = random.normal(size=(n_steps + 2 * margin, columns))
    steps = seconds * RATE
    slow = gaussian_filter1d(white, steps, axis=0)[margin : margin + n_steps]
    return np.asarray(
        slow * np.sqrt(2 * np.sqrt(np.pi) * steps)
    )  # a Gaussian kernel keeps 1 / (2 sqrt(pi) sigma) of the variance


def at_frames(signal: Floats, n_frames: int, fps: float, delay: float = 0.0) -> Array:
    """Values (T, ...) of a signal (N, ...) at the middle of each frame, `delay` seconds late, the ends held."""
    signal = np.asarray(signal, np.float64)
    where = ((np.arange(n_frames) + 0.5) / fps - delay) * RATE - 0.5
    where = np.clip(where, 0, len(signal) - 1)
    low = np.minimum(where.astype(int), max(len(signal) - 2, 0))
    share = (where - low).reshape(-1, *[1] * (signal.ndim - 1))
    return np.asarray(signal[low] * (1 - share) + signal[np.minimum(low + 1, len(signal) - 1)] * share)


def fitted(signal: Floats, n_steps: int, fill: float) -> Array:
    """A signal (N, ...) cut, or continued with `fill`, to n_steps."""
    kept = np.asarray(signal[:n_steps], np.float64)
    rest = np.full((n_steps - len(kept), *kept.shape[1:]), fill)
    return np.concatenate([kept, rest])
