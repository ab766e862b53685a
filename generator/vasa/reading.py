"""What a face does in a clip, read by stage one: to be shown again under other wishes, or on another face."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from tellbench.datasets.audio import RATE, Audio, read_audio
from tellbench.datasets.faces.landmarks import Landmarker
from tellbench.datasets.faces.track import Finder, track_faces
from tellbench.datasets.speech.features import prosody
from tellbench.datasets.video import iter_frames, probe, read_frames
from tellbench.generator.motion import Motion
from tellbench.generator.vasa.frames import GAZE_UNIT
from tellbench.generator.vasa.motion.data.clips import Reader, bridged, read_faces, require_face
from tellbench.generator.vasa.moves import moves_between

_CHUNK: Final = 16
_STEADIED: Final = 1.0
"""Frames over which poses are smoothed: landmarks tremble from frame to frame, heads do not (assumption)."""
_DEGREES: Final = 10.0
"""Turn of the head that is as far from rest as a coefficient of 1 (assumption)."""


@dataclass(frozen=True)
class Acted:
    """A clip as a performance: what the face does against its frame nearest to rest."""

    motion: Motion
    """At the clip's rate."""
    portrait: npt.NDArray[np.uint8]
    """The frame at rest, (H, W, 3)."""
    speech: Audio
    """Its sound, as long as the motion; silence where it has none."""
    fps: float


def read_acted(path: Path, finder: Finder, landmarker: Landmarker, reader: Reader) -> Acted:
    """Read a clip.

    Args:
        path: a video.
        finder: a `FaceFinder`.
        landmarker: what `load_landmarker` gives.
        reader: reads the rig (`StageOne`).

    Raises:
        InputError: not a readable video, or without a face in nearly all frames.
    """
    info = probe(path)
    track = track_faces(iter_frames(path, _CHUNK), finder, landmarker)
    require_face(path, track)
    poses, rigs = read_faces(path, track, reader)
    rest = _rest(poses, rigs)
    moves = moves_between(poses[rest : rest + 1], poses)
    moves = torch.from_numpy(gaussian_filter1d(moves.numpy(), _STEADIED, axis=0, mode="nearest"))
    move, rig = (bridged(rows, track).numpy().astype(np.float32) for rows in (moves - moves[rest], rigs - rigs[rest]))
    sound = read_audio(path) if info.has_audio else Audio(np.zeros(1, np.float32))
    speech = sound.fitted(round(len(track) / info.fps * RATE))
    heard = prosody(speech)
    steps = np.minimum(((np.arange(len(track)) + 0.5) / info.fps * 100).astype(int), len(heard.f0_hz) - 1)
    motion = Motion(rig[:, :-2], move, rig[:, -2:] * GAZE_UNIT, heard.loudness_db[steps], heard.f0_hz[steps])
    still = int(np.flatnonzero(track.found)[rest])
    return Acted(motion, read_frames(path, [still])[0], speech, info.fps)


def _rest(poses: Tensor, rigs: Tensor) -> int:
    """Of poses (N, 7) and rigs (N, 54), which is nearest to a face at rest that looks ahead."""
    turned = torch.rad2deg(poses[:, :3]).norm(dim=1) / _DEGREES
    return int((rigs.square().sum(1).sqrt() + turned).argmin())
