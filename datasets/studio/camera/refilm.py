"""Pictures made from a clip's portrait, as the clip's own camera would have filmed them.

Without it a forgery stands still where its pristine twin shakes, breathes with the exposure and is grainy anew in every
frame, and a look at an empty corner tells them apart.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from tellbench.datasets.studio.camera.camera import Camera, Floats
from tellbench.datasets.studio.camera.sensor import kernels
from tellbench.datasets.studio.render.raster import default_backend

Frames = npt.NDArray[np.uint8]

_OWN_GRAIN: Final = 1 << 21
"""Number of the frame whose noise the first one gets: grain that no frame of the pristine clip has."""
_LEVELS: Final = 4096


class Refilm:
    """Lays hand shake, automatic exposure, sensor noise and its sharpening over pictures that have none of their own.

    Args:
        camera: of the clip.
        portrait_frame: number of the frame at which the camera took the portrait; shake and exposure are seen from it.
    """

    def __init__(self, camera: Camera, portrait_frame: int) -> None:
        self.camera = camera
        self._window, self._exposure = camera.window(portrait_frame, 1)[0], camera.exposures(portrait_frame, 1)
        self._light = _light_of(camera.curve)

    @torch.inference_mode()
    def __call__(self, frames: Frames, first_frame: int) -> Frames:
        """Pictures (B, S, S, 3) filmed as the B frames in a row that start with number `first_frame`."""
        camera, n_frames = self.camera, len(frames)
        levels = torch.from_numpy(frames).to(camera.device).float() / 255
        levels = _carried(levels, camera.tensor(self._places(first_frame, n_frames)))
        exposure = camera.exposures(first_frame, n_frames) / self._exposure
        film: Tensor = kernels(default_backend(camera.device)).regrain(
            levels,
            self._light,
            camera.curve,
            camera.tensor(exposure),
            camera.noise,
            camera.tiles,
            camera.grain(_OWN_GRAIN + first_frame, n_frames),
            camera.setting.sharpening,
        )
        return film.cpu().numpy()

    def _places(self, first_frame: int, n_frames: int) -> Floats:
        """Affine maps (B, 2, 3) from pixels of the frames to pixels of the portrait that show the same of the room."""
        frame = self.camera.window(first_frame, n_frames)
        frame[:, :, 2] -= self._window[:, 2]
        return np.asarray(np.linalg.inv(self._window[:, :2]) @ frame)


def _carried(levels: Tensor, places: Tensor) -> Tensor:
    """Frames (B, S, S, 3) moved by affine maps from target to source pixels (B, 2, 3); edges are mirrored."""
    size = levels.shape[1]
    to_unit, back = 2 / size, places[:, :, :2]
    # pixels -> [-1, 1] on both sides of the map
    shift = (back.sum(2) * size / 2 + places[:, :, 2]) * to_unit - 1
    grid = functional.affine_grid(torch.cat([back, shift[..., None]], 2), [len(levels), 3, size, size], False)
    planes = levels.permute(0, 3, 1, 2)
    moved = functional.grid_sample(planes, grid, mode="bicubic", padding_mode="reflection", align_corners=False)
    return moved.permute(0, 2, 3, 1).clamp(0, 1)


def _light_of(curve: Tensor) -> Tensor:
    """Light for each of `_LEVELS` display levels in [0, 1]: the film curve read backwards."""
    levels = torch.linspace(0, 1, _LEVELS, device=curve.device)
    root = torch.searchsorted(curve, levels).clamp(max=len(curve) - 1) * (2 / (len(curve) - 1))
    return root**2
