"""Strands in plain PyTorch: every frame of a batch at once, on any device.

Each segment lists the samples that it touches; sorting them by sample and depth brings what blends in a row. Sums are
taken in fixed point, so that the picture does not depend on the order of execution.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor

from tellbench.datasets.studio.render.raster import FAR, Opaque, Primitives
from tellbench.datasets.studio.render.strand_raster import DEPTH_BIAS, DEPTH_STEP, DEPTH_STEPS, OPAQUE

_FIXED: Final = 2.0**28
"""Units of a fixed-point 1."""
_LEAST: Final = 1e-6
"""What one segment lets through at least, so that logarithms stay finite."""


class _Fragments(NamedTuple):
    sample: Tensor  # int64 [N], flat over frames, rows, columns
    segment: Tensor  # int64 [N], flat over frames, segments
    share: Tensor  # float32 [N] of the sample that is covered
    t: Tensor  # float32 [N] place along the segment
    depth: Tensor  # float32 [N]


def draw(layer: Opaque, points: Tensor, colours: Tensor, primitives: Primitives, focal: float) -> Tensor:
    """See `strand_raster.composite`; returns the clearness [B,S,S]."""
    opaque = layer.depth.flatten().clone()
    room = (opaque >= FAR).float()
    found = _fragments(points, primitives, focal, layer.depth.shape[-1])
    seen = found.depth <= opaque[found.sample] + DEPTH_BIAS
    found = _Fragments(*(column[seen] for column in found))
    found = _Fragments(*(column[_order(found, points, primitives)] for column in found))
    before, after = _clearness(found)
    weight = torch.where(before >= OPAQUE, before - after, 0.0)
    clear = 1 - _sum(found.sample, weight[:, None], len(opaque))[:, 0]
    light = weight[:, None] * _colours(found, colours, primitives)
    layer.colour.view(-1, 3).mul_(clear[:, None]).add_(_sum(found.sample, light, len(opaque)))
    half = (before > 0.5) & (before - weight <= 0.5)
    layer.depth.view(-1)[found.sample[half]] = found.depth[half]
    labels = primitives.segment_labels[found.segment[half] % len(primitives.segments)]
    layer.labels.view(-1)[found.sample[half]] = labels
    return (clear * room).view_as(layer.depth)


def _fragments(points: Tensor, primitives: Primitives, focal: float, size: int) -> _Fragments:
    """Every sample that a segment touches, with its share: [N]."""
    start, end = (points[:, primitives.segments[:, k].long()].flatten(0, 1) for k in (0, 1))  # [B*S,3]
    steep = ((end - start)[:, 1].abs() > (end - start)[:, 0].abs())[:, None]
    start, end = (torch.where(steep, p[:, [1, 0, 2]], p) for p in (start, end))  # (along, across, depth)
    backward = start[:, :1] > end[:, :1]
    a, b = torch.where(backward, end, start), torch.where(backward, start, end)
    step = b - a
    slope2 = (step[:, 1] / step[:, 0].clamp(min=1e-9)) ** 2
    width = primitives.segment_widths.repeat(len(points)) * focal / (a[:, 2] + 0.5 * step[:, 2]) * (1 + slope2).sqrt()
    first = (a[:, 0] - 0.5).ceil().clamp(min=0).long()
    count = ((b[:, 0] - 0.5).ceil().clamp(max=size).long() - first).clamp(min=0)
    owner = torch.repeat_interleave(torch.arange(len(a), device=points.device), count)
    along = first[owner] + torch.arange(len(owner), device=points.device) - (count.cumsum(0) - count)[owner]
    t = (along + 0.5 - a[owner, 0]) / step[owner, 0]
    low = a[owner, 1] + step[owner, 1] * t - 0.5 * width[owner]
    high = low + width[owner]
    cells = int((high.floor() - low.floor()).max().item()) + 1 if len(owner) else 1
    across = low.floor().long()[:, None] + torch.arange(cells, device=points.device)  # [N,cells]
    share = torch.minimum(high[:, None], across + 1.0) - torch.maximum(low[:, None], across.float())
    kept, cell = torch.nonzero((share > 0) & (across >= 0) & (across < size), as_tuple=True)
    owner, t, along, across, share = owner[kept], t[kept], along[kept], across[kept, cell], share[kept, cell]
    upright = steep[owner, 0]
    row, column = torch.where(upright, along, across), torch.where(upright, across, along)
    frame = owner // max(1, len(primitives.segments))
    depth = a[owner, 2] + step[owner, 2] * t
    t = torch.where(backward[owner, 0], 1 - t, t)
    return _Fragments((frame * size + row) * size + column, owner, share, t, depth)


def _order(found: _Fragments, points: Tensor, primitives: Primitives) -> Tensor:
    """Permutation by sample, depth step and segment."""
    n_segments = max(1, len(primitives.segments))
    middle = (points[:, primitives.segments[:, 0].long(), 2] + points[:, primitives.segments[:, 1].long(), 2]) * 0.5
    nearest = middle.amin(1, keepdim=True) if middle.numel() else middle
    step = ((middle - nearest) * (1 / DEPTH_STEP)).long().clamp(max=DEPTH_STEPS - 1).flatten()
    key = (found.sample * DEPTH_STEPS + step[found.segment]) * n_segments + found.segment % n_segments
    order: Tensor = key.argsort()
    return order


def _clearness(found: _Fragments) -> tuple[Tensor, Tensor]:
    """Clearness of the sample before and after each fragment."""
    lost = (-(1 - found.share).clamp(min=_LEAST).double().log() * _FIXED).long()
    total = lost.cumsum(0)
    new = torch.ones_like(found.sample, dtype=torch.bool)
    new[1:] = found.sample[1:] != found.sample[:-1]
    start = (total - lost)[new][new.cumsum(0) - 1] if len(total) else total
    before, after = (torch.exp(-(x - start) / _FIXED) for x in (total - lost, total))
    return before.float(), after.float()


def _colours(found: _Fragments, colours: Tensor, primitives: Primitives) -> Tensor:
    """Colour of each fragment, [N,3]."""
    n_segments = max(1, len(primitives.segments))
    ends = (
        primitives.segments.long()[found.segment % n_segments]
        + (found.segment // n_segments * colours.shape[1])[:, None]
    )
    flat = colours.reshape(-1, 3)
    start, end = flat[ends[:, 0]], flat[ends[:, 1]]
    return start + (end - start) * found.t[:, None]


def _sum(sample: Tensor, values: Tensor, n_samples: int) -> Tensor:
    """Values [N,K] summed by sample, exactly: [n_samples,K]."""
    total = torch.zeros(n_samples, values.shape[1], dtype=torch.int64, device=values.device)
    total.index_add_(0, sample, (values.double() * _FIXED).round().long())
    return (total / _FIXED).float()
