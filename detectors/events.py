"""Blink events from lid aperture, and how well events found agree with events known."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.ndimage import percentile_filter
from scipy.optimize import linear_sum_assignment
from scipy.signal import find_peaks, peak_prominences, peak_widths

BASELINE_S: Final = 4.0
"""Window of the open-lid level: longer than any blink, shorter than a change of expression (assumption)."""
BASELINE_PERCENTILE: Final = 75
"""Blinks take some 10 to 15 % of the time at 26 a minute (Bentivoglio et al. 1997), so the upper quarter is open."""
GAP_S: Final = 0.2
"""Longest run of frames without a face that is bridged; longer ones count as open (assumption)."""
MIN_DEPTH: Final = 0.2
"""Least closure that counts: just under the 25 % bin of partial blinks (Ousler et al. 2014, PMC4015796)."""
NOISE_FACTOR: Final = 6.0
"""Least closure in standard deviations of the frame-to-frame noise, of which the open level takes 0.7 (assumption)."""
MAX_DURATION_S: Final = 0.8
"""Longer closures are lowered gaze or shut eyes: only 0.2 % of blinks last over 0.5 s (Ousler et al. 2014)."""
COMPLETE_DEPTH: Final = 0.75
"""Closure from which a blink counts as complete: above the 75 % bin of Ousler et al. 2014."""
EDGE, CLOSED = 0.1, 0.8
"""Fractions of the peak at which a blink starts or ends, and at which the lid counts as down (assumption)."""
TRUE_LEVEL: Final = 0.05
"""Blink coefficient above which ground truth is inside a blink."""
TOLERANCE_S: Final = 0.12
"""Largest distance between the peaks of one blink found and known: three frames at 25 fps (assumption)."""

COLUMNS: Final = (
    *("onset_s", "closed_s", "peak_s", "reopening_s", "offset_s"),
    *("depth", "depth_right", "depth_left", "lag_s", "closing_speed", "opening_speed"),
)
"""Of a table of blinks: times in s, closure depths from 0 (open) to 1 (shut), `lag_s` > 0 where the left lid comes
later, speeds in depth a second."""

Floats = npt.NDArray[np.float64]


def closure(aperture: npt.ArrayLike, fps: float) -> Floats:
    """How far each lid is closed against its own open level: 0 open, 1 shut; unknown frames count as open.

    Slightly negative values, where the lid is wider open than usual, are kept.

    Args:
        aperture: lid opening over eye width, (T, 2), NaN where unknown.
        fps: frames a second.
    """
    table = pd.DataFrame(np.asarray(aperture, float))
    short = table.interpolate(limit=max(1, round(GAP_S * fps)), limit_area="inside")
    filled = short.ffill().bfill().fillna(1.0).to_numpy()  # (T, 2)
    window = (min(len(filled), round(BASELINE_S * fps)) | 1, 1)
    level = percentile_filter(filled, BASELINE_PERCENTILE, size=window, mode="nearest")
    shut = np.minimum(1 - filled / np.maximum(level, 1e-6), 1)
    shut[short.isna().to_numpy()] = 0
    return np.asarray(shut, float)


def find_blinks(aperture: npt.ArrayLike, fps: float) -> pd.DataFrame:
    """Table of blinks with `COLUMNS`, in order of time; blinks cut by an end of the clip are left out.

    Both lids are averaged to find the peaks, whose least height adapts to the noise of the clip; edges are where
    the closure crosses `EDGE` and `CLOSED` of the peak, interpolated between frames, and no further than where the lids
    are widest open between two blinks.

    Args:
        aperture: lid opening over eye width, (T, 2), NaN where unknown.
        fps: frames a second.
    """
    eyes = closure(aperture, fps)  # (T, 2)
    if len(eyes) < 3:
        return pd.DataFrame(columns=list(COLUMNS), dtype=float)
    least = float(np.clip(NOISE_FACTOR * _noise(eyes.mean(1)), MIN_DEPTH, 0.9))
    eyes = np.maximum(eyes, 0)
    both = eyes.mean(1)
    peaks, _ = find_peaks(both, height=least, prominence=least)
    reach = 2 * round(MAX_DURATION_S * fps) + 1
    prominence = peak_prominences(both, peaks, wlen=reach)
    before, after = _between(both, peaks)
    onset, offset, closed, reopening = (
        np.clip(edge, before, after)
        for share in (EDGE, CLOSED)
        for edge in peak_widths(both, peaks, 1 - share, prominence, reach)[2:]
    )
    inside = (offset - onset <= MAX_DURATION_S * fps) & (onset > 0) & (offset < len(both) - 1)
    depth = both[peaks]
    rise = (CLOSED - EDGE) * prominence[0]
    # No faster than half a frame: below that, interpolation invents speed.
    speeds = [rise * fps / np.maximum(frames, 0.5) for frames in (closed - onset, offset - reopening)]
    lag, deepest = _each_eye(eyes, onset, offset)
    times = [moment / fps for moment in (onset, closed, peaks, reopening, offset)]
    columns = (*times, depth, deepest[:, 0], deepest[:, 1], lag / fps, *speeds)
    return pd.DataFrame({name: values[inside] for name, values in zip(COLUMNS, columns, strict=True)}, dtype=float)


def true_blinks(tracks: pd.DataFrame, fps: float) -> pd.DataFrame:
    """Blinks known from ground-truth tracks, with `onset_s`, `peak_s`, `offset_s` and `depth`.

    Args:
        tracks: one row a frame with the columns `blink_left` and `blink_right`, 0 open to 1 shut.
        fps: frames a second.
    """
    shut = tracks[["blink_left", "blink_right"]].to_numpy(float).mean(1)
    edges = np.flatnonzero(np.diff(np.r_[False, shut > TRUE_LEVEL, False]))
    starts, ends = edges[::2], edges[1::2]  # [start, end) of each run
    peaks = np.array([start + shut[start:end].argmax() for start, end in zip(starts, ends, strict=True)], int)
    times = {"onset_s": starts / fps, "peak_s": peaks / fps, "offset_s": ends / fps}
    return pd.DataFrame({**times, "depth": shut[peaks]}, dtype=float)


@dataclasses.dataclass(frozen=True)
class EventMatch:
    """Agreement of events found with events known; matches of several clips add up."""

    n_found: int
    n_true: int
    n_matched: int
    timing_error_s: float
    """Sum of the absolute peak-time errors of the matched events."""

    def __add__(self, other: EventMatch) -> EventMatch:
        pairs = zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)
        return EventMatch(*(mine + theirs for mine, theirs in pairs))

    @property
    def precision(self) -> float:
        """Share of the events found that are true; NaN where none was found."""
        return self.n_matched / self.n_found if self.n_found else float("nan")

    @property
    def recall(self) -> float:
        """Share of the true events that were found; NaN where there are none."""
        return self.n_matched / self.n_true if self.n_true else float("nan")

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; NaN where there are no events at all."""
        total = self.n_found + self.n_true
        return 2 * self.n_matched / total if total else float("nan")

    @property
    def mean_timing_error_s(self) -> float:
        """Mean absolute error of the matched peaks in s."""
        return self.timing_error_s / self.n_matched if self.n_matched else float("nan")


