"""Phoneme times to smooth mouth tracks: coarticulation by dominance functions.

Cohen & Massaro 1993, "Modeling coarticulation in synthetic visual speech": every segment pulls each parameter towards
its target with a dominance alpha * exp(-|distance| / reach), and the track is the dominance-weighted mean of all
targets. Here the distance is measured to the segment's nearest edge, and the reach is per parameter: rounding spreads
far, closures hardly. Lip closures and tucks are afterwards laid on top at full strength, because a sealed M/B/P is a
physical event no neighbour may dilute (Agarwal et al. 2020: pristine speakers close their lips on every one).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tellbench.datasets.speech.phonemes import CLOSE, JAW, PART, TUCK, VISEMES, targets
from tellbench.datasets.speech.utterance import SILENCE, Phoneme

RATE: Final = 100
"""Frames a second of every speech track."""

_REACH: Final = np.array([0.03, 0.055, 0.045, 0.02, 0.02, 0.03, 0.025, 0.01])
"""Seconds, in the order of `VISEMES` (assumption; lips anticipate rounding by 100 ms, jaw cycles take 100-250 ms)."""
_NEIGHBOURS: Final = np.arange(-4, 5)
"""Segments around the present one that still pull; four segments are about 0.3 s."""
_SEAL: Final = 0.06
"""Shortest full closure, seconds: shorter stops are widened so that even 25 fps shows one sealed frame (assumption)."""
_SEAL_RAMP: Final = 0.045
"""Lips need about this long to meet and to part, seconds (assumption)."""


def viseme_tracks(phonemes: Sequence[Phoneme], n_frames: int) -> npt.NDArray[np.float32]:
    """Mouth tracks (n_frames, 8) in [0, 1] at 100 Hz, columns `VISEMES`; closed and silent beyond the last phoneme."""
    if not phonemes:
        return np.zeros((n_frames, len(VISEMES)), np.float32)
    begin, end, dominance = targets([p.name for p in phonemes])
    starts = np.array([p.start for p in phonemes])
    ends = np.array([p.end for p in phonemes])
    times = (np.arange(n_frames) + 0.5) / RATE
    current = np.searchsorted(starts, times, side="right") - 1
    near = np.clip(current[:, None] + _NEIGHBOURS, 0, len(phonemes) - 1)  # (N, 9)
    progress = np.clip((times[:, None] - starts[near]) / (ends[near] - starts[near]), 0, 1)[..., None]
    wanted = begin[near] + (end[near] - begin[near]) * progress  # (N, 9, 8)
    distance = np.maximum(np.maximum(starts[near] - times[:, None], times[:, None] - ends[near]), 0)
    distance -= distance.min(1, keepdims=True)  # long after the end, the last segment still counts
    weight = dominance[near] * np.exp(-distance[..., None] / _REACH)  # (N, 9, 8)
    tracks = (weight * wanted).sum(1) / weight.sum(1)
    tracks[times >= ends[-1]] *= np.exp(-(times[times >= ends[-1], None] - ends[-1]) / 0.06)
    _lay_on(tracks, CLOSE, begin[:, CLOSE], starts, ends, times)
    _lay_on(tracks, TUCK, begin[:, TUCK], starts, ends, times)
    tracks[:, JAW] *= 1 - 0.9 * tracks[:, CLOSE]
    tracks[:, PART] *= 1 - tracks[:, CLOSE]
    return np.asarray(tracks, np.float32)


def phoneme_names(phonemes: Sequence[Phoneme], times: npt.NDArray[np.float64]) -> list[str]:
    """The phoneme sounding at each time in seconds; `SILENCE` outside the utterance."""
    if not phonemes:
        return [SILENCE] * len(times)
    starts = np.array([p.start for p in phonemes])
    index = np.searchsorted(starts, times, side="right") - 1
    inside = (index >= 0) & (times < phonemes[-1].end)
    return [phonemes[i].name if ok else SILENCE for i, ok in zip(index, inside, strict=True)]


def _lay_on(
    tracks: npt.NDArray[np.float64],
    column: int,
    strength: npt.NDArray[np.float64],
    starts: npt.NDArray[np.float64],
    ends: npt.NDArray[np.float64],
    times: npt.NDArray[np.float64],
) -> None:
    """Replace one column by plateaus at the targets of its own phonemes, with raised-cosine flanks."""
    events = np.flatnonzero(strength > 0)
    tracks[:, column] = 0
    if not len(events):
        return
    middle = (starts[events] + ends[events]) / 2
    half = np.maximum(ends[events] - starts[events], _SEAL) / 2
    at = np.searchsorted(middle, times)
    for candidate in (at - 1, at):  # an event can only be hidden behind its two neighbours in time
        k = np.clip(candidate, 0, len(events) - 1)
        outside = np.clip((np.abs(times - middle[k]) - half[k]) / _SEAL_RAMP, 0, 1)
        level = strength[events][k] * (0.5 + 0.5 * np.cos(np.pi * outside))
        tracks[:, column] = np.maximum(tracks[:, column], level)
