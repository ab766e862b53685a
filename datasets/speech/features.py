"""What a microphone tells: log-mel bands, loudness, pitch and voicing at 100 Hz, in numpy."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_closing, binary_opening, median_filter

from tellbench.datasets.audio import RATE, Audio

FloatArray = npt.NDArray[np.float32]

HOP: Final = RATE // 100
"""Samples between frames: 100 frames a second; frame i is centred at (i + 0.5) / 100 s."""
BANDS: Final = 26
"""Mel bands, the usual number for speech front ends (HTK book, FBANK)."""

_WINDOW: Final = 512  # 32 ms
_LOWEST_HZ, _HIGHEST_HZ = 90.0, 7600.0
_FLOOR = 1e-6  # power; about -60 dB re full scale per band, under any usable recording's noise
_F0_RANGE = (65.0, 420.0)  # adult speech (assumption; Praat's defaults are 75 to 600)
_F0_WINDOW: Final = 800  # 50 ms: three periods of the lowest pitch
_F0_BAND = 1200.0  # harmonics above carry no pitch, only noise
_OCTAVE_COST = 0.02  # Boersma 1993 recommends 0.01; a little more against halving
_VOICED_FROM = 0.5  # Boersma 1993: voicing threshold 0.45
_SILENT_BELOW_DB = 32.0  # frames this far under the loud ones are never voiced (assumption)
_PAUSE_DB = 30.0  # this far under the loud parts nothing is said (assumption) ...
_PAUSE_SHARE = 0.35  # ... nor in the lower part of what lies between noise floor and loud parts (assumption)
_PAUSE_STEPS = 14  # shorter gaps are closures and bursts inside words: 0.14 s (assumption)
_BLOCK = 2000  # frames at a time, so memory stays flat


@dataclasses.dataclass(frozen=True)
class Prosody:
    """Loudness and pitch of a recording at 100 Hz, each of shape (N,)."""

    loudness_db: FloatArray
    """RMS level in dB re full scale, not below -100."""
    f0_hz: FloatArray
    """Fundamental frequency; NaN where unvoiced."""

    @property
    def voiced(self) -> npt.NDArray[np.bool_]:
        """Where the vocal folds vibrate."""
        return ~np.isnan(self.f0_hz)

    @property
    def envelope(self) -> FloatArray:
        """Loudness as 0 (26 dB and more under the loud parts) to about 1 (the loudest tenth)."""
        loud = np.percentile(self.loudness_db, 92)
        return np.clip((self.loudness_db - loud + 26) / 26, 0, 1.15).astype(np.float32)

    @property
    def speaking(self) -> npt.NDArray[np.bool_]:
        """False in pauses; gaps inside words count as speech."""
        floor, loud = np.percentile(self.loudness_db, [5, 95])
        audible = self.loudness_db > max(loud - _PAUSE_DB, floor + _PAUSE_SHARE * (loud - floor))
        audible = binary_opening(audible, iterations=2)  # clicks are not speech
        return np.asarray(
            binary_closing(np.pad(audible, _PAUSE_STEPS), iterations=_PAUSE_STEPS // 2)[_PAUSE_STEPS:-_PAUSE_STEPS]
        )


def n_frames(audio: Audio) -> int:
    """Number of 10 ms frames, at least 1."""
    return max(1, len(audio.samples) // HOP)


def log_mel(audio: Audio) -> FloatArray:
    """Natural log of mel-band power, shape (N, 26)."""
    emphasised = np.append(audio.samples[:1], audio.samples[1:] - 0.97 * audio.samples[:-1])
    window = np.hanning(_WINDOW)
    blocks = [
        np.abs(np.fft.rfft(frames * window, axis=1)) ** 2 @ _mel_filters() for frames in _frames(emphasised, _WINDOW)
    ]
    return np.log(np.concatenate(blocks) + _FLOOR).astype(np.float32)


def prosody(audio: Audio) -> Prosody:
    """Loudness and pitch; pitch by windowed autocorrelation (Boersma 1993), octave slips removed by a 50 ms median."""
    window = np.hanning(_F0_WINDOW)
    power, lags, strengths = [], [], []
    for frames in _frames(audio.samples, _F0_WINDOW):
        centred = (frames - frames.mean(1, keepdims=True)) * window
        power.append((centred**2).sum(1) / (window**2).sum())
        lag, strength = _best_lag(centred, window)
        lags.append(lag)
        strengths.append(strength)
    loudness = 10 * np.log10(np.concatenate(power) + 1e-10)
    f0 = RATE / np.concatenate(lags)
    audible = loudness > np.percentile(loudness, 95) - _SILENT_BELOW_DB
    voiced = (np.concatenate(strengths) > _VOICED_FROM) & audible
    voiced = median_filter(voiced.astype(np.uint8), 3).astype(bool)
    smooth = median_filter(np.where(voiced, f0, 0.0), 5)
    return Prosody(loudness.astype(np.float32), np.where(voiced & (smooth > 0), smooth, np.nan).astype(np.float32))


def periodicity(audio: Audio) -> tuple[FloatArray, FloatArray]:
    """Best pitch in Hz and its strength, 0 (noise) to 1 (periodic), of each frame by itself, both of shape (N,)."""
    window = np.hanning(_F0_WINDOW)
    lags, strengths = zip(
        *(
            _best_lag((frames - frames.mean(1, keepdims=True)) * window, window)
            for frames in _frames(audio.samples, _F0_WINDOW)
        ),
        strict=True,
    )
    f0, strength = RATE / np.concatenate(lags), np.clip(np.concatenate(strengths), 0, 1)
    return f0.astype(np.float32), strength.astype(np.float32)


def voicing(audio: Audio) -> FloatArray:
    """Strength of the pitch peak per frame, 0 (noise) to 1 (periodic), shape (N,)."""
    return periodicity(audio)[1]


def _frames(samples: FloatArray, width: int) -> Iterator[npt.NDArray[np.float64]]:
    """Blocks of windows of shape (<=2000, width) centred on the frame times."""
    count = max(1, len(samples) // HOP)
    before = (width - HOP) // 2
    padded = np.pad(samples.astype(np.float64), (before, width + HOP))
    views = np.lib.stride_tricks.sliding_window_view(padded, width)[::HOP][:count]
    for start in range(0, count, _BLOCK):
        yield views[start : start + _BLOCK]


def _best_lag(
    frames: npt.NDArray[np.float64], window: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Period in samples (parabolic) and normalised autocorrelation there, each (N,)."""
    size = 2 * _F0_WINDOW
    keep = np.fft.rfftfreq(size, 1 / RATE) < _F0_BAND
    correlation = np.fft.irfft(np.abs(np.fft.rfft(frames, size, axis=1)) ** 2 * keep, axis=1)
    own = np.fft.irfft(np.abs(np.fft.rfft(window, size)) ** 2)
    low, high = int(RATE / _F0_RANGE[1]), int(RATE / _F0_RANGE[0])
    normalised = correlation[:, : high + 2] / (correlation[:, :1] + 1e-6) * (own[0] / own[: high + 2])
    lags = np.arange(low, high + 1)
    centre = normalised[:, low : high + 1]
    peak = (centre >= normalised[:, low - 1 : high]) & (centre >= normalised[:, low + 1 : high + 2])
    score = np.where(peak, centre - _OCTAVE_COST * np.log2(lags / low), -1.0)  # an edge of the range is no pitch
    best = score.argmax(1) + low
    rows = np.arange(len(frames))
    left, top, right = (normalised[rows, best + shift] for shift in (-1, 0, 1))
    bend = left - 2 * top + right
    shift = np.where(np.abs(bend) > 1e-9, 0.5 * (left - right) / np.where(np.abs(bend) > 1e-9, bend, 1), 0)
    strength = np.where(score.max(1) > -1.0, top, 0.0)
    return best + np.clip(shift, -0.5, 0.5), strength


@functools.cache
def _mel_filters() -> npt.NDArray[np.float64]:
    """Triangular filters of shape (257, 26), O'Shaughnessy's mel scale."""
    edges_mel = np.linspace(_to_mel(_LOWEST_HZ), _to_mel(_HIGHEST_HZ), BANDS + 2)
    edges = 700 * (10 ** (edges_mel / 2595) - 1)
    frequency = np.fft.rfftfreq(_WINDOW, 1 / RATE)[:, None]
    rising = (frequency - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequency) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling))


def _to_mel(frequency: float) -> float:
    return float(2595 * np.log10(1 + frequency / 700))
