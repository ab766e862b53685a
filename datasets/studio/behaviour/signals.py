"""Small signal tools the behaviours share; time runs at 100 Hz."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

RATE: Final = 100
"""Steps a second at which behaviour is simulated."""


def band_noise(random: np.random.Generator, n_steps: int, low: float, high: float, columns: int = 1) -> FloatArray:
    """Gaussian noise of unit variance with a flat spectrum between two frequencies in Hz, shape (n_steps, columns)."""
    period = n_steps + RATE * 10  # the spectrum of a longer stretch, so that short clips hold slow drifts too
    frequency = np.fft.rfftfreq(period, 1 / RATE)
    inside = (frequency >= low) & (frequency <= high)
    spectrum = random.normal(size=(len(frequency), columns, 2)) @ np.array([1, 1j]) * inside[:, None]
    noise = np.fft.irfft(spectrum, period, axis=0)
    scale = period / np.sqrt(4.0 * inside.sum())  # Parseval for `inside.sum()` complex unit-normal lines
    return np.asarray(noise[:n_steps] * scale)


def band_pass(signal: npt.NDArray[np.floating], low: float, high: float) -> FloatArray:
    """The part of a signal (N,) between two frequencies in Hz, phase kept; ends are mirrored against ringing."""
    mirrored = np.concatenate([signal[::-1], signal, signal[::-1]]) - signal.mean()
    spectrum = np.fft.rfft(mirrored)
    frequency = np.fft.rfftfreq(len(mirrored), 1 / RATE)
    spectrum[(frequency < low) | (frequency > high)] = 0
    return np.asarray(np.fft.irfft(spectrum, len(mirrored))[len(signal) : 2 * len(signal)])


def standardised(signal: FloatArray) -> FloatArray:
    """Zero mean and unit variance; zeros where the signal is flat."""
    spread = signal.std()
    return np.asarray((signal - signal.mean()) / spread) if spread > 1e-9 else np.zeros_like(signal)


def ease(fraction: npt.NDArray[np.floating]) -> FloatArray:
    """Minimum-jerk step from 0 to 1 (Flash & Hogan 1985): 10 x^3 - 15 x^4 + 6 x^5, clamped outside."""
    x = np.clip(fraction, 0.0, 1.0)
    return np.asarray(x**3 * (10 - 15 * x + 6 * x * x))


def bump(times: npt.NDArray[np.floating], start: float, rise: float, hold: float, fall: float) -> FloatArray:
    """A smooth rise, plateau and fall of height 1; all arguments in seconds."""
    return np.asarray(ease((times - start) / rise) * (1 - ease((times - start - rise - hold) / fall)))
