"""Figures about generated frames, as pure functions of tensors: row by row, means are the caller's business."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional
from torchmetrics.functional.image import structural_similarity_index_measure

from tellbench.datasets.faces.identity import Embedder
from tellbench.datasets.faces.landmarks import INNER, OUTER_CORNERS
from tellbench.generator.vasa.judge import MOTIONS, motions
from tellbench.generator.vasa.pose import rotation

_BRIGHTEST_PSNR: Final = 60.0
"""dB given to pictures that do not differ: less than what 8 bits can tell apart."""
_FINE: Final = 5
"""Pixels across which detail counts as fine: at 128 pixels a lid's edge, a nostril, strands (assumption)."""
_LEAST_R: Final = 0.7
"""Least correlation of readings whose slope is set to one."""


def psnr(pictures: Tensor, truth: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB, (N,), of pictures (N, 3, H, W) in [0, 1]; at most 60."""
    error = (pictures - truth).square().mean((1, 2, 3))
    return (-10 * error.clamp(min=1e-12).log10()).clamp(max=_BRIGHTEST_PSNR)


def ssim(pictures: Tensor, truth: Tensor) -> Tensor:
    """Structural similarity (N,) of pictures (N, 3, H, W) in [0, 1] (Wang et al. 2004)."""
    values = structural_similarity_index_measure(pictures, truth, data_range=1.0, reduction="none")
    assert isinstance(values, Tensor)
    return values.view(len(pictures))


def fine_detail(pictures: Tensor, where: Tensor) -> Tensor:
    """Mean distance (N,) of pixels of (N, 3, H, W) from the mean of the 5x5 about them, where (N, 1, h, w) is 1.

    Sharp pictures have as much as the truth; blurred ones less, at the same PSNR.
    """
    apart = (pictures - functional.avg_pool2d(pictures, _FINE, 1, _FINE // 2, count_include_pad=False)).abs()
    share = functional.interpolate(where, pictures.shape[-2:])
    total: Tensor = (apart.mean(1, keepdim=True) * share).sum((1, 2, 3)) / share.sum((1, 2, 3)).clamp(min=1)
    return total


def detail_percent(pictures: Tensor, truth: Tensor, where: Tensor) -> float:
    """How much of the truth's fine detail pictures have, of all rows together, in percent."""
    return float(100 * fine_detail(pictures, where).mean() / fine_detail(truth, where).mean())


def landmark_error(points: Tensor, truth: Tensor) -> Tensor:
    """Mean distance of the 51 inner points (N, 68 or more, 2) over that of the outer eye corners, in percent, (N,)."""
    first, second = OUTER_CORNERS
    unit = (truth[:, first] - truth[:, second]).norm(dim=-1)
    error: Tensor = 100 * (points[:, INNER] - truth[:, INNER]).norm(dim=-1).mean(1) / unit
    return error


def turn_between(poses: Tensor, truth: Tensor) -> Tensor:
    """Angle in degrees, (N,), of the turn from one head pose (N, 3 or more) to the other."""
    trace = (rotation(poses) * rotation(truth)).sum((1, 2))
    return torch.acos(((trace - 1) / 2).clamp(-1, 1)).rad2deg()


def slope_and_r(read: Tensor, driven: Tensor) -> tuple[float, float]:
    """Least-squares slope of what is read (N,) over what drove (N,), and their correlation; NaN where nothing drove."""
    x, y = driven.double() - driven.double().mean(), read.double() - read.double().mean()
    varied, covaried = x.square().sum(), (x * y).sum()
    return float(covaried / varied), float(covaried / (varied * y.square().sum()).sqrt())


def slopes_to_one(read: Tensor, shown: Tensor) -> tuple[Tensor, Tensor]:
    """Gain and offset (K,) that make `gain * read + offset` read true on average, of readings (N, K) of what was shown.

    Numbers that were not shown, or are read with a correlation of less than 0.7, keep 1 and 0: a larger slope would be
    larger noise (assumption).
    """
    gain, offset = torch.ones(read.shape[1]), torch.zeros(read.shape[1])
    for i in torch.nonzero(shown.std(0) > 0)[:, 0].tolist():
        slope, r = slope_and_r(read[:, i], shown[:, i])
        if r >= _LEAST_R:
            gain[i] = 1 / slope
            offset[i] = shown[:, i].mean() - gain[i] * read[:, i].mean()
    return gain, offset


def strengths(read: Tensor, driven: Tensor) -> dict[str, float]:
    """Slope and correlation of each of `judge.MOTIONS`, of rigs that are read (N, 54) over those that drove."""
    row = {}
    for name, seen, wanted in zip(MOTIONS, motions(read).T, motions(driven).T, strict=True):
        row[f"{name}_slope"], row[f"{name}_r"] = slope_and_r(seen, wanted)
    return row


def spread(values: Tensor, axis: int) -> Tensor:
    """Standard deviation along one axis of a grid of readings, averaged over all axes but the last, (K,)."""
    deviation: Tensor = values.std(axis, unbiased=False).flatten(0, -2).mean(0)
    return deviation


def reach(values: Tensor) -> Tensor:
    """From the 5th to the 95th percentile of values (N, K), (K,): the range that counts as whole."""
    ends = torch.quantile(values, values.new_tensor([0.05, 0.95]), dim=0)
    return ends[1] - ends[0]


def identity_cosine(embedder: Embedder, frames: Tensor, points: Tensor, others: Tensor, other_points: Tensor) -> Tensor:
    """How alike the faces in windows (N, 3, S, S) and in others are, (N,); landmarks are in window coordinates."""
    first, second = (
        torch.as_tensor(
            embedder(
                (windows.permute(0, 2, 3, 1) * 255).round().byte().cpu().numpy(),
                ((places[:, :68] + 1) * windows.shape[-1] / 2).numpy(),
            )
        )
        for windows, places in ((frames, points), (others, other_points))
    )
    return (first * second).sum(1)
