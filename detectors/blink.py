"""Blink irregularity: rate, completeness, kinematics, regularity, symmetry and timing of a clip's blinks."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from tellbench.datasets.clip import Clip
from tellbench.detectors.base import Plot
from tellbench.detectors.behaviour import about, checked, correlation, entropy, mean, sd
from tellbench.detectors.cues import extract
from tellbench.detectors.events import COMPLETE_DEPTH, find_blinks
from tellbench.detectors.fitting import Floats
from tellbench.detectors.statistics import Measured, StatisticsDetector
from tellbench.detectors.voice import RATE, Voice, listen

STATISTICS: Final[dict[str, str]] = {
    "rate": "blinks a minute",
    "partial_share": "share of partial blinks",
    "depth": "mean depth (1 = shut)",
    "depth_sd": "spread of depth",
    "duration": "mean duration, s",
    "duration_cv": "spread of duration, relative",
    "closed": "mean time with the lid down, s",
    "closing_speed": "closing speed, depth a second",
    "opening_speed": "opening speed, depth a second",
    "closing_ratio": "closing time over opening time",
    "main_sequence": "closing speed over depth, 1/s",
    "main_sequence_r": "correlation of closing speed with depth",
    "interval": "mean interval between blinks, s",
    "interval_cv": "spread of intervals, relative",
    "interval_lv": "local variation of intervals (0 = clockwork, 1 = random)",
    "interval_entropy": "entropy of intervals over octaves (0 = all in one, 1 = even)",
    "shortest": "shortest interval between blinks, s",
    "lag": "mean lag between the lids, s",
    "asymmetry": "mean depth difference between the lids",
    "longest_open": "longest stretch without a blink, share of the clip",
    "pause_locking": "log ratio of the blink rates in pauses and just after phrases, and elsewhere",
}
"""What the classifier sees, with readable names."""
PHASES: Final = ("onset", "closed", "reopening", "offset")
"""Moments of a blink in order."""
OCTAVES: Final = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, np.inf)
"""Seconds: edges of the bins of `interval_entropy`."""
AFTER_PHRASE_S: Final = 0.3
"""Speakers blink at the ends of phrases: this long after one counts as a pause (Nakano & Kitazawa 2010)."""
LEAST_S: Final = 0.5
"""Pauses and speech must each last this long in a clip for their blink rates to be compared (assumption)."""


def blink_statistics(blinks: pd.DataFrame, duration_s: float, voice: Voice | None = None) -> dict[str, float]:
    """One number for each of `STATISTICS`; NaN where there are too few blinks for it.

    `interval_lv` is the local variation of Shinomoto et al. 2003 (Neural Computation 15), 3 times the mean of
    ((I1 - I2) / (I1 + I2))^2 over neighbouring intervals, which a slow change of rate does not inflate.

    Args:
        blinks: table from `find_blinks`.
        duration_s: length of the clip.
        voice: its sound, where it has any.
    """
    peaks, depth = blinks["peak_s"].to_numpy(), blinks["depth"].to_numpy()
    gaps = np.diff(peaks)
    turns = ((gaps[1:] - gaps[:-1]) / (gaps[1:] + gaps[:-1])) ** 2
    return {
        "rate": len(blinks) / duration_s * 60,
        "partial_share": mean((depth < COMPLETE_DEPTH).astype(float)),
        "depth": mean(depth),
        "depth_sd": sd(depth),
        **_kinematics(blinks),
        "interval": mean(gaps),
        "interval_cv": sd(gaps) / mean(gaps),
        "interval_lv": 3 * mean(turns),
        "interval_entropy": interval_entropy(gaps),
        "shortest": float(gaps.min()) if len(gaps) else float("nan"),
        "lag": mean(np.abs(blinks["lag_s"].to_numpy())),
        "asymmetry": mean(np.abs((blinks["depth_left"] - blinks["depth_right"]).to_numpy())),
        "longest_open": float(np.diff(np.r_[0.0, peaks, duration_s]).max()) / duration_s,
        "pause_locking": float("nan") if voice is None else pause_locking(peaks, voice),
    }


def _kinematics(blinks: pd.DataFrame) -> dict[str, float]:
    """Times and speeds; the main sequence is how speed grows with depth (published: nearly in proportion)."""
    onset, closed, reopening, offset = (blinks[f"{name}_s"].to_numpy() for name in PHASES)
    depth, speed = blinks["depth"].to_numpy(), blinks["closing_speed"].to_numpy()
    length = offset - onset
    return {
        "duration": mean(length),
        "duration_cv": sd(length) / mean(length),
        "closed": mean(reopening - closed),
        "closing_speed": mean(speed),
        "opening_speed": mean(blinks["opening_speed"].to_numpy()),
        "closing_ratio": mean(closed - onset) / mean(offset - reopening),
        "main_sequence": mean(speed / depth),
        "main_sequence_r": correlation(depth, speed),
    }


def interval_entropy(gaps: Floats) -> float:
    """Entropy of intervals over `OCTAVES`, over the largest that so many could have; NaN below two intervals."""
    if len(gaps) < 2:
        return float("nan")
    counts = np.histogram(gaps, OCTAVES)[0]
    return entropy(counts) / float(np.log(min(len(gaps), len(counts))))


def pause_locking(peaks: Floats, voice: Voice) -> float:
    """Log ratio of the blink rates in pauses or just after phrases, and in speech; NaN where either hardly occurs.

    Half a blink is added to each count, so that none is not infinitely few.
    """
    speaking = voice.speaking
    ends = np.flatnonzero(speaking[:-1] & ~speaking[1:])
    favoured = ~speaking
    for end in ends:
        favoured[end : end + round(AFTER_PHRASE_S * RATE)] = True
    seconds = np.array([favoured.sum(), (~favoured).sum()]) / RATE
    if seconds.min() < LEAST_S:
        return float("nan")
    inside = favoured[np.minimum((peaks * RATE).astype(int), len(favoured) - 1)].sum()
    rates = (np.array([inside, len(peaks) - inside]) + 0.5) / seconds
    return float(np.log(rates[0] / rates[1]))


class Blink(StatisticsDetector):
    """Statistics of blink events. Short clips hold few blinks, so clip length and frame rate are stated."""

    name = "blink"
    version = 3
    statistics = STATISTICS

    def measure(self, clip: Clip) -> Measured:
        """Lid aperture over time with blink peaks, and every statistic.

        Raises:
            InputError: unreadable, or a face in too few frames.
        """
        cues = checked(extract(clip, self.backend, self.device), clip)
        blinks = find_blinks(cues.aperture, cues.fps)
        lids = cues.aperture.astype(float)
        series = {"right eye": lids[:, 0], "left eye": lids[:, 1]}
        marks = tuple(blinks["peak_s"].tolist())
        plot = Plot("Lid aperture and blinks", "time, s", "lid opening / eye width", cues.times, series, marks)
        numbers = blink_statistics(blinks, cues.duration_s, listen(clip, cues.duration_s))
        return Measured(numbers, {**about(cues), "blinks": len(blinks)}, (plot,))
