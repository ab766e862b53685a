"""Light set-ups in which people film themselves: a window, a desk lamp, an office ceiling, an overcast sky.

All ranges are assumptions. Levels are scaled so that a face turned to the camera gets about the same light in each;
what differs is where it comes from, how large its source is and how much comes from everywhere.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Final

import numpy as np

Range = tuple[float, float]
_FACE: Final = 1.9
"""Light on a surface that faces the camera."""


@dataclasses.dataclass(frozen=True)
class _SetUp:
    """Ranges of one kind of light; angles in degrees, levels relative to the key."""

    odds: float
    azimuth: Range
    elevation: Range
    penumbra: Range
    """mm behind a nose."""
    fill: Range
    rim: Range
    sky: Range
    ground: Range
    blue: Range
    """Blue over red of the source."""
    width: Range
    height: Range
    """Half the angles that the source spans from the face."""
    roundness: float


SET_UPS: Final[dict[str, _SetUp]] = {
    "window": _SetUp(
        *(0.36, (28, 68), (6, 30), (7, 13), (0.10, 0.32), (0.05, 0.4), (0.20, 0.36), (0.12, 0.22)),
        *((0.94, 1.12), (9, 14), (12, 18), 0.0),
    ),
    "desk lamp": _SetUp(
        *(0.20, (4, 26), (6, 32), (4, 8), (0.15, 0.4), (0.0, 0.3), (0.18, 0.34), (0.12, 0.26)),
        *((0.84, 0.98), (7, 11), (7, 11), 1.0),
    ),
    "office": _SetUp(
        *(0.24, (0, 34), (40, 58), (8, 14), (0.35, 0.65), (0.1, 0.4), (0.45, 0.75), (0.28, 0.46)),
        *((0.88, 1.04), (18, 26), (6, 9), 0.0),
    ),
    "overcast": _SetUp(
        *(0.20, (0, 50), (38, 60), (11, 17), (0.30, 0.55), (0.2, 0.6), (1.1, 1.7), (0.40, 0.65)),
        *((0.98, 1.12), (24, 34), (16, 24), 0.6),
    ),
}


def draw_lights(rng: np.random.Generator) -> dict[str, Any]:
    """Fields of a `Setting` that describe its lights."""
    name = str(rng.choice(list(SET_UPS), p=[kind.odds for kind in SET_UPS.values()]))
    kind, side = SET_UPS[name], float(rng.choice([-1, 1]))
    blue = rng.uniform(*kind.blue)
    source = np.array([1.0, (1 + blue) / 2 * rng.uniform(0.97, 1.01), blue])
    azimuth, elevation = side * rng.uniform(*kind.azimuth), rng.uniform(*kind.elevation)
    fill_azimuth, fill_elevation = -side * rng.uniform(25, 70), rng.uniform(0, 25)
    colours = {
        "key": source,
        "fill": source * _own(rng) * rng.uniform(*kind.fill),
        "rim": source * _own(rng) * rng.uniform(*kind.rim),
        "sky": source * _own(rng) * rng.uniform(*kind.sky),
        "ground": source * _own(rng) * rng.uniform(*kind.ground) * np.array([1.06, 1.0, 0.92]),  # floors are warm
    }
    facing = math.cos(math.radians(azimuth)) * math.cos(math.radians(elevation))
    fill_facing = math.cos(math.radians(fill_azimuth)) * math.cos(math.radians(fill_elevation))
    green = {key: float(colour[1]) for key, colour in colours.items()}
    received = facing * green["key"] + fill_facing * green["fill"] + (green["sky"] + green["ground"]) / 2
    level = _FACE / received * rng.uniform(0.92, 1.08)
    return {
        **{key: tuple(float(channel) for channel in colour * level) for key, colour in colours.items()},
        **{"lights": name, "key_azimuth": azimuth, "key_elevation": elevation},
        **{"fill_azimuth": fill_azimuth, "fill_elevation": fill_elevation},
        **{"rim_azimuth": -side * float(rng.uniform(125, 160)), "rim_elevation": float(rng.uniform(15, 45))},
        **{"key_softness": float(rng.uniform(*kind.penumbra)), "key_roundness": kind.roundness},
        **{"key_width": float(rng.uniform(*kind.width)), "key_height": float(rng.uniform(*kind.height))},
    }


def _own(rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Colour of walls and things that pass the light on."""
    return np.array([1.0, rng.uniform(0.96, 1.02), rng.uniform(0.92, 1.06)])
