"""Blink irregularity: rate, completeness, kinematics, regularity and symmetry of a clip's blinks."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from tellbench.datasets.clip import Clip
from tellbench.detectors.base import Evidence, Plot
from tellbench.detectors.cues import Cues, check_backend, extract
from tellbench.detectors.events import COMPLETE_DEPTH, find_blinks
from tellbench.detectors.fitting import Floats
from tellbench.detectors.tabular import TabularDetector
from tellbench.errors import InputError

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
    "interval": "mean interval between blinks, s",
    "interval_cv": "spread of intervals, relative",
    "interval_lv": "local variation of intervals (0 = clockwork, 1 = random)",
    "lag": "mean lag between the lids, s",
    "asymmetry": "mean depth difference between the lids",
    "longest_open": "longest stretch without a blink, share of the clip",
}
"""What the classifier sees, with readable names. Clip length, frame rate and the count itself are left out: they
would let it learn how a corpus was cut instead of how a person blinks."""
MIN_FOUND: Final = 0.5
"""Least share of frames with a face; below it blinks would be counted in guesswork (assumption)."""


def blink_statistics(blinks: pd.DataFrame, duration_s: float) -> dict[str, float]:
    """One number for each of `STATISTICS`; NaN where there are too few blinks for it.

    `interval_lv` is the local variation of Shinomoto et al. 2003 (Neural Computation 15), 3 times the mean of
    ((I1 - I2) / (I1 + I2))^2 over neighbouring intervals, which a slow change of rate does not inflate.

    Args:
        blinks: table from `find_blinks`.
        duration_s: length of the clip.
    """
    peaks, depth = blinks["peak_s"].to_numpy(), blinks["depth"].to_numpy()
    length = (blinks["offset_s"] - blinks["onset_s"]).to_numpy()
    closing = (blinks["closed_s"] - blinks["onset_s"]).to_numpy()
    opening = (blinks["offset_s"] - blinks["reopening_s"]).to_numpy()
    gaps = np.diff(peaks)
    turns = ((gaps[1:] - gaps[:-1]) / (gaps[1:] + gaps[:-1])) ** 2
    return {
        "rate": len(blinks) / duration_s * 60,
        "partial_share": _mean((depth < COMPLETE_DEPTH).astype(float)),
        "depth": _mean(depth),
        "depth_sd": _sd(depth),
        "duration": _mean(length),
        "duration_cv": _sd(length) / _mean(length),
        "closed": _mean((blinks["reopening_s"] - blinks["closed_s"]).to_numpy()),
        "closing_speed": _mean(blinks["closing_speed"].to_numpy()),
        "opening_speed": _mean(blinks["opening_speed"].to_numpy()),
        "closing_ratio": _mean(closing) / _mean(opening),
        "interval": _mean(gaps),
        "interval_cv": _sd(gaps) / _mean(gaps),
        "interval_lv": 3 * _mean(turns),
        "lag": _mean(np.abs(blinks["lag_s"].to_numpy())),
        "asymmetry": _mean(np.abs((blinks["depth_left"] - blinks["depth_right"]).to_numpy())),
        "longest_open": float(np.diff(np.r_[0.0, peaks, duration_s]).max()) / duration_s,
    }


class Blink(TabularDetector):
    """Statistics of blink events -> logistic regression or a radial SVM, chosen on `val`.

    A statistic that a clip has too few blinks for is set to the training median, with a flag that says so.
    """

    name = "blink"

    def __init__(self, backend: str = "network", device: str = "auto") -> None:
        self.backend = check_backend(backend)
        self.device = device

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the statistics."""
        return tuple(STATISTICS)

    def row(self, clip: Clip) -> Floats:
        """The statistics of one clip, (F,).

        Raises:
            InputError: unreadable, or a face in too few frames.
        """
        cues = _checked(extract(clip, self.backend, self.device), clip)
        return np.array(list(blink_statistics(find_blinks(cues.aperture, cues.fps), cues.duration_s).values()))

    def evidence(self, clip: Clip) -> Evidence:
        """Lid aperture over time with blink peaks, and every statistic."""
        try:
            cues = extract(clip, self.backend, self.device)
        except InputError as error:
            return Evidence(self.name, None, {"problem": str(error)})
        blinks = find_blinks(cues.aperture, cues.fps)
        facts: dict[str, float | int | str] = {
            "frames with a face": f"{int(cues.found.sum())} of {len(cues)}",
            "clip length, s": round(cues.duration_s, 2),
            "frames per second": round(cues.fps, 3),
            "blinks": len(blinks),
        }
        try:
            _checked(cues, clip)
            score = self.row_and_score(clip)[1]
        except InputError as error:
            return Evidence(self.name, None, {**facts, "problem": str(error)})
        numbers = blink_statistics(blinks, cues.duration_s)
        facts |= {STATISTICS[name]: round(value, 4) for name, value in numbers.items() if np.isfinite(value)}
        unknown = [STATISTICS[name] for name, value in numbers.items() if not np.isfinite(value)]
        if unknown:
            facts["too few blinks for"] = "; ".join(unknown)
        lids = cues.aperture.astype(float)
        plot = Plot(
            title="Lid aperture and blinks",
            x_label="time, s",
            y_label="lid opening / eye width",
            x=cues.times,
            series={"right eye": lids[:, 0], "left eye": lids[:, 1]},
            marks=tuple(blinks["peak_s"].tolist()),
        )
        return Evidence(self.name, score, facts, (plot,))


def _checked(cues: Cues, clip: Clip) -> Cues:
    """The cues where there are enough of them."""
    if cues.share_found < MIN_FOUND:
        raise InputError(
            f"{clip.path}: a face in {int(cues.found.sum())} of {len(cues)} frames; at least {MIN_FOUND:.0%} are needed"
        )
    return cues


def _mean(values: Floats) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _sd(values: Floats) -> float:
    """Sample standard deviation; NaN below two values."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
