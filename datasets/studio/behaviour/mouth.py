"""Mouth tracks to expression coefficients."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from tellbench.datasets.expression import COEFFICIENTS, columns
from tellbench.datasets.speech.phonemes import CLOSE, JAW, PART, ROUND, TONGUE, TUCK, WIDE
from tellbench.datasets.studio.behaviour.signals import FloatArray

# Coefficient per unit of mouth track; all set by eye on the studio's and warped faces (assumptions).
_JAW_OPEN = 0.58
_FUNNEL, _PUCKER = 0.42, 0.45
_STRETCH, _SPREAD_SMILE = 0.30, 0.10
_LOWER_DOWN, _UPPER_UP = 0.30, 0.18
_PRESS, _ROLL_LOWER, _ROLL_UPPER = 0.38, 0.16, 0.12
_TUCK_ROLL, _TUCK_UPPER = 0.45, 0.20
_TONGUE = 0.5
_JAW_STEPS = 1.5  # 10 ms steps by which the heavy jaw is smoother than the lips (assumption)


def articulate(
    visemes: npt.NDArray[np.floating],
    envelope: npt.NDArray[np.floating],
    articulation: float = 1.0,
    closure: float = 1.0,
) -> FloatArray:
    """Speech as expression coefficients, shape (N, 52) at 100 Hz in [0, 1].

    Args:
        visemes: mouth tracks (N, 8), columns `tellbench.datasets.speech.VISEMES`.
        envelope: loudness (N,), 0 silent to about 1 loud; louder speech opens wider (Lombard; strength: assumption).
        articulation: scale of the opening.
        closure: how far lips meet on M, B and P; 1 = sealed.
    """
    sealed = np.clip(visemes[:, CLOSE] * closure, 0, 1)
    tucked = np.clip(visemes[:, TUCK], 0, 1) * (1 - sealed)
    loud = gaussian_filter1d(np.clip(envelope, 0, 1.15).astype(np.float64), 6)
    opening = np.clip(visemes[:, JAW] / np.maximum(1 - 0.9 * visemes[:, CLOSE], 0.1), 0, 1)  # jaw before the seal
    opening = gaussian_filter1d(opening, _JAW_STEPS)
    opening = opening * (0.55 + 0.5 * loud) * (1 - 0.97 * sealed) * (1 - 0.35 * tucked)
    part = np.clip(visemes[:, PART], 0, 1) * (1 - sealed)
    rounded, spread = np.clip(visemes[:, ROUND], 0, 1), np.clip(visemes[:, WIDE], 0, 1)
    coefficients = np.zeros((len(visemes), len(COEFFICIENTS)))
    for name, value in {
        "jawOpen": _JAW_OPEN * articulation * opening,
        "mouthFunnel": _FUNNEL * rounded * (1 - 0.8 * sealed),
        "mouthPucker": _PUCKER * rounded * (1 - 0.3 * sealed),
        "mouthStretch": _STRETCH * spread * (1 - 0.5 * sealed),
        "mouthSmile": _SPREAD_SMILE * spread,
        "mouthLowerDown": _LOWER_DOWN * articulation * part * (1 - tucked),
        "mouthUpperUp": (_UPPER_UP * articulation * part * (1 - tucked) + _TUCK_UPPER * tucked),
        "mouthPress": _PRESS * sealed,
        "mouthRollLower": _ROLL_LOWER * sealed + _TUCK_ROLL * tucked,
        "mouthRollUpper": _ROLL_UPPER * sealed,
        "tongueOut": _TONGUE * np.clip(visemes[:, TONGUE] - 0.5, 0, 1) * (1 - sealed),
    }.items():
        coefficients[:, columns(name)] = np.asarray(value)[:, None]
    return np.clip(coefficients, 0, 1)
