"""The cameras that clips are filmed with: ranges from which each clip draws its own. All ranges are assumptions.

They follow what such cameras are: a web camera is wide, close, noisy, sharpened and has a rolling shutter; a phone is
held in a hand and softened by its noise reduction; a studio camera is far, long, quiet, and out of focus behind.
"""

from __future__ import annotations

from typing import Final

import numpy as np

Range = tuple[float, float]

KITS: Final[dict[str, dict[str, Range]]] = {
    "webcam": {
        "distance": (600, 900),
        "view": (315, 375),
        "distortion": (-0.035, -0.008),
        "fringe": (0.0002, 0.0012),
        "vignetting": (0.10, 0.30),
        "softness": (0.07, 0.15),
        "sharpening": (0.25, 0.70),
        "iso": (200, 1600),
        "drift": (0.010, 0.045),
        "readout": (0.016, 0.033),
        "blur": (0.016, 0.040),
    },
    "phone": {
        "distance": (550, 950),
        "view": (300, 365),
        "distortion": (-0.012, 0.004),
        "fringe": (0.0, 0.0006),
        "vignetting": (0.05, 0.20),
        "softness": (0.06, 0.13),
        "sharpening": (0.30, 0.80),
        "iso": (64, 800),
        "drift": (0.008, 0.030),
        "readout": (0.010, 0.025),
        "blur": (0.018, 0.050),
    },
    "studio": {
        "distance": (1100, 2200),
        "view": (310, 370),
        "distortion": (-0.004, 0.004),
        "fringe": (0.0, 0.0003),
        "vignetting": (0.02, 0.14),
        "softness": (0.03, 0.09),
        "sharpening": (0.0, 0.25),
        "iso": (100, 640),
        "drift": (0.0, 0.006),
        "readout": (0.0, 0.008),
        "blur": (0.030, 0.075),
    },
}
"""Name of a camera -> range of each field of `Setting` that it decides."""

_SHARES: Final = {"webcam": 0.4, "phone": 0.3, "studio": 0.3}
_HELD: Final = {"webcam": 0.0, "phone": 0.75, "studio": 0.15}
"""Share of the clips in which the camera is held in a hand."""
_TRIPOD: Final = 0.02
"""Shake of a camera on a desk or a tripod, as a share of a hand's."""


def sample_kit(rng: np.random.Generator) -> dict[str, float | str]:
    """A random camera as fields of `Setting`: its name, its lens and sensor, and how still it is held."""
    kit = str(rng.choice(list(_SHARES), p=list(_SHARES.values())))
    drawn = {name: float(_draw(rng, name, *bounds)) for name, bounds in KITS[kit].items()}
    steadiness = float(rng.uniform(0.5, 1.6))
    shake = steadiness if rng.random() < _HELD[kit] else steadiness * _TRIPOD
    return {"kit": kit, "shake": shake, **drawn}


def _draw(rng: np.random.Generator, name: str, low: float, high: float) -> float:
    """Uniform; film speeds double from stop to stop, so ISO is uniform in its logarithm."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))) if name == "iso" else rng.uniform(low, high))
