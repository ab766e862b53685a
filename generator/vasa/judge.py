"""A reader of faces that no generator was trained with: rig, lids, pose and landmarks of any picture.

Landmarks come from `datasets.faces`; rig and turn from a network that looks at eyes and mouth at full resolution, where
the landmarks are. Its people (seeds 740000 and up) are neither the generator's nor the held out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tellbench.datasets.expression import columns
from tellbench.datasets.faces.geometry import crop_squares, sampling_grid
from tellbench.datasets.faces.landmarks import EYES, GROUPS, OUTER_CORNERS, Landmarker
from tellbench.datasets.faces.storage import load_weights
from tellbench.generator.vasa.frames import N_POINTS, RIG_NAMES
from tellbench.generator.vasa.layers import down, standardised
from tellbench.generator.vasa.pose import project
from tellbench.generator.vasa.window import pose_of

SIDE: Final = 48
"""Side of the crops that the judge looks at, pixels."""
_SIDES: Final = (0.80, 0.95, 2.30)
"""Width of the crop about an eye with its brow, about the mouth, and about the face, in distances of the outer eye
corners (assumption)."""
_BOX: Final = ((-0.54, -0.66, 0.0), (0.54, 0.76, 0.0))
"""Corners of the box that a face finder would draw about the canonical head."""
MOTIONS: Final = {
    "blink": tuple(columns("eyeBlink")),
    "jaw": tuple(columns("jawOpen")),
    "smile": tuple(columns("mouthSmile")),
    "gaze": (RIG_NAMES.index("gazeRight"),),
}
"""What is read back by name: means of these columns of the rig."""
_BATCH: Final = 32
_TURN: Final = 0.1
"""Radians by which landmarks usually mistake a turn: expressions move them, and noses differ (assumption)."""
_REMEDY: Final = "make them with `python -m tellbench.generator.vasa.judge_fit`"


@dataclasses.dataclass(frozen=True)
class Reading:
    """What a judge reads in N windows; on the CPU."""

    rig: Tensor
    """(N, 54), columns `RIG_NAMES`."""
    lids: Tensor
    """(N, 2), as `FaceFrames.lids`."""
    pose: Tensor
    """(N, 7)."""
    landmarks: Tensor
    """(N, 70, 2) in window coordinates."""


Read = Callable[[Tensor, Tensor | None], Reading]
"""A judge: windows (N, 3, H, W) in [0, 1], and poses (N, 7) that tell where to look for the face, to a reading."""


def motions(rig: Tensor) -> Tensor:
    """What is read back by name (N, 4), in the order of `MOTIONS`, of rigs (N, 54)."""
    return torch.stack([rig[:, list(places)].mean(1) for places in MOTIONS.values()], 1)


class RigNet(nn.Module):
    """One network for both eyes, the left one mirrored, one for the mouth, one for the face around them.

    What is least wrong on average is too small: a regression shrinks towards the mean what it cannot tell for sure.
    `gain` and `offset` undo that for each number of the rig, so that a true picture reads with a slope of one.
    """

    gain: Tensor
    offset: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("gain", torch.ones(len(RIG_NAMES)))
        self.register_buffer("offset", torch.zeros(len(RIG_NAMES)))
        self.eye, self.mouth, self.face = _looker(), _looker(), _looker()
        self.head = nn.Sequential(
            nn.Linear(4 * 96 + 2 * N_POINTS, 256), nn.SiLU(), nn.Linear(256, len(RIG_NAMES) + 2 + 3)
        )

    def forward(self, pictures: Tensor, landmarks: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Read windows.

        Args:
            pictures: Windows (N, 3, H, W) in [0, 1].
            landmarks: (N, 70, 2) in them.

        Returns:
            Rig (N, 54), lids (N, 2), and the turn of the head (N, 3) in radians: what landmarks tell, set right.
        """
        right, left, mouth, face = crops(pictures, landmarks)
        eyes = self.eye(torch.cat([right, left.flip(-1)]))
        seen = [*eyes.chunk(2), self.mouth(mouth), self.face(face), _shape(landmarks)]
        out = self.head(torch.cat(seen, 1))
        return self.offset + self.gain * out[:, :-5], out[:, -5:-3], pose_of(landmarks)[:, :3] + _TURN * out[:, -3:]


