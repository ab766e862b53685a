"""Blinks that generators lay by rule: how the lids move in one, and when the next one comes."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_REFRACTORY: Final = 0.4
"""Seconds after a blink without another (assumption)."""
_CLOSING, _HELD, _OPENING = 0.09, 0.04, 0.17
"""Seconds of a blink's phases; VanderWerf et al. 2003: down about 90 ms, closed 10 to 50 ms, up about 240 ms."""


def closure_after(seconds: npt.ArrayLike) -> Array:
    """How far the lids are closed, in [0, 1], some seconds after full closure (before it: negative)."""
    after = np.asarray(seconds, np.float64)
    return _smooth((after + _CLOSING) / _CLOSING) * (1 - _smooth((after - _HELD) / _OPENING))


def mean_interval(rate: float) -> float:
    """Mean seconds from blink to blink at a rate a minute."""
    return max(60 / rate, _REFRACTORY + 0.1)


def random_interval(random: np.random.Generator, rate: float, regularity: float) -> float:
    """Seconds to the next blink: a refractory time and a gamma variate; regularity 1 is a metronome."""
    free = max((1 - regularity) ** 2, 1e-4)  # squared coefficient of variation of the interval's free part
    return _REFRACTORY + (mean_interval(rate) - _REFRACTORY) * float(random.gamma(1 / free, free))


def _smooth(share: Array) -> Array:
    """Cubic Hermite step from 0 to 1."""
    t = np.clip(share, 0, 1)
    return np.asarray(t * t * (3 - 2 * t))
