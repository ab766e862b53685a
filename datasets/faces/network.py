"""The compact landmark network: a square crop of a face to 68 points, two iris centres and two lid apertures."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final, NamedTuple, Self

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from tellbench.datasets.faces.geometry import crop_squares, fit_similarity, resized, sampling_grid, to_image
from tellbench.datasets.faces.landmarks import FOREHEAD, N_POINTS, Floats, Frames, Landmarks
from tellbench.datasets.faces.storage import load_weights

Tensor = torch.Tensor

CROP: Final = 128
"""Side of the network's input in pixels."""
N_OUT: Final = N_POINTS + 2
"""Points the network predicts: 68 of iBUG, then the two iris centres."""
CROP_MARGIN: Final = 1.5
"""Side of a crop over the height of the 68 points: room for an open jaw and for the forehead."""
_STRIDE: Final = 4
_MOVEMENT: Final = 0.05
"""How far a point moves in an expression, over the distance of the outer eye corners: puts shapes on a scale of 1."""
_MOST: Final = 20.0
"""Bound of shapes on that scale; no held-out face goes beyond it (the farthest: 19.3)."""
_REMEDY: Final = "make them with `python -m tellbench.datasets.faces.fit`"
_BATCH: Final = 16


class Reading(NamedTuple):
    """What the network reads in a batch of crops."""

    points: Tensor
    """(B, N_OUT, 2), crop pixels."""
    apertures: Tensor
    """(B, 2): lid opening over eye width."""
    brows: Tensor
    """(B, 2): how far each brow is raised above or lowered below its rest, -1 to 1."""


class ConvNorm(nn.Sequential):
    """Convolution, batch norm, and ReLU unless it ends a residual branch."""

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1, relu: bool = True) -> None:
        conv = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        super().__init__(conv, nn.BatchNorm2d(channels_out), nn.ReLU() if relu else nn.Identity())


