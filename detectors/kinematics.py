"""How a track moves: speed, acceleration, jerk, and what moves with it."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tellbench.datasets.agreement.measures import RATE
from tellbench.detectors.behaviour import correlation
from tellbench.detectors.fitting import Floats

ORDERS: Final = ("speed", "acceleration", "jerk")
"""First, second and third derivative."""
REACH: Final = 10
"""Frames of 40 ms either way at which two tracks are compared: 0.4 s (assumption)."""
_LEAST: Final = 25
"""Frames that two tracks need in common."""


def derivatives(track: Floats) -> dict[str, float]:
    """Mean size of the first three derivatives of a track (T,) at 25 frames a second, per second; NaN if too short."""
    found = {}
    for order, name in enumerate(ORDERS, 1):
        found[name] = mean(np.abs(np.diff(track, n=order))) * RATE**order if len(track) > order else np.nan
    return found


def coupling(follower: Floats, leader: Floats, reach: int = REACH, *, by_size: bool = True) -> tuple[float, float]:
    """Largest correlation of two tracks (T,) within some frames either way, and by how many the first comes later.

    Frames unknown in either are left out; NaN where too few are left or one stands still.

    Args:
        follower: of known and unknown (NaN) frames.
        leader: of the same frames.
        reach: largest lag in frames.
        by_size: the largest in size, so that opposite movements count as well.
    """
    if len(follower) < _LEAST + reach:
        return np.nan, np.nan
    found = np.array([_lagged(follower, leader, lag) for lag in range(-reach, reach + 1)])
    if not np.isfinite(found).any():
        return np.nan, np.nan
    best = int(np.nanargmax(np.abs(found) if by_size else found))
    return float(found[best]), float(best - reach)


def band(track: Floats, low: float, high: float, fps: float = RATE) -> Floats:
    """A track (T,) between two frequencies in Hz, without delay; gaps are bridged linearly and then left out again."""
    known = np.isfinite(track)
    if known.sum() < _LEAST:
        return np.full(len(track), np.nan)
    whole = np.interp(np.arange(len(track)), np.flatnonzero(known), track[known])
    mirrored = np.concatenate([whole, whole[::-1]])  # no jump where the end meets the beginning
    spectrum, hertz = np.fft.rfft(mirrored), np.fft.rfftfreq(len(mirrored), 1 / fps)
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


def _lagged(follower: Floats, leader: Floats, lag: int) -> float:
    """Correlation of two tracks, the first `lag` frames later; NaN where too few frames are known."""
    n = len(follower) - abs(lag)
    late, early = follower[max(0, lag) : max(0, lag) + n], leader[max(0, -lag) : max(0, -lag) + n]
    known = np.isfinite(late) & np.isfinite(early)
    return correlation(late[known], early[known]) if known.sum() >= _LEAST else float("nan")
