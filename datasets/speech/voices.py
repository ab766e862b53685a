"""Whose voice it is: one of espeak-ng's synthetic speakers, tuned to a person and kept through every take.

Every voice is formant synthesis by rule; none is made from, or after, a recording of a person.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from typing import Final

import numpy as np
import soxr

from tellbench.datasets.audio import RATE, Audio
from tellbench.datasets.speech.espeak import speak
from tellbench.datasets.speech.texts import LANGUAGES, passage, templates
from tellbench.datasets.speech.utterance import Utterance
from tellbench.errors import InputError

FEMALE: Final[Mapping[str, float]] = {
    **{"f1": 176, "f2": 193, "f3": 208, "f4": 177, "f5": 203},
    **{"Alicia": 243, "Andrea": 240, "Annie": 231, "anika": 264, "aunty": 173},
    **{"belinda": 227, "linda": 227, "steph": 183, "steph2": 183, "grandma": 195},
}
"""espeak-ng's women (variants "+f1") and their median F0 in English at middling pitch, Hz (`features.prosody`)."""
MALE: Final[Mapping[str, float]] = {
    **{"m1": 92, "m2": 100, "m3": 103, "m4": 92, "m5": 100, "m6": 100, "m7": 105, "m8": 85},
    **{"Andy": 95, "Denis": 98, "Diogo": 103, "Gene": 94, "Henrique": 107, "Lee": 95},
    **{"adam": 100, "benjamin": 100, "boris": 100, "ed": 124, "edward": 100, "gustave": 104, "john": 100},
    **{"kaukovalta": 99, "klatt3": 101, "klatt4": 101, "klatt6": 100, "marcelo": 95, "max": 100, "michel": 104},
    **{"miguel": 109, "norbert": 100, "pablo": 110, "pedro": 100, "robert": 96, "sandro": 98, "travis": 101},
    **{"victor": 94, "grandpa": 102, "croak": 102},
}
"""espeak-ng's men, likewise."""

_MEDIAN_HZ: Final = {**FEMALE, **MALE}
_OLD: Final = frozenset({"grandma", "grandpa", "croak"})
_OLD_FROM = 60.0  # years (assumption)
_F0_HZ: Final = {"female": 207.0, "male": 119.0}  # Traunmüller & Eriksson 1995, European languages
_F0_SPREAD, _F0_LIMIT = 2.2, 4.5  # semitones between speakers of one sex (assumption)
_F0_AGEING: Final = {
    "female": -3.0,
    "male": 2.0,
}  # semitones from 40 to 80 years; signs: Stathopoulos 2011 (assumption)
_RATE = (172.0, 16.0)  # words a minute, mean and spread: 4 to 6 syllables a second in English (assumption)
_RATE_AGEING = -0.12  # from 40 to 80 years; Jacewicz 2009: the old speak more slowly
_TRACT_SPREAD = 0.03  # vocal tract lengths within a sex vary by 3 to 4% (Fitch & Giedd 1999)
_TAKE_RATE, _TAKE_F0 = 0.04, 0.5  # share and semitones by which a speaker's takes differ (assumption)

_MOODS: Final[Mapping[str, tuple[float, float, float]]] = {
    "neutral": (0.0, 0.0, 0.0),
    "happy": (2.5, 0.06, 25.0),
    "sad": (-1.5, -0.15, -20.0),
    "angry": (2.5, 0.08, 20.0),
    "surprised": (3.0, 0.0, 25.0),
    "afraid": (3.0, 0.1, -5.0),
    "disgusted": (-0.5, -0.08, 0.0),
    "contempt": (-0.5, -0.05, -5.0),
}
"""Emotions at their strongest: semitones of pitch, share of rate, liveliness. Directions for the basic emotions after
Juslin & Laukka 2003, table 7; amounts, and surprise and contempt: assumptions."""

_PITCH_STEPS = (0.0, 25.0, 50.0, 75.0, 100.0)
_PITCH_RATIOS = (0.67, 0.806, 1.0, 1.28, 1.66)  # F0 against that at pitch 50, measured on m3 and f2
_RANGE_BASE, _RANGE_SLOPE = 0.855, 0.0029  # median F0 against that at range 50, measured on m3 and f2
_SECONDS_A_SENTENCE = 6.0  # no sentence lasts longer at the slowest rate (assumption)


