"""Speech sounds to mouth shapes: what each symbol of the IPA asks of jaw, lips and tongue, in any language.

A phoneme is one or more symbols ("tʃ", "aɪə", "ja"): it moves from its first symbol's shape to its last one's. Shapes
follow articulatory phonetics (vowel height = jaw, rounding, spreading; place of consonants); the numbers themselves are
assumptions.
"""

from __future__ import annotations

import dataclasses
import functools
import unicodedata
from typing import Final

import numpy as np
import numpy.typing as npt

from tellbench.datasets.speech.utterance import SILENCE

VISEMES: Final = ("jaw", "round", "wide", "close", "tuck", "part", "tongue", "voice")
"""Mouth tracks, each in [0, 1]: jaw opening, lip rounding, lip spreading, lips sealed (M/B/P), lower lip under the
upper teeth (F/V), lips parted over the teeth, tongue between or behind the teeth, vocal folds vibrating."""

JAW, ROUND, WIDE, CLOSE, TUCK, PART, TONGUE, VOICE = range(len(VISEMES))


@dataclasses.dataclass(frozen=True)
class MouthShape:
    """Target of one phoneme: `begin` to `end` (equal unless it glides), and how strongly it insists."""

    begin: tuple[float, ...]
    end: tuple[float, ...]
    dominance: float
    """On jaw and tongue; vowels 1. Weak consonants take their neighbours' shape (Cohen & Massaro 1993, alpha)."""
    lip_dominance: float
    """On rounding, spreading and parting; low where the lips are free, so rounding spreads through ("stew")."""


def _shape(
    jaw: float,
    round: float = 0.0,
    wide: float = 0.0,
    part: float = 0.3,
    close: float = 0.0,
    tuck: float = 0.0,
    tongue: float = 0.0,
    voice: float = 1.0,
) -> tuple[float, ...]:
    return (jaw, round, wide, close, tuck, part, tongue, voice)


def _vowel(jaw: float, round: float = 0.0, wide: float = 0.0, dominance: float = 1.0, part: float = 0.3) -> MouthShape:
    shape = _shape(jaw, round, wide, part)
    return MouthShape(shape, shape, dominance, dominance)


def _consonant(shape: tuple[float, ...], dominance: float, lips: float) -> MouthShape:
    return MouthShape(shape, shape, dominance, lips)


def _spread(groups: dict[str, MouthShape]) -> dict[str, MouthShape]:
    """One entry a symbol; keys hold alternatives between spaces."""
    return {unicodedata.normalize("NFD", symbol): shape for key, shape in groups.items() for symbol in key.split()}


_PAUSE = _consonant(_shape(0, part=0, voice=0), 1.0, 0.8)
_FAINT = 0.25  # dominance; beside another symbol, aspiration and glottal stops have no say
_UNKNOWN = _consonant(_shape(0.25), 0.4, 0.2)
_SEALED = _shape(0.02, part=0, close=1)

