"""Named sizes of the face model: how fine its volume is, how wide its layers are, how large it paints."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final, TypeVar

from tellbench.errors import InputError
from tellbench.generator.vasa.frames import RIG_NAMES

N_RIG: Final = len(RIG_NAMES)
"""Numbers in the rig: 52 coefficients and two of gaze."""
N_POSE: Final = 7
"""Numbers in a pose (`pose.POSE_NAMES`)."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Size:
    """Every number that the networks are built from."""

    name: str
    window: int
    """Side of the picture that the networks see and paint, pixels; what they carry over has any resolution."""
    grid: int
    """Side of the volume; `window` is a power of two, at least 4, times as large."""
    depth: int
    """Slices of the volume."""
    volume: int
    """Channels of the volume."""
    channels: int
    """Channels of the feature maps at `grid`; halved at each doubling of the stem, less steeply in the decoder."""
    blocks: tuple[int, ...]
    """Residual blocks of the decoder at `grid`, then after each doubling up to half of `window`."""
    identity: int
    """Length of the identity code."""
    free: int
    """Numbers of the dynamics code beyond the rig."""
    fields: int
    """Learned displacement fields of each warp."""
    field_grid: tuple[int, int]
    """Slices and side of a displacement field."""
    pose_side: int
    """Side at which the pose encoder sees the window."""
    part_side: int
    """Side at which the dynamics encoder sees each eye and the mouth."""
    reader: int
    """Channels of the first layer of the pose and dynamics encoders."""

    @property
    def dynamics(self) -> int:
        """Length of the dynamics code: the rig, then the free numbers."""
        return N_RIG + self.free

    @property
    def doublings(self) -> int:
        """Times that the side doubles from `grid` to `window`."""
        return (self.window // self.grid).bit_length() - 1

    def __post_init__(self) -> None:
        """Sides fit together."""
        if self.grid << self.doublings != self.window or len(self.blocks) != self.doublings or self.doublings < 2:
            raise ValueError(f"size {self.name}: window {self.window}, grid {self.grid}, blocks {self.blocks}")


SIZES: Final = {
    size.name: size
    for size in (
        Size(
            name="tiny",
            window=128,
            grid=32,
            depth=8,
            volume=12,
            channels=64,
            blocks=(2, 1),
            identity=64,
            free=10,
            fields=64,
            field_grid=(4, 40),
            pose_side=64,
            part_side=32,
            reader=24,
        ),
        Size(
            name="small",
            window=256,
            grid=32,
            depth=16,
            volume=24,
            channels=128,
            blocks=(3, 2, 1),
            identity=96,
            free=10,
            fields=56,
            field_grid=(4, 40),
            pose_side=64,
            part_side=48,
            reader=32,
        ),
        Size(
            name="base",
            window=512,
            grid=64,
            depth=16,
            volume=32,
            channels=192,
            blocks=(4, 2, 1),
            identity=128,
            free=74,
            fields=96,
            field_grid=(6, 64),
            pose_side=128,
            part_side=64,
            reader=48,
        ),
        Size(
            name="paper",
            window=512,
            grid=64,
            depth=16,
            volume=96,
            channels=768,
            blocks=(8, 4, 2),
            identity=512,
            free=74,
            fields=128,
            field_grid=(16, 64),
            pose_side=128,
            part_side=64,
            reader=96,
        ),
    )
}
"""`tiny` trains on a CPU, `small` and `base` on a GPU; `tiny` and `small` fit 14 MB in half precision. `paper` has
MegaPortraits' volume of 96x16x64x64 (Drobyshev et al., ACM MM 2022), the nearest published figure to VASA-1's."""


_Size = TypeVar("_Size")


def size_named(sizes: Mapping[str, _Size], name: str) -> _Size:
    """The size of a name, of the face model's or of the motion model's.

    Raises:
        InputError: there is none.
    """
    if name not in sizes:
        raise InputError(f"size {name!r}; allowed: {', '.join(sizes)}")
    return sizes[name]
