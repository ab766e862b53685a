"""What the behavioural detectors share: enough of a face, facts about the clip, and statistics of few numbers."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tellbench.datasets.agreement.measures import Moves
from tellbench.datasets.clip import Clip
from tellbench.detectors.cues import Cues, extract
from tellbench.detectors.fitting import Floats
from tellbench.errors import InputError

LEAST_SECONDS: Final = 1.0
"""Shortest clip whose motion has statistics (assumption)."""
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


def face_of(clip: Clip, backend: str = "network", device: str = "auto") -> tuple[Cues, Moves]:
    """What a clip's face does.

    Raises:
        InputError: unreadable, a face in too few frames, or too short.
    """
    cues = checked(extract(clip, backend, device), clip)
    if cues.duration_s < LEAST_SECONDS:
        raise InputError(f"{clip.path}: {cues.duration_s:.2f} s long; how a face moves needs {LEAST_SECONDS:g} s")
    return cues, Moves.of(cues.points, cues.fps)


def mean(values: Floats) -> float:
    """NaN of nothing."""
    return float(np.mean(values)) if len(values) else float("nan")


def sd(values: Floats) -> float:
    """Sample standard deviation; NaN below two values."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def entropy(weights: npt.NDArray[np.generic]) -> float:
    """Of shares in proportion to weights, none below 0, in nats; NaN where all are 0."""
    values = np.asarray(weights, float)
    share = values[values > 0] / (values.sum() or np.nan)
    return float((share * -np.log(share)).sum()) if len(share) else float("nan")


def correlation(first: Floats, second: Floats) -> float:
    """Pearson's r; NaN below three pairs or where one of them is constant."""
    if len(first) < 3 or min(first.std(), second.std()) < 1e-9:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])
