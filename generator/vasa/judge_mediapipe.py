"""MediaPipe's FaceLandmarker as a second judge, where its model is at hand: another maker's opinion of expressions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.expression import COEFFICIENTS
from tellbench.datasets.faces.judges import FaceMesher, Sighting
from tellbench.datasets.faces.mediapipe_backend import bundle_path, from_meshes
from tellbench.generator.vasa.judge import Reading
from tellbench.generator.vasa.window import pose_of

_LOOKS: Final = (("eyeLookInRight", "eyeLookOutLeft"), ("eyeLookOutRight", "eyeLookInLeft"), "eyeLookUp", "eyeLookDown")
"""Scores that turn both eyes: to the subject's left, which is image right; to the right; up; down."""


class MediaPipeJudge:
    """Reads windows as `judge.Judge` does; where it sees no face, everything is as in a face at rest.

    `MediaPipeJudge.opened` gives one.
    """

    def __init__(self, mesher: FaceMesher) -> None:
        self._mesher = mesher

    @classmethod
    @contextmanager
    def opened(cls, model: Path | None = None) -> Iterator[Self]:
        """Open the bundle named here or in the environment, for a while.

        Raises:
            InputError: the extra is not installed, or the bundle is missing or broken.
        """
        with FaceMesher.opened(bundle_path(model)) as mesher:
            yield cls(mesher)

    def __call__(self, windows: Tensor, expected: Tensor | None = None) -> Reading:
        """Read windows (N, 3, H, W) in [0, 1]; it finds faces itself, so `expected` is not used."""
        frames = (windows.permute(0, 2, 3, 1) * 255).round().clamp(0, 255).byte().cpu().numpy()
        seen = [self._mesher(frame) for frame in frames]
        found = from_meshes(np.stack([one.mesh for one in seen]))
        points = torch.as_tensor(np.concatenate([found.points, found.iris], 1)) * (2 / windows.shape[-1]) - 1
        known, pose = torch.as_tensor(found.known), torch.zeros(len(seen), 7)
        if bool(known.any()):
            pose[known] = pose_of(points[known])
        lids = torch.as_tensor(found.aperture).nan_to_num()
        return Reading(torch.stack([_rig(one) for one in seen]), lids, pose, points.nan_to_num())


def _rig(seen: Sighting) -> Tensor:
    """Scores as a rig (54,); gaze is the sum of the scores that turn the eyes, about 1 at its widest."""
    scores = [seen.scores.get(name, 0.0) for name in COEFFICIENTS]
    left, right = (sum(seen.scores.get(name, 0.0) for name in pair) / 2 for pair in _LOOKS[:2])
    up, down = (sum(seen.scores.get(name + side, 0.0) for side in ("Left", "Right")) / 2 for name in _LOOKS[2:])
    return torch.tensor([*scores, left - right, up - down])
