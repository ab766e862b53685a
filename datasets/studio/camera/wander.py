"""Slow and fast wandering of a camera: band-limited random signals in closed form, for any moment in any order."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_PARTIALS: Final = 16


class Wander:
    """`channels` independent signals of unit standard deviation between two frequencies in Hz.

    Partials are spread evenly over the logarithm of frequency, their amplitudes fall with its square root: power falls
    with the square of frequency, as in recorded hand shake (assumption).
    """

    def __init__(self, rng: np.random.Generator, low: float, high: float, channels: int) -> None:
        steps = (np.arange(_PARTIALS)[:, None] + rng.random((_PARTIALS, channels))) / _PARTIALS
        self._omega = 2 * np.pi * low * (high / low) ** steps
        self._phase = rng.uniform(0, 2 * np.pi, steps.shape)
        amplitude = self._omega**-0.5
        self._amplitude = amplitude * np.sqrt(2 / (amplitude**2).sum(0))

    def __call__(self, seconds: Floats) -> Floats:
        """The signals at moments [T], of shape [T, channels]."""
        angle = seconds[:, None, None] * self._omega + self._phase
        return np.asarray((self._amplitude * np.sin(angle)).sum(1))
