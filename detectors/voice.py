"""The sound of a clip, measured once and cached by content: as a voice at 100 Hz, and beside frames of 25 a second."""

from __future__ import annotations

import dataclasses
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from tellbench.datasets.agreement.hearing import FRAME, Heard
from tellbench.datasets.agreement.measures import RATE as FRAMES
from tellbench.datasets.audio import read_audio
from tellbench.datasets.clip import Clip
from tellbench.datasets.files import sha256
from tellbench.datasets.speech.driver import speech_features
from tellbench.datasets.speech.features import Prosody, prosody
from tellbench.datasets.video import probe
from tellbench.detectors.cache import Arrays, remember
from tellbench.errors import InputError

Floats = npt.NDArray[np.float64]

RATE: Final = 100
"""Measurements a second; number i stands for (i + 0.5) / 100 s."""
VERSION: Final = 1
"""Of the measuring; raise it whenever a soundtrack gives other numbers."""
PHRASE_S: Final = 0.6
"""Width of the average that pitch is compared with: a phrase, not a syllable (assumption)."""
SYLLABLE_S: Final = 0.04
"""Pitch is smoothed over this much (assumption)."""
FARTHEST: Final = 0.35
"""Natural log of pitch over its phrase, six semitones: what is further off is an octave slip (assumption)."""
LEAST_VOICED_S: Final = 0.5
"""With less voice than this there is no pitch contour to speak of (assumption)."""
RISE: Final = 0.8
"""Standard deviations that pitch rises by from a low to the next high to count as a rise (assumption)."""


@dataclasses.dataclass(frozen=True)
class Voice:
    """A soundtrack at 100 Hz, arrays of shape (N,)."""

    loudness_db: Floats
    f0_hz: Floats
    """NaN where unvoiced."""
    speaking: npt.NDArray[np.bool_]
    """False in pauses; whose voice it is cannot be heard."""

    @property
    def times(self) -> Floats:
        """Seconds."""
        return (np.arange(len(self.f0_hz)) + 0.5) / RATE

    @property
    def has_pitch(self) -> bool:
        """Whether there is enough voice for `pitch`."""
        return int(np.isfinite(self.f0_hz).sum()) >= LEAST_VOICED_S * RATE

    @property
    def pitch(self) -> Floats:
        """Log pitch above its phrase in standard deviations, bridged where unvoiced; zeros without `has_pitch`."""
        voiced = np.isfinite(self.f0_hz)
        if not self.has_pitch:
            return np.zeros(len(self.f0_hz))
        log_f0 = np.interp(np.arange(len(voiced)), np.flatnonzero(voiced), np.log(self.f0_hz[voiced]))
        contour = gaussian_filter1d(log_f0, SYLLABLE_S * RATE) - gaussian_filter1d(log_f0, PHRASE_S * RATE)
        contour = np.clip(contour, -FARTHEST, FARTHEST)
        return np.asarray(contour / (contour[voiced].std() + 1e-3))

    @property
    def rises(self) -> Floats:
        """Times at which pitch begins to rise by at least `RISE` while someone speaks, seconds."""
        pitch = self.pitch
        slope = np.diff(pitch, append=pitch[-1:])
        turns = np.flatnonzero((slope[1:] > 0) != (slope[:-1] > 0)) + 1
        lows = turns[:-1][slope[turns[:-1]] > 0]
        highs = turns[1:][slope[turns[:-1]] > 0]
        return np.asarray(self.times[lows[(pitch[highs] - pitch[lows] > RISE) & self.speaking[highs]]])

    def at(self, times: Floats, values: npt.NDArray[np.generic]) -> Floats:
        """Values at 100 Hz, one for each of `times`, linear between them."""
        return np.asarray(np.interp(times, self.times, np.asarray(values, float)))

    @classmethod
    def of(cls, heard: Prosody) -> Self:
        """The parts of a prosody that are kept."""
        return cls(heard.loudness_db.astype(float), heard.f0_hz.astype(float), heard.speaking)


def listen(clip: Clip, seconds: float) -> Voice | None:
    """The voice over the first `seconds` of a clip; None where it has no sound or is silent throughout.

    Raises:
        InputError: not a readable video.
    """
    sound = _sound(clip, max(1, round(seconds * FRAMES)))
    return None if sound is None else Voice.of(sound.spoken)


def hear(clip: Clip, n_frames: int) -> Heard:
    """What is heard beside the first `n_frames` of a clip, 25 a second.

    Raises:
        InputError: not a readable video, no sound, or silence throughout.
    """
    sound = _sound(clip, n_frames)
    if sound is None:
        raise InputError(f"{clip.path}: has no sound; agreement of face and voice needs both")
    return Heard.of_steps(sound.features, sound.spoken)


@dataclasses.dataclass(frozen=True)
class _Sound:
    spoken: Prosody
    features: npt.NDArray[np.float32]
    """Of the speech driver, (N, 29)."""


def _sound(clip: Clip, n_frames: int) -> _Sound | None:
    """All that is measured of a soundtrack, cut or continued with silence to `n_frames` of 25 a second."""
    if not probe(clip.path).has_audio:
        return None

    def measure() -> Arrays:
        try:
            whole = read_audio(clip.path).fitted(n_frames * FRAME)
        except InputError:  # a silent soundtrack is a fact here, not a fault
            return {name: np.zeros(0, np.float32) for name in ("loudness_db", "f0_hz", "features")}
        return {**dataclasses.asdict(prosody(whole)), "features": speech_features(whole)}

    settings = {"version": VERSION, "frames": n_frames, "sound": sha256(clip.path)}  # pictures do not name a sound
    arrays = remember("sound", clip.path, settings, measure)
    if not len(arrays["f0_hz"]):
        return None
    return _Sound(Prosody(arrays["loudness_db"], arrays["f0_hz"]), arrays["features"])
