"""Pictures of a training run, to be looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from tellbench.datasets.files import atomic_path
from tellbench.generator.vasa.frames import Pairs
from tellbench.generator.vasa.model import FaceModel
from tellbench.generator.vasa.rig import only_rig, teach
from tellbench.generator.vasa.warps import resized

COLUMNS = ("source", "pose driver", "dynamics driver", "truth", "known codes", "read codes", "moved", "mask")
"""What a row of a panel shows; `mask` is red where the source is moved, green where it is kept, blue where painted,
black where the room is."""


@torch.no_grad()
def panel(model: FaceModel, pairs: Pairs) -> Tensor:
    """One row of `COLUMNS` a pair, (3, rows * S, 8 * S) in [0, 1]."""
    source, truth = pairs.source, pairs.target
    side = source.image.shape[-1]
    read = model.encode_portrait(source.image, landmarks=source.landmarks)
    code = only_rig(model.read_dynamics(pairs.dynamics_driver.image))
    by_picture = model.drive(read, model.read_pose(pairs.pose_driver.image), code)
    by_rig = by_picture
    if truth.pose is not None and truth.rig is not None and source.pose is not None and source.rig is not None:
        length = model.size.dynamics
        bare = model.encode_source(source.image, source.pose, teach(source.rig, length))
        known = model.settled(bare, source.landmarks)
        by_rig = model.drive(known, truth.pose, teach(truth.rig, length))
    columns = [source, pairs.pose_driver, pairs.dynamics_driver, truth]
    pictures = [frames.image for frames in columns] + [by_rig.image, by_picture.image, by_rig.moved, by_rig.mask[:, :3]]
    rows = torch.cat([resized(picture, side) for picture in pictures], -1)  # (N, 3, S, 8 * S)
    return torch.cat(list(rows), 1).clamp(0, 1)


def write_panel(path: Path, picture: Tensor) -> None:
    """Write a picture (3, H, W) in [0, 1] as PNG."""
    pixels = (picture.permute(1, 2, 0) * 255).round().byte().cpu().numpy()
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as part:
        Image.fromarray(np.ascontiguousarray(pixels)).save(part, format="PNG")
