"""Self-blended images: a pristine face blended with a changed copy of itself, so that only traces of blending are left.

A detector that learns from them sees no generator at all (Shiohara & Yamasaki, CVPR 2022, arXiv 2204.08376; built here
from the paper's description).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageDraw
from scipy.spatial import ConvexHull, QhullError
from torch import Tensor
from torch.nn import functional

FOREHEAD: Final = 0.45
"""How far the mask reaches above the brows, outer eye distances (assumption)."""
RATIOS: Final = (0.25, 0.5, 0.75, 1.0, 1.0, 1.0)
"""Strengths of blending, each as likely (the paper's)."""
SHIFT: Final = 0.03
"""Largest move of the source, share of the side (the paper's)."""
ZOOM: Final = 0.05
"""Largest change of its size (the paper's)."""
TINT: Final = 0.08
"""Largest change of a colour (20 of 255 in the paper)."""
CONTRAST: Final = 0.1
"""Largest change of brightness and contrast (the paper's)."""
BEND: Final = 0.06
"""Largest bend of the mask, share of the side (assumption; the paper deforms it elastically)."""
SOFTEST: Final = 0.08
"""Widest soft border of the mask, standard deviation as a share of the side (assumption)."""


def face_mask(points: npt.NDArray[np.floating], side: int) -> npt.NDArray[np.uint8]:
    """Hull of 68 landmarks and the forehead in a square picture, (side, side): 255 inside; all 0 where they have none.

    Args:
        points: (68, 2) in pixels of the picture.
        side: of the picture.
    """
    up = np.array([0.0, -FOREHEAD * np.linalg.norm(points[45] - points[36])])
    every = np.concatenate([points, points[17:27] + up])
    picture = Image.new("L", (side, side))
    try:
        hull = every[ConvexHull(every).vertices]
    except (QhullError, ValueError):
        return np.array(picture)
    ImageDraw.Draw(picture).polygon([tuple(corner) for corner in hull.tolist()], fill=255)
    return np.array(picture)


def self_blend(images: Tensor, masks: Tensor, generator: torch.Generator) -> Tensor:
    """Blend each image with its own changed copy, by its own draw.

    Args:
        images: (B, 3, S, S) in [0, 1].
        masks: of their faces, (B, 1, S, S) in [0, 1].
        generator: on the CPU, so that every device draws the same.
    """
    changed = _sharpness(_colours(images, generator), generator)
    swap = _uniform((len(images), 1, 1, 1), images, generator) > 0
    source, target = torch.where(swap, images, changed), torch.where(swap, changed, images)
    ratio = torch.tensor(RATIOS)[torch.randint(len(RATIOS), (len(images),), generator=generator)].to(images)
    share = _shaped(masks, generator) * ratio[:, None, None, None]
    return (_moved(source, generator) * share + target * (1 - share)).clamp(0, 1)


def _uniform(size: tuple[int, ...], like: Tensor, generator: torch.Generator) -> Tensor:
    """Numbers from -1 to 1."""
    return (2 * torch.rand(size, generator=generator) - 1).to(like)


def _colours(images: Tensor, generator: torch.Generator) -> Tensor:
    """Shift of each colour, brightness and contrast."""
    count = len(images)
    tint = TINT * _uniform((count, 3, 1, 1), images, generator)
    light, contrast = (CONTRAST * _uniform((count, 1, 1, 1), images, generator) for _ in range(2))
    mean = images.mean((2, 3), keepdim=True)
    return (images - mean) * (1 + contrast) + mean + light + tint


def _sharpness(images: Tensor, generator: torch.Generator) -> Tensor:
    """Half of the images sharpened or softened, half shrunk and enlarged."""
    count, side = len(images), images.shape[-1]
    soft = _blurred(images, torch.full((count,), 1.0))
    sharper = images + (images - soft) * _uniform((count, 1, 1, 1), images, generator)
    factor = 0.5 + 0.4 * float(torch.rand(1, generator=generator))
    small = functional.interpolate(images, scale_factor=factor, mode="bilinear", antialias=True)
    coarser = functional.interpolate(small, size=(side, side), mode="bilinear")
    return torch.where(_uniform((count, 1, 1, 1), images, generator) > 0, sharper, coarser)


def _moved(images: Tensor, generator: torch.Generator) -> Tensor:
    """Shifted and resized; borders are mirrored."""
    count = len(images)
    shift, zoom = (_uniform((count, 2), images, generator) for _ in range(2))
    matrix = torch.zeros(count, 2, 3).to(images)
    matrix[:, [0, 1], [0, 1]] = 1 + ZOOM * zoom
    matrix[:, :, 2] = 2 * SHIFT * shift  # the picture is 2 wide
    grid = functional.affine_grid(matrix, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def _shaped(masks: Tensor, generator: torch.Generator) -> Tensor:
    """Masks bent, grown or shrunk by blurring and cutting at a level, and softened at the border."""
    count, side = len(masks), masks.shape[-1]
    bends = functional.interpolate(
        2 * BEND * _uniform((count, 2, 4, 4), masks, generator), size=(side, side), mode="bicubic", align_corners=True
    )
    plain = functional.affine_grid(
        torch.eye(2, 3).to(masks).expand(count, 2, 3), list(masks.shape), align_corners=False
    )
    bent = functional.grid_sample(masks, plain + bends.movedim(1, -1), align_corners=False)
    level = 0.5 + 0.45 * _uniform((count, 1, 1, 1), masks, generator)
    wide, border = (SOFTEST * side * torch.rand(count, generator=generator).clamp(min=0.1) for _ in range(2))
    return _blurred((_blurred(bent, wide) > level).to(masks), border)


def _blurred(images: Tensor, deviations: Tensor) -> Tensor:
    """Gaussian blur of each image (B, C, S, S) by its own standard deviation in pixels, (B,)."""
    reach = min(int(3 * float(deviations.max())) + 1, images.shape[-1] - 1)
    steps = torch.arange(-reach, reach + 1)
    kernels = torch.exp(-0.5 * (steps / deviations[:, None]) ** 2)
    kernels = (kernels / kernels.sum(1, keepdim=True)).to(images)  # (B, K)
    count, channels, height, width = images.shape
    rows = images.reshape(1, count * channels, height, width)
    weights = kernels.repeat_interleave(channels, 0)[:, None]  # (B C, 1, K)
    pad = functional.pad(rows, (reach, reach, 0, 0), mode="reflect")
    across = functional.conv2d(pad, weights[:, :, None], groups=count * channels)
    pad = functional.pad(across, (0, 0, reach, reach), mode="reflect")
    return functional.conv2d(pad, weights[..., None], groups=count * channels).view(images.shape)
