"""The way of a point: target frame > canonical head > source frame, by known poses and learned displacements.

Poses are explicit and exact (`pose.project`, `pose.unproject`). Expressions are linear combinations of learned fields,
blendshapes of the warp, whose weights are linear in the rig: half the rig moves points half as far, by construction.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from tellbench.generator.vasa.layers import mlp, zeroed
from tellbench.generator.vasa.pose import project, unproject
from tellbench.generator.vasa.sizes import N_RIG, Size

VOLUME_Z: Final = (-1.15, 0.45)
"""Window z of the back and the front of the appearance volume: from behind the ears to before the nose, which is where
the surfaces of studio people lie."""
FIELD_Z: Final = (-0.5, 0.4)
"""Canonical z of the back and the front of the displacement fields: what lies further back does not move."""
_ROUNDS: Final = 8
"""Of the inversion of a flow: errors shrink by the flow's slope each time, a tenth or so (assumption)."""


def pixel_grid(side: int, like: Tensor) -> Tensor:
    """Centres of a window's pixels (side, side, 2) in window coordinates, x then y."""
    axis = (torch.arange(side, device=like.device, dtype=torch.float32) + 0.5) * (2 / side) - 1
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([x, y], -1)


def slices(depth: int, like: Tensor) -> Tensor:
    """Window z (depth,) of the volume's slices, back to front."""
    low, high = VOLUME_Z
    return (torch.arange(depth, device=like.device, dtype=torch.float32) + 0.5) * ((high - low) / depth) + low


def lattice(depth: int, side: int, like: Tensor) -> Tensor:
    """Centres of a volume's cells (depth, side, side, 3)."""
    xy = pixel_grid(side, like).expand(depth, side, side, 2)
    return torch.cat([xy, slices(depth, like)[:, None, None, None].expand(depth, side, side, 1)], -1)


def sample(volume: Tensor, points: Tensor, z_range: tuple[float, float] = VOLUME_Z) -> Tensor:
    """Values (N, C, ...) of a volume (N, C, D, H, W) at points (N, ..., 3); beyond its edge the edge goes on."""
    low, high = z_range
    z = (points[..., 2:] - (low + high) / 2) * (2 / (high - low))
    grid = torch.cat([points[..., :2], z], -1)
    shape = points.shape[1:-1]
    flat = grid.reshape(len(points), 1, 1, -1, 3)
    values = functional.grid_sample(volume.float(), flat.float(), padding_mode="border", align_corners=False)
    return values.view(*values.shape[:2], *shape)


class Fields(nn.Module):
    """Dynamics and identity to a displacement field: one direction between canonical and expressed head."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        depth, side = size.field_grid
        self.linear = nn.Linear(N_RIG, size.fields, bias=False)
        self.bend = mlp(size.dynamics + size.identity, 128, size.fields)
        self.basis = nn.Parameter(torch.randn(size.fields, 3, depth, side, side) * 0.003)
        zeroed(self.bend[-1])  # purely linear at first

    def forward(self, dynamics: Tensor, identity: Tensor) -> Tensor:
        """Codes (N, dynamics) and (N, identity) to a field (N, 3, D, S, S) in canonical units."""
        weights = self.linear(dynamics[:, :N_RIG]) + self.bend(torch.cat([dynamics, identity], 1))  # (N, K)
        field: Tensor = weights @ self.basis.flatten(1)
        return field.view(-1, *self.basis.shape[1:]).float()


def displaced(points: Tensor, field: Tensor) -> Tensor:
    """Points (N, ..., 3) moved by a field (N, 3, D, S, S)."""
    return points + sample(field, points, FIELD_Z).movedim(1, -1)


def placed(points: Tensor, pose: Tensor) -> Tensor:
    """`pose.project` in full precision, whatever the networks run in: a pixel is a thousandth of the window."""
    with torch.autocast(points.device.type, enabled=False):
        return project(points.float(), pose.float())


def to_frame(points: Tensor, field: Tensor, pose: Tensor) -> Tensor:
    """Canonical points (N, ..., 3) to the window: `field` expresses them, the pose (N, 7) turns and places them."""
    return placed(displaced(points, field), pose)


def to_canonical(points: Tensor, field: Tensor, pose: Tensor) -> Tensor:
    """Window points (N, ..., 3) to the canonical head: turned back, then `field` takes the expression away."""
    with torch.autocast(points.device.type, enabled=False):
        return displaced(unproject(points.float(), pose.float()), field)


def warped(picture: Tensor, flow: Tensor, mode: str = "bilinear") -> Tensor:
    """Picture (N, C, H, W) seen through a flow (N, 2, h, w): each pixel shows what lies `flow` away, window units.

    Args:
        picture: What is seen.
        flow: Where from, relative.
        mode: How values between pixels come about; `bicubic` may leave the range of the picture.

    Returns:
        Shape (N, C, h, w).
    """
    return seen_at(picture, pixel_grid(flow.shape[-1], flow) + flow.movedim(1, -1), mode)


def seen_at(picture: Tensor, places: Tensor, mode: str = "bilinear") -> Tensor:
    """What a picture (N, C, H, W) shows at window coordinates (N, h, w, 2), (N, C, h, w); beyond its edge, the edge."""
    return functional.grid_sample(picture.float(), places.float(), mode, padding_mode="border", align_corners=False)


def undoing(flow: Tensor) -> Tensor:
    """The flow (N, 2, h, h) that leads back: what is seen through one and then the other stays where it is.

    Fixed-point iteration (Chen et al., "A simple fixed-point approach to invert a deformation field", Medical Physics
    2008); flows that fold have no exact answer.
    """
    back = -flow
    for _ in range(_ROUNDS):
        back = -warped(flow, back)
    return back


def resized(maps: Tensor, side: int, mode: str = "bilinear") -> Tensor:
    """Maps (N, C, h, w) as (N, C, side, side); shrunk without aliasing."""
    if maps.shape[-1] == side:
        return maps
    shrink = side < maps.shape[-1]
    return functional.interpolate(maps, size=(side, side), mode=mode, align_corners=False, antialias=shrink)
