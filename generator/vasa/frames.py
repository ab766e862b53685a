"""What networks learn from and are measured on: batches of face windows with whatever is known of them.

Everything is in window coordinates (see the package) and canonical coordinates (`pose`). The studio knows all of it;
video knows the picture, the person, and landmarks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Self

import torch
from torch import Tensor

from tellbench.datasets.expression import COEFFICIENTS
from tellbench.datasets.faces.landmarks import MIRROR

RIG_NAMES: Final = (*COEFFICIENTS, "gazeRight", "gazeUp")
"""Columns of `FaceFrames.rig`: the 52 coefficients in [0, 1], then gaze in the head in units of `GAZE_UNIT`, to the
right of the image and upward. Lids that follow the gaze are already in the coefficients (eyeLookDown, eyeLookUp)."""
GAZE_UNIT: Final = 20.0
"""Degrees of gaze that count as 1."""
N_POINTS: Final = 70
"""The 68 iBUG points, then the iris centres, the subject's right first."""


def _other_side(name: str) -> str:
    if name in ("gazeRight", "gazeUp"):
        return name
    left = name.removesuffix("Left")
    return left + "Right" if left != name else name.removesuffix("Right") + "Left" if name.endswith("Right") else name


_MIRROR_RIG: Final = tuple(RIG_NAMES.index(_other_side(name)) for name in RIG_NAMES)
_MIRROR_POINTS: Final = (*MIRROR.tolist(), 69, 68)
_POSE_SIGNS: Final = (-1.0, 1.0, -1.0, -1.0, 1.0, 1.0, 1.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FaceFrames:
    """N face windows; one row a frame, all tensors on one device. What is not known is None.

    Maps (`canonical`, `surface`, `depth`, `labels`) may be smaller than the picture; they cover the same window.
    """

    image: Tensor
    """float32 (N, 3, H, W), sRGB in [0, 1]."""
    person: Tensor | None = None
    """int64 (N,): who it is."""
    pose: Tensor | None = None
    """float32 (N, 7), columns `pose.POSE_NAMES`."""
    rig: Tensor | None = None
    """float32 (N, 54), columns `RIG_NAMES`: what drives a face, the same for every person."""
    lids: Tensor | None = None
    """float32 (N, 2): lid opening over eye width, 0 closed, about 0.35 open; the subject's right eye first. It follows
    from the rig and the person: to be read, not to drive."""
    landmarks: Tensor | None = None
    """float32 (N, 70, 2) in window coordinates."""
    canonical: Tensor | None = None
    """float32 (N, 3, h, w): where what a pixel shows lies in the canonical head; 0 where there is no surface. Clothes
    are in it too, where they are while the head is at rest."""
    surface: Tensor | None = None
    """float32 (N, 1, h, w): 1 where a person is seen, clothes included, 0 where the room is."""
    depth: Tensor | None = None
    """float32 (N, 1, h, w): window z of what a pixel shows (`pose.project`); 0 where there is no surface."""
    labels: Tensor | None = None
    """uint8 (N, 1, h, w): class of each pixel, `datasets.studio.labels.Label`."""

    def __len__(self) -> int:
        return len(self.image)

    def to(self, device: torch.device | str) -> Self:
        """The same frames on another device."""
        return self._each(lambda tensor: tensor.to(device))

    def at(self, index: Tensor | slice) -> Self:
        """The rows at an index tensor, mask or slice."""
        return self._each(lambda tensor: tensor[index])

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """All rows of all parts; only what every part knows is kept."""
        columns = {field.name: [getattr(part, field.name) for part in parts] for field in dataclasses.fields(cls)}
        return cls(**{name: torch.cat(c) for name, c in columns.items() if all(t is not None for t in c)})

    def mirrored(self, chosen: Tensor) -> Self:
        """Frames of which those of a mask (N,) are seen in a mirror, with their truth."""
        return self._where(chosen, self._mirror())

    def _mirror(self) -> Self:
        changed: dict[str, Tensor] = {"image": self.image.flip(-1)}
        for name in ("surface", "depth", "labels"):
            if (value := getattr(self, name)) is not None:
                changed[name] = value.flip(-1)
        if self.canonical is not None:
            changed["canonical"] = self.canonical.flip(-1) * self.canonical.new_tensor([-1.0, 1, 1])[:, None, None]
        if self.pose is not None:
            changed["pose"] = self.pose * self.pose.new_tensor(_POSE_SIGNS)
        if self.rig is not None:
            changed["rig"] = mirror_rig(self.rig)
        if self.lids is not None:
            changed["lids"] = self.lids.flip(-1)
        if self.landmarks is not None:
            changed["landmarks"] = self.landmarks[:, list(_MIRROR_POINTS)] * self.landmarks.new_tensor([-1.0, 1])
        return dataclasses.replace(self, **changed)

    def _where(self, chosen: Tensor, other: Self) -> Self:
        """Rows of `other` where chosen, else of this."""
        changed = {}
        for name, value in self._known():
            mask = chosen.view(-1, *[1] * (value.ndim - 1))
            changed[name] = torch.where(mask, getattr(other, name), value)
        return dataclasses.replace(self, **changed)

    def _each(self, change: Callable[[Tensor], Tensor]) -> Self:
        return type(self)(**{name: change(value) for name, value in self._known()})

    def _known(self) -> Iterator[tuple[str, Tensor]]:
        for field in dataclasses.fields(self):
            if (value := getattr(self, field.name)) is not None:
                yield field.name, value


@dataclasses.dataclass(frozen=True)
class Pairs:
    """Training items: put the pose of one frame and the dynamics of another on a source, and here is the truth.

    `target` shows the source's person, in the source's light and place, in the pose of `pose_driver` and with the
    dynamics (rig) of `dynamics_driver`. On video, both drivers are the target itself.
    """

    source: FaceFrames
    target: FaceFrames
    pose_driver: FaceFrames
    """Pose is the target's; person, rig and light may differ."""
    dynamics_driver: FaceFrames
    """Rig is the target's; person, pose and light may differ."""

    def __len__(self) -> int:
        return len(self.source)

    def to(self, device: torch.device | str) -> Pairs:
        """The same pairs on another device."""
        return Pairs(*(getattr(self, field.name).to(device) for field in dataclasses.fields(self)))


def rig_of(coefficients: Tensor, gaze: Tensor) -> Tensor:
    """Rig (N, 54) from coefficients (N, 52) and gaze (N, 2) in degrees, as shown: lids follow the gaze."""
    from tellbench.datasets.studio.expressions.posing import follow_gaze

    return torch.cat([follow_gaze(coefficients, gaze), gaze / GAZE_UNIT], -1)


def mirror_rig(rig: Tensor) -> Tensor:
    """Rig (N, 54) of the mirrored face."""
    swapped = rig[:, list(_MIRROR_RIG)].clone()
    swapped[:, RIG_NAMES.index("gazeRight")] *= -1
    return swapped
