"""What to say: sentences written for Tellbench, dense in the sounds that faces show (M B P, F V, round vowels).

`sentences/LANGUAGE.txt` holds one sentence a line; "[warm|cold]" leaves a choice, and every combination is a sentence.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from tellbench.errors import InputError

FOLDER: Final = Path(__file__).parent / "sentences"

LANGUAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-us-nyc"),
    "de": ("de",),
    "fr": ("fr-fr", "fr-be", "fr-ch"),
    "es": ("es", "es-419"),
    "it": ("it",),
    "pt": ("pt", "pt-br"),
    "ca": ("ca", "ca-va"),
    "nl": ("nl",),
    "sv": ("sv",),
    "nb": ("nb",),
    "da": ("da",),
    "fi": ("fi",),
    "pl": ("pl",),
    "cs": ("cs",),
    "uk": ("uk",),
    "ru": ("ru",),
    "hr": ("hr",),
    "el": ("el",),
    "hu": ("hu",),
    "ro": ("ro",),
    "tr": ("tr",),
    "hi": ("hi",),
    "fa": ("fa",),
    "id": ("id",),
    "sw": ("sw",),
    "vi": ("vi", "vi-vn-x-south"),
    "zh": ("cmn",),
    "ja": ("ja",),
    "ko": ("ko",),
}
"""Languages with sentences, ISO 639-1, and the espeak-ng voices that speak them."""

_CHOICE = re.compile(r"\[([^]]*)\]")


def sentence(language: str, seed: int) -> str:
    """One sentence; the same seed gives the same one.

    Raises:
        InputError: no sentences in this language.
    """
    return passage(language, seed, 1)


def passage(language: str, seed: int, n_sentences: int) -> str:
    """Several sentences in a row, about 3 s each; a line returns, with other choices, only once all were used.

    Raises:
        InputError: no sentences in this language.
    """
    lines = templates(language)
    random = np.random.default_rng([seed, 0x5E47])
    order = random.permutation(len(lines))
    return " ".join(_chosen(lines[order[i % len(lines)]], random) for i in range(n_sentences))


@functools.cache
def templates(language: str) -> tuple[str, ...]:
    """The language's lines, choices unresolved.

    Raises:
        InputError: no sentences in this language.
    """
    if language not in LANGUAGES:
        raise InputError(f"no sentences in language {language!r}; choose one of {', '.join(LANGUAGES)}")
    return tuple((FOLDER / f"{language}.txt").read_text("utf8").splitlines())


def every_choice(template: str) -> Iterator[str]:
    """The fewest sentences in which each choice of a line is heard at least once."""
    choices = [found.split("|") for found in _CHOICE.findall(template)]
    for turn in range(max(map(len, choices), default=1)):
        chosen = [options[turn % len(options)] for options in choices]
        parts = _CHOICE.split(template)  # plain text and choices in turn
        yield "".join(itertools.chain.from_iterable(itertools.zip_longest(parts[::2], chosen, fillvalue="")))


def _chosen(template: str, random: np.random.Generator) -> str:
    return _CHOICE.sub(lambda found: str(random.choice(found[1].split("|"))), template)
