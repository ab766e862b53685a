"""What is read from pictures: the appearance volume with the identity code, the pose, and the dynamics."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from tellbench.generator.vasa.layers import Residual, conv, down, norm, standardised, zeroed
from tellbench.generator.vasa.pose import PERSPECTIVE
from tellbench.generator.vasa.sizes import N_POSE, Size
from tellbench.generator.vasa.warps import pixel_grid, placed, resized, sample, to_frame

PARTS: Final = ((-0.235, -0.16, 0.05, 0.22), (0.235, -0.16, 0.05, 0.22), (0.0, 0.46, 0.1, 0.34))
"""Where the dynamics encoder looks: canonical x, y, z and half side of a window about each eye with its brow, in image
order, and of one about the mouth."""


_LEAST: Final = min(half for *_, half in PARTS)


class Appearance(nn.Module):
    """A window to a volume in the pose it is seen in, and to a code of who it is."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        widths = [max(size.channels >> i, 24) for i in reversed(range(size.doublings))]
        before, layers = 3, []
        for i, width in enumerate(widths):
            layers.append(down(before, width, 5 if i == 0 else 3))
            before = width
        self.stem = nn.Sequential(*layers, Residual(before), Residual(before), norm(before), nn.SiLU())
        self.lift = conv(before, size.volume * size.depth, 1)
        self.identity = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(before * 16, size.identity))
        self.shape = (size.volume, size.depth)

    def forward(self, window: Tensor) -> tuple[Tensor, Tensor]:
        """Window (N, 3, W, W) in [0, 1] to volume (N, C, D, g, g) and identity (N, I)."""
        features = self.stem(window * 2 - 1)  # (N, channels, g, g)
        volume: Tensor = self.lift(features)
        return volume.view(len(window), *self.shape, *volume.shape[2:]), self.identity(features)


class Canonical(nn.Module):
    """A posed volume to the canonical head: turned back and relaxed by the warp, then mended by one convolution."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.mend = nn.Sequential(norm(size.volume), nn.SiLU(), nn.Conv3d(size.volume, size.volume, 3, padding=1))

    def forward(self, posed: Tensor, cells: Tensor, field: Tensor, pose: Tensor) -> Tensor:
        """Volume (N, C, D, g, g) in the pose (N, 7), as seen from canonical cells (N, D, g, g, 3) through `field`."""
        volume = sample(posed, to_frame(cells, field, pose))  # (N, C, D, g, g)
        mended: Tensor = volume + self.mend(volume)
        return mended


class Reader(nn.Module):
    """Pictures to poses and dynamics. The pose is read from the whole window, the dynamics from eyes and mouth alone.

    The windows about eyes and mouth are flat patches of the canonical head, seen through the pose: the head's turn,
    roll, scale and place are taken out before the dynamics encoder looks, so that they cannot leak into the code.
    """

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        w = size.reader
        wide = (w, 3 * w // 2 // 8 * 8, 2 * w, 3 * w)
        self.pose_stages = _stages(3, wide)
        self.pose_head = _head(wide[-1] * (size.pose_side // 16) ** 2, 128, N_POSE)
        self.part_stages = _stages(9, (2 * w, 3 * w, 4 * w, 4 * w), first_stride=1)
        self.part_head = _head(4 * w * (size.part_side // 8) ** 2, 192, size.dynamics + 2)
        _start(self.pose_head, [0.0] * (N_POSE - 1) + [PERSPECTIVE])

    def pose(self, window: Tensor) -> Tensor:
        """Windows (N, 3, H, W) in [0, 1] to poses (N, 7)."""
        pose: Tensor = self.pose_head(self.pose_maps(window)[-1]).float()
        return pose

    def dynamics(self, window: Tensor, pose: Tensor) -> tuple[Tensor, Tensor]:
        """Windows (N, 3, H, W), at the best resolution there is, seen in poses (N, 7), to codes and lid openings.

        Returns:
            Dynamics (N, Z) and openings (N, 2), the subject's right eye first.
        """
        return self.decide(self.part_maps(window, pose)[-1])

    def decide(self, last_part_map: Tensor) -> tuple[Tensor, Tensor]:
        """Dynamics (N, Z) and lid openings (N, 2) from the last of `part_maps`."""
        out = self.part_head(last_part_map).float()
        return out[:, :-2], out[:, -2:]

    def parts(self, window: Tensor, pose: Tensor) -> Tensor:
        """Eyes and mouth (N, 9, S, S), each standardised; more pixels than that are averaged first."""
        side = self.size.part_side
        window = resized(window, min(window.shape[-1], round(side / _LEAST)))
        spots = pose.new_tensor(PARTS)  # (3, 4): x, y, z, half side
        flat = pixel_grid(side, pose) * spots[:, None, None, 3:] + spots[:, None, None, :2]  # (3, S, S, 2)
        patch = torch.cat([flat, spots[:, None, None, 2:3].expand(-1, side, side, 1)], -1)
        seen = placed(patch.expand(len(pose), -1, -1, -1, -1), pose)[..., :2]  # (N, 3, S, S, 2)
        cut = nn.functional.grid_sample(
            window.float(), seen.flatten(1, 2), padding_mode="border", align_corners=False
        )  # (N, 3 colours, 3 * S, S)
        pictures = cut.view(len(pose), 3, 3, side, side).transpose(1, 2)  # (N, 3 parts, 3 colours, S, S)
        return standardised(pictures.flatten(0, 1)).reshape(len(pose), 9, side, side)

    def part_maps(self, window: Tensor, pose: Tensor) -> list[Tensor]:
        """Maps of every stage that looks at eyes and mouth."""
        return _each(self.part_stages, self.parts(window, pose))

    def pose_maps(self, window: Tensor) -> list[Tensor]:
        """Maps of every stage that looks at the whole window."""
        return _each(self.pose_stages, standardised(resized(window, self.size.pose_side)))


def _each(stages: nn.Sequential, x: Tensor) -> list[Tensor]:
    """What every stage makes of what the one before made."""
    maps = []
    for stage in stages:
        x = stage(x)
        maps.append(x)
    return maps


def _stages(channels: int, widths: tuple[int, ...], first_stride: int = 2) -> nn.Sequential:
    """Halving stages."""
    stages: list[nn.Module] = []
    for i, width in enumerate(widths):
        first = nn.Sequential(conv(channels, width), norm(width), nn.SiLU())
        stages.append(first if i == 0 and first_stride == 1 else down(channels, width, 5 if i == 0 else 3))
        channels = width
    return nn.Sequential(*stages)


def _head(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Flattened maps, so that places survive, to numbers."""
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, hidden), nn.SiLU(), nn.Linear(hidden, outputs))


def _start(head: nn.Sequential, values: list[float]) -> None:
    """Let a head answer `values` until it learns better."""
    zeroed(head[-1])
    with torch.no_grad():
        head.get_parameter(f"{len(head) - 1}.bias").copy_(torch.tensor(values))
