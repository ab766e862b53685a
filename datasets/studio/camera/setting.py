"""Light, lens and sensor of one clip, drawn from a seed. All ranges are assumptions: a desk, a window, a camera."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.studio.camera.kits import sample_kit
from tellbench.datasets.studio.render.lights import draw_lights
from tellbench.errors import InputError

Colour = tuple[float, float, float]


@dataclasses.dataclass(frozen=True)
class Setting:
    """Everything about a clip's picture that is neither the person nor what the person does.

    Angles in degrees: azimuth from the camera towards image right, elevation upwards. Colours are linear RGB.
    """

    lights: str
    """Kind of light, one of `lights.SET_UPS`."""
    key_azimuth: float
    key_elevation: float
    key: Colour
    key_softness: float
    """Penumbra in mm."""
    key_width: float
    key_height: float
    """Half the angles that the source spans, as an eye mirrors it."""
    key_roundness: float
    """0 a rectangle, 1 a disc."""
    fill_azimuth: float
    fill_elevation: float
    fill: Colour
    rim_azimuth: float
    rim_elevation: float
    rim: Colour
    sky: Colour
    """Light from above, from no direction in particular."""
    ground: Colour
    """Light from below."""
    exposure: float
    """Factor on the automatic exposure."""
    white_balance: Colour
    """Gains left over by an imperfect white balance."""
    kit: str
    """Kind of camera, one of `kits.KITS`."""
    distance: float
    """Camera to the midpoint of the eyes, mm."""
    view: float
    """Width of the picture at the eyes, mm."""
    distortion: float
    """Radial distortion k1: a point half a picture from the centre moves outwards by this share (negative: barrel)."""
    fringe: float
    """Lateral chromatic aberration: red is this share larger and blue this share smaller than green."""
    vignetting: float
    """Share of the light lost in the corners."""
    softness: float
    """Blur of lens and noise reduction: weight of each neighbouring pixel, 0 (sharp) to 0.25."""
    sharpening: float
    """Strength of the camera's unsharp mask."""
    iso: float
    """Film speed: sensor noise grows with it; 0 is a camera without noise."""
    drift: float
    """Standard deviation of the slow wandering of exposure (white balance: half of it), as a share."""
    shake: float
    """Shake of the camera in units of a steady hand."""
    readout: float
    """Seconds that the rolling shutter takes from the first row to the last."""
    blur: float
    """Diameter of the disc that a far point behind the person becomes, as a share of the picture's width."""

    @classmethod
    def sample(cls, seed: int, overrides: Mapping[str, Any] | None = None) -> Setting:
        """A random setting; `overrides` replaces fields by name.

        Raises:
            InputError: an override names no field.
        """
        rng = np.random.default_rng((seed, 77))
        setting = _sample(rng, sample_kit(np.random.default_rng((seed, 78))))
        unknown = set(overrides or {}) - {field.name for field in dataclasses.fields(cls)}
        if unknown:
            allowed = ", ".join(field.name for field in dataclasses.fields(cls))
            raise InputError(f"studio override {sorted(unknown)[0]!r} is unknown; allowed: {allowed}")
        return dataclasses.replace(setting, **(overrides or {}))

    def rig(self) -> Tensor:
        """Lights as float32 [8,3] for the shading kernels: three directions, three colours, sky, ground."""
        directions = [
            direction(self.key_azimuth, self.key_elevation),
            direction(self.fill_azimuth, self.fill_elevation),
            direction(self.rim_azimuth, self.rim_elevation),
        ]
        return torch.tensor([*directions, self.key, self.fill, self.rim, self.sky, self.ground])


def direction(azimuth: float, elevation: float) -> Colour:
    """Unit vector towards a light (x image right, y up, z to the camera) from angles in degrees."""
    a, e = math.radians(azimuth), math.radians(elevation)
    return math.sin(a) * math.cos(e), math.sin(e), math.cos(a) * math.cos(e)


def _sample(rng: np.random.Generator, camera: Mapping[str, Any]) -> Setting:
    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    return Setting(
        **draw_lights(rng),
        exposure=between(0.9, 1.1),
        white_balance=(between(0.95, 1.05), 1.0, between(0.93, 1.07)),
        **camera,
    )
