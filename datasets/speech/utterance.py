"""What was said and when: sound with phoneme times."""

from __future__ import annotations

import dataclasses
from typing import Final

from tellbench.datasets.audio import Audio

SILENCE: Final = "_"
"""Name of every pause, whatever its length."""


@dataclasses.dataclass(frozen=True)
class Phoneme:
    """One speech sound."""

    name: str
    """IPA without stress marks, as espeak-ng writes it, or `SILENCE`."""
    start: float
    """Seconds from the beginning of the audio."""
    end: float
    """Seconds; equals the next phoneme's start."""
    stressed: bool = False
    """Carries primary stress."""


@dataclasses.dataclass(frozen=True)
class Utterance:
    """Speech with its transcript and phoneme times."""

    audio: Audio
    phonemes: tuple[Phoneme, ...] = ()
    """In order and without gaps; empty for a recording whose phonemes are unknown."""
    text: str = ""
    language: str = ""
    """Two-letter code, empty when unknown."""
    voice: str = ""
    """espeak-ng voice name, empty for a recording."""
