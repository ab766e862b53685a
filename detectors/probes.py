"""Probes: detectors that see only what must not tell forged from pristine. They have to be at chance.

A benchmark whose forged clips are a frame longer, or start with a breath of silence, is solved without looking at a
face (Boldisor et al. 2024, arXiv 2412.00175, found leading silence in two public corpora).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt

from tellbench.datasets.audio import RATE, Audio, read_audio
from tellbench.datasets.clip import Clip
from tellbench.datasets.video import encoder_settings, probe, read_frames
from tellbench.detectors.base import Evidence
from tellbench.detectors.crops import LUMA, spread
from tellbench.detectors.fitting import Floats
from tellbench.detectors.tabular import TabularDetector
from tellbench.errors import InputError

Pictures = npt.NDArray[np.uint8]

_SILENT_DB: Final = -50.0
"""Level below the loudest 20 ms that counts as silence (assumption; speech pauses of clean recordings lie lower)."""
_WINDOW: Final = RATE // 50
_CORNER: Final = 6
"""The background is looked for in the upper corners of the picture, a sixth of it wide and high (assumption)."""
_COUNT: Final = 8
"""Frames of which the background is measured."""


def container_facts(clip: Clip) -> list[float]:
    """Width, height, frame rate, frames, sound, CRF (NaN where x264 left none): from the file, not the manifest."""
    info = probe(clip.path)
    crf = float(encoder_settings(clip.path).get("crf", "nan"))
    return [info.width, info.height, info.fps, info.n_frames, info.has_audio, crf]


def silence_facts(clip: Clip) -> list[float]:
    """Seconds of silence at the start and the end, share of silence, level in dB, length in s; NaN without sound."""
    if not probe(clip.path).has_audio:
        return [np.nan] * 5
    try:
        audio = read_audio(clip.path)
    except InputError:  # a silent soundtrack is a fact here, not a fault
        return [np.nan] * 5
    silent = _silent_windows(audio)
    sounding = np.flatnonzero(~silent)
    start, end = sounding[0], len(silent) - 1 - sounding[-1]
    return [start / 50, end / 50, float(silent.mean()), 20 * np.log10(audio.rms), audio.duration]


def first_frame_facts(clip: Clip) -> list[float]:
    """Look of the first frame, and how the second differs from it."""
    frames = read_frames(clip.path, [0, min(1, probe(clip.path).n_frames - 1)])
    return [*look(frames[:1]), change(frames)]


def background_facts(clip: Clip) -> list[float]:
    """Look of the upper corners of frames all over the clip, and how these differ from one another."""
    indices = spread(np.arange(probe(clip.path).n_frames), _COUNT)
    frames = read_frames(clip.path, indices.tolist())
    height, width = (size // _CORNER for size in frames.shape[1:3])
    corners = np.concatenate([frames[:, :height, :width], frames[:, :height, -width:]], axis=2)
    return [*look(corners), change(corners)]


def look(frames: Pictures) -> list[float]:
    """Mean red, green and blue, spread of the luma, and its change from pixel to pixel, of frames (N, H, W, 3)."""
    luma = frames @ LUMA
    steps = [float(np.abs(np.diff(luma, axis=axis)).mean()) for axis in (1, 2)]
    return [*frames.mean((0, 1, 2)).tolist(), float(luma.std((1, 2)).mean()), *steps]


def change(frames: Pictures) -> float:
    """Mean absolute change of the luma from one of the frames (N, H, W, 3) to the next; 0 for a single one."""
    return float(np.abs(np.diff(frames @ LUMA, axis=0)).mean()) if len(frames) > 1 else 0.0


_LOOK: Final = ("red", "green", "blue", "contrast", "change downwards", "change sideways")


class Probe(TabularDetector):
    """A few numbers of a clip -> logistic regression or SVM, chosen on `val`."""

    sanity: ClassVar[bool] = True
    names: ClassVar[tuple[str, ...]]

    @abstractmethod
    def facts(self, clip: Clip) -> list[float]:
        """The only numbers that the probe may see."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the numbers."""
        return self.names

    def row(self, clip: Clip) -> Floats:
        """The numbers of one clip.

        Raises:
            InputError: unreadable.
        """
        return np.array(self.facts(clip), float)

    def evidence(self, clip: Clip) -> Evidence:
        """The numbers themselves."""
        try:
            row = self.row(clip)
        except InputError as error:
            return Evidence(self.name, None, {"problem": str(error)})
        named = zip(self.names, row.tolist(), strict=True)
        facts = {name: round(v, 4) if np.isfinite(v) else "unknown" for name, v in named}
        return Evidence(self.name, self.score_of(row), facts)


class MetadataOnly(Probe):
    """Sees what the container says."""

    name = "metadata-only"
    names = ("width", "height", "frames per second", "frames", "has sound", "CRF")

    def facts(self, clip: Clip) -> list[float]:
        """`container_facts`."""
        return container_facts(clip)


class SilenceOnly(Probe):
    """Sees where the soundtrack is silent."""

    name = "silence-only"
    names = ("silence at the start, s", "silence at the end, s", "share of silence", "level, dB", "sound, s")

    def facts(self, clip: Clip) -> list[float]:
        """`silence_facts`."""
        return silence_facts(clip)


class FirstFrameOnly(Probe):
    """Sees the first frame as a whole. Forged from its first frame on, a clip may honestly be told by it."""

    name = "first-frame-only"
    names = (*_LOOK, "change to the second frame")

    def facts(self, clip: Clip) -> list[float]:
        """`first_frame_facts`."""
        return first_frame_facts(clip)


class BackgroundOnly(Probe):
    """Sees the upper corners of the picture."""

    name = "background-only"
    names = (*_LOOK, "change over time")

    def facts(self, clip: Clip) -> list[float]:
        """`background_facts`."""
        return background_facts(clip)


def _silent_windows(audio: Audio) -> npt.NDArray[np.bool_]:
    """Whether each 20 ms of a sound is silence; at least one is not."""
    windows = audio.fitted(-(-len(audio.samples) // _WINDOW) * _WINDOW).samples.reshape(-1, _WINDOW)
    level = np.sqrt(np.mean(np.square(windows, dtype=np.float64), axis=1))
    return np.asarray(level < level.max() * 10 ** (_SILENT_DB / 20))
