"""Text to speech with phoneme times: espeak-ng through the `espeakng-loader` wheel.

espeak-ng keeps synthesis state (flutter phase, random numbers) from one utterance to the next, so the same text would
give other samples each time. Here every utterance gets a freshly loaded library with a fixed random seed: same call,
same bytes.
"""

from __future__ import annotations

import _ctypes
import ctypes
import difflib
import functools
import threading
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import espeakng_loader
import numpy as np
import numpy.typing as npt

from tellbench.datasets.audio import Audio, resample
from tellbench.datasets.speech.utterance import SILENCE, Phoneme, Utterance
from tellbench.errors import InputError

RATE_RANGE: Final = (80, 450)
"""Words a minute that espeak-ng accepts (speak_lib.h, espeakRATE)."""
PITCH_RANGE: Final = (0, 100)
"""Base pitch, and liveliness of pitch, that espeak-ng accepts; 50 = normal (speak_lib.h, espeakPITCH, espeakRANGE)."""

# speak_lib.h: output mode without a thread or a sound card, option bits, event and parameter numbers, text encoding.
_SYNCHRONOUS, _PHONEME_EVENTS, _IPA, _DONT_EXIT = 2, 0x0001, 0x0002, 0x8000
_END, _PHONEME = 0, 7
_RATE, _PITCH, _RANGE = 1, 3, 4
_CHARACTERS, _UTF8 = 1, 1
_SEED = 1
_QUIETEST = 1e-3  # peak; below this nothing was said (assumption)
_SHORTEST_PAUSE = 0.06  # s; nameless moments below this are releases or gaps between tones, not pauses (assumption)
_PRIMARY, _SECONDARY = "ˈ", "ˌ"  # stress
_MISNAMED: Final = {file: str.maketrans("y", "ɨ") for file in ("zle/ru", "roa/ro", "aav/vi", "aav/vi-VN-x-south")}
"""Voice files whose IPA is espeak-ng's own mnemonic in places: Russian ы, Romanian î and Vietnamese ư are no [y]."""

_lock = threading.Lock()


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    """`espeak_EVENT` of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


class _Voice(ctypes.Structure):
    """Leading fields of `espeak_VOICE` of speak_lib.h."""

    _fields_ = (("name", ctypes.c_char_p), ("languages", ctypes.c_void_p), ("identifier", ctypes.c_char_p))


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class _Mark(NamedTuple):
    milliseconds: int
    ipa: str


def speak(text: str, voice: str = "en-us", rate: int = 165, pitch: int = 50, pitch_range: int = 50) -> Utterance:
    """Say a text.

    Args:
        text: what to say, in the language of the voice.
        voice: espeak-ng language code, optionally with a variant: "de", "en-us+f2".
        rate: words a minute, 80 to 450.
        pitch: base pitch, 0 to 100.
        pitch_range: how lively the melody is, 0 (monotone) to 100.

    Raises:
        InputError: unknown voice, a number out of range, an empty text, or one without anything to pronounce.
    """
    if not text.strip():
        raise InputError("the text to speak is empty; give at least one word")
    _check_range("rate", rate, RATE_RANGE)
    _check_range("pitch", pitch, PITCH_RANGE)
    _check_range("pitch range", pitch_range, PITCH_RANGE)
    file = _resolve(voice)
    sample_rate, samples, marks = _synthesise(text, file, {_RATE: rate, _PITCH: pitch, _RANGE: pitch_range})
    phonemes = _phonemes(marks, len(samples) / sample_rate, file.split("+")[0])
    if all(p.name == SILENCE for p in phonemes) or np.abs(samples).max() < _QUIETEST:
        raise InputError(f"voice {voice!r} finds nothing to pronounce in {text[:40]!r}; give words in its language")
    audio = Audio(resample(samples, sample_rate))
    return Utterance(audio, phonemes, text, voice.split("+")[0].split("-")[0], voice)


@functools.cache
def voice_files() -> Mapping[str, str]:
    """Every language code and voice name espeak-ng knows, lower case, to the voice file that speaks it best."""
    found: dict[str, tuple[int, str]] = {}
    with _lock, _library() as (library, _):
        library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        for entry in _entries(library.espeak_ListVoices(None)):
            file = entry.identifier.decode()
            for priority, code in [*_languages(entry.languages), (0, entry.name.decode().lower())]:
                if code not in found or (priority, file) < found[code]:
                    found[code] = (priority, file)
    return {code: file for code, (_, file) in found.items()}


@functools.cache
def variant_names() -> frozenset[str]:
    """Names that may follow "+" in a voice."""
    folder = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
    return frozenset(path.name for path in folder.iterdir())


def _entries(voices: Any) -> Iterator[_Voice]:
    index = 0
    while voices[index]:
        yield voices[index].contents
        index += 1


def _languages(address: int) -> Iterator[tuple[int, str]]:
    """Priorities and codes in espeak-ng's list: each a priority byte and a C string; priority 0 ends it."""
    while priority := ctypes.string_at(address, 1)[0]:
        code = ctypes.string_at(address + 1)
        yield priority, code.decode().lower()
        address += len(code) + 2


