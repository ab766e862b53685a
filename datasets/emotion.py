"""Expressions of the basic emotions as coefficient vectors.

Action units of each prototype follow EMFACS (Friesen and Ekman 1983, *EMFACS-7*; Ekman, Friesen and Hager 2002, *FACS
Investigator's Guide*). Which coefficient stands for which unit follows the descriptions of Apple's
`ARFaceAnchor.BlendShapeLocation`; how strong a unit is within its prototype is an assumption.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from tellbench.datasets.expression import expression
from tellbench.errors import InputError

Vector = npt.NDArray[np.float32]

ACTION_UNITS: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        "1": {"browInnerUp": 1.0},
        "2": {"browOuterUp": 1.0},
        "4": {"browDown": 1.0},
        "5": {"eyeWide": 1.0},
        "6": {"cheekSquint": 1.0, "eyeSquint": 0.4},
        "7": {"eyeSquint": 1.0},
        "9": {"noseSneer": 1.0},
        "12": {"mouthSmile": 1.0},
        "14": {"mouthDimple": 1.0},
        "15": {"mouthFrown": 1.0},
        "16": {"mouthLowerDown": 1.0},
        "20": {"mouthStretch": 1.0},
        "23": {"mouthPress": 1.0, "mouthRollUpper": 0.25, "mouthRollLower": 0.25},
        "26": {"jawOpen": 1.0},
        "R12": {"mouthSmileRight": 1.0},
        "R14": {"mouthDimpleRight": 1.0},
    }
)
"""Coefficients at 1 of each action unit; R is the subject's right side alone."""

_PROTOTYPES: Final[Mapping[str, Mapping[str, float]]] = {
    "neutral": {},
    "happy": {"6": 0.7, "12": 0.8},
    "sad": {"1": 0.8, "4": 0.4, "15": 0.7},
    "angry": {"4": 0.9, "5": 0.3, "7": 0.5, "23": 0.7},
    "surprised": {"1": 0.9, "2": 0.9, "5": 0.5, "26": 0.4},
    "afraid": {"1": 0.8, "2": 0.6, "4": 0.4, "5": 0.8, "7": 0.2, "20": 0.6, "26": 0.25},
    "disgusted": {"9": 0.8, "15": 0.4, "16": 0.4},
    "contempt": {"R12": 0.3, "R14": 0.6},
}
"""Action units of each emotion and their strength (assumption) where the emotion is as strong as it gets."""


def _prototype(units: Mapping[str, float]) -> Vector:
    vector = np.zeros_like(expression())
    for unit, strength in units.items():
        vector += strength * expression(**ACTION_UNITS[unit])
    vector = vector.clip(0, 1)
    vector.flags.writeable = False
    return vector


EMOTIONS: Final[Mapping[str, Vector]] = MappingProxyType(
    {name: _prototype(units) for name, units in _PROTOTYPES.items()}
)
"""Read-only coefficient vectors of shape (52,) of each emotion at full intensity; neutral is zeros."""


def emotion_offset(name: str, intensity: float = 1.0) -> Vector:
    """Coefficients that an emotion adds to whatever else a face does, shape (52,).

    Args:
        name: One of `EMOTIONS`.
        intensity: 0 is neutral, 1 the full prototype.

    Raises:
        InputError: the emotion is unknown or the intensity outside [0, 1].

    >>> emotion_offset("happy", 0.5).max()
    np.float32(0.4)
    """
    if name not in EMOTIONS:
        raise InputError(f"emotion {name!r}; choose one of {', '.join(EMOTIONS)}")
    if not 0 <= intensity <= 1:
        raise InputError(f"emotion intensity {intensity}; allowed: 0 to 1")
    return EMOTIONS[name] * np.float32(intensity)
