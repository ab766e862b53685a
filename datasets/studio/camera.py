"""The camera of one clip: where points land, and how light becomes 8-bit pixels."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.studio.raster import FAR
from tellbench.datasets.studio.setting import Setting
from tellbench.datasets.studio.shading import kernels

_CENTRE_Y: Final = -30.0
"""Height that the camera points at: 30 mm below the eyes frames head and shoulders."""
_GREY: Final = 0.18
_METERING: Final = 0.32
"""How far automatic exposure follows the skin: 0 not at all, 1 would render every skin alike (assumption)."""
_LEVELS: Final = 4096


class Camera:
    """Pinhole projection, then lens softness, vignetting, exposure, white balance, film curve, noise and 8 bits."""

    def __init__(
        self, setting: Setting, size: int, skin: tuple[float, float, float], seed: int, device: torch.device
    ) -> None:
        self.setting, self.size, self.seed, self.device = setting, size, seed, device
        self.position = torch.tensor([0.0, _CENTRE_Y, setting.distance], device=device)
        self._focal = size * setting.distance / setting.view  # pixels
        self._gain = _gain(setting, size, skin).to(device)
        self._curve = film_curve().to(device)

    def project(self, points: Tensor) -> Tensor:
        """World points [...,3] in mm to pixel x, pixel y and depth in mm."""
        depth = self.setting.distance - points[..., 2]
        x = self.size / 2 + self._focal * points[..., 0] / depth
        y = self.size / 2 - self._focal * (points[..., 1] - _CENTRE_Y) / depth
        return torch.stack([x, y, depth], -1)

    def expose(self, image: Tensor, depth: Tensor, background: Tensor, first_frame: int, backend: str) -> Tensor:
        """Samples [B,kS,kS,3] and their depth over a background [S,S,3] to frames, uint8 [B,S,S,3].

        `first_frame` numbers the frames of the clip, so that noise is the same however the clip is cut into batches.
        """
        shade = kernels(backend)
        light = _soften(shade.resolve(image, depth, FAR / 2, background, self._gain), self.setting.softness)
        seeds = torch.tensor([_noise_seed(self.seed, first_frame + i) for i in range(len(image))], device=self.device)
        frames: Tensor = shade.develop(light, self._curve, self.setting.grain, seeds)
        return frames


def film_curve() -> Tensor:
    """Display level over the square root of light in [0, 2]: filmic shoulder, then gamma 2.2; float32 [4096].

    Source: Narkowicz 2015, "ACES filmic tone mapping curve".
    """
    light = torch.linspace(0, 2, _LEVELS) ** 2
    toned = light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14)
    curve: Tensor = toned.clamp(0, 1) ** (1 / 2.2)
    return curve


def _gain(setting: Setting, size: int, skin: tuple[float, float, float]) -> Tensor:
    """Exposure for this skin, white balance and vignetting: [S,S,3]."""
    luminance = 0.2126 * skin[0] + 0.7152 * skin[1] + 0.0722 * skin[2]
    exposure = 0.72 * setting.exposure * (_GREY / luminance) ** _METERING
    axis = torch.linspace(-1, 1, size)
    radius2 = (axis[:, None] ** 2 + axis[None] ** 2) / 2
    fall_off = 1 - setting.vignetting * radius2
    gain: Tensor = (exposure * fall_off)[..., None] * torch.tensor(setting.white_balance)
    return gain


def _soften(light: Tensor, weight: float) -> Tensor:
    """One step of diffusion along each axis of [B,S,S,3]; `weight` goes to each neighbour."""
    rows = light.clone()
    rows[:, 1:-1] += weight * (light[:, :-2] - 2 * light[:, 1:-1] + light[:, 2:])
    both = rows.clone()
    both[:, :, 1:-1] += weight * (rows[:, :, :-2] - 2 * rows[:, :, 1:-1] + rows[:, :, 2:])
    return both


def _noise_seed(seed: int, frame: int) -> int:
    return int(np.random.SeedSequence((seed, frame)).generate_state(1)[0])