def _check_range(name: str, value: int, allowed: tuple[int, int]) -> None:
    if not allowed[0] <= value <= allowed[1]:
        raise InputError(f"speech {name} {value} is outside {allowed[0]} to {allowed[1]}; choose one inside")


def _resolve(voice: str) -> str:
    """A voice as espeak-ng loads it, "file+variant"; both are checked, as it silently ignores unknown variants."""
    base, plus, variant = voice.partition("+")
    files = voice_files()
    if base.lower() not in files:
        near = difflib.get_close_matches(base.lower(), files, 4, 0.4)
        raise InputError(
            f"espeak-ng has no voice {base!r}; near names: {', '.join(near) or 'none'}; give a language code"
        )
    if plus and variant not in variant_names():
        near = difflib.get_close_matches(variant, variant_names(), 4, 0.4)
        raise InputError(f"espeak-ng has no variant {variant!r}; near names: {', '.join(near) or 'm1 to m8, f1 to f5'}")
    return files[base.lower()] + plus + variant


@contextmanager
def _library() -> Iterator[tuple[ctypes.CDLL, int]]:
    """The library in its initial state and its sampling rate; unloaded afterwards to leave nothing. Hold `_lock`."""
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    try:
        data = espeakng_loader.get_data_path().encode()
        sample_rate = int(library.espeak_Initialize(_SYNCHRONOUS, 0, data, _PHONEME_EVENTS | _IPA | _DONT_EXIT))
        if sample_rate <= 0:
            raise InputError(f"espeak-ng does not start with its data in {data.decode()}; reinstall espeakng-loader")
        # After initialising, which seeds by the clock; breath noise comes from the C library's rand().
        library.espeak_ng_SetRandSeed(ctypes.c_long(_SEED))
        ctypes.CDLL(None).srand(_SEED)
        yield library, sample_rate
    finally:
        library.espeak_Terminate()  # frees what unloading alone would leak, about 1 MB each time
        _ctypes.dlclose(library._handle)


def _synthesise(
    text: str, voice: str, parameters: Mapping[int, int]
) -> tuple[int, npt.NDArray[np.float32], list[_Mark]]:
    """Sampling rate, samples in [-1, 1] and phoneme marks."""
    blocks: list[npt.NDArray[np.int16]] = []
    marks: list[_Mark] = []

    def collect(wave: Any, n_samples: int, event: Any) -> int:
        if n_samples:
            blocks.append(np.ctypeslib.as_array(wave, (n_samples,)).copy())
        index = 0
        while event[index].type != _END:
            if event[index].type == _PHONEME:
                marks.append(_Mark(event[index].audio_position, event[index].id.string.decode("utf8", "ignore")))
            index += 1
        return 0

    callback = _Callback(collect)
    encoded = text.encode()
    with _lock, _library() as (library, sample_rate):
        library.espeak_SetSynthCallback(callback)
        if library.espeak_SetVoiceByName(voice.encode()):
            raise InputError(f"espeak-ng cannot load voice {voice!r}; choose another")
        for parameter, value in parameters.items():
            library.espeak_SetParameter(parameter, value, 0)
        library.espeak_Synth(encoded, len(encoded) + 1, 0, _CHARACTERS, 0, _UTF8, None, None)
    samples = np.concatenate(blocks) if blocks else np.zeros(1, np.int16)
    return sample_rate, (samples / 32768).astype(np.float32), marks


def _phonemes(marks: list[_Mark], duration: float, file: str) -> tuple[Phoneme, ...]:
    """Marks to gapless phonemes; neighbouring pauses are merged, nameless moments belong to the sound before them."""
    times = [min(mark.milliseconds / 1000, duration) for mark in marks] + [duration]
    corrections = _MISNAMED.get(file, {})
    starts = [(0.0, SILENCE, False)]
    for mark, start, end in zip(marks, times, times[1:], strict=False):
        name = mark.ipa.lstrip(_PRIMARY + _SECONDARY)
        if any(unicodedata.category(letter) in ("Ll", "Lo") for letter in name):
            starts.append((start, name.translate(corrections), mark.ipa.startswith(_PRIMARY)))
        elif end - start >= _SHORTEST_PAUSE and starts[-1][1] != SILENCE:
            starts.append((start, SILENCE, False))
    ends = [start for start, _, _ in starts[1:]] + [duration]
    spans = zip(starts, ends, strict=True)
    return tuple(Phoneme(name, start, end, stressed) for (start, name, stressed), end in spans if end > start)
