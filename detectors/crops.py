"""Face crops at the video's own resolution, evenly spaced over the clip, decoded once for every detector."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tellbench.datasets.clip import Clip
from tellbench.datasets.video import probe, read_frames
from tellbench.detectors.cache import Arrays, remember
from tellbench.errors import InputError

if TYPE_CHECKING:
    from tellbench.detectors.cues import Cues

Frames = npt.NDArray[np.uint8]

COUNT: Final = 12
"""Crops a clip: enough to average over, few enough for a small machine (assumption; compare Appl. Sci. 16(11) 5364)."""
MARGIN: Final = 1.3
"""Side of the crop over the longer side of the face box; DeepfakeBench's scale."""
RUN: Final = 32
"""Frames of a `face_run`: frequencies 0.8 Hz apart at 25 frames a second, in 1.3 s (assumption)."""
LUMA: Final = np.array([0.299, 0.587, 0.114])
"""ITU-R BT.601 weights of red, green and blue."""
KEPT_BYTES: Final = 2**28
"""Frames are kept as they pass where all that are wanted fit in so much memory: below 1080p at the defaults."""
VERSION: Final = 1
"""Of the cropping; raise it whenever crops of the same video change."""


@dataclasses.dataclass(frozen=True)
class Crops:
    """N square crops of one clip, all of the same size, never resampled."""

    frames: npt.NDArray[np.uint8]
    """RGB, (N, S, S, 3)."""
    indices: npt.NDArray[np.int64]
    """Frame number of each crop, (N,)."""
    side: int
    """S in pixels of the video."""


class Kept:
    """Frames that crops will be cut from if every frame shows a face, kept as the video passes by.

    Args:
        n_frames: that the video is said to have.
    """

    def __init__(self, n_frames: int) -> None:
        every = np.arange(n_frames)
        run = _middle(every[: max(0, n_frames - RUN + 1)], n_frames) if n_frames >= RUN else every[:0]
        self._wanted = {*spread(every, COUNT).tolist(), *run.tolist()}
        self._frames: dict[int, Frames] = {}
        self._passed = 0

    def see(self, frames: Frames) -> None:
        """The next frames, (T, H, W, 3)."""
        if len(frames) and len(self._wanted) * frames[0].nbytes <= KEPT_BYTES:
            near = self._wanted.intersection(range(self._passed, self._passed + len(frames)))
            self._frames |= {i: frames[i - self._passed].copy() for i in near}
        self._passed += len(frames)

    def read(self, path: Path, indices: Sequence[int]) -> Frames:
        """What `read_frames` gives, without decoding again where all of them were kept."""
        if set(indices) <= set(self._frames):
            return np.stack([self._frames[i] for i in indices])
        return read_frames(path, indices)


def cut_all(clip: Clip, cues: Cues, kept: Kept) -> None:
    """Put the crops that detectors ask for by default into the cache; what a clip does not have is left out."""
    for cut in (face_crops, face_run):
        try:
            cut(clip, cues, kept=kept)
        except InputError:  # told to whoever asks for them
            continue


def face_crops(clip: Clip, cues: Cues, count: int = COUNT, kept: Kept | None = None) -> Crops:
    """Crops around the face box, or their copy in the cache.

    The side is one for the clip: `MARGIN` times the median of the longer box side, even, at most the frame. A crop
    that would leave the frame is moved inside, so that no border is ever made up.

    Args:
        clip: the video.
        cues: its cues, with the boxes.
        count: crops wanted; fewer where fewer frames show a face.
        kept: frames that need not be decoded again.

    Raises:
        InputError: no frame shows a face, or the video cannot be read.
    """
    if not cues.found.any():
        raise InputError(f"{clip.path}: no face found in {len(cues)} frames; give a video of a face that is seen whole")

    def cut() -> Arrays:
        indices = spread(np.flatnonzero(cues.found), count)
        frames = (kept or Kept(0)).read(clip.path, indices.tolist())
        return {"frames": _cut(frames, cues, indices), "indices": indices}

    boxes = hashlib.sha256(cues.boxes.tobytes()).hexdigest()
    arrays = remember("crops", clip.path, {"version": VERSION, "boxes": boxes, "count": count}, cut)
    return Crops(arrays["frames"], arrays["indices"], arrays["frames"].shape[1])