def match_events(found: pd.DataFrame, truth: pd.DataFrame, tolerance_s: float = TOLERANCE_S) -> EventMatch:
    """Pair events one to one by least total distance of their peaks, within a tolerance.

    Args:
        found: events with a column `peak_s`.
        truth: events with a column `peak_s`.
        tolerance_s: pairs further apart do not count.
    """
    distance = np.abs(found["peak_s"].to_numpy()[:, None] - truth["peak_s"].to_numpy()[None])  # (found, true)
    # A far pair costs the same whatever its distance, so it never displaces a near one.
    rows, columns = linear_sum_assignment(np.where(distance <= tolerance_s, distance, 1e6))
    near = distance[rows, columns][distance[rows, columns] <= tolerance_s]
    return EventMatch(len(found), len(truth), len(near), float(near.sum()))


def _noise(signal: Floats) -> float:
    """Standard deviation of frame-to-frame noise, from the median absolute difference (blinks are outliers)."""
    return float(1.4826 * np.median(np.abs(np.diff(signal))) / np.sqrt(2))


def _between(signal: Floats, peaks: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Lowest frames before and after each peak, up to its neighbours: lids of a double blink hardly open in between."""
    spans = itertools.pairwise([0, *peaks.tolist(), len(signal) - 1])
    valleys = np.array([start + int(signal[start : end + 1].argmin()) for start, end in spans], np.int64)
    return valleys[:-1], valleys[1:]


def _each_eye(eyes: Floats, onset: Floats, offset: Floats) -> tuple[Floats, Floats]:
    """Left minus right centre of mass of the closure in frames, (N,), and each lid's deepest closure, (N, 2)."""
    first = np.floor(onset).astype(int)
    last = np.minimum(np.ceil(offset).astype(int) + 1, len(eyes))  # [first, last)
    total = np.concatenate([np.zeros((1, 2)), np.cumsum(eyes, 0)])  # (T + 1, 2)
    moment = np.concatenate([np.zeros((1, 2)), np.cumsum(eyes * np.arange(len(eyes))[:, None], 0)])
    mass = total[last] - total[first]
    centre = (moment[last] - moment[first]) / np.where(mass > 0, mass, np.nan)
    spans = np.stack([first, last], 1).ravel()
    padded = np.concatenate([eyes, np.zeros((1, 2))])  # reduceat needs a row after the last span
    deepest = np.maximum.reduceat(padded, spans)[::2] if len(spans) else np.zeros((0, 2))
    return centre[:, 1] - centre[:, 0], deepest
