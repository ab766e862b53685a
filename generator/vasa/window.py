"""The face window: an upright square about a head, the same for a whole clip, and the way there and back.

Its centre and half width are where the canonical head of `pose` would lie, so the face takes about two thirds of it
and every studio person, portrait and video is framed alike: in its own window a head has x = y = log scale = 0.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from tellbench.datasets.faces.geometry import sampling_grid
from tellbench.datasets.studio.people.sculpture import smoothstep
from tellbench.generator.vasa.pose import PERSPECTIVE, angles

STEADY: Final = (36, 39, 42, 45, 27, 28, 29, 30, 31, 35, 48, 54)
"""Of the 68 points, those that expressions move least: corners of eyes and mouth, the nose."""
STEADY_PLACES: Final = (
    *((-0.354, -0.122, 0.023), (-0.122, -0.112, 0.091), (0.122, -0.112, 0.091), (0.354, -0.122, 0.023)),
    *((0.0, -0.139, 0.154), (0.0, -0.038, 0.202), (0.0, 0.063, 0.227), (0.0, 0.163, 0.290)),
    *((-0.098, 0.224, 0.189), (0.098, 0.224, 0.189), (-0.199, 0.373, 0.031), (0.199, 0.373, 0.031)),
)
"""Where they lie in canonical coordinates: the mean of 60 studio people (seeds 720000 to 720059), made symmetric. A
half width is 130 mm of it and the window's middle lies 15 mm below the eyes, so that hair and chin are inside."""
_FEATHER: Final = 0.12
"""Half widths over which a pasted window fades into the picture (assumption)."""


def pose_of(points: Tensor, perspective: float = PERSPECTIVE) -> Tensor:
    """Pose (N, 7) from landmarks (N, 68 or more, 2) in window coordinates, by least squares with the mean head.

    Scaled orthography solved linearly and made a rotation, then corrected for perspective a few times (DeMenthon and
    Davis, "Model-based object pose in 25 lines of code", IJCV 1995).
    """
    seen = points[:, list(STEADY)].float()
    places = seen.new_tensor(STEADY_PLACES)
    solve = torch.linalg.pinv(torch.cat([places, torch.ones_like(places[:, :1])], 1))  # (4, 12)
    near = torch.ones_like(seen[..., :1])
    for _ in range(4):
        affine = solve @ (seen * near)  # (N, 4, 2)
        left, size, right = torch.linalg.svd(affine[:, :3].mT, full_matrices=False)
        rows = left @ right  # (N, 2, 3)
        turned = torch.cat([rows, torch.linalg.cross(rows[:, :1], rows[:, 1:])], 1)
        near = 1 - perspective * (places @ turned.mT)[..., 2:]
    scale = size.mean(-1, keepdim=True)
    return torch.cat([angles(turned), affine[:, 3], scale.log(), torch.full_like(scale, perspective)], -1)


def face_squares(points: Tensor) -> Tensor:
    """Windows (T, 2, 3) of faces with landmarks (T, 68 or more, 2), window to pixels: see `datasets.faces.geometry`."""
    middle = points.mean(1, keepdim=True)
    size = (points - middle).abs().amax((1, 2))[:, None, None]
    pose = pose_of((points - middle) / size)  # in a rough window of its own
    half = pose[:, 5].exp() * size[:, 0, 0]
    return _upright(middle[:, 0] + pose[:, 3:5] * size[:, 0], half)


def on_pixels(square: Tensor, least: int, most: int) -> tuple[Tensor, int]:
    """A square (1, 2, 3) and the side at which to cut it out, between `least` and `most` pixels.

    Between them the square is moved and resized by less than a pixel, so that its pixels are the picture's: what is
    cut out and pasted back is the same to the bit. Resampled twice, a picture loses a fifth of its fine detail.
    """
    side = round(2 * float(square[0, 0, 0]))
    if not least <= side <= most:
        return square, min(most, max(least, side))
    corner = (square[:, :, 2] - side / 2).round()
    return _upright(corner + side / 2, square.new_tensor([side / 2])), side


def clip_square(points: Tensor) -> Tensor:
    """One window (1, 2, 3) for all frames of a clip, from its landmarks (T, 68 or more, 2) in pixels."""
    squares = face_squares(points)
    return _upright(squares[:, :, 2].median(0, keepdim=True).values, squares[:, 0, 0].median(0, keepdim=True).values)


def to_window(points: Tensor, squares: Tensor) -> Tensor:
    """Pixels (N, K, 2) to window coordinates of squares (N or 1, 2, 3)."""
    return (points - squares[:, None, :, 2]) / squares[:, None, :1, 0]


def to_pixels(points: Tensor, squares: Tensor) -> Tensor:
    """Window coordinates (N, K, 2) to pixels."""
    return points * squares[:, None, :1, 0] + squares[:, None, :, 2]


def cut(pictures: Tensor, squares: Tensor, side: int) -> Tensor:
    """Windows (N, C, side, side) of pictures (N, C, H, W); beyond the picture its border goes on.

    Pictures are averaged first where the window has fewer pixels than they.
    """
    shrink = max(1, int(float(squares[:, 0, 0].mean()) * 2 / side))
    if shrink > 1:
        pictures, squares = functional.avg_pool2d(pictures, shrink, ceil_mode=True), squares / shrink
    squares = squares.to(pictures.device).expand(len(pictures), -1, -1)
    grid = sampling_grid(squares, side, pictures.shape[-2:])
    return functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def paste(windows: Tensor, squares: Tensor, picture: Tensor) -> Tensor:
    """Pictures (N, C, H, W) with windows (N, C, s, s) put back where `cut` took them from, fading at the edge.

    Args:
        windows: What a generator made of the windows.
        squares: (1 or N, 2, 3), window to pixels.
        picture: (1 or N, C, H, W) of the whole.
    """
    height, width = picture.shape[-2:]
    y, x = (torch.arange(n, device=picture.device) + 0.5 for n in (height, width))
    squares = squares.to(picture.device)
    across = (x - squares[:, 0, 2, None]) / squares[:, 0, 0, None]  # (n, W)
    down = (y - squares[:, 1, 2, None]) / squares[:, 1, 1, None]
    grid = torch.stack(
        [across[:, None].expand(-1, height, -1), down[..., None].expand(-1, -1, width)], -1
    )  # (n, H, W, 2)
    there = functional.grid_sample(
        windows, grid.expand(len(windows), -1, -1, -1), padding_mode="border", align_corners=False
    )
    weight = smoothstep(0, _FEATHER, 1 - grid.abs().amax(-1))[:, None]
    return torch.lerp(picture.expand_as(there), there, weight.expand_as(there))


def _upright(centre: Tensor, half: Tensor) -> Tensor:
    """Squares (N, 2, 3) from centres (N, 2) and half widths (N,) in pixels."""
    return torch.cat([torch.diag_embed(half[:, None].expand(-1, 2)), centre[..., None]], -1)
