"""Head dynamics, and how the head moves with the voice.

Loudness and pitch move a speaker's head (Munhall et al. 2004), most at 1 to 2 Hz, the rate of phrases
(10.1371/journal.pcbi.1010273); a CAPP-style network trained here judges windows of 3 s.
"""

from __future__ import annotations

import dataclasses
import logging
from typing import Final

import numpy as np

from tellbench.datasets.agreement.hearing import Heard
from tellbench.datasets.agreement.measures import ANGLES, RATE, Moves, at_rate
from tellbench.datasets.agreement.scores import capp_of, pose_variation
from tellbench.datasets.clip import Clip
from tellbench.detectors.base import Plot
from tellbench.detectors.behaviour import about, face_of
from tellbench.detectors.fitting import Floats
from tellbench.detectors.kinematics import ORDERS, band, coupling, derivatives, mean, spread
from tellbench.detectors.statistics import Measured, StatisticsDetector
from tellbench.detectors.voice import hear
from tellbench.errors import InputError

_SLOW: Final = (0.1, 0.6)
_PHRASE: Final = (1.0, 2.0)
_FAST: Final = (4.0, 10.0)
"""Hz of posture, of phrases, and of what is faster than heads nod (mostly noise; limits: assumption)."""
_STILL: Final = 2.0
"""Degrees a second below which a head rests (assumption)."""
_VOICE: Final = {
    "capp": "CAPP-style agreement with the voice (trained here)",
    "pitch_loudness": "nodding with loudness at 1 to 2 Hz: correlation at its best lag",
    "pitch_loudness_late": "that lag, head after voice, frames of 40 ms",
    "turn_melody": "turning or tipping with the voice's pitch: correlation by size at its best lag",
    "speech_speed": "head speed in speech over that in pauses",
}
"""Statistics that need sound."""

STATISTICS: Final[dict[str, str]] = {
    **{f"{name}_range": f"{name}: spread, degrees" for name in ANGLES},
    **{f"{name}_{order}": f"{name}: mean {order}, degrees" for name in ANGLES for order in ORDERS},
    "slow": "motion at 0.1 to 0.6 Hz, degrees",
    "phrase": "motion at 1 to 2 Hz, degrees",
    "fast": "motion at 4 to 10 Hz, degrees",
    "delta_p": "mean change of pose a frame, degrees",
    "still": "share of frames at rest",
    **_VOICE,
}
"""What the classifier sees, with readable names."""


def head_statistics(moves: Moves) -> dict[str, float]:
    """Statistics of the head alone; NaN where the clip is too short for them."""
    angles = dict(zip(ANGLES, moves.angles.T.astype(np.float64), strict=True))
    numbers = {f"{name}_range": spread(track) for name, track in angles.items()}
    for name, track in angles.items():
        numbers |= {f"{name}_{order}": value for order, value in derivatives(track).items()}
    for title, limits in (("slow", _SLOW), ("phrase", _PHRASE), ("fast", _FAST)):
        numbers[title] = float(np.sqrt(np.mean([spread(band(track, *limits)) ** 2 for track in angles.values()])))
    speed = _speed(moves)
    return numbers | {"delta_p": pose_variation(moves), "still": mean((speed[np.isfinite(speed)] < _STILL) * 1.0)}


def voice_statistics(moves: Moves, heard: Heard) -> dict[str, float]:
    """How the head goes with the voice, by the names of `_VOICE`; what cannot be said is left out."""
    yaw, pitch, roll = (band(track, *_PHRASE) for track in moves.angles.T.astype(np.float64))
    loudness, melody = (band(track.astype(np.float64), *_PHRASE) for track in (heard.loudness, heard.pitch))
    size, late = coupling(pitch, loudness)
    turns = [abs(coupling(track, melody)[0]) for track in (yaw, roll)]
    speed = _speed(moves)
    numbers = {
        "pitch_loudness": size,
        "pitch_loudness_late": late,
        "turn_melody": float(np.max(turns)),
        "speech_speed": mean(speed[heard.speaking]) / (mean(speed[~heard.speaking]) or np.nan),
    }
    try:
        return numbers | {"capp": capp_of(moves, heard)}
    except InputError as error:
        logging.getLogger(__name__).debug("no CAPP-style score: %s", error)
        return numbers


class Head(StatisticsDetector):
    """Statistics of head motion, by itself and with the voice; what needs a voice is unknown in silent clips."""

    name = "head"
    version = 2
    statistics = STATISTICS

    def measure(self, clip: Clip) -> Measured:
        """Head statistics of one clip.

        Raises:
            InputError: unreadable, a face in too few frames, or too short.
        """
        cues, moves = face_of(clip, self.backend, self.device)
        moves = dataclasses.replace(moves, angles=at_rate(cues.pose, cues.fps))  # in which blinks are no nods
        facts = about(cues)
        numbers = head_statistics(moves)
        try:
            heard = hear(clip, len(moves))
            numbers |= voice_statistics(moves, heard)
            facts["share of frames with a voice"] = round(float(heard.speaking.mean()), 3)
        except InputError as error:
            facts["voice"] = str(error)
        times = (np.arange(len(moves)) + 0.5) / RATE
        turned = moves.angles.astype(np.float64) - np.nanmedian(moves.angles, 0)
        series = dict(zip(ANGLES, turned.T, strict=True))
        plot = Plot("Head about its middle", "time, s", "degrees", times, series)
        return Measured(numbers, facts, (plot,))


def _speed(moves: Moves) -> Floats:
    """Degrees a second, (T,)."""
    return np.asarray(np.linalg.norm(np.gradient(moves.angles.astype(np.float64), axis=0), axis=1) * RATE)
