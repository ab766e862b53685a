"""Follows the main face through a video, chunk by chunk, in memory that does not grow with the frames."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from tellbench.datasets.faces.finder import Face, same_face
from tellbench.datasets.faces.landmarks import Floats, Frames, Landmarker, Landmarks

Bools = npt.NDArray[np.bool_]
Finder = Callable[[Frames], list[list[Face]]]

MIN_PROBABILITY: Final = 0.9
"""Certainty at which a face starts or continues a track; less certain finds are counted as none (assumption)."""


@dataclasses.dataclass(frozen=True)
class FaceTrack:
    """The main face in each of T frames.

    Raises:
        ValueError: lengths disagree, or landmarks are known where no face was found.
    """

    found: Bools
    """Shape (T,)."""
    boxes: Floats
    """Shape (T, 4): xyxy in pixels, NaN where not found."""
    landmarks: Landmarks
    """NaN where not found."""
    n_faces: npt.NDArray[np.int64]
    """Shape (T,): faces seen at the frame, or at the last frame searched before it."""

    def __post_init__(self) -> None:
        """Check lengths and that `found` and the landmarks agree."""
        lengths = {len(self.found), len(self.boxes), len(self.landmarks), len(self.n_faces)}
        if len(lengths) > 1 or self.boxes.shape[1:] != (4,):
            raise ValueError(f"face track parts of lengths {sorted(lengths)}, boxes {self.boxes.shape}")
        if (self.landmarks.known != self.found).any():
            raise ValueError("landmarks must be known exactly where a face was found")

    def __len__(self) -> int:
        return len(self.found)

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Tracks one after the other in time; of no frames where there are none."""
        if not parts:
            return cls(np.zeros(0, bool), np.zeros((0, 4), np.float32), Landmarks.unknown(0), np.zeros(0, np.int64))
        found, boxes, counts = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("found", "boxes", "n_faces")
        )
        return cls(found, boxes, Landmarks.concatenate([part.landmarks for part in parts]), counts)


def track_faces(frames: Iterable[Frames], finder: Finder, landmarker: Landmarker, every: int = 10) -> FaceTrack:
    """Follow the largest face of the first frame that has one.

    The finder looks at every `every`-th frame; between two finds of the same face the box is interpolated, and the
    landmarker sees all frames of a chunk at once. Where a find is missing or the face jumps (a cut), every frame
    around is searched. Landmarks are never smoothed over time: a blink lasts a few frames.

    Args:
        frames: chunks of uint8 RGB frames (T, H, W, 3), as `iter_frames` yields them.
        finder: a `FaceFinder`.
        landmarker: what `load_landmarker` gives.
        every: frames from one search to the next, at least 1.

    Raises:
        ValueError: `every` below 1.
    """
    return FaceTrack.concatenate([faces for _, faces in follow_faces(frames, finder, landmarker, every)])


def follow_faces(
    frames: Iterable[Frames], finder: Finder, landmarker: Landmarker, every: int = 10
) -> Iterator[tuple[Frames, FaceTrack]]:
    """`track_faces` chunk by chunk, each beside its frames, for those who want to look at the pixels as they pass."""
    if every < 1:
        raise ValueError(f"every={every}; at least 1 is needed")
    follower = _Follower(finder, every)
    for chunk in frames:
        boxes, n_faces = follower(chunk)
        landmarks = landmarker(chunk, boxes)
        found = landmarks.known & _plausible(landmarks, boxes)
        boxes = np.where(found[:, None], boxes, np.nan).astype(np.float32)
        yield chunk, FaceTrack(found, boxes, _forget(landmarks, ~found), n_faces)


class _Follower:
    """Boxes of one face, chunk after chunk; carries over what was seen in the last frame of the chunk before."""

    def __init__(self, finder: Finder, every: int) -> None:
        self._finder, self._every = finder, every
        self._start = 0
        self._last: Floats | None = None  # box in the frame before the chunk
        self._familiar: Floats | None = None  # last box seen at all
        self._count = 0

    def __call__(self, chunk: Frames) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Boxes (T, 4), NaN without a face, and face counts (T,)."""
        length = len(chunk)
        keys = [i for i in range(length) if (self._start + i) % self._every == 0 or i == length - 1]
        faces = self._search(chunk, keys)
        chosen = {-1: self._last, **self._choose(faces)}
        gaps = [(a, b) for a, b in itertools.pairwise([-1, *keys]) if b - a > 1]
        doubtful = [i for a, b in gaps if not _continues(chosen[a], chosen[b]) for i in range(a + 1, b)]
        extra = self._search(chunk, doubtful)
        chosen |= self._choose(extra)
        counts = self._counts(faces | extra, length)
        self._start, self._last = self._start + length, chosen[length - 1]
        return _interpolate(chosen, length), counts

    def _search(self, chunk: Frames, indices: list[int]) -> dict[int, list[Face]]:
        found = self._finder(chunk[indices]) if indices else []
        sure = [[face for face in faces if face.probability >= MIN_PROBABILITY] for faces in found]
        return dict(zip(indices, sure, strict=True))

    def _choose(self, faces: dict[int, list[Face]]) -> dict[int, Floats | None]:
        """In each searched frame the largest face that overlaps the familiar one, else the largest."""
        chosen: dict[int, Floats | None] = {}
        for i, candidates in faces.items():
            familiar = [f for f in candidates if self._familiar is not None and same_face(f.box, self._familiar, 0.2)]
            best = max(familiar or candidates, key=lambda face: face.area, default=None)
            chosen[i] = None if best is None else best.box
            self._familiar = self._familiar if best is None else best.box
        return chosen

    def _counts(self, faces: dict[int, list[Face]], length: int) -> npt.NDArray[np.int64]:
        """Faces seen at each frame, or at the last frame searched before it."""
        counts = np.empty(length, np.int64)
        for i in range(length):
            self._count = len(faces[i]) if i in faces else self._count
            counts[i] = self._count
        return counts


def _continues(before: Floats | None, after: Floats | None) -> bool:
    """Whether two finds are the same face, near enough to interpolate between."""
    return before is not None and after is not None and bool(same_face(before, after, 0.3))


def _interpolate(chosen: dict[int, Floats | None], length: int) -> Floats:
    """Boxes of all frames: as found, NaN where searched in vain, else linear between the finds around."""
    known = sorted(i for i, box in chosen.items() if box is not None)
    boxes = np.full((length, 4), np.nan, np.float32)
    if not known:
        return boxes
    wanted = [i for i in range(length) if i not in chosen or chosen[i] is not None]
    corners = np.stack([box for _, box in sorted(chosen.items()) if box is not None])
    boxes[wanted] = np.stack([np.interp(wanted, known, corners[:, k]) for k in range(4)], 1)
    return boxes


def _plausible(landmarks: Landmarks, boxes: Floats) -> Bools:
    """Whether the landmarks still lie where the face was sought; false where either is unknown."""
    return same_face(landmarks.boxes, boxes, 0.25)


def _forget(landmarks: Landmarks, lost: Bools) -> Landmarks:
    """The landmarks with NaN in the frames `lost`."""
    kept = Landmarks.unknown(len(lost))
    for field in dataclasses.fields(Landmarks):
        getattr(kept, field.name)[~lost] = getattr(landmarks, field.name)[~lost]
    return kept
