"""From a recording and all that is asked to the motion of a clip at its own rate: what generators call."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tellbench.datasets.audio import Audio
from tellbench.datasets.speech.features import HOP, prosody
from tellbench.generator.base import Controls
from tellbench.generator.motion import Motion
from tellbench.generator.vasa.motion.dials import turned, with_head
from tellbench.generator.vasa.motion.diffusion import Sampling
from tellbench.generator.vasa.motion.hearing import Samples
from tellbench.generator.vasa.motion.model import MotionModel
from tellbench.generator.vasa.motion.script import MOODS, Script
from tellbench.generator.vasa.motion.sizes import WINDOW
from tellbench.generator.vasa.motion.space import N_POSE, RATE, at_rate, motion_columns, split
from tellbench.generator.vasa.motion.stream import Performer, perform

_LIDS = motion_columns("eyeBlink", "eyeLookDown", "eyeLookUp", "eyeLookIn", "eyeLookOut")
"""What expressiveness leaves alone."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wishes:
    """All that can be asked of a performance; the defaults ask for nothing. Tracks run at 25 frames a second."""

    script: Script = dataclasses.field(default_factory=Script.of)
    dials: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Of the generated behaviour (`generator.dials.DIALS`)."""
    intensity: float = 1.0
    """Gain of all expression but lids and gaze."""
    pose: Tensor | None = None
    """(T, 6): head pose, the last held."""
    replace: bool = False
    """Whether `pose` is shown instead of what was made, or added to it."""
    sampling: Sampling = dataclasses.field(default_factory=Sampling)
    window: int = WINDOW
    """Frames made at once."""
    seam: float = 0.0
    """How much of a jump between windows is left to be seen, 0 to 1."""

    @classmethod
    def of(cls, controls: Controls) -> Wishes:
        """What may be asked of any generator.

        Raises:
            InputError: a gaze out of range.
        """
        dials = dict(controls.dials)
        if controls.head_motion != 1:
            dials["head_gain"] = dials.get("head_gain", 1.0) * controls.head_motion
        return cls(script=Script.of(controls.gaze), dials=dials, intensity=controls.expressiveness)


def play(
    model: MotionModel, sound: Iterable[Samples], fps: float, seed: int, wishes: Wishes, n_frames: int | None = None
) -> Iterator[Tensor]:
    """Motion (T, 60) at `fps`, part by part, as sound comes in; the same for any parts of the sound.

    Args:
        model: what moves.
        sound: parts of a recording, mono, 16 kHz.
        fps: frames a second.
        seed: of all chance.
        wishes: what is asked for.
        n_frames: frames at 25 a second; as long as the sound by default.

    Raises:
        InputError: a wish is out of range.
    """
    performer = Performer(model, wishes.script, seed, n_frames, wishes.window, wishes.sampling, wishes.seam)
    made = (part.motion for part in perform(performer, sound))
    return at_rate(_edited(turned(made, wishes.dials, wishes.script, seed), wishes), fps)


def _edited(parts: Iterable[Tensor], wishes: Wishes) -> Iterator[Tensor]:
    """Intensity and head pose as asked."""
    first = 0
    for motion in parts:
        lids = motion[:, _LIDS].clone()
        motion[:, N_POSE:-2] *= wishes.intensity
        motion[:, _LIDS] = lids
        if wishes.pose is not None:
            asked = wishes.pose[torch.arange(first, first + len(motion)).clamp(max=len(wishes.pose) - 1)]
            motion = with_head(motion, asked if wishes.replace else motion[:, :N_POSE] + asked)
        first += len(motion)
        yield motion


def play_clip(model: MotionModel, speech: Audio, n_frames: int, fps: float, seed: int, wishes: Wishes) -> Motion:
    """The motion of a whole clip, with what is known of its sound.

    Raises:
        InputError: a wish is out of range.
    """
    needed = int(np.ceil(n_frames / fps * RATE)) + 1
    motion = torch.cat(list(play(model, [speech.samples], fps, seed, wishes, needed)))[:n_frames]
    pose, coefficients, gaze = (part.numpy() for part in split(motion))
    heard = prosody(speech)
    steps = ((np.arange(n_frames) + 0.5) / fps * 16_000 / HOP).astype(int)
    known = steps < len(heard.loudness_db)
    steps = np.minimum(steps, len(heard.loudness_db) - 1)
    return Motion(
        coefficients,
        pose,
        gaze,
        np.where(known, heard.loudness_db[steps], -100.0).astype(np.float32),
        np.where(known, heard.f0_hz[steps], np.nan).astype(np.float32),
    )


def labels(wishes: Wishes, part: slice, fps: float) -> dict[str, npt.NDArray[Any]]:
    """Columns of tracks that say what was asked for in some frames of a clip, and where windows meet."""
    middles = (np.arange(part.start, part.stop) + 0.5) / fps * RATE
    frames = middles.astype(int)
    windows = frames // wishes.window
    before = ((np.arange(part.start, part.stop) - 0.5) / fps * RATE).astype(int) // wishes.window
    rows = Script(*(track[np.minimum(frames, len(track) - 1)] for track in _tracks(wishes.script)))
    asked = {f"asked_{name}": rows.emotion[:, i].numpy() for i, name in enumerate(MOODS)}
    return {
        "window_seam": windows != before,
        "asked_gaze_x": rows.gaze[:, 0].numpy(),
        "asked_gaze_y": rows.gaze[:, 1].numpy(),
        "asked_distance": rows.distance[:, 0].numpy(),
        **asked,
    }


def _tracks(script: Script) -> tuple[Tensor, Tensor, Tensor]:
    return script.gaze, script.distance, script.emotion
