"""The studio: a person, the light, room and camera of one clip; expressions in, frames with exact labels out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tellbench.datasets.expression import COEFFICIENTS
from tellbench.datasets.studio.camera.camera import Camera
from tellbench.datasets.studio.camera.setting import Setting
from tellbench.datasets.studio.expressions.posing import Posed, pose_person
from tellbench.datasets.studio.people.landmarks import LEFT_EYE_CORNER, LID_POINTS, LIP_POINTS, RIGHT_EYE_CORNER
from tellbench.datasets.studio.people.person import SIDES, Person
from tellbench.datasets.studio.render import raster, strand_raster
from tellbench.datasets.studio.render.lighting import Lighting
from tellbench.datasets.studio.render.shading import kernels
from tellbench.datasets.studio.styles.style import style as make_style
from tellbench.datasets.studio.threads import one_thread_an_operation
from tellbench.errors import InputError

__all__ = ["Person", "Shot", "Studio"]

Array = npt.NDArray[Any] | Tensor
_SAMPLES: Final = 2
"""Samples per pixel along each axis."""
_TOGETHER: Final = 1 << 20
"""Samples drawn at once on the CPU: the allocator hands such buffers on; larger ones are paged in anew (measured)."""
_PUPIL_VERTICES: Final = 48
"""The innermost ring of the eyeball at half density: its mean is the centre of the iris."""


@dataclasses.dataclass(frozen=True)
class Shot:
    """Frames of one batch with their ground truth; all numpy. Pixels: x right, y down, pixel centres at .5."""

    frames: npt.NDArray[np.uint8]
    """RGB [B,S,S,3]."""
    landmarks: npt.NDArray[np.float32]
    """iBUG 68 points in pixels [B,68,2]; those of the jaw lie on the edge of the face as it is seen."""
    lids: npt.NDArray[np.float32]
    """Edges of the lids in pixels [B,2,2,16,2]: eye (subject's right first), upper and lower, image left to right."""
    lips: npt.NDArray[np.float32]
    """Borders of the lips in pixels [B,2,2,20,2]: outer and inner, upper and lower, image left to right."""
    iris: npt.NDArray[np.float32]
    """Centres of the irises in pixels [B,2,2]; the subject's right eye first."""
    aperture: npt.NDArray[np.float32]
    """Lid opening over eye width in 3D [B,2]; 0 is closed; the subject's right eye first."""
    mask: npt.NDArray[np.uint8]
    """Class of each pixel [B,S,S], see `labels.Label`."""
    depth: npt.NDArray[np.float32]
    """Distance from the camera in mm [B,S,S]; `raster.FAR` where only the room is."""

    @classmethod
    def join(cls, shots: Sequence[Self]) -> Self:
        """Shots in a row as one."""
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(*(np.concatenate([getattr(shot, name) for shot in shots]) for name in names))


class Traced(NamedTuple):
    """Maps of what each pixel of some frames shows, on the studio's device."""

    values: Tensor
    """float32 [B,s,s,3]; 0 where only the room is."""
    depth: Tensor
    """float32 [B,s,s], as in `Shot`."""
    mask: Tensor
    """uint8 [B,s,s], as in `Shot`."""
    clear: Tensor
    """float32 [B,s,s]: share of a pixel through which the room is seen."""


class Studio:
    """Films one person in one setting.

    Args:
        person: Who is filmed; must be on the same device.
        seed: Light, lens, room and noise.
        size: Width and height of the frames in pixels.
        device: Where to render.
        overrides: Fields of `Setting` to fix.
        backend: Kernels, `numba` or `torch`; by default what suits the device.
        fps: Frames per second: how far the camera moves from frame to frame.
        style: How the picture is made, one of `scene.STYLES`.

    Raises:
        InputError: the size is not between 32 and 2048, the devices differ, or an override or the style is unknown.
    """

    def __init__(
        self,
        person: Person,
        seed: int,
        size: int = 256,
        device: str | torch.device = "cpu",
        overrides: Mapping[str, Any] | None = None,
        backend: str | None = None,
        fps: float = 25.0,
        style: str = "photo",
    ) -> None:
        self.style = make_style(style, seed, size, torch.device(device))
        self.person = person = self.style.sitter(person)
        self.size, self.device = size, torch.device(device)
        if not 32 <= size <= 2048:
            raise InputError(f"studio size {size}; allowed: 32 to 2048 pixels")
        if self.device.type != person.device.type:
            raise InputError(f"studio on {self.device}, person on {person.device}; give both the same device")
        self._backend = backend or raster.default_backend(self.device)
        self._shade = kernels(self._backend)
        self.setting = Setting.sample(seed, {**self.style.overrides, **(overrides or {})})
        self.camera = Camera(self.setting, size, person.identity.skin_color, seed, self.device, fps)
        sample = self.setting.view / size / _SAMPLES
        self._lighting = Lighting(person, self.setting, self.camera.position, self._shade, self._backend, sample)

    def project(self, points_mm: Array, frame: int = 0) -> Tensor:
        """World points [...,3] in mm to pixel x, pixel y and depth in mm in one frame, [...,3]."""
        points = torch.as_tensor(points_mm, dtype=torch.float32, device=self.device)
        return self.camera.project(points[None], frame, self._backend)[0]

    def render(self, coefficients: Array, pose: Array, gaze: Array, first_frame: int = 0) -> Shot:
        """Film a batch of frames.

        Args:
            coefficients: [B,52] in [0, 1], order of `COEFFICIENTS`.
            pose: [B,6] yaw, pitch, roll in degrees, then x, y, z in mm; +yaw turns to the subject's left, +pitch looks
                down, +roll tips to the subject's left.
            gaze: [B,2] degrees, in the head: to image right, upward.
            first_frame: Number of the first frame in its clip. Frames come out the same however a clip is cut into
                batches.

        On the CPU the batch is shared out among as many threads as torch uses (`torch.set_num_threads`).

        Raises:
            InputError: shapes do not fit or a value is not finite.
        """
        coefficients, pose, gaze = self._inputs(coefficients, pose, gaze)
        threads = min(torch.get_num_threads(), len(pose)) if self.device.type == "cpu" else 1
        if threads <= 1:
            return self._film(coefficients, pose, gaze, first_frame)

        def film(start: int, end: int) -> Shot:
            return self._film(coefficients[start:end], pose[start:end], gaze[start:end], first_frame + start)

        edges = [len(pose) * i // threads for i in range(threads + 1)]
        with one_thread_an_operation(), ThreadPoolExecutor(threads) as pool:
            return Shot.join(list(pool.map(film, edges[:-1], edges[1:])))

    def at_rest(self) -> Tensor:
        """Where every vertex of the person is with the face neutral and the head upright, [V,3] mm."""
        face, pose, gaze = (torch.zeros(1, width, device=self.device) for width in (len(COEFFICIENTS), 6, 2))
        return pose_person(self.person, face, pose, gaze, self._shade).points[0]

    @torch.no_grad()
    def trace(
        self, coefficients: Array, pose: Array, gaze: Array, values: Tensor, size: int, first_frame: int = 0
    ) -> Traced:
        """Draw the frames that `render` films of the same inputs, with values instead of light.

        Each vertex has its own in `values` [V,3], for instance where it is `at_rest`. The maps are `size` pixels wide
        and cover the same picture.

        Raises:
            InputError: as `render`.
        """
        posed = pose_person(self.person, *self._inputs(coefficients, pose, gaze), self._shade)
        primitives, backend, scale = self.person.primitives, self._backend, size / self.size
        pixels = self.camera.project(posed.points, first_frame, backend) * values.new_tensor([scale, scale, 1])
        spread = values.expand(len(pixels), -1, -1).contiguous()
        layer = raster.opaque(pixels, spread, primitives, size, backend)
        focal = self.camera.focal * scale
        total, depth, mask, clear = strand_raster.composite(layer, pixels, spread, primitives, focal, backend)
        return Traced(total / (1 - clear[..., None]).clamp(min=1e-3), depth, mask, clear)

    @torch.no_grad()
    def _film(self, coefficients: Tensor, pose: Tensor, gaze: Tensor, first_frame: int) -> Shot:
        """One batch on one thread."""
        posed = pose_person(self.person, coefficients, pose, gaze, self._shade)
        pixels = self.camera.project(posed.points, first_frame, self._backend)
        samples = pixels * pixels.new_tensor([_SAMPLES, _SAMPLES, 1])
        vertices = (samples, *self._lighting.colour(posed), self._lighting.axes(posed))
        step = max(1, _TOGETHER // (self.size * _SAMPLES) ** 2) if self.device.type == "cpu" else len(pose)
        parts = (
            self._picture(first_frame + i, *(values[i : i + step] for values in vertices))
            for i in range(0, len(pose), step)
        )
        frames, depth, mask = (torch.cat(column) for column in zip(*parts, strict=True))
        frames = self.style.picture(frames, mask, depth)
        contours, irises = self._contours(posed, first_frame), self._irises(posed, first_frame)
        labels = (*contours, irises, self.person.skin.aperture(posed.skin), mask, depth)
        return Shot(*(t.cpu().numpy() for t in (frames, *labels)))

    def _picture(
        self, first_frame: int, samples: Tensor, colours: Tensor, mirror: Tensor, axes: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Frames [B,S,S,3] with depth and mask [B,S,S] from vertices on the screen and their light."""
        primitives, backend = self.person.primitives, self._backend
        layer = raster.opaque(samples, colours, primitives, self.size * _SAMPLES, backend)
        self._lighting.detail(layer, samples, mirror, axes)
        focal = self.camera.focal * _SAMPLES
        image, depth, mask, clear = strand_raster.composite(layer, samples, colours, primitives, focal, backend)
        frames = self.camera.expose(self.style.light(image), clear, first_frame, backend)
        middle = (slice(None), slice(_SAMPLES // 2, None, _SAMPLES), slice(_SAMPLES // 2, None, _SAMPLES))
        return frames, depth[middle], mask[middle]

    def _contours(self, posed: Posed, first_frame: int) -> tuple[Tensor, Tensor, Tensor]:
        """Landmarks [B,68,2], lids [B,2,2,16,2] and lips [B,2,2,20,2] in pixels."""
        skin = self.person.skin
        grid = posed.points[:, self.person.spans["skin"]].view_as(posed.skin)
        groups = [skin.landmarks(grid), skin.jaw.candidates(grid)]
        groups += [skin.lid_contours.locate(grid), skin.lip_contours.locate(grid)]
        pixels = self.camera.project(torch.cat(groups, 1), first_frame, self._backend)[..., :2]
        landmarks, jaw, lids, lips = torch.split(pixels, [group.shape[1] for group in groups], 1)
        edge = skin.jaw.outermost(jaw, landmarks[:, LEFT_EYE_CORNER] - landmarks[:, RIGHT_EYE_CORNER])
        landmarks = torch.cat([edge, landmarks[:, edge.shape[1] :]], 1)
        return landmarks, lids.reshape(-1, 2, 2, LID_POINTS, 2), lips.reshape(-1, 2, 2, LIP_POINTS, 2)

    def _irises(self, posed: Posed, first_frame: int) -> Tensor:
        """Centres of both irises in pixels, [B,2,2]."""
        rings = (posed.points[:, self.person.spans["eye" + name]][:, :_PUPIL_VERTICES] for name, _ in SIDES)
        centres = torch.stack([ring.mean(1) for ring in rings], 1)
        return self.camera.project(centres, first_frame, self._backend)[..., :2]

    def _inputs(self, coefficients: Array, pose: Array, gaze: Array) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs as finite float32 tensors on the device, or an error."""
        checked = []
        wanted = (("coefficients", coefficients, len(COEFFICIENTS)), ("pose", pose, 6), ("gaze", gaze, 2))
        for name, values, columns in wanted:
            tensor = torch.as_tensor(values, dtype=torch.float32, device=self.device)
            if tensor.ndim != 2 or tensor.shape != (len(coefficients), columns):
                raise InputError(f"{name} of shape {tuple(tensor.shape)}; allowed: ({len(coefficients)}, {columns})")
            if not bool(tensor.isfinite().all()):
                raise InputError(f"{name} holds NaN or infinity; replace or drop those frames")
            checked.append(tensor)
        return checked[0], checked[1], checked[2]
