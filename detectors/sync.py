"""Agreement of lips and sound: a SyncNet-style network, and the plain correlation of opening and loudness."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tellbench.datasets.agreement.hearing import Heard
from tellbench.datasets.agreement.measures import MOUTH, RATE, Moves
from tellbench.datasets.agreement.scores import FARTHEST, Sync, local_offsets, sync_of
from tellbench.datasets.clip import Clip
from tellbench.detectors.base import Plot
from tellbench.detectors.behaviour import about, face_of
from tellbench.detectors.fitting import Floats
from tellbench.detectors.kinematics import coupling, mean
from tellbench.detectors.statistics import Measured, StatisticsDetector
from tellbench.detectors.voice import hear

_OPENING: Final = list(MOUTH).index("opening")

STATISTICS: Final[dict[str, str]] = {
    "confidence": "SyncNet-style confidence (trained here)",
    "distance": "least distance of lips and sound over all offsets",
    "at_zero": "confidence at offset 0",
    "offset": "lips after the sound, frames of 40 ms",
    "offset_size": "size of the offset, frames of 40 ms",
    "wander": "spread of the offset over windows of 2 s, frames",
    "coupling": "correlation of opening and loudness at its best lag",
    "coupling_late": "that lag, opening after loudness, frames",
    "pauses": "lip speed in pauses over that in speech",
}
"""What the classifier sees, with readable names."""


def sync_statistics(moves: Moves, heard: Heard) -> tuple[dict[str, float], Sync]:
    """One number for each of `AudioVisualSync.statistics`, NaN where there is too little for it; and the curve itself.

    Raises:
        InputError: less than a second with lips and voice.
    """
    found, near = sync_of(moves, heard), local_offsets(moves, heard)
    opening = moves.mouth[:, _OPENING].astype(np.float64)
    size, late = coupling(opening, heard.loudness.astype(np.float64))
    speed = np.abs(np.gradient(opening))
    numbers = {
        "confidence": found.confidence,
        "distance": found.distance,
        "at_zero": float(np.median(found.distances) - found.distances[FARTHEST]),
        "offset": float(found.offset),
        "offset_size": float(abs(found.offset)),
        "wander": float(np.std(near)) if len(near) > 1 else float("nan"),
        "coupling": size,
        "coupling_late": late,
        "pauses": mean(speed[~heard.speaking]) / (mean(speed[heard.speaking]) or np.nan),
    }
    return numbers, found


class AudioVisualSync(StatisticsDetector):
    """Statistics of how lips and sound agree; clips without sound, or without a second of voice, cannot be scored."""

    name = "sync"
    statistics = STATISTICS

    def measure(self, clip: Clip) -> Measured:
        """Sync statistics of one clip.

        Raises:
            InputError: unreadable, a face in too few frames, no sound, or less than a second of voice.
        """
        cues, moves = face_of(clip, self.backend, self.device)
        heard = hear(clip, len(moves))
        numbers, found = sync_statistics(moves, heard)
        facts = about(cues) | {
            "share of frames with a voice": round(float(heard.speaking.mean()), 3),
            "windows of lips and voice": found.n_windows,
        }
        return Measured(numbers, facts, (_curve(found), _tracks(moves, heard)))


def _curve(found: Sync) -> Plot:
    shifts = np.arange(-FARTHEST, FARTHEST + 1).astype(np.float64)
    series = {"this clip": found.distances}
    return Plot("Lips against sound", "lips after sound, frames of 40 ms", "distance", shifts, series, (found.offset,))


def _tracks(moves: Moves, heard: Heard) -> Plot:
    times = (np.arange(len(moves)) + 0.5) / RATE
    series = {"opening": _standard(moves.mouth[:, _OPENING]), "loudness": _standard(heard.loudness)}
    return Plot("Opening and loudness", "time, s", "standard deviations", times, series)


def _standard(track: npt.NDArray[np.floating]) -> Floats:
    known = track.astype(np.float64)
    return np.asarray((known - np.nanmean(known)) / max(float(np.nanstd(known)), 1e-6))
