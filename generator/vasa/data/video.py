"""Face windows from video that the user has: corpora of this project, or folders of people with clips.

A folder holds one folder a person, at any depth below it videos, or folders of pictures that are the frames of a clip:
VoxCeleb2's `mp4/id00012/21Uxsk56VDQ/00001.mp4` as it is. Of video, people and landmarks are known, and the pose as far
as landmarks tell it; there is no rig and no map.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import safetensors.torch
import torch
from torch import Tensor

from tellbench.datasets.clip import PRISTINE
from tellbench.datasets.corpus import MANIFEST, Corpus
from tellbench.datasets.faces.framing import read_portrait
from tellbench.datasets.faces.landmarks import Frames, Landmarker
from tellbench.datasets.faces.track import Finder, track_faces
from tellbench.datasets.files import atomic_path
from tellbench.datasets.video import probe, read_frames
from tellbench.errors import InputError
from tellbench.generator.vasa.data.bank import restored, stored
from tellbench.generator.vasa.frames import FaceFrames, Pairs
from tellbench.generator.vasa.window import clip_square, cut, pose_of, to_window

_VIDEOS: Final = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".m4v"})
PICTURES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp"})
_FEWEST: Final = 2
"""Frames with a face that a clip needs: one to start from, one to compare with."""
_OUTSIDE: Final = 1.2
"""Half widths at which a landmark is too far outside the window for the frame to be used."""


@dataclass(frozen=True)
class Recording:
    """One clip of one person."""

    path: Path
    """A video, or a folder of pictures."""
    person: str


@dataclass(frozen=True)
class Sampling:
    """How clips become frames."""

    frames: int = 24
    """Frames taken of each clip, evenly over its length."""
    side: int = 128
    """Width of the window in pixels."""


def recordings(root: Path, split: str = "train") -> list[Recording]:
    """Clips in a corpus (the pristine ones of a split) or in a folder of people, in the order of their paths.

    Raises:
        InputError: there are none.
    """
    if (root / MANIFEST).is_file():
        clips = Corpus.open(root).where(lambda clip: clip.label == PRISTINE and clip.split in ("", split))
        found = [Recording(clip.path, str(clip.identity_id)) for clip in clips]
    else:
        found = [Recording(path, path.relative_to(root).parts[0]) for path in _clips_below(root)]
    if not found:
        raise InputError(f"{root}: no clips; give a corpus, or a folder with a folder of videos for each person")
    return found


def _clips_below(root: Path) -> list[Path]:
    """Videos and folders of pictures at least one folder below the root."""
    below = [path for path in root.rglob("*") if len(path.relative_to(root).parts) > 1]
    videos = {path for path in below if path.suffix.lower() in _VIDEOS}
    return sorted(videos | {path.parent for path in below if path.suffix.lower() in PICTURES and path.parent != root})


def windows_of(path: Path, sampling: Sampling, finder: Finder, landmarker: Landmarker) -> FaceFrames:
    """Windows of a clip's main face, all cut by one square.

    Raises:
        InputError: unreadable, or too few frames with a face.
    """
    frames = _sampled(path, sampling.frames)
    track = track_faces([frames], finder, landmarker, every=1)
    known = np.flatnonzero(track.found)
    if len(known) < _FEWEST:
        raise InputError(f"{path}: a face in {len(known)} of {len(frames)} frames; {_FEWEST} are needed")
    found = track.landmarks[known]
    points = torch.as_tensor(np.concatenate([found.points, found.iris], 1))
    square = clip_square(points)
    inside = to_window(points, square)
    kept = (inside.abs().amax((1, 2)) < _OUTSIDE).nonzero()[:, 0]
    if len(kept) < _FEWEST:
        raise InputError(f"{path}: the face does not stay in one window; cut the video into shorter clips")
    pictures = torch.as_tensor(frames[known[kept.numpy()]]).permute(0, 3, 1, 2).float() / 255
    return FaceFrames(
        image=cut(pictures, square, sampling.side),
        pose=pose_of(inside[kept]),
        landmarks=inside[kept],
        lids=torch.as_tensor(found.aperture)[kept],
    )


def _sampled(path: Path, count: int) -> Frames:
    """Frames (T, H, W, 3) spread evenly over a video or a folder of pictures."""
    if path.is_dir():
        pictures = sorted(one for one in path.iterdir() if one.suffix.lower() in PICTURES)
        shown = [read_portrait(pictures[i]) for i in _evenly(len(pictures), count)]
        if len({picture.shape for picture in shown}) > 1:
            raise InputError(f"{path}: frames of several sizes; the frames of a clip must have one size")
        return np.stack(shown)
    return read_frames(path, _evenly(probe(path).n_frames, count).tolist())


def _evenly(length: int, count: int) -> npt.NDArray[np.int64]:
    return np.unique(np.linspace(0, length - 1, min(length, count)).round().astype(np.int64))


def prepare(
    found: Iterable[Recording], cache: Path, sampling: Sampling, finder: Finder, landmarker: Landmarker
) -> Iterator[tuple[str, FaceFrames]]:
    """Person and windows of each clip, kept in a folder so that no clip is read twice; useless ones are named."""
    log = logging.getLogger(__name__)
    for one in found:
        stamp = f"{one.path.resolve()} {one.path.stat().st_mtime_ns} {sampling}"
        path = cache / f"clip_{hashlib.sha256(stamp.encode()).hexdigest()[:24]}.safetensors"
        if not path.exists():
            try:
                windows = windows_of(one.path, sampling, finder, landmarker)
            except InputError as error:
                log.warning("skipped: %s", error)
                continue
            with atomic_path(path) as part:
                safetensors.torch.save_file(stored(windows), part)
        yield one.person, restored(dict(safetensors.torch.load_file(path)))


class ClipBank:
    """Windows of clips as bytes on one device, and the pairs that are drawn from them.

    Args:
        clips: Person and windows of each, as `prepare` yields them.
        device: Where they are kept.
        gigabytes: Bound of the memory that they take; clips beyond it are left out, and that is said.

    Raises:
        InputError: no clip can be used.
    """

    def __init__(
        self, clips: Iterable[tuple[str, FaceFrames]], device: str | torch.device = "cpu", gigabytes: float = 4.0
    ) -> None:
        self.device = torch.device(device)
        kept: list[dict[str, Tensor]] = []
        self.people: list[str] = []
        room = gigabytes * 1e9
        for person, windows in clips:
            columns = stored(windows)
            room -= sum(value.nbytes for value in columns.values())
            if room < 0:
                logging.getLogger(__name__).warning("%g GB hold %d clips; the rest is left out", gigabytes, len(kept))
                break
            kept.append(columns)
            self.people.append(person)
        if not kept:
            raise InputError("no clip with a face to train on; see the warnings, or give more memory")
        numbers = {person: i for i, person in enumerate(sorted(set(self.people)))}
        self._person = torch.tensor([numbers[person] for person in self.people])
        self._lengths = torch.tensor([len(columns["image"]) for columns in kept])
        self._starts = self._lengths.cumsum(0) - self._lengths
        self._rows = {name: torch.cat([columns[name] for columns in kept]).to(self.device) for name in kept[0]}

    def __len__(self) -> int:
        return len(self.people)

    def draw(self, count: int, random: torch.Generator) -> Pairs:
        """Random pairs of different frames of a clip, half of them mirrored; the target drives itself."""
        clip = torch.randint(len(self), (count,), generator=random)
        length = self._lengths[clip]
        first = (torch.rand(count, generator=random) * length).long()
        second = (first + 1 + (torch.rand(count, generator=random) * (length - 1)).long()) % length
        mirror = (torch.rand(count, generator=random) < 0.5).to(self.device)
        source, target = (self._frames(clip, row).mirrored(mirror) for row in (first, second))
        return Pairs(source, target, target, target)

    def _frames(self, clip: Tensor, row: Tensor) -> FaceFrames:
        index = (self._starts[clip] + row).to(self.device)
        columns = {name: values[index] for name, values in self._rows.items()}
        return restored({**columns, "person": self._person[clip].to(self.device)})