class Residual(nn.Module):
    """Two convolutions around a shortcut (He et al., CVPR 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(ConvNorm(channels, channels), ConvNorm(channels, channels, relu=False))

    def forward(self, x: Tensor) -> Tensor:
        """Shape (B, C, H, W) to the same."""
        return functional.relu(x + self.branch(x))


class LandmarkNet(nn.Module):
    """Encoder to stride 16, decoder back to stride 4, and one heat map a point.

    A point is the mean place of its heat map (integral regression; Sun et al., ECCV 2018), so the output is
    continuous although the maps are coarse. Lid apertures are read from the features where two further maps look; how
    far the brows are raised is read from the features where two more look and from all points, so that a nod is told
    from a frown, and brows behind glasses or too faint to see from what moves with them.
    Plain 3x3 convolutions run faster on CPUs than depthwise ones at equal accuracy.
    """

    mean_shape: Tensor
    place: Tensor

    def __init__(self, widths: tuple[int, int, int] = (32, 64, 128)) -> None:
        super().__init__()
        fine, middle, coarse = widths
        self.fine = nn.Sequential(ConvNorm(3, fine // 2, 2), ConvNorm(fine // 2, fine, 2), Residual(fine))
        self.middle = nn.Sequential(ConvNorm(fine, middle, 2), Residual(middle))
        self.coarse = nn.Sequential(ConvNorm(middle, coarse, 2), Residual(coarse), Residual(coarse))
        self.up_middle = nn.Sequential(nn.Conv2d(coarse, middle, 1), Upsample())
        self.mix_middle = Residual(middle)
        self.up_fine = nn.Sequential(nn.Conv2d(middle, fine, 1), Upsample())
        self.mix_fine = Residual(fine)
        self.maps = nn.Conv2d(fine, N_OUT + 2, 1)
        self.lids = nn.Linear(fine, 2)
        self.brow_maps = nn.Conv2d(fine, 2, 1)
        self.brows = nn.Sequential(nn.Linear(2 * fine + 2 * N_POINTS, 64), nn.ReLU(), nn.Linear(64, 2))
        self.register_buffer("mean_shape", torch.zeros(N_POINTS, 2))  # in [-1, 1] of the aligned crop
        grid = (torch.arange(CROP // _STRIDE) + 0.5) * _STRIDE
        place = torch.stack(torch.meshgrid(grid, grid, indexing="xy"), -1).reshape(-1, 2)
        self.register_buffer("place", place, persistent=False)

    def forward(self, crops: Tensor) -> Reading:
        """Crops (B, 3, CROP, CROP) in 0 to 255."""
        x = self.fine(standardise(crops))  # (B, fine, 32, 32)
        y = self.middle(x)  # (B, middle, 16, 16)
        z = self.coarse(y)  # (B, coarse, 8, 8)
        y = self.mix_middle(y + self.up_middle(z))
        x = self.mix_fine(x + self.up_fine(y))  # (B, fine, 32, 32)
        with torch.autocast(crops.device.type, enabled=False):  # bfloat16 would round points to half a pixel
            return self._read(x.float())

    def _read(self, x: Tensor) -> Reading:
        weights = torch.cat([self.maps(x), self.brow_maps(x)], 1).flatten(2).softmax(-1)  # (B, N_OUT + 4, 1024)
        points = weights[:, :N_OUT] @ self.place
        seen = weights[:, N_OUT:] @ x.flatten(2).mT  # (B, 4, fine): the features at each eye, then at each brow
        apertures = torch.stack([self.lids(seen[:, eye])[:, eye] for eye in range(2)], 1)
        shape = level(points[:, :N_POINTS].detach()) - level(self.mean_shape[None])
        shape = (shape / _MOVEMENT).clamp(-_MOST, _MOST)  # an untrained network's points lie anywhere
        brows = self.brows(torch.cat([seen[:, 2:].flatten(1), shape.flatten(1)], 1))
        return Reading(points, apertures, brows)


class Upsample(nn.Module):
    """Bilinear, twice the size."""

    def forward(self, x: Tensor) -> Tensor:
        """Shape (B, C, H, W) to (B, C, 2 H, 2 W)."""
        return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def level(points: Tensor) -> Tensor:
    """Points (B, N, 2) as `posing.upright` gives them: eyes level, over the distance of the outer eye corners."""
    places = torch.view_as_complex(points.contiguous())
    right, left = places[:, 36:37], places[:, 45:46]
    return torch.view_as_real((places - (right + left) / 2) / (left - right + 1e-3))


def standardise(crops: Tensor) -> Tensor:
    """Each crop to zero mean and unit deviation, so that exposure and contrast do not matter."""
    centred = crops - crops.mean((1, 2, 3), keepdim=True)
    deviation = centred.square().mean((1, 2, 3), keepdim=True).sqrt()
    return centred / (deviation + 4.0)


class NetworkLandmarker:
    """Runs the network twice: on the box, then on a crop aligned to the first answer (roll, scale and place)."""

    def __init__(self, network: LandmarkNet, device: str = "cpu") -> None:
        self.device = torch.device(device)
        self.network = fuse(network.eval()).to(self.device).to(memory_format=torch.channels_last)

    @classmethod
    def load(cls, path: Path | None = None, device: str = "cpu") -> Self:
        """The shipped weights, or those of a file that `fit` wrote.

        Raises:
            InputError: the file is missing or holds something else.
        """
        shipped = Path(str(resources.files("tellbench.datasets.faces"))) / "weights" / "landmarks.safetensors"
        return cls(read_weights(path or shipped), device)

    @torch.inference_mode()
    def __call__(self, frames: Frames, boxes: Floats) -> Landmarks:
        """Landmarks of the face in each box; NaN where the box is NaN.

        Args:
            frames: uint8 RGB of shape (T, H, W, 3).
            boxes: xyxy in pixels, shape (T, 4).
        """
        landmarks = Landmarks.unknown(len(frames))
        given = np.flatnonzero(np.isfinite(boxes).all(1))
        for start in range(0, len(given), _BATCH):
            index = given[start : start + _BATCH]
            points, apertures, brows = self._infer(frames[index], torch.as_tensor(boxes[index], dtype=torch.float32))
            landmarks.points[index] = points[:, :N_POINTS]
            landmarks.iris[index] = points[:, N_POINTS:]
            landmarks.aperture[index] = apertures.clip(0)
            landmarks.brows[index] = brows
        return landmarks

    def _infer(self, frames: Frames, boxes: Tensor) -> tuple[Floats, ...]:
        squares = first_squares(boxes)
        window = Window(frames, squares, self.device)
        first = self._predict(window, squares.to(self.device))
        aligned = fit_similarity(self.network.mean_shape, first.points[:, :N_POINTS])
        return tuple(values.cpu().numpy() for values in self._predict(window, aligned))

    def _predict(self, window: Window, squares: Tensor) -> Reading:
        crops = window.crop(squares).to(memory_format=torch.channels_last)
        reading: Reading = self.network(crops)
        return reading._replace(points=to_image(reading.points, squares, CROP))


class Window:
    """The part of the frames about the squares, shrunk by a whole number to about the scale of a crop.

    Its edges lie on multiples of that number, so that a frame's pixels do not depend on the rest of the batch.
    """

    def __init__(self, frames: Frames, squares: Tensor, device: torch.device) -> None:
        sides = 2 * squares[:, :, 0].norm(dim=1)
        shrink = max(1, round(float(sides.median()) / CROP))
        reach = sides[:, None] * 1.1  # room for the second crop, which may turn and move
        end = torch.tensor(frames.shape[2:0:-1]) // shrink  # what is left over at the edges is cut off
        low = ((squares[:, :, 2] - reach) / shrink).amin(0).floor().long().clamp(min=0).minimum(end - 1)
        high = ((squares[:, :, 2] + reach) / shrink).amax(0).ceil().long().minimum(end).maximum(low + 1)
        (x0, y0), (x1, y1) = (low * shrink).tolist(), (high * shrink).tolist()
        size = ((y1 - y0) // shrink, (x1 - x0) // shrink)
        self.pixels = resized(frames[:, y0:y1, x0:x1], size).to(device)
        self._origin = low.to(device, torch.float32)
        self._shrink = shrink

    def crop(self, squares: Tensor) -> Tensor:
        """Sample the squares (B, 2, 3); beyond the frame it is black. Shape (B, 3, CROP, CROP)."""
        shrunk = squares / self._shrink
        local = torch.cat([shrunk[:, :, :2], shrunk[:, :, 2:] - self._origin[:, None]], -1)
        grid = sampling_grid(local, CROP, self.pixels.shape[-2:])
        return functional.grid_sample(self.pixels, grid, align_corners=False)


def first_squares(boxes: Tensor) -> Tensor:
    """Upright squares (B, 2, 3) about where a finder's boxes (B, 4) suggest the 68 points."""
    width, height = boxes[:, 2] - boxes[:, 0], (boxes[:, 3] - boxes[:, 1]) / (1 + FOREHEAD)
    centre = torch.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3] - height / 2], -1)
    return crop_squares(centre, torch.maximum(width, height) * CROP_MARGIN)


def fuse(network: LandmarkNet) -> LandmarkNet:
    """Fold each batch norm into its convolution, in place; for inference only."""
    for module in list(network.modules()):
        if isinstance(module, ConvNorm):
            conv, norm, _ = module
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                module[0], module[1] = fuse_conv_bn_eval(conv, norm), nn.Identity()
    return network


def read_weights(path: Path) -> LandmarkNet:
    """Read what `storage.write_weights` wrote.

    Raises:
        InputError: the file is missing or holds something else.
    """
    return load_weights(path, LandmarkNet(), "landmark", _REMEDY)
