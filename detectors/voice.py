"""Sound cues: loudness, pitch and pauses of a clip, measured from its soundtrack and cached by content."""

from __future__ import annotations

import dataclasses
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from tellbench.datasets.audio import read_audio
from tellbench.datasets.clip import Clip
from tellbench.datasets.files import sha256
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


def listen(clip: Clip) -> Voice | None:
    """The sound cues of a clip, or their copy in the cache; None where it has no sound.

    Raises:
        InputError: not a readable video.
    """
    if not probe(clip.path).has_audio:
        return None

    def measure() -> Arrays:
        try:
            return dataclasses.asdict(Voice.of(prosody(read_audio(clip.path))))
        except InputError:  # a silent soundtrack is a fact here, not a fault
            return {name: np.zeros(0) for name in ("loudness_db", "f0_hz", "speaking")}

    arrays = remember("voice", clip.path, {"version": VERSION, "sound": sha256(clip.path)}, measure)
    if not len(arrays["f0_hz"]):
        return None
    return Voice(arrays["loudness_db"], arrays["f0_hz"], arrays["speaking"].astype(bool))
