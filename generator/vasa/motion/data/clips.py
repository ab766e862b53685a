"""Motion from video that the user has, read by stage one: poses by landmarks, rig by the dynamics encoder.

The same folders as for stage one (`vasa.data.video`); a clip needs sound, and a face in nearly all of it. What such a
person would have been asked for is read from the motion itself: the main gaze, the mean distance, the mean emotion.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.audio import read_audio
from tellbench.datasets.faces.landmarks import Landmarker
from tellbench.datasets.faces.track import FaceTrack, Finder, track_faces
from tellbench.datasets.video import iter_frames, probe
from tellbench.errors import InputError
from tellbench.generator.vasa.data.video import Recording
from tellbench.generator.vasa.model import FaceModel
from tellbench.generator.vasa.motion.data.talks import Talk, read_talk, write_talk
from tellbench.generator.vasa.motion.frontends import LOG_MEL, Frontend
from tellbench.generator.vasa.motion.hearing import features
from tellbench.generator.vasa.motion.script import DISTANCES, FARTHEST_LOOK, Script, distance_of, emotion_of, main_gaze
from tellbench.generator.vasa.motion.sizes import WINDOW
from tellbench.generator.vasa.motion.space import RATE, between, joined
from tellbench.generator.vasa.moves import moves_between
from tellbench.generator.vasa.rig import read_rig
from tellbench.generator.vasa.window import clip_square, cut, pose_of, to_window

_LEAST_FOUND: Final = 0.9
"""Share of frames that must show a face; the others are bridged (assumption)."""
_CHUNK: Final = 16


class Reader(Protocol):
    """Windows (N, 3, S, S) of a width in pixels and poses (N, 7) to dynamics codes (N, Z)."""

    side: int

    def __call__(self, windows: Tensor, poses: Tensor) -> Tensor:
        """Read."""


class StageOne:
    """The face model's dynamics encoder."""

    def __init__(self, model: FaceModel, device: str = "cpu") -> None:
        self.side, self._model, self._device = model.size.window, model.to(device), device

    @torch.inference_mode()
    def __call__(self, windows: Tensor, poses: Tensor) -> Tensor:
        """Read."""
        return self._model.read_dynamics(windows.to(self._device), poses.to(self._device)).cpu()


def read_clip(path: Path, finder: Finder, landmarker: Landmarker, reader: Reader, frontend: Frontend) -> Talk:
    """A video as a talk.

    Raises:
        InputError: unreadable, too short, without sound, or without a face in nearly all frames.
    """
    sound, fps = features(read_audio(path), frontend), probe(path).fps
    track = track_faces(iter_frames(path, _CHUNK), finder, landmarker)
    require_face(path, track)
    count = int(len(track) / fps * RATE)
    if count < WINDOW:
        raise InputError(f"{path}: {count / RATE:.1f} s; {WINDOW / RATE:g} s or more are needed")
    motion = between(_motion(path, track, reader), (torch.arange(count) + 0.5) / RATE * fps - 0.5)
    count = min(count, len(sound))
    return Talk(motion[:count], sound[:count], _script(motion[:count]).rows(0, count))


def require_face(path: Path, track: FaceTrack) -> None:
    """Refuse a clip that does not show a face nearly all the time.

    Raises:
        InputError: it does not.
    """
    found = int(track.found.sum())
    if not found or found < _LEAST_FOUND * len(track):
        raise InputError(
            f"{path}: a face in {found} of {len(track)} frames; one is needed in {_LEAST_FOUND:.0%} of them"
        )


def _motion(path: Path, track: FaceTrack, reader: Reader) -> Tensor:
    """Motion (T, 60) at the clip's own rate; gaps are bridged."""
    poses, rigs = read_faces(path, track, reader)
    rest = poses.median(0, keepdim=True).values
    rest[:, :3] = 0  # facing the camera, where the studio's people rest
    return bridged(joined(moves_between(rest, poses), rigs), track)


def read_faces(path: Path, track: FaceTrack, reader: Reader) -> tuple[Tensor, Tensor]:
    """Poses (N, 7) and rigs (N, 54) of the N frames of a clip that show a face, in one window for all."""
    known = torch.from_numpy(np.flatnonzero(track.found))
    points = torch.from_numpy(np.concatenate([track.landmarks.points, track.landmarks.iris], 1))[known]
    square = clip_square(points)
    poses = pose_of(to_window(points, square))
    rigs, first = [], 0
    for chunk in iter_frames(path, _CHUNK):
        rows = ((known >= first) & (known < first + len(chunk))).nonzero()[:, 0]
        if len(rows):
            pictures = torch.from_numpy(chunk[(known[rows] - first).numpy()]).permute(0, 3, 1, 2).float() / 255
            rigs.append(read_rig(reader(cut(pictures, square, reader.side), poses[rows])))
        first += len(chunk)
    return poses, torch.cat(rigs)


def bridged(rows: Tensor, track: FaceTrack) -> Tensor:
    """Rows (N, C) of the frames that show a face as rows of all T frames."""
    known = np.flatnonzero(track.found)
    return between(rows, torch.from_numpy(np.interp(np.arange(len(track)), known, np.arange(len(known)))))


def _script(motion: Tensor) -> Script:
    """What a clip would have been asked for."""
    farthest = torch.tensor(FARTHEST_LOOK)
    gaze = main_gaze(motion).maximum(-farthest).minimum(farthest)
    return Script.of(gaze, distance_of(motion).clamp(*DISTANCES), emotion_of(motion))


def prepare(
    found: Iterable[Recording],
    cache: Path,
    finder: Finder,
    landmarker: Landmarker,
    reader: Reader,
    frontend: Frontend,
) -> Iterator[Talk]:
    """Talks of clips, kept in a folder so that no clip is read twice; useless ones are named."""
    for one in found:
        stamp = f"{one.path.resolve()} {one.path.stat().st_mtime_ns} {reader.side}"
        if frontend.kind != LOG_MEL:
            stamp += f" {frontend.kind}"
        path = cache / f"clip_{hashlib.sha256(stamp.encode()).hexdigest()[:24]}.safetensors"
        if not path.exists():
            try:
                write_talk(path, read_clip(one.path, finder, landmarker, reader, frontend))
            except InputError as error:
                logging.getLogger(__name__).warning("skipped: %s", error)
                continue
        yield read_talk(path)
