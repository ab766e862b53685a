"""Cue extraction: what the face does over time, measured from decoded frames and cached by content."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, Self

import numpy as np
import numpy.typing as npt

from tellbench.datasets.clip import Clip
from tellbench.datasets.faces.posing import head_angles, upright
from tellbench.datasets.processes import process_pool
from tellbench.datasets.video import iter_frames, probe
from tellbench.detectors.cache import Arrays, remember, weights_digest
from tellbench.detectors.crops import Kept, cut_all
from tellbench.detectors.devices import torch_device
from tellbench.detectors.events import closure
from tellbench.detectors.skin import patch_colours, skin_of
from tellbench.errors import InputError

if TYPE_CHECKING:
    from tellbench.datasets.faces import FaceTrack

Floats = npt.NDArray[np.float32]
Frames = npt.NDArray[np.uint8]
Tracker = Callable[[Iterator[Frames]], Iterator[tuple[Frames, "FaceTrack"]]]
"""Follows the main face through chunks of frames (T, H, W, 3), and gives each chunk back with its part of the track."""

VERSION: Final = 2
"""Of the extraction; raise it whenever cues of the same video change."""
BROW_DEPTH: Final = 0.08
"""How far the brows stand in front of the outer eye corners, over their distance: mean of 12 studio people."""
BROW_REST, BROW_REACH = 0.233, 0.058
"""Over the outer eye distance: how high brows stand at rest, and how far a full raise takes them (means of 14 studio
people)."""
LID_PITCH, LID_BROW = -1.14, 0.0091
"""What shut lids add to the pitch in degrees and to the height of the brows over the outer eye distance: eye corners go
down with the lids (means of 14 studio people; spreads between them 0.11 and 0.0008; in proportion to the closure)."""
IRIS_REACH, IRIS_DEPTH = (0.133, 0.126), (0.048, 0.046)
"""Over the outer eye distance, across and along the face: how far the iris moves from the middle of its eye as the eye
turns by a right angle, and how far it stands in front of it (fitted to the truth of 14 studio people, r = 0.998 and
0.985)."""


@dataclasses.dataclass(frozen=True)
class Cues:
    """Per-frame measurements of the main face of one clip of T frames.

    Eye order: index 0 = subject's right eye (image left), 1 = subject's left. Values of frames without a face
    (`found` False) are NaN.
    """

    fps: float
    """Frames a second."""
    found: npt.NDArray[np.bool_]
    """Whether a face was found, (T,)."""
    n_faces: npt.NDArray[np.int64]
    """Faces seen, (T,)."""
    boxes: Floats
    """Face box x0, y0, x1, y1 in pixels, (T, 4)."""
    points: Floats
    """68 landmarks in iBUG order, pixels, (T, 68, 2)."""
    iris: Floats
    """Iris centres, pixels, (T, 2, 2)."""
    aperture: Floats
    """Lid opening over eye width, 0 = closed, (T, 2)."""
    brows: Floats = None  # type: ignore[assignment]  # not read: NaN in every frame
    """How far the landmarker reads each brow as raised or lowered, -1 to 1, (T, 2); NaN where it does not."""

    def __post_init__(self) -> None:
        """Brows that were not read are unknown."""
        if self.brows is None:
            object.__setattr__(self, "brows", np.full((len(self), 2), np.nan, np.float32))

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.found)

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """Time of each frame in seconds, (T,)."""
        return np.arange(len(self)) / self.fps

    @property
    def duration_s(self) -> float:
        """Length of the clip."""
        return len(self) / self.fps

    @property
    def share_found(self) -> float:
        """Share of frames with a face, 0 to 1."""
        return float(self.found.mean()) if len(self) else 0.0

    @functools.cached_property
    def upright(self) -> Floats:
        """Landmarks turned so that the eyes are level, in units of the outer eye distance, origin between the eyes.

        (T, 68, 2), y down.
        """
        return upright(self.points)

    @property
    def brow(self) -> Floats:
        """Height of each brow above the eye line in the head's own frame, over the outer eye distance, (T, 2).

        Mean of what the landmarker reads, about a mean rest, and of its points (`brow_of_points`), whose errors are
        others; of the points alone where it reads none.
        """
        read = BROW_REST + BROW_REACH * self.brows
        return np.where(np.isfinite(read), (read + self.brow_of_points) / 2, self.brow_of_points).astype(np.float32)

    @property
    def brow_of_points(self) -> Floats:
        """Mean height of each brow's points above the eye line, in the same frame and unit, (T, 2).

        A turn of the head shortens the eye line, a nod lowers the brows, which stand in front of it, and lids that
        close lower the eye line: all three are taken out.
        """
        heights = np.stack([-self.upright[:, side, 1].mean(1) for side in (slice(17, 22), slice(22, 27))], -1)
        heights -= LID_BROW * self.shut[:, None]
        yaw, pitch, _ = np.radians(self.pose).T[:, :, None]
        return np.asarray((heights * np.cos(yaw) + BROW_DEPTH * np.sin(pitch)) / np.cos(pitch), np.float32)

    @property
    def mouth(self) -> Floats:
        """Opening between the inner lips over the outer eye distance, (T,)."""
        return np.asarray(self.upright[:, 66, 1] - self.upright[:, 62, 1])

    @functools.cached_property
    def shut(self) -> Floats:
        """How far the lids are closed against their own open level, mean of the two, 0 to 1, (T,)."""
        return np.asarray(closure(self.aperture, self.fps).clip(0, 1).mean(1), np.float32)

    @functools.cached_property
    def pose(self) -> Floats:
        """Yaw, pitch, roll of the head in degrees, (T, 3): + turns to the subject's left, looks down, tips to the left.

        See `head_angles`: persons differ by a few degrees at rest, movements are measured better.
        """
        return head_angles(self.points) - self.shut[:, None] * np.array([0, LID_PITCH, 0], np.float32)

    @property
    def gaze(self) -> Floats:
        """Turn of both eyes in the head, mean of the two, in degrees to image right and up, (T, 2)."""
        corners = [self.upright[:, pair].mean(1) for pair in ((36, 39), (42, 45))]
        iris = upright(np.concatenate([self.points, self.iris], 1))[:, 68:]  # (T, 2, 2)
        yaw, pitch, _ = np.radians(self.pose).T
        across, down = (iris - np.stack(corners, 1)).mean(1).T * np.cos(yaw)
        sines = [(across - IRIS_DEPTH[0] * np.sin(yaw)) / IRIS_REACH[0]]
        sines += [(IRIS_DEPTH[1] * np.sin(pitch) - down) / IRIS_REACH[1]]
        return np.asarray(np.degrees(np.arcsin(np.clip(np.stack(sines, 1), -1, 1))), np.float32)

    def arrays(self) -> Arrays:
        """Everything stored, as plain arrays."""
        stored = {field.name: np.asarray(getattr(self, field.name)) for field in dataclasses.fields(self)}
        return {**stored, "fps": np.array([self.fps])}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """What `arrays` gave."""
        return cls(float(arrays["fps"][0]), **{name: values for name, values in arrays.items() if name != "fps"})

    @classmethod
    def from_track(cls, track: FaceTrack, fps: float) -> Self:
        """The parts of a face track, which holds NaN wherever no face was found."""
        marks = track.landmarks
        return cls(fps, track.found, track.n_faces, track.boxes, marks.points, marks.iris, marks.aperture, marks.brows)


@functools.cache
def _tracker(backend: str, device: str) -> Tracker:
    """The real face tracker with one kind of landmark source, loaded once."""
    from tellbench.datasets.faces import FaceFinder, follow_faces, load_landmarker

    finder, landmarker = FaceFinder(device=device), load_landmarker(backend, device=device)
    return lambda chunks: follow_faces(chunks, finder, landmarker)


TRACKERS: Final[dict[str, Callable[[str], Tracker]]] = {
    "network": functools.partial(_tracker, "network"),
    "mediapipe": functools.partial(_tracker, "mediapipe"),
}
"""Back end to a function that makes its tracker on a device; tests put their own here."""


def check_backend(backend: str) -> str:
    """The name itself where it is known.

    Raises:
        InputError: it is not.
    """
    if backend not in TRACKERS:
        raise InputError(f"landmark back end {backend!r}; allowed: {', '.join(TRACKERS)}")
    return backend


def extract(clip: Clip, backend: str = "network", device: str = "auto") -> Cues:
    """Measure one clip, or read its cues from the cache.

    The video is decoded once: crops and colours of the skin, which other detectors ask for, go to the cache with it.

    Raises:
        InputError: the video cannot be read, or the back end or device is unknown.
    """
    make = TRACKERS[check_backend(backend)]

    def measure() -> Arrays:
        return _view(clip, make(torch_device(device))).arrays()

    if not clip.path.exists():
        raise InputError(f"{clip.path} does not exist; check the path")
    settings = {"version": VERSION, "backend": backend, "weights": weights_digest()}
    return Cues.from_arrays(remember("cues", clip.path, settings, measure))


def _view(clip: Clip, tracker: Tracker) -> Cues:
    """The one pass over a video, which leaves crops and skin in the cache."""
    from tellbench.datasets.faces import FaceTrack

    about = probe(clip.path)
    kept, parts, colours = Kept(about.n_frames), [], []
    for frames, faces in tracker(iter_frames(clip.path)):
        kept.see(frames)
        colours.append(patch_colours(frames, faces.landmarks.points))
        parts.append(faces)
    cues = Cues.from_track(FaceTrack.concatenate(parts), about.fps)
    if parts:
        skin_of(clip, cues.points, np.concatenate(colours))
        cut_all(clip, cues, kept)
    return cues


def extract_all(
    clips: Iterable[Clip], backend: str = "network", device: str = "auto", progress: bool = False, workers: int = 1
) -> dict[str, Cues | None]:
    """Cues of many clips by clip id; None where a video cannot be read, which is logged.

    Args:
        clips: a corpus or any clips.
        backend: landmark source, a key of `TRACKERS`.
        device: `auto`, `cpu` or `cuda`.
        progress: draw a progress bar on stderr.
        workers: processes side by side.
    """
    from rich.console import Console
    from rich.progress import track

    clips = tuple(clips)
    measure = functools.partial(try_extract, backend=backend, device=device)
    with ExitStack() as stack:
        run = stack.enter_context(process_pool(workers)).map if workers > 1 else map
        console = Console(stderr=True)
        shown = progress and console.is_terminal
        cues = track(run(measure, clips), "measuring faces", len(clips), console=console, disable=not shown)
        return {clip.clip_id: found for clip, found in zip(clips, cues, strict=True)}


def try_extract(clip: Clip, backend: str, device: str = "auto") -> Cues | None:
    """`extract`, or None with a logged warning where the video cannot be read."""
    check_backend(backend)
    torch_device(device)
    try:
        return extract(clip, backend, device)
    except InputError as error:
        logging.getLogger(__name__).warning("clip %s cannot be measured: %s", clip.clip_id, error)
        return None
