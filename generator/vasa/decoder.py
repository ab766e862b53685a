"""Canonical volume, pose and dynamics to a picture of any resolution: carried, kept and painted, before the room."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from tellbench.generator.vasa.features import Features
from tellbench.generator.vasa.layers import Stage, conv, norm
from tellbench.generator.vasa.sizes import N_POSE, Size
from tellbench.generator.vasa.warps import lattice, pixel_grid, resized, sample, slices, to_canonical, to_frame, warped

MOVED, KEPT, PAINTED, ROOM = 0, 1, 2, 3
"""Channels of a frame's mask."""
LAYERS: Final = 4
_FEATURES: Final = (0.45, 0.55)
"""Canonical distance from the middle of the face within which eyes and mouth lie, and from which on the flow is smooth:
irises are three of its cells wide, and smoothed they would not move."""
_SMOOTH: Final = 5
"""Cells over which it is smoothed. Of 24 people heads that hardly turn are 1.0 dB nearer to the truth so, others as
near, and the outlines of paintings' cheeks are no longer serrated."""
_GONE: Final = 2 / 64
"""Window units, two of 128 pixels, by which what stood before the room must be gone before all of the room is seen."""
_LEAST_SHARE: Final = 1e-3
"""Of a layer, not to divide by nought."""
_NEAR: Final = 5
"""Cells of the flow across which paint is near: about a lid (assumption)."""


@dataclasses.dataclass(frozen=True)
class Source:
    """All that is known of N people, each from one picture."""

    image: Tensor
    """Window (N, 3, S, S) in [0, 1] at the best resolution there is; frames have the same."""
    pose: Tensor
    """Shape (N, 7)."""
    dynamics: Tensor
    """Shape (N, Z)."""
    identity: Tensor
    """Shape (N, I)."""
    volume: Tensor
    """Canonical appearance (N, C, D, g, g)."""
    field: Tensor
    """Displacement (N, 3, d, s, s) from the canonical head to the picture's expression."""
    undo: Tensor | None = None
    """Takes away what the flow errs by when the picture is to be shown as it is, (N, 2, h, h); None where nobody has
    looked, as in training."""
    habit: Tensor | None = None
    """Share of each place of the picture that is painted when it is to be shown as it is, (N, 1, W, W); or None."""
    room: Tensor | None = None
    """The picture without the person, (N, 3, S, S); None where nobody knows, and the picture itself is the room."""
    features: Features | None = None
    """Its eyes and mouth; None where nobody knows where they are."""

    def __len__(self) -> int:
        return len(self.image)

    def at(self, index: Tensor | slice) -> Source:
        """The people at an index tensor, mask or slice; an index may repeat."""
        known = {name: value for name, value in vars(self).items() if value is not None}
        return Source(**{name: value[index] for name, value in known.items()})


@dataclasses.dataclass(frozen=True)
class Frame:
    """N pictures and how they were made."""

    image: Tensor
    """Shape (N, 3, S, S) in [0, 1], at the source's resolution."""
    mask: Tensor
    """Shares (N, 4, W, W) that add up to 1: of the person, moved, kept in place and painted, and of the room."""
    flow: Tensor
    """Where each pixel of the moved source comes from, (N, 2, W/2, W/2), relative, window units."""
    paint: Tensor
    """What is painted (N, 3, W, W) in [0, 1]."""
    moved: Tensor
    """The source as it is carried over, (N, 3, S, S)."""
    depth: Tensor
    """Window z (N, 1, g, g) of what is seen."""
    field: Tensor
    """Displacement (N, 3, d, s, s) from the frame's expression to the canonical head."""


