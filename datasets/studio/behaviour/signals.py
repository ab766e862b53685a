"""Small signal tools the behaviours share; time runs at 100 Hz, step i stands for (i + 0.5) / 100 s."""

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


def pulses(
    n_steps: int,
    start: npt.ArrayLike,
    rise: npt.ArrayLike,
    hold: npt.ArrayLike,
    fall: npt.ArrayLike,
    height: npt.ArrayLike = 1.0,
    *,
    add: bool = False,
) -> FloatArray:
    """Smooth events, each a rise, a plateau and a fall, on one track of shape (n_steps,).

    Args:
        n_steps: length of the track.
        start: onsets in seconds, shape (E,); they may lie outside the track.
        rise: seconds, one number or one an event; so are `hold`, `fall` and `height`.
        hold: seconds.
        fall: seconds.
        height: of the plateau.
        add: whether events that overlap add up; else the higher one shows.
    """
    start, rise, hold, fall, height = np.broadcast_arrays(np.atleast_1d(start), rise, hold, fall, height)
    track = np.zeros(n_steps)
    if not len(start):
        return track
    width = int(np.ceil((rise + hold + fall).max() * RATE)) + 2
    step = np.floor(start * RATE).astype(int)[:, None] + np.arange(width)  # (E, W)
    since = (step + 0.5) / RATE - start[:, None]
    level = ease(since / rise[:, None]) * (1 - ease((since - (rise + hold)[:, None]) / fall[:, None]))
    inside = (step >= 0) & (step < n_steps)
    (np.add if add else np.maximum).at(track, step[inside], (level * height[:, None])[inside])
    return track


def staircase(n_steps: int, start: FloatArray, levels: FloatArray, seconds: float) -> FloatArray:
    """A track (n_steps, C) that holds levels (E, C) from their starts (E,) on, each reached by a smooth step."""
    times = (np.arange(n_steps) + 0.5) / RATE
    before = np.vstack([levels[:1], levels[:-1]])
    k = np.clip(np.searchsorted(start, times, side="right") - 1, 0, None)
    progress = ease((times - start[k]) / seconds)[:, None]
    return np.asarray(before[k] + (levels[k] - before[k]) * progress)


def poisson_times(random: np.random.Generator, rate: FloatArray, apart: float = 0.0) -> FloatArray:
    """Sorted times in seconds of a Poisson process, each at least `apart` after the one before.

    Args:
        random: source of chance.
        rate: events a second at 100 Hz, shape (N,).
        apart: seconds; of two events that are nearer, the later is dropped.
    """
    expected = np.concatenate([[0.0], np.cumsum(rate) / RATE])
    place = np.sort(random.random(random.poisson(expected[-1]))) * expected[-1]
    times = np.interp(place, expected, np.arange(len(expected)) / RATE)
    return np.asarray(times[np.diff(times, prepend=-np.inf) > apart])
