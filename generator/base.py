"""What every generator offers: a portrait and a voice in, chunks of frames with their labels out."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from tellbench.datasets.audio import Audio
from tellbench.errors import InputError
from tellbench.generator.controls import Controls
from tellbench.generator.motion import Motion


class RefusalError(InputError):
    """A generator cannot trust this portrait or voice; others may still be fine."""


Frames = npt.NDArray[np.uint8]
"""RGB frames of shape (T, H, W, 3)."""
Samples = npt.NDArray[np.float32]
"""Mono sound of shape (N,) at 16 kHz."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """One clip to be made."""

    portrait: npt.NDArray[np.uint8]
    """RGB image of shape (H, W, 3), H and W even; the frames have the same size."""
    speech: Audio
    """Mono 16 kHz speech."""
    fps: float = 25.0
    n_frames: int = 0
    """Number of frames to make."""
    controls: Controls = dataclasses.field(default_factory=Controls)
    seed: int = 0
    motion: Motion | None = None
    """Motion at the clip's rate that is shown instead of one that is made to the voice."""
    pristine: Callable[[], Iterator[Frames]] | None = None
    """Uncompressed frames of the pristine clip of the same pair, chunk by chunk, where there is one."""

    def pristine_frames(self) -> Iterator[Frames]:
        """The first `n_frames` of them; `Generator.check` has refused a request without any.

        Raises:
            InputError: there are fewer.
        """
        assert self.pristine is not None
        done = 0
        for frames in self.pristine():
            frames = frames[: self.n_frames - done]
            if len(frames):
                yield frames
            done += len(frames)
            if done == self.n_frames:
                return
        raise InputError(f"the pristine clip has {done} frames; {self.n_frames} are needed, ask for fewer")


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Consecutive frames and one row of labels for each.

    `tracks` has one row a frame; columns are those of the corpus tracks that the generator knows.
    """

    frames: Frames
    tracks: pd.DataFrame

    def __post_init__(self) -> None:
        """Frames are uint8 RGB and every frame has its row."""
        if self.frames.dtype != np.uint8 or self.frames.ndim != 4 or self.frames.shape[-1] != 3:
            raise ValueError(f"frames {self.frames.dtype} {self.frames.shape}; uint8 (T, H, W, 3) is needed")
        if len(self.tracks) != len(self.frames):
            raise ValueError(f"{len(self.tracks)} track rows for {len(self.frames)} frames")


class Generator(ABC):
    """Portrait + speech + controls to frames. One iterator serves offline batches and streaming.

    The constructor is the configuration; all randomness comes from `Request.seed`.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    dials: ClassVar[Mapping[str, str]] = {}
    """Name of each dial this generator knows, with one line on what it does."""
    honours: ClassVar[frozenset[str]] = frozenset()
    """Fields of `Controls` that it heeds; those with any other wish are refused. `dials` are checked one by one."""
    follows: ClassVar[bool] = False
    """Whether it can show `Request.motion`."""
    needs_pristine: ClassVar[bool] = False
    """Whether `Request.pristine` must be given."""
    device: str = "cpu"
    """Where it runs; a generator that can run elsewhere takes it in the constructor."""

    @property
    def delay(self) -> float | None:
        """Seconds of sound, from a clip's first sample on, that `stream` waits for before it gives the first frames.

        It stays behind by as much at most; None where it needs the whole recording.
        """
        return None

    def donor_id(self, request: Request) -> str:
        """Id of the person whose face a clip shows, where it is not the portrait's; empty where it is."""
        return ""

    @abstractmethod
    def animate(self, request: Request) -> Iterator[Chunk]:
        """Yield chunks that add up to `request.n_frames` frames of the portrait's size.

        Raises:
            InputError: the portrait or the speech cannot be used; the message says why.
        """

    def stream(self, request: Request, sound: Iterable[Samples]) -> Iterator[Chunk]:
        """Yield chunks while a voice comes in; what is made does not depend on how the sound is parted.

        Args:
            request: as for `animate`; `speech` and `n_frames` are not looked at.
            sound: parts of a recording, mono, 16 kHz, of any lengths. The portrait is made ready before the first.

        Raises:
            InputError: the portrait cannot be used, or this generator needs the whole recording.
        """
        raise InputError(f"generator {self.name!r} needs the whole recording and cannot stream; vasa can")

    @classmethod
    def check_controls(cls, controls: Controls) -> None:
        """Refuse what this generator would not heed.

        Raises:
            InputError: a control is asked for that it does not honour, or a dial that it does not have.
        """
        for name in controls.asked:
            if name != "dials" and name not in cls.honours:
                raise InputError(
                    f"generator {cls.name!r} cannot honour {name}; leave it out or choose another, "
                    f"it heeds {', '.join(sorted(cls.honours)) or 'no controls'}"
                )
        unknown = sorted(set(controls.dials) - set(cls.dials))
        if unknown:
            raise InputError(
                f"generator {cls.name!r} has no dial {unknown[0]!r}; its dials: {', '.join(cls.dials) or 'none'}"
            )

    @staticmethod
    def check_sides(portrait: npt.NDArray[np.uint8]) -> None:
        """Refuse a portrait (H, W, 3) that video cannot hold.

        Raises:
            InputError: a side is odd.
        """
        height, width = portrait.shape[:2]
        if height % 2 or width % 2:
            raise InputError(f"portrait of {width}x{height} pixels; even sides are needed, crop or resize it")

    def check(self, request: Request) -> None:
        """Refuse a request that this generator cannot carry out as it is.

        Raises:
            InputError: a control or dial it does not know, too few rows of controls, motion that it cannot show, or no
                pristine frames where it needs them.
        """
        self.check_controls(request.controls)
        tracked = request.controls.n_tracked
        if 1 < tracked < request.n_frames:
            raise InputError(
                f"controls for {tracked} frames, the clip has {request.n_frames}; one row a frame is needed, "
                "or a single one for all"
            )
        if request.motion is not None and not self.follows:
            raise InputError(f"generator {self.name!r} cannot show given motion; vasa can")
        if self.needs_pristine and request.pristine is None:
            raise InputError(
                f"generator {self.name!r} needs the frames of a pristine clip; use it through `tellbench generate`"
            )