class Decoder(nn.Module):
    """The volume turned into the frame's pose is painted; its depth tells where the source's own pixels go."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        code = 2 * size.dynamics + size.identity + 2 * N_POSE
        widths = [max(int(size.channels * 0.62**i) // 8 * 8, 24) for i in range(len(size.blocks))]
        self.project = conv(size.volume * size.depth, widths[0], 1)
        self.stages = nn.ModuleList(Stage(count, width, code) for width, count in zip(widths, size.blocks, strict=True))
        self.grow = nn.ModuleList(conv(a, b) for a, b in itertools.pairwise(widths))
        self.depth = conv(widths[0], size.depth)
        self.look = conv(widths[-1] + 9, widths[-1])
        self.out = nn.Sequential(norm(widths[-1]), nn.SiLU(), conv(widths[-1], 4 * (3 + LAYERS)))
        _start(self.out[-1])

    def forward(self, source: Source, field: Tensor, pose: Tensor, dynamics: Tensor) -> Frame:
        """Frames of `source` under poses (N, 7) and dynamics (N, Z); `field` takes those dynamics away."""
        size, count = self.size, len(pose)
        cells = lattice(size.depth, size.grid, pose).expand(count, -1, -1, -1, -1)  # (N, D, g, g, 3)
        volume = sample(source.volume, to_canonical(cells, field, pose))  # (N, C, D, g, g)
        code = torch.cat([dynamics, source.dynamics, source.identity, pose, source.pose], 1)
        x = self.project(volume.flatten(1, 2))  # (N, w0, g, g)
        x = self.stages[0](x, code)
        weights = self.depth(x).float().softmax(1)  # (N, D, g, g)
        depth = (weights * slices(size.depth, pose)[:, None, None]).sum(1, keepdim=True)  # (N, 1, g, g)
        canonical, flow = self.surface(source, field, pose, depth)  # (N, 3, W/2, W/2), (N, 2, W/2, W/2)
        for i, grow in enumerate(self.grow, start=1):
            x = grow(functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False))
            if i == len(self.grow):
                x = self.look(torch.cat([x, *self._pictures(source, flow), canonical], 1))  # (N, wk, W/2, W/2)
            x = self.stages[i](x, code)
        paint, mask = self.out(x).float().split([4 * 3, 4 * LAYERS], 1)  # of (N, 28, W/2, W/2)
        paint = functional.pixel_shuffle(paint, 2).sigmoid()  # (N, 3, W, W)
        mask = functional.pixel_shuffle(mask, 2).softmax(1)  # (N, 4, W, W)
        mask = smoothed(mask, 3)  # or the grid of what was shuffled is seen along edges
        if source.undo is not None and source.habit is not None:
            mask = needed(mask, warped(source.habit, resized(flow, size.window)))
            flow = flow + unpainted(mask, flow.shape[-1]) * warped(source.undo, flow)
        room = source.image if source.room is None else uncovered(source.image, source.room, flow)
        image, moved = mix(source.image, room, flow, mask, paint)
        return Frame(image, mask, flow, paint, moved, depth, field)

    def surface(self, source: Source, field: Tensor, pose: Tensor, depth: Tensor) -> tuple[Tensor, Tensor]:
        """What each pixel shows, as canonical coordinates (N, 3, h, h), and where the source shows it (N, 2, h, h).

        The volume's depth weights are averaged to one surface, which is then carried exactly: that is the average of
        the cells' flows as far as the warps are linear along z, at the fields' resolution rather than the volume's. Its
        depth comes in steps of the volume's cells: the flow is smoothed but for the eyes and mouth.
        """
        side = self.size.window // 2
        xy = pixel_grid(side, pose).expand(len(pose), side, side, 2)
        points = torch.cat([xy, resized(depth, side).movedim(1, -1)], -1)  # (N, h, h, 3)
        canonical = to_canonical(points, field, pose)
        flow = (to_frame(canonical, source.field, source.pose)[..., :2] - xy).movedim(-1, 1)
        canonical = canonical.movedim(-1, 1)
        (inner, outer), away = _FEATURES, canonical[:, :2].norm(dim=1, keepdim=True)
        outside = ((away - inner) / (outer - inner)).clamp(0, 1).expand_as(flow)
        return canonical, torch.lerp(flow, smoothed(flow, _SMOOTH), outside)

    def _pictures(self, source: Source, flow: Tensor) -> tuple[Tensor, Tensor]:
        """The source moved and in place, at half the window's side."""
        small = resized(source.image, self.size.window // 2)
        return warped(small, flow) * 2 - 1, small * 2 - 1


def needed(mask: Tensor, habit: Tensor) -> Tensor:
    """Shares (N, 4, W, W) with no more paint than is needed: what is painted out of habit (N, 1, W, W) is moved.

    Paint that covers all does so still; a picture that is to be shown as it is is hardly painted at all.
    """
    moved, kept, painted, room = mask.chunk(LAYERS, 1)
    fewer = (painted - habit).clamp(min=0) / (1 - habit).clamp(min=_LEAST_SHARE)
    return torch.cat([moved + (painted - fewer), kept, fewer, room], 1)


def smoothed(maps: Tensor, side: int) -> Tensor:
    """Means of squares of `side` cells about each of maps (N, C, h, w)."""
    return functional.avg_pool2d(maps, side, 1, side // 2, count_include_pad=False)


def unpainted(mask: Tensor, side: int) -> Tensor:
    """Where a frame of shares (N, 4, W, W) is the source's, paint far: (N, 1, side, side), 1 to 0.

    What a flow errs by at rest it errs by as long as features only move, but not about lids that shut: of six
    paintings' blinks MediaPipe read .32 with this bound and .29 without.
    """
    painted = resized(mask[:, PAINTED : PAINTED + 1], side)
    return 1 - functional.max_pool2d(painted, _NEAR, 1, _NEAR // 2)


def uncovered(source: Tensor, room: Tensor, flow: Tensor) -> Tensor:
    """Rooms (N, 3, S, S) of sources, which are the sources themselves where a flow (N, 2, h, h) moves nothing.

    Hair that lets the room through is the head's or the room's by guess; where the head stays, so does all of it: of 24
    people heads that hardly turn are 2.5 dB nearer to the truth so.
    """
    gone = (flow.norm(dim=1, keepdim=True) / _GONE).clamp(max=1)
    return torch.lerp(source, room, resized(gone, source.shape[-1]).expand_as(source))


def mix(source: Tensor, room: Tensor, flow: Tensor, mask: Tensor, paint: Tensor) -> tuple[Tensor, Tensor]:
    """All layers to one picture at the source's resolution.

    Args:
        source: (N, 3, S, S).
        room: (N, 3, S, S).
        flow: (N, 2, h, h), window units.
        mask: (N, 4, W, W).
        paint: (N, 3, W, W).

    Returns:
        The picture and the moved source, (N, 3, S, S) each.
    """
    side = source.shape[-1]
    moved = warped(source, resized(flow, side), "bicubic").clamp(0, 1)  # bilinear takes an eighth of the fine detail
    layers = source, resized(paint, side, "bicubic").clamp(0, 1), room
    shares = resized(mask, side).chunk(LAYERS, 1)
    picture = shares[MOVED] * moved
    for share, layer in zip(shares[1:], layers, strict=True):
        picture = picture.addcmul(share, layer)
    return picture, moved


def _start(out: nn.Module) -> None:
    """Begin with small outputs, and less paint than anything else."""
    assert isinstance(out, nn.Conv2d) and out.bias is not None
    with torch.no_grad():
        out.weight *= 0.1
        out.bias.zero_()
        out.bias[12 + 4 * PAINTED : 16 + 4 * PAINTED] = -1.0