@dataclasses.dataclass(frozen=True)
class Voice:
    """A speaker: the same person sounds the same in every language and every take."""

    variant: str
    """espeak-ng's synthetic speaker, a key of `FEMALE` or `MALE`."""
    f0_hz: float
    """Median pitch of the speaker's talk."""
    rate: float
    """Words a minute, espeak-ng's measure."""
    liveliness: int = 50
    """Range of the melody, 0 (monotone) to 100."""
    tract: float = 1.0
    """Vocal tract length against the variant's own: 1.05 lowers every formant by 5%."""
    accent: float = 0.0
    """In [0, 1): which of a language's accents, in the order of `LANGUAGES`."""

    @classmethod
    def sample(cls, identity_seed: int, sex: str, age: float) -> Voice:
        """The voice of a virtual person.

        Args:
            identity_seed: the person; the same seed gives the same voice.
            sex: "female" or "male".
            age: years; older men speak higher, older women lower, both more slowly.
        """
        random = np.random.default_rng([identity_seed, 0x701CE])
        known = FEMALE if sex == "female" else MALE
        fitting = [name for name in known if name not in _OLD or age >= _OLD_FROM]
        aged = (age - 40) / 40
        semitones = random.normal(0, _F0_SPREAD) + _F0_AGEING[sex] * aged
        return cls(
            variant=str(random.choice(fitting)),
            f0_hz=float(_F0_HZ[sex] * 2 ** (np.clip(semitones, -_F0_LIMIT, _F0_LIMIT) / 12)),
            rate=float(np.clip(random.normal(*_RATE) * (1 + _RATE_AGEING * aged), 130, 205)),
            liveliness=int(np.clip(random.normal(50, 15), 20, 85)),
            tract=float(np.exp(np.clip(random.normal(0, _TRACT_SPREAD), -0.07, 0.07))),
            accent=float(random.random()),
        )

    def speak(self, text: str, language: str, monotone: bool = False) -> Utterance:
        """Say a text.

        Args:
            text: what to say.
            language: its language, a key of `LANGUAGES`.
            monotone: keep the pitch level, for singing.

        Raises:
            InputError: unknown language, or nothing to pronounce.
        """
        templates(language)  # refuses unknown languages
        accents = LANGUAGES[language]
        name = f"{accents[int(self.accent * len(accents))]}+{self.variant}"
        liveliness = 0 if monotone else self.liveliness
        rate = int(np.clip(round(self.rate * self.tract), 80, 450))
        said = speak(text, name, rate, self._pitch(liveliness), liveliness)
        return dataclasses.replace(stretched(said, self.tract), language=language)

    def talk(
        self, language: str, seed: int, seconds: float, emotion: str = "neutral", intensity: float = 0.0
    ) -> Utterance:
        """Enough sentences to fill a time.

        Args:
            language: a key of `LANGUAGES`.
            seed: the words, and a little of the tone.
            seconds: the time to fill.
            emotion: how the speaker feels: a name of `tellbench.datasets.emotion.EMOTIONS`.
            intensity: how strongly, 0 to 1.

        Raises:
            InputError: unknown language or emotion.
        """
        toned = self._toned(emotion, intensity, np.random.default_rng([seed, 0x7A1C]))
        for n_sentences in itertools.count(max(1, int(seconds / _SECONDS_A_SENTENCE))):
            said = toned.speak(passage(language, seed, n_sentences), language)
            if said.audio.duration >= seconds:
                return said
        raise AssertionError("unreachable: every passage is longer than the last")

    def _toned(self, emotion: str, intensity: float, random: np.random.Generator) -> Voice:
        """The voice in one take: the speaker's mood, and what no two takes share."""
        if emotion not in _MOODS:
            raise InputError(f"no tone of voice for emotion {emotion!r}; choose one of {', '.join(_MOODS)}")
        semitones, faster, livelier = (intensity * amount for amount in _MOODS[emotion])
        faster += np.clip(random.normal(0, _TAKE_RATE), -0.1, 0.1)
        semitones += np.clip(random.normal(0, _TAKE_F0), -1, 1)
        return dataclasses.replace(
            self,
            rate=self.rate * (1 + faster),
            f0_hz=self.f0_hz * 2 ** (semitones / 12),
            liveliness=int(np.clip(self.liveliness + livelier, 10, 95)),
        )

    def _pitch(self, liveliness: int) -> int:
        """espeak-ng's pitch number that gives `f0_hz` once the tract is stretched."""
        middling = _MEDIAN_HZ[self.variant] * (_RANGE_BASE + _RANGE_SLOPE * liveliness) / self.tract
        return round(float(np.interp(self.f0_hz / middling, _PITCH_RATIOS, _PITCH_STEPS)))


def stretched(utterance: Utterance, factor: float) -> Utterance:
    """The utterance slowed like a tape: `factor` times longer, formants and pitch lower; phoneme times follow."""
    samples = np.asarray(soxr.resample(utterance.audio.samples, RATE, RATE * factor), np.float32)
    last = len(samples) / RATE
    moved = tuple(
        dataclasses.replace(p, start=min(p.start * factor, last), end=min(p.end * factor, last))
        for p in utterance.phonemes
    )
    return dataclasses.replace(utterance, audio=Audio(samples / max(1.0, np.abs(samples).max())), phonemes=moved)
