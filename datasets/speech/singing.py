"""Sung lines: a monotone utterance laid on a melody, with held vowels and phoneme times that stay exact.

espeak-ng cannot hold a note, so its sound is cut at the pitch periods and put together again at the melody's rate and
tempo: pitch-synchronous overlap-add (Moulines & Charpentier 1990), which leaves the formants, and so the words, alone.
(No maintained library that installs beside the others does this; phase vocoders move the formants too.)
"""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
import numpy.typing as npt
import soxr
from scipy.ndimage import gaussian_filter1d

from tellbench.datasets.audio import RATE, Audio
from tellbench.datasets.speech.features import prosody
from tellbench.datasets.speech.phonemes import is_vowel
from tellbench.datasets.speech.texts import passage
from tellbench.datasets.speech.utterance import Phoneme, Utterance
from tellbench.datasets.speech.voices import Voice

FloatArray = npt.NDArray[np.float64]

_FINE: Final = 4  # samples are placed on a grid four times finer, so that rounding does not make the pitch rough
_STEPS: Final = 100  # melody and time map are drawn at 100 Hz
_SCALE: Final = np.array([-5, -3, 0, 2, 4, 7, 9])  # major pentatonic, semitones about the singer's middle
_MIDDLE = 3.0  # semitones above the talking voice (assumption)
_TOP_HZ = 390.0  # the highest note, vibrato included, stays within reach of `features.prosody`
_BEAT = 0.32  # s (assumption)
_BEATS: Final = np.array([1.0, 1.0, 1.0, 2.0, 2.0, 3.0])  # notes of 0.3 to 1 s
_EDGE = 0.04  # s of each vowel at either end that keep their tempo, so consonants stay crisp (assumption)
_GLIDE = 3.0  # steps: singers slide between notes in about 0.1 s (assumption)
_VIBRATO_HZ, _VIBRATO_SEMITONES = 6.0, 0.7  # Prame 1994, 1997: 6.0 Hz, 71 cents
_VIBRATO_AFTER = 0.25  # s into a note (assumption)
_SECONDS_A_LINE = 15.0  # no sentence is sung longer (assumption)


def sing(text: str, language: str, voice: Voice, seed: int) -> Utterance:
    """Sing a text: one note of 0.3 to 1 s a vowel, on a melody about the voice's own pitch.

    Args:
        text: the words.
        language: their language, a key of `LANGUAGES`.
        voice: the singer.
        seed: the melody.

    Raises:
        InputError: unknown language, or nothing to pronounce.
    """
    said = voice.speak(text, language, monotone=True)
    random = np.random.default_rng([seed, 0x50A6])
    sung, knots = _tempo(said.phonemes, random)
    duration = knots[-1, 0]
    semitones = _melody(sung, duration, random)
    middle = min(voice.f0_hz * 2 ** (_MIDDLE / 12), _TOP_HZ / 2 ** ((_SCALE[-1] + _VIBRATO_SEMITONES) / 12))
    f0 = middle * 2 ** (semitones / 12)
    return dataclasses.replace(said, audio=_resynthesised(said.audio, f0, knots), phonemes=sung)


def song(voice: Voice, language: str, seed: int, seconds: float) -> Utterance:
    """As `Voice.talk`, but sung: enough lines to fill `seconds`.

    Raises:
        InputError: unknown language.
    """
    n_lines = max(1, int(seconds / _SECONDS_A_LINE))
    while (sung := sing(passage(language, seed, n_lines), language, voice, seed)).audio.duration < seconds:
        n_lines += 1
    return sung


