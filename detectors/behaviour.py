"""What the behavioural detectors share: enough of a face, facts about the clip, and statistics of few numbers."""

from __future__ import annotations

from typing import Final

import numpy as np

from tellbench.datasets.clip import Clip
from tellbench.detectors.cues import Cues
from tellbench.detectors.fitting import Floats
from tellbench.errors import InputError

MIN_FOUND: Final = 0.5
"""Least share of frames with a face; below it movements would be counted in guesswork (assumption)."""


def about(cues: Cues) -> dict[str, float | int | str]:
    """What the reader of statistics must know, and the classifier must not: it tells how a corpus was cut."""
    return {
        "frames with a face": f"{int(cues.found.sum())} of {len(cues)}",
        "clip length, s": round(cues.duration_s, 2),
        "frames per second": round(cues.fps, 3),
    }


def checked(cues: Cues, clip: Clip) -> Cues:
    """The cues where there are enough of them.

    Raises:
        InputError: a face in less than `MIN_FOUND` of the frames.
    """
    if cues.share_found < MIN_FOUND:
        raise InputError(
            f"{clip.path}: a face in {int(cues.found.sum())} of {len(cues)} frames; at least {MIN_FOUND:.0%} are needed"
        )
    return cues


def mean(values: Floats) -> float:
    """NaN of nothing."""
    return float(np.mean(values)) if len(values) else float("nan")


def sd(values: Floats) -> float:
    """Sample standard deviation; NaN below two values."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def correlation(first: Floats, second: Floats) -> float:
    """Pearson's r; NaN below three pairs or where one of them is constant."""
    if len(first) < 3 or min(first.std(), second.std()) < 1e-9:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])