def face_run(clip: Clip, cues: Cues, count: int = RUN, kept: Kept | None = None) -> Crops:
    """Crops of consecutive frames, all cut at the same place, or their copy in the cache.

    The stretch is the one nearest to the middle of the clip in which every frame shows a face.

    Raises:
        InputError: no such stretch, or the video cannot be read.
    """
    gaps = np.concatenate([[0], np.cumsum(~cues.found)])
    starts = np.flatnonzero(gaps[count:] == gaps[:-count]) if len(cues) >= count else np.zeros(0, int)
    if not len(starts):
        raise InputError(
            f"{clip.path}: a face in {int(cues.found.sum())} of {len(cues)} frames; {count} in a row needed"
        )
    indices = _middle(starts, len(cues), count)

    def cut() -> Arrays:
        still = dataclasses.replace(cues, boxes=np.tile(np.median(cues.boxes[indices], 0), (len(cues), 1)))
        frames = (kept or Kept(0)).read(clip.path, indices.tolist())
        return {"frames": _cut(frames, still, indices), "indices": indices}

    boxes = hashlib.sha256(cues.boxes.tobytes()).hexdigest()
    arrays = remember("runs", clip.path, {"version": VERSION, "boxes": boxes, "count": count}, cut)
    return Crops(arrays["frames"], arrays["indices"], arrays["frames"].shape[1])


def spread(frames: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """`count` of the given frame numbers, evenly spaced over all of them; all where there are fewer.

    >>> spread(np.arange(100), 4)
    array([12, 37, 62, 87])
    """
    if len(frames) <= count:
        return frames
    return np.asarray(frames[((np.arange(count) + 0.5) * len(frames) / count).astype(int)])


def _middle(starts: npt.NDArray[np.int64], n_frames: int, count: int = RUN) -> npt.NDArray[np.int64]:
    """The run of `count` frames nearest to the middle of all, of those that begin at `starts`."""
    return np.asarray(starts[np.abs(starts - (n_frames - count) / 2).argmin()] + np.arange(count))


def crop_points(clip: Clip, cues: Cues, crops: Crops) -> npt.NDArray[np.float32]:
    """Landmarks in the pixels of crops by `face_crops`, (N, 68, 2)."""
    about = probe(clip.path)
    corners = _corners(cues, crops.indices, crops.side, (about.width, about.height))
    return np.asarray(cues.points[crops.indices] - corners[:, None].astype(np.float32))


def _corners(cues: Cues, indices: npt.NDArray[np.int64], side: int, size: tuple[int, int]) -> npt.NDArray[np.int64]:
    """Upper left pixel x, y of each crop, (N, 2), in frames of `size` (width, height)."""
    centres = (cues.boxes[indices, :2] + cues.boxes[indices, 2:]) / 2  # (N, 2)
    return np.clip(np.rint(centres - side / 2), 0, np.array(size) - side).astype(np.int64)


def _cut(frames: Frames, cues: Cues, indices: npt.NDArray[np.int64]) -> Frames:
    height, width = frames.shape[1:3]
    boxes = cues.boxes[cues.found]
    longer = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    side = int(min(2 * round(MARGIN * float(np.median(longer)) / 2), height // 2 * 2, width // 2 * 2))
    corners = _corners(cues, indices, side, (width, height))
    pixels = np.arange(side)
    rows, columns = corners[:, 1, None] + pixels, corners[:, 0, None] + pixels  # (N, S)
    return np.asarray(frames[np.arange(len(frames))[:, None, None], rows[:, :, None], columns[:, None, :]])
