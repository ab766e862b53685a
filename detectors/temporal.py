"""A clip-level model over frame features: what changes from frame to frame, which no single frame can show."""

from __future__ import annotations

from typing import ClassVar, Final

import torch
from torch import Tensor, nn

from tellbench.datasets.clip import Clip
from tellbench.detectors.base import Picture
from tellbench.detectors.cnn import Cnn, build_model
from tellbench.detectors.crops import RUN, Crops, face_run
from tellbench.detectors.cues import Cues
from tellbench.detectors.fitting import Floats
from tellbench.errors import InputError

LENGTH: Final = 8
"""Consecutive frames that are scored together: a third of a second, as long as a blink (assumption)."""
_WIDTH: Final = 64


class RunModel(nn.Module):
    """Features of each frame by a timm model, then convolutions over time, averaged.

    Args:
        backbone: any timm model.
        size: side of the frames in pixels.
    """

    def __init__(self, backbone: str, size: int) -> None:
        super().__init__()
        self.frames = build_model(backbone, size, outputs=0)
        with torch.no_grad():
            features = self.frames(torch.zeros(1, 3, size, size)).shape[1]
        self.time = nn.Sequential(
            nn.Conv1d(features, _WIDTH, 3, padding=1), nn.ReLU(), nn.Conv1d(_WIDTH, _WIDTH, 3, padding=1), nn.ReLU()
        )
        self.head = nn.Linear(_WIDTH, 1)

    def forward(self, runs: Tensor) -> Tensor:
        """Runs (B, LENGTH * 3, S, S) to log odds (B, 1)."""
        features = self.frames(runs.reshape(-1, 3, *runs.shape[2:]))  # (B * LENGTH, F)
        over_time = features.view(len(runs), LENGTH, -1).mT  # (B, F, LENGTH)
        odds: Tensor = self.head(self.time(over_time).mean(2))
        return odds


class Temporal(Cnn):
    """Scores of short runs of consecutive frames; the clip's score is the logistic of their mean log odds.

    Trained as `cnn` is. All frames of a run are cut at the same place, so that what moves is the face.

    Args:
        backbone: any timm model.
        size: side of the windows in pixels.
        frames: consecutive frames a clip, a multiple of `LENGTH`.
        epochs: passes over all runs, at most.
        residual: show the model the high-pass residual instead of the picture.
        seed: initial weights, order and augmentation.
        backend: landmark source of the face boxes.
        device: `auto`, `cpu` or `cuda`.
    """

    name = "temporal"
    unit: ClassVar[str] = "run"

    def __init__(
        self,
        backbone: str = "test_byobnet",
        size: int = 112,
        frames: int = RUN,
        epochs: int = 12,
        residual: bool = True,
        seed: int = 0,
        backend: str = "network",
        device: str = "auto",
    ) -> None:
        super().__init__(backbone, size, frames, epochs, residual, seed, backend, device)
        if frames % LENGTH:
            raise InputError(f"temporal frames {frames}; a multiple of {LENGTH} is needed")

    def build(self) -> nn.Module:
        """The untrained model."""
        return RunModel(self.backbone, self.size)

    def crops(self, clip: Clip, cues: Cues) -> Crops:
        """Consecutive frames from the middle of the clip.

        Raises:
            InputError: no stretch as long shows a face throughout.
        """
        return face_run(clip, cues, self.frames)

    def images(self, crops: Crops) -> Tensor:
        """Runs, uint8 (N, LENGTH * 3, S, S)."""
        frames = super().images(crops)
        return frames.reshape(-1, 3 * LENGTH, *frames.shape[2:])

    def looks(self, model: nn.Module, images: Tensor, times: Floats, frames: Floats) -> tuple[Picture, ...]:
        """Nothing: a run is no picture."""
        return ()
