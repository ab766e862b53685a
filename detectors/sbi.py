"""The image classifier trained on pristine clips alone, against their self-blended images."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.clip import PRISTINE, Clip
from tellbench.detectors.augment import augment
from tellbench.detectors.blending import face_mask, self_blend
from tellbench.detectors.cnn import Cnn
from tellbench.detectors.crops import crop_points
from tellbench.detectors.cues import extract
from tellbench.detectors.devices import torch_device
from tellbench.detectors.network import Examples
from tellbench.detectors.windows import model_input, random_windows


class SelfBlended(Cnn):
    """`cnn` with self-blended training: no forged clip is learnt from, so no generator is known to it.

    Forged clips choose the epoch and calibrate, on `val`, as for every detector. The configuration is that of `cnn`.
    """

    name = "sbi"

    def lessons(self, seen: Examples) -> Examples:
        """Pristine images with the masks of their faces as a fourth channel."""
        pristine = seen.where(clip.label == PRISTINE for clip in seen.clips)
        masked = [
            torch.cat([images, self._masks(clip, images.shape[-1])], 1)
            for clip, images in zip(pristine.clips, pristine.pieces, strict=True)
        ]
        return Examples(pristine.clips, masked)

    def batch(self, pieces: list[Tensor], labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Windows of half of the pieces, each beside its self-blended twin."""
        windows = random_windows(pieces[::2], self.size, generator).to(torch_device(self.device)).float() / 255
        images, masks = windows[:, :3], windows[:, 3:]
        both = torch.cat([images, self_blend(images, masks, generator)])
        forged = torch.arange(len(both)) >= len(images)
        return model_input(augment(both, generator), self.residual), forged.float()

    def _masks(self, clip: Clip, side: int) -> Tensor:
        """Masks of a clip's crops at the side that the model sees, uint8 (N, 1, side, side)."""
        cues = extract(clip, self.backend, self.device)
        crops = self.crops(clip, cues)
        points = crop_points(clip, cues, crops) * (side / crops.side)
        return torch.from_numpy(np.stack([face_mask(marks, side) for marks in points]))[:, None]
