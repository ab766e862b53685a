"""What every generator offers: a portrait and a voice in, chunks of frames with their labels out."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from tellbench.datasets.audio import Audio
from tellbench.errors import InputError


class RefusalError(InputError):
    """A generator cannot trust this portrait or voice; others may still be fine."""


Frames = npt.NDArray[np.uint8]
"""RGB frames of shape (T, H, W, 3)."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Controls:
    """What a person may ask of a clip; the defaults ask for nothing."""

    gaze: tuple[float, float] = (0.0, 0.0)
    """Main gaze direction in degrees: right of the image, up."""
    head_motion: float = 1.0
    """Gain of the generated head motion; 0 holds still."""
    expressiveness: float = 1.0
    """Gain of mouth and brow motion."""
    dials: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Knobs of generated behaviour, by name; each generator lists its own in `dials`."""


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
    pristine: Callable[[], Iterator[Frames]] | None = None
    """Uncompressed frames of the pristine clip of the same pair, chunk by chunk, where there is one."""


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
    needs_pristine: ClassVar[bool] = False
    """Whether `Request.pristine` must be given."""
    device: str = "cpu"
    """Where it runs; a generator that can run elsewhere takes it in the constructor."""

    @abstractmethod
    def animate(self, request: Request) -> Iterator[Chunk]:
        """Yield chunks that add up to `request.n_frames` frames of the portrait's size.

        Raises:
            InputError: the portrait or the speech cannot be used; the message says why.
        """

    @classmethod
    def check_dials(cls, dials: Mapping[str, float]) -> None:
        """Refuse dials this generator does not have.

        Raises:
            InputError: a dial is unknown.
        """
        unknown = sorted(set(dials) - set(cls.dials))
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
        """Refuse dials this generator does not know and requests that lack pristine frames it needs."""
        self.check_dials(request.controls.dials)
        if self.needs_pristine and request.pristine is None:
            raise InputError(
                f"generator {self.name!r} needs the frames of a pristine clip; use it through `tellbench generate`"
            )
