"""How a track moves: speed, acceleration, jerk, and what moves with it."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tellbench.datasets.agreement.measures import RATE
from tellbench.detectors.fitting import Floats

ORDERS: Final = ("speed", "acceleration", "jerk")
"""First, second and third derivative."""
REACH: Final = 10
"""Frames of 40 ms either way at which two tracks are compared: 0.4 s (assumption)."""
_LEAST: Final = 25
"""Frames that two tracks need in common."""
_STILL: Final = 1e-6
"""Spread below which a track stands still."""


def derivatives(track: Floats) -> dict[str, float]:
    """Mean size of the first three derivatives of a track (T,) at 25 frames a second, per second; NaN if too short."""
    found = {}
    for order, name in enumerate(ORDERS, 1):
        found[name] = mean(np.abs(np.diff(track, n=order))) * RATE**order if len(track) > order else np.nan
    return found


def coupling(follower: Floats, leader: Floats) -> tuple[float, float]:
    """Largest cross-correlation by size of two tracks (T,) within 0.4 s, and by how many frames the first comes later.

    Frames unknown in either are left out; NaN where too few are left or one stands still.
    """
    if min(spread(follower), spread(leader)) < _STILL or len(follower) < _LEAST + REACH:
        return np.nan, np.nan
    x, y = ((track - mean(track)) / spread(track) for track in (follower, leader))
    found = [_product(x, y, lag) for lag in range(-REACH, REACH + 1)]
    if not np.isfinite(found).any():
        return np.nan, np.nan
    best = int(np.nanargmax(np.abs(found)))
    return found[best], float(best - REACH)


def band(track: Floats, low: float, high: float) -> Floats:
    """A track (T,) at 25 frames a second between two frequencies in Hz, without delay; gaps are bridged linearly."""
    known = np.isfinite(track)
    if known.sum() < _LEAST:
        return np.full(len(track), np.nan)
    whole = np.interp(np.arange(len(track)), np.flatnonzero(known), track[known])
    mirrored = np.concatenate([whole, whole[::-1]])  # no jump where the end meets the beginning
    spectrum, hertz = np.fft.rfft(mirrored), np.fft.rfftfreq(len(mirrored), 1 / RATE)
    passed = np.fft.irfft(spectrum * ((hertz >= low) & (hertz <= high)), len(mirrored))[: len(track)]
    return np.asarray(np.where(known, passed, np.nan))


def mean(values: npt.NDArray[np.floating]) -> float:
    """Mean of the known values; NaN where none is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def spread(values: Floats) -> float:
    """Standard deviation of the known values; NaN below two."""
    known = values[np.isfinite(values)]
    return float(known.std()) if len(known) > 1 else float("nan")


def _product(x: Floats, y: Floats, lag: int) -> float:
    """Mean product of two standardised tracks, the first `lag` frames later; NaN where too few frames are known."""
    n = len(x) - abs(lag)
    products = x[max(0, lag) : max(0, lag) + n] * y[max(0, -lag) : max(0, -lag) + n]
    known = products[np.isfinite(products)]
    return float(known.sum() / len(known)) if len(known) >= _LEAST else float("nan")
