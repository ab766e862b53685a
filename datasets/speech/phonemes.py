"""Speech sounds to mouth shapes: what each espeak-ng mnemonic asks of jaw, lips and tongue.

Shapes follow articulatory phonetics (vowel height = jaw, rounding, spreading; place of consonants); the numbers
themselves are assumptions.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Final

import numpy as np
import numpy.typing as npt

VISEMES: Final = ("jaw", "round", "wide", "close", "tuck", "part", "tongue", "voice")
"""Mouth tracks, each in [0, 1]: jaw opening, lip rounding, lip spreading, lips sealed (M/B/P), lower lip under the
upper teeth (F/V), lips parted over the teeth, tongue between or behind the teeth, vocal folds vibrating."""

JAW, ROUND, WIDE, CLOSE, TUCK, PART, TONGUE, VOICE = range(len(VISEMES))


@dataclasses.dataclass(frozen=True)
class MouthShape:
    """Target of one phoneme: `begin` to `end` (equal unless a diphthong), and how strongly it insists."""

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


def _vowel(*shapes: tuple[float, ...], dominance: float = 1.0) -> MouthShape:
    return MouthShape(shapes[0], shapes[-1], dominance, dominance)


def _consonant(shape: tuple[float, ...], dominance: float, lips: float) -> MouthShape:
    return MouthShape(shape, shape, dominance, lips)


_PAUSE = _consonant(_shape(0, part=0, voice=0), 1.0, 0.8)
_UNKNOWN = _consonant(_shape(0.25), 0.4, 0.2)
_SEALED = _shape(0.02, part=0, close=1)

_TABLE: Final[dict[str, MouthShape]] = {
    # diphthongs
    "aI": _vowel(_shape(0.95, wide=0.1), _shape(0.3, wide=0.5)),
    "aU": _vowel(_shape(0.95), _shape(0.3, 0.7)),
    "eI": _vowel(_shape(0.5, wide=0.4), _shape(0.22, wide=0.6)),
    "eU": _vowel(_shape(0.5, wide=0.4), _shape(0.25, 0.7)),
    "OI": _vowel(_shape(0.55, 0.7), _shape(0.25, wide=0.5)),
    "OY": _vowel(_shape(0.55, 0.7), _shape(0.25, 0.5)),
    "oU": _vowel(_shape(0.5, 0.5), _shape(0.22, 0.9)),
    "&U": _vowel(_shape(0.7), _shape(0.28, 0.7)),
    "&~U": _vowel(_shape(0.7), _shape(0.28, 0.7)),
    "e@": _vowel(_shape(0.5, wide=0.3)),
    "i@": _vowel(_shape(0.22, wide=0.6), _shape(0.4, wide=0.2)),
    "U@": _vowel(_shape(0.25, 0.7), _shape(0.4, 0.2)),
    # open, mid and close vowels
    "a": _vowel(_shape(0.85, wide=0.25)),
    "a#": _vowel(_shape(0.5, wide=0.1), dominance=0.8),
    "aa": _vowel(_shape(0.8, wide=0.3)),
    "A": _vowel(_shape(0.92)),
    "&": _vowel(_shape(0.6, wide=0.1)),
    "0": _vowel(_shape(0.75, 0.4)),
    "O": _vowel(_shape(0.58, 0.68)),
    "o": _vowel(_shape(0.48, 0.75)),
    "V": _vowel(_shape(0.7)),
    "E": _vowel(_shape(0.55, wide=0.35)),
    "e": _vowel(_shape(0.42, wide=0.5)),
    "3": _vowel(_shape(0.36, 0.28), dominance=0.9),
    "@": _vowel(_shape(0.33), dominance=0.6),
    "I": _vowel(_shape(0.25, wide=0.45), dominance=0.8),
    "i": _vowel(_shape(0.17, wide=0.78, part=0.4), dominance=0.95),
    "y": _vowel(_shape(0.16, 0.95)),
    "Y": _vowel(_shape(0.3, 0.8)),
    "8": _vowel(_shape(0.33, 0.4), dominance=0.6),
    "W": _vowel(_shape(0.45, 0.7)),
    "U": _vowel(_shape(0.25, 0.7), dominance=0.9),
    "u": _vowel(_shape(0.16, 1.0)),
    # lips: what seals or tucks is laid on top by `visemes`, so rounding may pass through
    "m": _consonant(_SEALED, 0.8, 0.3),
    "b": _consonant(_SEALED, 0.8, 0.3),
    "p": _consonant((*_SEALED[:-1], 0.0), 0.8, 0.3),
    "pF": _consonant(_shape(0.06, part=0.2, close=0.5, tuck=1, voice=0), 1.1, 0.5),
    "B": _consonant(_shape(0.1, part=0.15, close=0.35), 0.9, 0.8),  # Spanish b between vowels: lips near, not sealed
    "f": _consonant(_shape(0.08, part=0.25, tuck=1, voice=0), 1.1, 0.5),
    "v": _consonant(_shape(0.08, part=0.25, tuck=1), 1.0, 0.5),
    "w": _consonant(_shape(0.12, 1.0, part=0.15), 1.0, 1.2),
    # teeth and tongue tip
    "T": _consonant(_shape(0.14, part=0.5, tongue=0.9, voice=0), 0.9, 0.4),
    "D": _consonant(_shape(0.15, part=0.5, tongue=0.8), 0.8, 0.4),
    "t": _consonant(_shape(0.12, part=0.5, tongue=0.4, voice=0), 0.6, 0.15),
    "d": _consonant(_shape(0.12, part=0.5, tongue=0.4), 0.6, 0.15),
    "n": _consonant(_shape(0.15, part=0.4, tongue=0.4), 0.6, 0.15),
    "l": _consonant(_shape(0.3, part=0.5, tongue=0.6), 0.6, 0.15),
    "s": _consonant(_shape(0.04, wide=0.45, part=0.8, voice=0), 1.0, 0.4),
    "z": _consonant(_shape(0.04, wide=0.45, part=0.8), 1.0, 0.4),
    "ts": _consonant(_shape(0.04, wide=0.4, part=0.8, tongue=0.2, voice=0), 1.0, 0.4),
    "dz": _consonant(_shape(0.04, wide=0.4, part=0.8, tongue=0.2), 1.0, 0.4),
    "L": _consonant(_shape(0.28, part=0.5, tongue=0.5), 0.6, 0.15),
    "S": _consonant(_shape(0.09, 0.65, part=0.8, voice=0), 0.9, 0.9),
    "Z": _consonant(_shape(0.09, 0.65, part=0.8), 0.9, 0.9),
    "tS": _consonant(_shape(0.1, 0.6, part=0.7, tongue=0.2, voice=0), 0.9, 0.8),
    "dZ": _consonant(_shape(0.1, 0.6, part=0.7, tongue=0.2), 0.9, 0.8),
    "r": _consonant(_shape(0.18, 0.5, part=0.5), 0.7, 0.6),
    "R": _consonant(_shape(0.25, part=0.4, tongue=0.4), 0.5, 0.15),
    "*": _consonant(_shape(0.2, part=0.4, tongue=0.5), 0.5, 0.15),
    # further back: lips are free
    "j": _consonant(_shape(0.15, wide=0.5), 0.7, 0.4),
    "J": _consonant(_shape(0.18, wide=0.4), 0.6, 0.3),
    "C": _consonant(_shape(0.15, wide=0.5, part=0.5, voice=0), 0.7, 0.4),
    "N": _consonant(_shape(0.22), 0.5, 0.1),
    "k": _consonant(_shape(0.2, voice=0), 0.5, 0.1),
    "c": _consonant(_shape(0.18, wide=0.2, voice=0), 0.5, 0.2),
    "g": _consonant(_shape(0.2), 0.5, 0.1),
    "Q": _consonant(_shape(0.25), 0.4, 0.1),
    "x": _consonant(_shape(0.25, voice=0), 0.5, 0.1),
    "X": _consonant(_shape(0.28, voice=0), 0.5, 0.1),
    "h": _consonant(_shape(0.3, voice=0), 0.3, 0.05),
    "H": _consonant(_shape(0.25, voice=0), 0.3, 0.05),
    "!": _consonant(_shape(0.25, voice=0), 0.1, 0.05),
    "?": _consonant(_shape(0.25, voice=0), 0.2, 0.05),
    "_": _PAUSE,
}
_LONGEST_FIRST: Final = sorted(_TABLE, key=len, reverse=True)


@functools.cache
def mouth_shape(name: str) -> MouthShape:
    """The shape of a mnemonic; length marks, digits and palatal signs after the sound are ignored."""
    bare = name.lstrip("'%,=|")
    return _TABLE[known] if (known := _known(bare)) else _UNKNOWN


def is_known(name: str) -> bool:
    """Whether the table has a shape for this mnemonic; others get a neutral, weak one."""
    return _known(name.lstrip("'%,=|")) is not None


def is_sealed(name: str) -> bool:
    """Whether the phoneme needs full lip closure: M, B and P (Agarwal et al. 2020)."""
    return mouth_shape(name).begin[CLOSE] == 1.0


def is_vowel(name: str) -> bool:
    """Whether the mnemonic begins like a vowel."""
    return name[:1] in frozenset("aAeEiIoOuUyYWV038@&")


def targets(names: list[str]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Begin and end shapes (P, 8) and dominances (P, 8) of a phoneme sequence."""
    shapes = [mouth_shape(name) for name in names]
    begin = np.array([shape.begin for shape in shapes])  # (P, 8)
    end = np.array([shape.end for shape in shapes])  # (P, 8)
    dominance = np.array([[shape.dominance] * len(VISEMES) for shape in shapes])
    dominance[:, [ROUND, WIDE, PART]] = np.array([shape.lip_dominance for shape in shapes])[:, None]
    return begin, end, dominance


def _known(bare: str) -> str | None:
    return next((key for key in _LONGEST_FIRST if bare.startswith(key)), None)
