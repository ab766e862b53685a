"""Portraits from outside the studio, driven by studio actors: what can be measured without a truth, and a panel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from tellbench.datasets.faces.finder import FaceFinder
from tellbench.datasets.faces.framing import only_face, read_portrait
from tellbench.datasets.faces.identity import Embedder
from tellbench.datasets.faces.landmarks import Landmarker, load_landmarker
from tellbench.errors import InputError
from tellbench.generator.meshwarp.quality import examine
from tellbench.generator.vasa.data.video import PICTURES
from tellbench.generator.vasa.frames import FaceFrames
from tellbench.generator.vasa.judge import Read, Reading
from tellbench.generator.vasa.metrics import detail_percent, identity_cosine, strengths, turn_between
from tellbench.generator.vasa.model import FaceModel
from tellbench.generator.vasa.moves import carried_pose
from tellbench.generator.vasa.panels import write_panel
from tellbench.generator.vasa.rig import teach
from tellbench.generator.vasa.warps import pixel_grid
from tellbench.generator.vasa.window import cut, face_squares, pose_of, to_window

_BATCH: Final = 8
_SHOWN: Final = 8
"""Frames of each portrait in the panel."""
_FACE: Final = 0.5
"""Half widths of the window about its middle, in which detail is the face's."""
_CORNER: Final = 8
"""A corner of the room is this share of the window's side."""


def read_window(path: Path, side: int, finder: FaceFinder, landmarker: Landmarker) -> FaceFrames:
    """The one face of a picture as a window, with its landmarks and pose: those of several looks, as `vasa` takes them.

    Raises:
        InputError: no readable picture, or not one face.
    """
    picture = read_portrait(path)
    box = only_face(finder(picture[None])[0]).box
    _, seen, iris = examine(landmarker, picture, box, landmarker(picture[None], box[None]))
    points = torch.as_tensor(np.concatenate([seen, iris]))[None]
    square = face_squares(points)
    planes = torch.as_tensor(picture).permute(2, 0, 1)[None].float() / 255
    inside = to_window(points, square)
    return FaceFrames(image=cut(planes, square, side), landmarks=inside, pose=pose_of(inside))


@torch.no_grad()
def drive_portrait(model: FaceModel, portrait: FaceFrames, actor: FaceFrames) -> tuple[Tensor, Tensor]:
    """Frames (T, 3, S, S) of a portrait driven by an actor's known motion, and the poses (T, 7) they should have."""
    assert portrait.pose is not None and actor.pose is not None and actor.rig is not None
    source = model.encode_portrait(portrait.image, portrait.pose, portrait.landmarks)
    poses = carried_pose(portrait.pose, actor.pose[:1], actor.pose)
    frames = []
    for start in range(0, len(actor), _BATCH):
        part = slice(start, start + _BATCH)
        one = source.at(torch.zeros(len(poses[part]), dtype=torch.long, device=poses.device))
        frames.append(model.drive(one, poses[part], teach(actor.rig[part], model.size.dynamics)).image.float().cpu())
    return torch.cat(frames), poses.cpu()


def measure_portraits(
    model: FaceModel,
    judge: Read,
    embedder: Embedder,
    folder: Path,
    actors: Sequence[FaceFrames],
    out: Path,
    side: int = 256,
) -> pd.DataFrame:
    """One row a portrait and their mean; writes `portraits.png`, a row a portrait, the portrait itself first.

    One actor's expressions are few: what is read of them hangs on which they are. So there are several.

    Args:
        model: What drives.
        judge: What reads.
        embedder: Who it is.
        folder: Of portraits.
        actors: Frames whose motion is put on the portraits, of each actor in turn; the first one is at rest.
        out: Folder of the panel.
        side: Width in pixels at which the portraits are driven.

    Raises:
        InputError: no portraits, or one without exactly one face.
    """
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in PICTURES)
    if not paths:
        raise InputError(f"{folder}: no portraits; give a folder of PNG, JPEG or WebP pictures of one face each")
    finder, landmarker = FaceFinder(), load_landmarker("network")
    device = next(model.parameters()).device
    rows, strips = {}, []
    for path in paths:
        portrait = read_window(path, side, finder, landmarker)
        seen, read = [], []
        for i, actor in enumerate(actors):
            frames, poses = drive_portrait(model, portrait.to(device), actor.to(device))
            reading = judge(frames, poses)
            seen.append(_figures(portrait, frames, poses, reading, embedder, finder))
            read.append(reading.rig)
            if i == 0:
                shown = torch.linspace(0, len(frames) - 1, _SHOWN).round().long()
                strips.append(torch.cat([portrait.image[0], *frames[shown]], -1))
        rows[path.stem] = pd.DataFrame(seen).mean().to_dict() | strengths(torch.cat(read), _rigs(actors))
    write_panel(out / "portraits.png", torch.cat(strips, -2).clamp(0, 1))
    table = pd.DataFrame.from_dict(rows, orient="index")
    return pd.concat([table, table.mean().to_frame("mean").T])


def _rigs(actors: Sequence[FaceFrames]) -> Tensor:
    """Of all frames of all actors (N, 54), on the CPU."""
    return torch.cat([actor.rig.cpu() for actor in actors if actor.rig is not None])


def _figures(
    portrait: FaceFrames, frames: Tensor, poses: Tensor, read: Reading, embedder: Embedder, finder: FaceFinder
) -> dict[str, float]:
    assert portrait.landmarks is not None
    found = finder((frames.permute(0, 2, 3, 1) * 255).round().byte().numpy())
    own = portrait.image.expand(len(frames), -1, -1, -1)
    own_points = portrait.landmarks.expand(len(frames), -1, -1)
    corner = frames.shape[-1] // _CORNER
    face = (pixel_grid(frames.shape[-1], frames).norm(dim=-1) < _FACE).float()[None, None]
    return {
        "found_percent": 100 * sum(bool(faces) for faces in found) / len(found),
        "identity": float(identity_cosine(embedder, frames, read.landmarks, own, own_points).mean()),
        "detail_percent": detail_percent(frames, portrait.image, face),
        "pose_degrees": float(turn_between(read.pose, poses).mean()),
        "room_moves": float(255 * (frames - own)[..., :corner, [*range(corner), *range(-corner, 0)]].abs().mean()),
    }