def crops(pictures: Tensor, landmarks: Tensor) -> list[Tensor]:
    """Upright standardised crops (N, 3, SIDE, SIDE): the subject's right eye, left eye, mouth, and face."""
    size = pictures.shape[-1]
    first, second = (landmarks[:, corner] for corner in OUTER_CORNERS)
    across = second - first
    unit, roll = across.norm(dim=-1), torch.atan2(across[:, 1], across[:, 0])
    up = torch.stack([across[:, 1], -across[:, 0]], -1)
    eyes = [landmarks[:, eye].mean(1) + 0.12 * up for eye in EYES]
    mouth, nose = landmarks[:, GROUPS["mouth"]].mean(1), landmarks[:, GROUPS["nose"]].mean(1)
    wanted = zip([*eyes, mouth, nose], (_SIDES[0], *_SIDES), strict=True)
    squares = [crop_squares((middle + 1) * size / 2, width * unit * size / 2, roll) for middle, width in wanted]
    grids = [sampling_grid(square, SIDE, pictures.shape[-2:]) for square in squares]
    return [
        standardised(functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False))
        for grid in grids
    ]


class Judge:
    """Reads windows: place by a landmarker, rig by `RigNet`."""

    def __init__(self, network: RigNet, landmarker: Landmarker, device: str = "cpu") -> None:
        self.network, self.landmarker, self.device = network.eval().to(device), landmarker, torch.device(device)

    @classmethod
    def load(cls, path: Path, device: str = "cpu") -> Self:
        """With weights that `judge_fit` wrote, and the landmark network that ships.

        Raises:
            InputError: the file is missing or holds something else.
        """
        from tellbench.datasets.faces.landmarks import load_landmarker

        return cls(read_weights(path), load_landmarker("network", device), device)

    def __call__(self, windows: Tensor, expected: Tensor | None = None) -> Reading:
        """Read windows (N, 3, H, W) in [0, 1]; `expected` poses (N, 7) tell where to look for the face."""
        poses = torch.zeros(len(windows), 7) if expected is None else expected.cpu()
        parts = [self._read(windows[i : i + _BATCH], poses[i : i + _BATCH]) for i in range(0, len(windows), _BATCH)]
        return Reading(*(torch.cat([getattr(part, f.name) for part in parts]) for f in dataclasses.fields(Reading)))

    @torch.no_grad()
    def _read(self, windows: Tensor, poses: Tensor) -> Reading:
        points = landmarks_in(windows, self.landmarker, poses)
        rig, lids, turn = (t.cpu() for t in self.network(windows.to(self.device).float(), points.to(self.device)))
        return Reading(rig, lids, torch.cat([turn, pose_of(points)[:, 3:]], 1), points)


def landmarks_in(windows: Tensor, landmarker: Landmarker, poses: Tensor | None = None) -> Tensor:
    """Landmarks (N, 70, 2), in window coordinates, of windows (N, 3, H, W) in [0, 1]; on the CPU.

    Poses (N, 7) tell where the face is; by default where a window has it.
    """
    poses = torch.zeros(len(windows), 7) if poses is None else poses
    frames = (windows.permute(0, 2, 3, 1) * 255).round().clamp(0, 255).byte().cpu().numpy()
    corners = project(poses.new_tensor(_BOX).expand(len(poses), -1, -1), _unturned(poses))[..., :2]
    found = landmarker(frames, ((corners.flatten(1) + 1) * windows.shape[-1] / 2).numpy())
    return torch.as_tensor(np.concatenate([found.points, found.iris], 1)) * (2 / windows.shape[-1]) - 1


def _shape(landmarks: Tensor) -> Tensor:
    """Landmarks (N, 140) upright, about their mean, in distances of the outer eye corners."""
    first, second = (landmarks[:, corner] for corner in OUTER_CORNERS)
    across = second - first
    frame = torch.stack([across, torch.stack([-across[:, 1], across[:, 0]], -1)], -1)  # (N, 2, 2)
    apart = (landmarks - landmarks.mean(1, keepdim=True)) @ frame / across.square().sum(-1)[:, None, None]
    return apart.flatten(1)


def _unturned(poses: Tensor) -> Tensor:
    """Poses of heads that look straight on, from the same place."""
    return torch.cat([torch.zeros_like(poses[:, :3]), poses[:, 3:]], 1)


def _looker() -> nn.Sequential:
    """Crops (N, 3, SIDE, SIDE) to features (N, 96)."""
    side = SIDE // 16
    stages = [down(3, 24, 5), down(24, 48, 3), down(48, 64, 3), down(64, 96, 3)]
    return nn.Sequential(*stages, nn.Flatten(), nn.Linear(96 * side * side, 96), nn.SiLU())


def read_weights(path: Path) -> RigNet:
    """Read what `storage.write_weights` wrote.

    Raises:
        InputError: the file is missing or holds something else.
    """
    return load_weights(path, RigNet(), "a judge's", _REMEDY)
