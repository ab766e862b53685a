"""The rasteriser in plain PyTorch: every frame of a batch at once, on any device.

Each primitive lists the samples that it covers (its fragments); a scatter keeps the nearest per sample. The scatter's
key holds depth and primitive, so the winner is unique and the picture does not depend on the order of execution.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

import torch
from torch import Tensor

if TYPE_CHECKING:
    from tellbench.datasets.studio.render.raster import Primitives

_FAR = 1e9
_EDGE = -1e-6
_WINDOWS: Final = (1, 2, 3, 5, 9, 17, 33, 65, 129, 257, 513, 1025, 2049)
_CHUNK: Final = 8_000_000
_LONGEST_SEGMENT: Final = 4096


class Fragments(NamedTuple):
    """Samples that primitives cover, N in all."""

    sample: Tensor
    """int64 [N], flat over frames, rows, columns."""
    depth: Tensor
    """float32 [N]."""
    primitive: Tensor
    """int64 [N]."""
    weights: Tensor
    """float32 [N,corners] over the primitive's vertices."""


def opaque(points: Tensor, colours: Tensor, primitives: Primitives, size: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """See `raster.opaque`."""
    n_frames, n_points = points.shape[:2]
    device, shape = points.device, (n_frames, size, size)
    image = torch.zeros(*shape, 3, device=device)
    depth = torch.full(shape, _FAR, device=device)
    labels = torch.zeros(shape, dtype=torch.uint8, device=device)
    face = torch.full(shape, -1, dtype=torch.int32, device=device)
    parts = list(_fragments(points, primitives.triangles, primitives.two_sided, size))
    if not parts:
        return image, depth, labels, face
    sample, z, triangle, weights = nearest(parts, depth)
    vertices = primitives.triangles.long()[triangle] + (sample // (size * size) * n_points)[:, None]
    image.view(-1, 3)[sample] = (colours.reshape(-1, 3)[vertices] * weights[..., None]).sum(1)
    depth.view(-1)[sample] = z
    labels.view(-1)[sample] = primitives.triangle_labels[triangle]
    face.view(-1)[sample] = triangle.int()
    return image, depth, labels, face


def nearest(parts: list[Fragments], depth: Tensor) -> Fragments:
    """The one fragment per sample that is nearest and nearer than `depth` [B,S,S]; the lower primitive wins a tie."""
    columns = Fragments(*(torch.cat(column) for column in zip(*parts, strict=True)))
    fragments = Fragments(*(column[columns.depth < depth.view(-1)[columns.sample]] for column in columns))
    # Bits of a positive float sort like the float; the primitive breaks ties.
    key = (fragments.depth.view(torch.int32).long() << 32) | fragments.primitive
    first = torch.full((depth.numel(),), torch.iinfo(torch.int64).max, device=depth.device)
    first.scatter_reduce_(0, fragments.sample, key, "amin")
    won = first[fragments.sample] == key
    return Fragments(*(column[won] for column in fragments))


def depth_map(points: Tensor, triangles: Tensor, segments: Tensor, size: int) -> Tensor:
    """See `raster.depth_map`."""
    near = torch.full((len(points) * size * size,), _FAR, device=points.device)
    parts = itertools.chain(_fragments(points, triangles, None, size), [segment_fragments(points, segments, size)])
    for fragments in parts:
        near.scatter_reduce_(0, fragments.sample, fragments.depth, "amin")
    return near.view(len(points), size, size)


def _fragments(points: Tensor, triangles: Tensor, two_sided: Tensor | None, size: int) -> Iterator[Fragments]:
    """Fragments of every triangle in bounded portions, by the size of the bounding square."""
    corners = points[:, triangles.long()]  # [B,F,3,3]
    x, y = corners[..., 0], corners[..., 1]
    area = (x[..., 1] - x[..., 0]) * (y[..., 2] - y[..., 0]) - (x[..., 2] - x[..., 0]) * (y[..., 1] - y[..., 0])
    low = (corners[..., :2].amin(2) - 0.5).ceil().clamp(min=0)  # [B,F,2] first column and row
    high = (corners[..., :2].amax(2) - 0.5).floor().clamp(max=size - 1)
    drawn = (area.abs() > 1e-9) & (low <= high).all(-1)
    if two_sided is not None:
        drawn &= (area < 0) | (two_sided != 0)
    extent = (high - low).amax(-1) + 1  # [B,F]
    smaller = 0
    for window in _WINDOWS:
        chosen = torch.nonzero(drawn & (extent > smaller) & (extent <= window))  # [N,2] frame, triangle
        smaller = window
        for part in torch.split(chosen, max(1, _CHUNK // window**2)):
            if len(part):
                yield _triangle_fragments(corners, area, low, high, part, window, size)


def _triangle_fragments(
    corners: Tensor, area: Tensor, low: Tensor, high: Tensor, chosen: Tensor, window: int, size: int
) -> Fragments:
    """Fragments of the chosen (frame, triangle) pairs, each tested over a square of samples."""
    frame, triangle = chosen.unbind(1)
    x, y, z = corners[frame, triangle].unbind(-1)  # [N,3] each
    offset = torch.arange(window, device=corners.device)
    first, last = low[frame, triangle], high[frame, triangle]
    column = (first[:, :1] + offset)[:, None, :].expand(-1, window, -1).flatten(1)  # [N,window²]
    row = (first[:, 1:] + offset)[:, :, None].expand(-1, -1, window).flatten(1)
    px, py, inverse = column + 0.5, row + 0.5, 1 / area[frame, triangle, None]
    a = ((x[:, 1:2] - px) * (y[:, 2:3] - py) - (x[:, 2:3] - px) * (y[:, 1:2] - py)) * inverse
    b = ((x[:, 2:3] - px) * (y[:, 0:1] - py) - (x[:, 0:1] - px) * (y[:, 2:3] - py)) * inverse
    c = 1 - a - b
    inside = (a >= _EDGE) & (b >= _EDGE) & (c >= _EDGE) & (column <= last[:, :1]) & (row <= last[:, 1:])
    owner = torch.nonzero(inside)[:, 0]
    weights = torch.stack([a[inside], b[inside], c[inside]], -1)
    sample = (frame[owner] * size + row[inside].long()) * size + column[inside].long()
    return Fragments(sample, (weights * z[owner]).sum(-1), triangle[owner], weights)


def segment_fragments(points: Tensor, segments: Tensor, size: int) -> Fragments:
    """One fragment per sample step along the longer axis of every segment [S,2] over points [B,V,3]."""
    start, end = points[:, segments[:, 0].long()], points[:, segments[:, 1].long()]  # [B,S,3]
    delta = (end - start).flatten(0, 1)
    steps = delta[:, :2].abs().amax(1).floor().clamp(max=_LONGEST_SEGMENT).long() + 1  # [B*S]
    owner = torch.repeat_interleave(torch.arange(len(steps), device=points.device), steps)
    index = torch.arange(len(owner), device=points.device) - (steps.cumsum(0) - steps)[owner]
    t = (index + 0.5) / steps[owner]
    x, y, z = (start.flatten(0, 1)[owner] + delta[owner] * t[:, None]).unbind(-1)
    column, row = x.floor(), y.floor()
    inside = (column >= 0) & (row >= 0) & (column < size) & (row < size)
    owner, t = owner[inside], t[inside]
    frame, segment = owner // max(1, len(segments)), owner % max(1, len(segments))
    sample = (frame * size + row[inside].long()) * size + column[inside].long()
    return Fragments(sample, z[inside], segment, torch.stack([1 - t, t], -1))
