"""The 52 ARKit-style expression coefficients that the studio, the generators and the detectors share.

Names follow Apple's ARKit `ARFaceAnchor.BlendShapeLocation`; each value lies in [0, 1] with 0 = neutral.
"Left" is the subject's left.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

_CENTRE = (
    *("jawForward", "jawLeft", "jawRight", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft"),
    *("mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "browInnerUp"),
    *("cheekPuff", "tongueOut"),
)
_PAIRED = (
    *("eyeBlink", "eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp", "eyeSquint", "eyeWide", "mouthSmile"),
    *("mouthFrown", "mouthDimple", "mouthStretch", "mouthPress", "mouthLowerDown", "mouthUpperUp", "browDown"),
    *("browOuterUp", "cheekSquint", "noseSneer"),
)

COEFFICIENTS: Final[tuple[str, ...]] = (*_CENTRE, *(name + side for name in _PAIRED for side in ("Left", "Right")))
"""All 52 names, in the order of every `coefficients` array."""

INDEX: Final[dict[str, int]] = {name: i for i, name in enumerate(COEFFICIENTS)}
"""Name to column of a `coefficients` array."""


def columns(name: str) -> list[int]:
    """Columns of a coefficient; a paired name without its side gives both, left first.

    >>> columns("jawOpen") == [INDEX["jawOpen"]]
    True
    >>> columns("eyeBlink") == [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]
    True
    """
    return [INDEX[name]] if name in INDEX else [INDEX[name + "Left"], INDEX[name + "Right"]]


def expression(**values: float) -> npt.NDArray[np.float32]:
    """One coefficient vector of shape (52,) from named values; paired names without a side set both sides.

    >>> expression(eyeBlink=1.0).sum()
    np.float32(2.0)
    """
    vector = np.zeros(len(COEFFICIENTS), np.float32)
    for name, value in values.items():
        vector[columns(name)] = value
    return vector