def _tempo(phonemes: tuple[Phoneme, ...], random: np.random.Generator) -> tuple[tuple[Phoneme, ...], FloatArray]:
    """The phonemes at their sung times, and the time map's knots (K, 2): sung second, spoken second."""
    now, sung, knots = 0.0, [], [(0.0, 0.0)]
    for phoneme in phonemes:
        length = held = phoneme.end - phoneme.start
        if is_vowel(phoneme.name):
            held = max(length, _BEAT * random.choice(_BEATS) * random.uniform(0.93, 1.07))
            edge = min(_EDGE, length / 3)
            knots += [(now + edge, phoneme.start + edge), (now + held - edge, phoneme.end - edge)]
        sung.append(dataclasses.replace(phoneme, start=now, end=now + held))
        now += held
        knots.append((now, phoneme.end))
    return tuple(sung), np.array(knots)


def _melody(phonemes: tuple[Phoneme, ...], duration: float, random: np.random.Generator) -> FloatArray:
    """Semitones about the singer's middle at 100 Hz: steps along the scale, slides, vibrato on long notes."""
    times = np.arange(int(np.ceil(duration * _STEPS)) + 1) / _STEPS
    starts = np.array([0.0, *(p.start for p in phonemes if is_vowel(p.name))])
    degrees = [2]
    for step in random.choice([-2, -1, -1, 0, 1, 1, 2], len(starts) - 1):
        degrees.append(int(np.clip(degrees[-1] + step, 0, len(_SCALE) - 1)))
    note = np.searchsorted(starts, times, side="right") - 1
    held = times - starts[note]
    depth = gaussian_filter1d((held > _VIBRATO_AFTER).astype(float), 2 * _GLIDE)
    vibrato = _VIBRATO_SEMITONES * depth * np.sin(2 * np.pi * _VIBRATO_HZ * held)
    return np.asarray(
        gaussian_filter1d(_SCALE[np.array(degrees)[note]].astype(float), _GLIDE, mode="nearest") + vibrato
    )


def _resynthesised(audio: Audio, f0: FloatArray, knots: FloatArray) -> Audio:
    """The sound with pitch `f0` (at 100 Hz) and the tempo of the time map."""
    rate = RATE * _FINE
    fine = soxr.resample(audio.samples, RATE, rate).astype(np.float64)
    marks, periods, voiced = _pitch_marks(audio, fine, rate)
    out = np.zeros(round(knots[-1, 0] * rate) + 1)
    margin, now = 2 * int(periods.max()), 0.0
    padded = np.pad(fine, margin)
    while now < knots[-1, 0]:
        source = np.interp(now, knots[:, 0], knots[:, 1]) * rate
        grain = int(np.abs(marks - source).argmin())
        half, at = int(periods[grain]), round(now * rate)
        here = padded[margin + marks[grain] - half :][: 2 * half] * np.hanning(2 * half)
        low, high = max(0, at - half), min(len(out), at + half)
        out[low:high] += here[low - at + half : high - at + half]
        now += 1 / f0[int(now * _STEPS)] if voiced[grain] else half / rate
    samples = soxr.resample(out, rate, RATE)
    return Audio((samples / max(1.0, np.abs(samples).max())).astype(np.float32))


def _pitch_marks(
    audio: Audio, fine: FloatArray, rate: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """One mark a pitch period at its highest crest, the period in samples, and whether it is voiced, each (M,)."""
    heard = prosody(audio)
    middle = float(np.nanmedian(heard.f0_hz)) if heard.voiced.any() else 100.0
    f0 = np.where(heard.voiced, heard.f0_hz, middle)
    smooth = gaussian_filter1d(fine, rate / middle / 8)  # crests of the fundamental, not of the formants
    marks, periods, voiced, at = [], [], [], 0
    while at < len(fine):
        step = min(int(at / rate * _STEPS), len(f0) - 1)
        period = int(rate / f0[step])
        if heard.voiced[step]:
            window = smooth[max(0, at - period // 5) : at + period // 5]
            at = max(0, at - period // 5) + int(window.argmax())
        marks.append(at)
        periods.append(period)
        voiced.append(bool(heard.voiced[step]))
        at += period
    return np.array(marks), np.array(periods), np.array(voiced)
