"""Who is it: aligned faces to unit vectors whose angles tell people apart.

Trained on studio people alone (`identity_fit`); it is the measure of identity for generators as well.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final, Self

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from tellbench.datasets.faces.geometry import fit_similarity, resized, sampling_grid
from tellbench.datasets.faces.landmarks import EYES, Floats, Frames
from tellbench.datasets.faces.network import ConvNorm, Residual, standardise
from tellbench.datasets.faces.storage import load_weights

Tensor = torch.Tensor

SIDE: Final = 112
"""Side of an aligned face in pixels, as in ArcFace (Deng et al., CVPR 2019)."""
WIDTH: Final = 128
"""Length of an embedding."""
_TEMPLATE: Final = torch.tensor([[-0.32, -0.08], [0.32, -0.08], [0.0, 0.26], [-0.26, 0.56], [0.26, 0.56]])
"""Where eyes, nose tip and mouth corners lie in an aligned face, in [-1, 1]: from forehead to chin (assumption)."""
_OVAL: Final = (0.80, 0.95, 0.12)
"""Half width, half height and centre height of the oval that holds the inner face, in [-1, 1]."""
_BATCH: Final = 32
_REMEDY: Final = "make them with `python -m tellbench.datasets.faces.identity_fit`"


class IdentityNet(nn.Module):
    """A stem and three residual stages, then one linear layer over the rest of the picture: place matters in a face."""

    def __init__(self, widths: tuple[int, ...] = (24, 48, 96, 128)) -> None:
        super().__init__()
        before, *rest = widths
        stages: list[nn.Module] = [ConvNorm(3, before, 2)]  # a residual block at this size costs most and tells least
        for width in rest:
            stages += [ConvNorm(before, width, 2), Residual(width)]
            before = width
        self.stages = nn.Sequential(*stages)  # (B, 128, 7, 7)
        self.shrink = nn.Sequential(nn.Conv2d(before, 32, 1, bias=False), nn.BatchNorm2d(32))
        self.head = nn.Linear(32 * (SIDE // 2 ** len(widths)) ** 2, WIDTH, bias=False)
        self.norm = nn.BatchNorm1d(WIDTH)

    def forward(self, faces: Tensor) -> Tensor:
        """Aligned faces (B, 3, SIDE, SIDE) in 0 to 255 to unit vectors (B, WIDTH)."""
        features = self.shrink(self.stages(standardise(faces)))
        return functional.normalize(self.norm(self.head(features.flatten(1))))


def align(frames: Frames, points: Floats) -> Tensor:
    """Faces turned and scaled so that eyes, nose and mouth lie in their places.

    Args:
        frames: uint8 RGB of shape (T, H, W, 3).
        points: 68 landmarks in pixels, shape (T, 68, 2).

    Returns:
        Shape (T, 3, SIDE, SIDE) in 0 to 255; beyond the frame it is black.
    """
    places = torch.as_tensor(np.ascontiguousarray(points), dtype=torch.float32)
    return align_planes(resized(frames, (frames.shape[1], frames.shape[2])), places)


def align_planes(planes: Tensor, points: Tensor) -> Tensor:
    """The same for planes (T, 3, H, W) in 0 to 255 and points (T, 68, 2) on any device; gradients pass."""
    eyes = [points[:, eye].mean(1) for eye in EYES]
    five = torch.stack([*eyes, points[:, 30], points[:, 48], points[:, 54]], 1)
    squares = fit_similarity(_TEMPLATE.to(points.device), five)
    return functional.grid_sample(planes, sampling_grid(squares, SIDE, planes.shape[-2:]), align_corners=False)


def inner_only(faces: Tensor) -> Tensor:
    """Aligned faces (B, 3, SIDE, SIDE) with all but the inner face grey: no hair, ears, clothes or room."""
    axis = (torch.arange(SIDE, device=faces.device) + 0.5) * (2 / SIDE) - 1
    width, height, centre = _OVAL
    inside = (axis / width) ** 2 + ((axis[:, None] - centre) / height) ** 2 < 1
    return torch.where(inside, faces, 128.0)


class Embedder:
    """Embeds faces of frames."""

    def __init__(self, network: IdentityNet, device: str = "cpu") -> None:
        self.device = torch.device(device)
        self.network = network.eval().to(self.device)

    @classmethod
    def load(cls, path: Path | None = None, device: str = "cpu") -> Self:
        """The shipped weights, or those of a file that `identity_fit` wrote.

        Raises:
            InputError: the file is missing or holds something else.
        """
        shipped = Path(str(resources.files("tellbench.datasets.faces"))) / "weights" / "identity.safetensors"
        return cls(read_weights(path or shipped), device)

    def __call__(self, frames: Frames, points: Floats) -> Floats:
        """Unit vectors (T, WIDTH) of the faces with these landmarks; the cosine of two tells how alike they are.

        Args:
            frames: uint8 RGB of shape (T, H, W, 3).
            points: 68 landmarks in pixels, shape (T, 68, 2); NaN gives NaN.
        """
        vectors = np.full((len(frames), WIDTH), np.nan, np.float32)
        known = np.flatnonzero(np.isfinite(points).all((1, 2)))
        for start in range(0, len(known), _BATCH):
            part = known[start : start + _BATCH]
            vectors[part] = self.embed(align(frames[part], points[part]))
        return vectors

    @torch.inference_mode()
    def embed(self, faces: Tensor) -> Floats:
        """Unit vectors (B, WIDTH) of aligned faces (B, 3, SIDE, SIDE): means of the inner face and its mirror image."""
        inner = inner_only(faces.to(self.device).float())
        vectors: Floats = functional.normalize(self.network(inner) + self.network(inner.flip(-1))).cpu().numpy()
        return vectors


def read_weights(path: Path) -> IdentityNet:
    """Read what `storage.write_weights` wrote.

    Raises:
        InputError: the file is missing or holds something else.
    """
    return load_weights(path, IdentityNet(), "identity", _REMEDY)
