"""Lip kinematics: how far, how fast and how smoothly a mouth moves.

Displacement, velocity, acceleration and jerk of lip landmarks alone tell forged talk from true in published corpora
(arXiv 2604.16808); here their statistics are weighed by a classifier.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tellbench.datasets.agreement.measures import MOUTH, RATE, Moves
from tellbench.datasets.clip import Clip
from tellbench.detectors.base import Plot
from tellbench.detectors.behaviour import about, correlation, face_of
from tellbench.detectors.fitting import Floats
from tellbench.detectors.kinematics import ORDERS, band, derivatives, mean, spread
from tellbench.detectors.statistics import Measured, StatisticsDetector

TRACKS: Final = {
    "opening": "opening between the lips",
    "width": "width of the mouth",
    "chin_drop": "height of the chin",
    "corner_drop": "height of the corners",
}
"""Tracks that are described, with readable names; all over the distance of the outer eye corners."""
_SYLLABLES: Final = (2.0, 6.0)
"""Hz in which speech opens and closes the mouth (Chandrasekaran et al. 2009: 2 to 7 Hz)."""
_TREMBLE: Final = (8.0, 12.0)
"""Hz above all speech movement: noise of landmarks and of pictures."""
_CLOSED: Final = 0.02
"""Opening over the eyes' distance at which lips touch: about 2 mm (assumption)."""
_OF_ALL: Final = {
    "smoothness": "jerk over speed of the opening, 1/s^2",
    "syllables": "share of the opening's motion at 2 to 6 Hz",
    "tremble": "share of the opening's motion at 8 to 12 Hz",
    "closed": "share of frames with closed lips",
    "closing_speed": "speed of closing over speed of opening",
    "opening_width": "correlation of opening and width",
    "opening_chin": "correlation of opening and chin",
    "opening_p95": "widest opening (95th percentile)",
}

STATISTICS: Final[dict[str, str]] = {
    **{f"{name}_range": f"{text}: spread" for name, text in TRACKS.items()},
    **{f"{name}_{order}": f"{text}: mean {order}" for name, text in TRACKS.items() for order in ORDERS},
    **_OF_ALL,
}
"""What the classifier sees, with readable names."""


def lip_statistics(moves: Moves) -> dict[str, float]:
    """One number for each of `Lips.statistics`; NaN where the clip is too short or still for it."""
    tracks = {name: moves.mouth[:, list(MOUTH).index(name)].astype(np.float64) for name in TRACKS}
    numbers = {f"{name}_range": spread(track) for name, track in tracks.items()}
    for name, track in tracks.items():
        numbers |= {f"{name}_{order}": value for order, value in derivatives(track).items()}
    opening = tracks["opening"]
    change = np.diff(opening)
    whole = spread(opening) or np.nan
    return numbers | {
        "smoothness": numbers["opening_jerk"] / (numbers["opening_speed"] or np.nan),
        "syllables": spread(band(opening, *_SYLLABLES)) / whole,
        "tremble": spread(band(opening, *_TREMBLE)) / whole,
        "closed": mean((opening[np.isfinite(opening)] < _CLOSED).astype(float)),
        "closing_speed": -mean(change[change < 0]) / (mean(change[change > 0]) or np.nan),
        "opening_width": _together(opening, tracks["width"]),
        "opening_chin": _together(opening, tracks["chin_drop"]),
        "opening_p95": float(np.nanpercentile(opening, 95)),
    }


class Lips(StatisticsDetector):
    """Statistics of lip motion; needs no sound."""

    name = "lips"
    statistics = STATISTICS

    def measure(self, clip: Clip) -> Measured:
        """Lip statistics of one clip.

        Raises:
            InputError: unreadable, a face in too few frames, or too short.
        """
        cues, moves = face_of(clip, self.backend, self.device)
        opening, width = (moves.mouth[:, list(MOUTH).index(name)].astype(np.float64) for name in ("opening", "width"))
        times = (np.arange(len(moves)) + 0.5) / RATE
        size = "part of the eyes' distance"
        tracks = {"opening": opening, "width about its mean": width - mean(width)}
        speed = {"opening": np.gradient(opening) * RATE}
        plots = (
            Plot("Lips", "time, s", size, times, tracks),
            Plot("Lip speed", "time, s", f"{size} / s", times, speed),
        )
        return Measured(lip_statistics(moves), about(cues), plots)


def _together(one: Floats, other: Floats) -> float:
    both = np.isfinite(one) & np.isfinite(other)
    return correlation(one[both], other[both])
