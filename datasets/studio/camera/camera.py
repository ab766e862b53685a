"""The camera of one clip: where points land, and how light becomes 8-bit pixels, frame by frame."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tellbench.datasets.studio.camera.room import MARGIN, room
from tellbench.datasets.studio.camera.sensor import film_curve, kernels, noise_tiles, refraction
from tellbench.datasets.studio.camera.setting import Setting
from tellbench.datasets.studio.camera.wander import Wander

Floats = npt.NDArray[np.float64]

_CENTRE_Y: Final = -30.0
"""Height that the camera points at: 30 mm below the eyes frames head and shoulders."""
_GREY: Final = 0.18
_METERING: Final = 0.32
"""How far automatic exposure follows the skin: 0 not at all, 1 would render every skin alike (assumption)."""
_ROOM_BEHIND: Final = 2000.0
"""How far behind the eyes the room moves as a whole, mm (assumption)."""
_TREMOR: Final = (0.10, 0.10, 0.08, 0.5, 0.5, 0.5)
"""Standard deviation of a steady hand's shake: yaw, pitch, roll in degrees; x, y, z in mm (assumption)."""
_SWAY: Final = 2.5
"""Slow sway of a hand as a multiple of its tremor (assumption)."""
_SHOT: Final = 1.2e-5
_READ: Final = 1e-7
"""Variances of shot noise per unit of light and of read noise, at ISO 100: some 80,000 electrons for each pixel of the
frame, which gathers several of the sensor's (assumption)."""
_PATTERN: Final = 0.002
"""Standard deviation of the pixels' sensitivities, which never changes in a clip (assumption)."""
CAMERA: Final = {
    "camera_focal": "focal length, pixels",
    "camera_x": "principal point, pixels",
    "camera_y": "principal point, pixels",
    "camera_distance": "camera to the midpoint of the resting eyes, mm",
    "camera_distortion": "k1 of the radial distortion, for radii in half pictures",
    "camera_shake_x": "camera's shift to image right, mm",
    "camera_shake_y": "camera's shift up, mm",
    "camera_shake_z": "camera's shift away from the person, mm",
    "camera_yaw": "camera's turn to image right, degrees",
    "camera_pitch": "camera's turn up, degrees",
    "camera_roll": "camera's turn clockwise, degrees",
    "camera_exposure": "factor on light, green channel",
    "camera_red": "white balance: red over green",
    "camera_blue": "white balance: blue over green",
    "camera_iso": "film speed",
}
"""Columns of `Camera.log` and their meaning."""