_VOWELS: Final = _spread(
    {
        "ɑ": _vowel(0.92),
        "a": _vowel(0.85, wide=0.25),
        "æ": _vowel(0.8, wide=0.3),
        "ɒ": _vowel(0.75, 0.4),
        "ʌ": _vowel(0.7),
        "ɐ": _vowel(0.6, wide=0.1),
        "ɔ": _vowel(0.58, 0.68),
        "o": _vowel(0.48, 0.75),
        "ɤ": _vowel(0.45, wide=0.2),
        "ɛ ε": _vowel(0.55, wide=0.35),  # espeak-ng also writes the Greek letter
        "e": _vowel(0.42, wide=0.5),
        "ø": _vowel(0.3, 0.8),
        "œ": _vowel(0.45, 0.7),
        "ɵ": _vowel(0.38, 0.6),
        "ɜ ɚ ɝ": _vowel(0.36, 0.28, dominance=0.9),
        "ə ɘ": _vowel(0.33, dominance=0.6),
        "ɪ ᵻ": _vowel(0.25, wide=0.45, dominance=0.8),
        "ɨ ɯ": _vowel(0.2, wide=0.35, dominance=0.9),
        "i": _vowel(0.17, wide=0.78, part=0.4, dominance=0.95),
        "y": _vowel(0.16, 0.95),
        "ʏ": _vowel(0.25, 0.8),
        "ʉ": _vowel(0.2, 0.85),
        "ʊ": _vowel(0.25, 0.7, dominance=0.9),
        "u": _vowel(0.16, 1.0),
    }
)
_CONSONANTS: Final = _spread(
    {
        # lips: what seals or tucks is laid on top by `visemes`, so rounding may pass through
        "m b ɓ": _consonant(_SEALED, 0.8, 0.3),
        "p": _consonant((*_SEALED[:-1], 0.0), 0.8, 0.3),
        "pf": _consonant(_shape(0.06, part=0.2, close=0.5, tuck=1, voice=0), 1.1, 0.5),
        "β": _consonant(_shape(0.1, part=0.15, close=0.35), 0.9, 0.8),  # lips near, not sealed: Spanish "uva"
        "ɸ": _consonant(_shape(0.1, 0.3, part=0.2, close=0.35, voice=0), 0.9, 0.8),
        "f": _consonant(_shape(0.08, part=0.25, tuck=1, voice=0), 1.1, 0.5),
        "v ɱ": _consonant(_shape(0.08, part=0.25, tuck=1), 1.0, 0.5),
        "ʋ": _consonant(_shape(0.1, part=0.25, tuck=0.7), 0.9, 0.5),
        "w ʍ": _consonant(_shape(0.12, 1.0, part=0.15), 1.0, 1.2),
        "ɥ": _consonant(_shape(0.12, 0.9, part=0.2), 0.9, 1.0),
        # teeth and tongue tip
        "θ": _consonant(_shape(0.14, part=0.5, tongue=0.9, voice=0), 0.9, 0.4),
        "ð": _consonant(_shape(0.15, part=0.5, tongue=0.8), 0.8, 0.4),
        "t ʈ": _consonant(_shape(0.12, part=0.5, tongue=0.4, voice=0), 0.6, 0.15),
        "d ɖ ɗ": _consonant(_shape(0.12, part=0.5, tongue=0.4), 0.6, 0.15),
        "n ɳ": _consonant(_shape(0.15, part=0.4, tongue=0.4), 0.6, 0.15),
        "l ɫ ɭ ɬ ɮ": _consonant(_shape(0.3, part=0.5, tongue=0.6), 0.6, 0.15),
        "ʎ": _consonant(_shape(0.28, part=0.5, tongue=0.5), 0.6, 0.15),
        "ɾ r ɽ": _consonant(_shape(0.2, part=0.4, tongue=0.5), 0.5, 0.15),
        "ɹ ɻ": _consonant(_shape(0.18, 0.5, part=0.5), 0.7, 0.6),
        "s": _consonant(_shape(0.04, wide=0.45, part=0.8, voice=0), 1.0, 0.4),
        "z": _consonant(_shape(0.04, wide=0.45, part=0.8), 1.0, 0.4),
        "ts": _consonant(_shape(0.04, wide=0.4, part=0.8, tongue=0.2, voice=0), 1.0, 0.4),
        "dz": _consonant(_shape(0.04, wide=0.4, part=0.8, tongue=0.2), 1.0, 0.4),
        "ʃ ʂ": _consonant(_shape(0.09, 0.65, part=0.8, voice=0), 0.9, 0.9),
        "ʒ ʐ": _consonant(_shape(0.09, 0.65, part=0.8), 0.9, 0.9),
        "tʃ ʈʂ": _consonant(_shape(0.1, 0.6, part=0.7, tongue=0.2, voice=0), 0.9, 0.8),
        "dʒ": _consonant(_shape(0.1, 0.6, part=0.7, tongue=0.2), 0.9, 0.8),
        "ɕ tɕ": _consonant(_shape(0.08, 0.2, wide=0.2, part=0.8, voice=0), 0.9, 0.5),
        "ʑ dʑ": _consonant(_shape(0.08, 0.2, wide=0.2, part=0.8), 0.9, 0.5),
        # further back: lips are free
        "j ʝ": _consonant(_shape(0.15, wide=0.5), 0.7, 0.4),
        "ɲ ɟ": _consonant(_shape(0.18, wide=0.4), 0.6, 0.3),
        "ç": _consonant(_shape(0.15, wide=0.5, part=0.5, voice=0), 0.7, 0.4),
        "c": _consonant(_shape(0.18, wide=0.2, voice=0), 0.5, 0.2),
        "ŋ ɴ": _consonant(_shape(0.22), 0.5, 0.1),
        "k q": _consonant(_shape(0.2, voice=0), 0.5, 0.1),
        "ɡ g ɢ": _consonant(_shape(0.2), 0.5, 0.1),
        "ɣ ʁ ʀ ʕ": _consonant(_shape(0.25), 0.4, 0.1),
        "x χ ħ": _consonant(_shape(0.26, voice=0), 0.5, 0.1),
        "h ɦ": _consonant(_shape(0.3, voice=0), _FAINT, 0.05),
        "ʔ": _consonant(_shape(0.25, voice=0), _FAINT, 0.05),
    }
)
_TABLE: Final = {**_VOWELS, **_CONSONANTS, SILENCE: _PAUSE}
_LONGEST: Final = max(map(len, _TABLE))


@functools.cache
def mouth_shape(name: str) -> MouthShape:
    """The shape of a phoneme; marks of length, nasality, palatality and the like change nothing the eye sees."""
    shapes = [_TABLE[symbol] for symbol in symbols(name)]
    shapes = [shape for shape in shapes if shape.dominance > _FAINT] or shapes or [_UNKNOWN]
    return MouthShape(
        shapes[0].begin,
        shapes[-1].end,
        max(shape.dominance for shape in shapes),
        max(shape.lip_dominance for shape in shapes),
    )


def symbols(name: str) -> list[str]:
    """The known symbols of a phoneme in order, longest first: "tʃʲ" is ["tʃ"]; empty where nothing is known."""
    rest, found = unicodedata.normalize("NFD", name), []
    while rest:
        known = next((rest[:n] for n in range(_LONGEST, 0, -1) if rest[:n] in _TABLE), "")
        found += [known] if known else []
        rest = rest[len(known) or 1 :]
    return found


def is_known(name: str) -> bool:
    """Whether the table has a shape for this phoneme; others get a neutral, weak one."""
    return bool(symbols(name))


def is_sealed(name: str) -> bool:
    """Whether the phoneme needs full lip closure: M, B and P (Agarwal et al. 2020)."""
    return mouth_shape(name).begin[CLOSE] == 1.0


def is_vowel(name: str) -> bool:
    """Whether the phoneme begins with a vowel, or a glottal stop and a vowel."""
    return next((symbol in _VOWELS for symbol in symbols(name) if symbol != "ʔ"), False)


def targets(names: list[str]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Begin and end shapes (P, 8) and dominances (P, 8) of a phoneme sequence."""
    shapes = [mouth_shape(name) for name in names]
    begin = np.array([shape.begin for shape in shapes])  # (P, 8)
    end = np.array([shape.end for shape in shapes])  # (P, 8)
    dominance = np.array([[shape.dominance] * len(VISEMES) for shape in shapes])
    dominance[:, [ROUND, WIDE, PART]] = np.array([shape.lip_dominance for shape in shapes])[:, None]
    return begin, end, dominance