class Camera:
    """Lens, hand, automatic exposure and sensor. Everything is a function of the frame's number alone."""

    def __init__(
        self,
        setting: Setting,
        size: int,
        skin: tuple[float, float, float],
        seed: int,
        device: torch.device,
        fps: float = 25.0,
    ) -> None:
        self.setting, self.size, self.seed, self.device, self.fps = setting, size, seed, device, fps
        self.position = torch.tensor([0.0, _CENTRE_Y, setting.distance], device=device)
        self.focal = size * setting.distance / setting.view  # pixels
        rng = np.random.default_rng((seed, 90))
        self._tremor, self._sway = Wander(rng, 0.5, 8.0, 6), Wander(rng, 0.05, 0.5, 6)  # Hz
        self._auto = Wander(rng, 0.02, 0.3, 3)  # Hz, loops of exposure and white balance (assumption)
        self._exposure = np.array(setting.white_balance) * _metered(setting, skin)
        self._gain = _gain(setting, size, rng).to(device)
        self._room = room(seed, setting.blur).to(device)
        self.curve = film_curve().to(device)
        fine, coarse = noise_tiles()
        self.tiles = (fine.to(device), coarse.to(device))
        self._lens = tuple(t.to(device) for t in refraction(size, setting.softness, setting.fringe))

    def project(self, points: Tensor, first_frame: int, backend: str) -> Tensor:
        """World points [B,...,3] in mm, of B frames in a row, to pixel x, pixel y and depth in mm."""
        seconds = self._seconds(first_frame, len(points))
        view, skew = self._views(seconds), self._skew(seconds)
        flat = points.reshape(len(points), -1, 3)
        lens = (self.focal, self.setting.distortion, self.size)
        pixels: Tensor = kernels(backend).project(flat, self.tensor(view), self.tensor(skew), *lens)
        return pixels.view(points.shape)

    def expose(self, image: Tensor, clear: Tensor, first_frame: int, backend: str) -> Tensor:
        """Samples [B,kS,kS,3] of B frames in a row, as clear as `clear`, over the room to frames, uint8 [B,S,S,3]."""
        sensor = kernels(backend)
        window, exposures = self.window(first_frame, len(image)), self.exposures(first_frame, len(image))
        place, exposure = self.tensor(window), self.tensor(exposures)
        light = sensor.resolve(image, clear, self._room, place, self._gain, exposure)
        light = sensor.refract(light, *self._lens)
        grain = self.grain(first_frame, len(image))
        frames: Tensor = sensor.develop(light, self.curve, self.noise, self.tiles, grain, self.setting.sharpening)
        return frames

    @property
    def noise(self) -> tuple[float, float]:
        """Variance of the sensor's noise per unit of light, and in the dark."""
        speed = self.setting.iso / 100
        return _SHOT * speed, _READ * speed**2

    def grain(self, first_frame: int, n_frames: int) -> Tensor:
        """Where the noise of frames in a row begins in each tile, int64 [n_frames,2,2]."""
        offsets = np.stack([_offsets(self.seed, first_frame + i) for i in range(n_frames)])
        return torch.as_tensor(offsets, device=self.device)

    def log(self, first_frame: int, n_frames: int) -> dict[str, Floats]:
        """What the camera did in each frame: columns of `CAMERA`, [n_frames] each."""
        seconds = self._seconds(first_frame, n_frames)
        shake, exposure = self._shake(seconds), self.exposures(first_frame, n_frames)
        still = (self.focal, self.size / 2, self.size / 2, self.setting.distance, self.setting.distortion)
        columns = [*still, *shake.T[[3, 4, 5, 0, 1, 2]]]
        columns += [exposure[:, 1], *(exposure[:, [0, 2]] / exposure[:, 1:2]).T, self.setting.iso]
        return {name: np.broadcast_to(c, n_frames) for name, c in zip(CAMERA, columns, strict=True)}

    def _seconds(self, first_frame: int, n_frames: int) -> Floats:
        return np.asarray((first_frame + np.arange(n_frames) + 0.5) / self.fps)

    def tensor(self, values: Floats) -> Tensor:
        """Numbers as float32 where the camera computes."""
        return torch.tensor(values, dtype=torch.float32, device=self.device)

    def _shake(self, seconds: Floats) -> Floats:
        """Yaw, pitch, roll in degrees and shift in mm, [T,6]."""
        unit = self._tremor(seconds) + _SWAY * self._sway(seconds)
        return np.asarray(unit * _TREMOR * self.setting.shake)

    def _views(self, seconds: Floats) -> Floats:
        """World to (right, up, depth) in mm, [T,3,4]."""
        shake = self._shake(seconds)
        yaw, pitch, roll = np.radians(shake[:, :3]).T
        one = np.ones_like(yaw)
        # Angles of a degree or less: the matrix of the small rotation, orthogonal to second order.
        turn = np.stack([one, -roll, yaw, roll, one, pitch, yaw, pitch, -one], -1).reshape(-1, 3, 3)
        eye = shake[:, 3:] + [0.0, _CENTRE_Y, self.setting.distance]
        return np.concatenate([turn, -turn @ eye[:, :, None]], -1)

    def _skew(self, seconds: Floats) -> Floats:
        """Pixels that the picture's middle moves while the shutter rolls, [T,2]."""
        aim = np.array([0.0, _CENTRE_Y, 0.0])
        half = self.setting.readout / 2
        after, before = (self._pinhole(aim, seconds + shift) for shift in (half, -half))
        return np.asarray(after - before)

    def _pinhole(self, point: Floats, seconds: Floats) -> Floats:
        """Pixels from the centre at which a point is seen, without distortion, [T,2]."""
        right, up, depth = (self._views(seconds) @ [*point, 1.0]).T
        return np.asarray(self.focal * np.stack([right, -up], -1) / depth[:, None])

    def window(self, first_frame: int, n_frames: int) -> Floats:
        """Affine map from pixel to texel of the room, [n_frames,2,3]: it moves with the shake as far things do."""
        seconds = self._seconds(first_frame, n_frames)
        reach = self.setting.view / 2 * (1 + _ROOM_BEHIND / self.setting.distance)  # mm: half a picture, at the room
        corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        places = np.concatenate([corners * [reach, -reach] + [0, _CENTRE_Y], np.full((3, 1), -_ROOM_BEHIND)], 1)
        seen = np.stack([self._pinhole(place, seconds) for place in places], 1)  # [T,3,2]
        axes = (seen[:, 1:] - seen[:, :1]).transpose(0, 2, 1) / (self.size / 2)  # pixels moved for each at rest
        back = np.linalg.inv(axes)
        start = self.size / 2 - (back @ (seen[:, 0] + self.size / 2)[..., None])[..., 0]
        texels = len(self._room) / (self.size * (1 + 2 * MARGIN))
        return np.asarray(texels * np.concatenate([back, (start + MARGIN * self.size)[..., None]], -1))

    def exposures(self, first_frame: int, n_frames: int) -> Floats:
        """Factor on each channel, [n_frames,3]."""
        brightness, red, blue = (self._auto(self._seconds(first_frame, n_frames)) * self.setting.drift).T
        wander = np.stack([brightness + red / 2, brightness, brightness + blue / 2], -1)
        return np.asarray(self._exposure * np.exp(wander))


def _metered(setting: Setting, skin: tuple[float, float, float]) -> float:
    """Exposure that the camera chooses for this skin."""
    luminance = 0.2126 * skin[0] + 0.7152 * skin[1] + 0.0722 * skin[2]
    return float(0.72 * setting.exposure * (_GREY / luminance) ** _METERING)


def _gain(setting: Setting, size: int, rng: np.random.Generator) -> Tensor:
    """Vignetting and fixed pattern, [S,S]."""
    axis = torch.linspace(-1, 1, size)
    radius2 = (axis[:, None] ** 2 + axis[None] ** 2) / 2
    pattern = torch.tensor(rng.normal(size=(size, size)), dtype=torch.float32) * (_PATTERN if setting.iso else 0.0)
    return (1 - setting.vignetting * radius2) * (1 + pattern)


def _offsets(seed: int, frame: int) -> npt.NDArray[np.int64]:
    """Where a frame's noise begins in each of the two tiles."""
    return np.random.SeedSequence((seed, frame)).generate_state(4).astype(np.int64).reshape(2, 2)
