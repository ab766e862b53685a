"""From a recording and all that is asked to the motion of a clip at its own rate: what generators call."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tellbench.datasets.emotion import EMOTIONS
from tellbench.generator.base import Samples
from tellbench.generator.controls import MOODS, POSE, Controls
from tellbench.generator.motion import Motion
from tellbench.generator.vasa.dials import behaviour, making, sampling
from tellbench.generator.vasa.frames import GAZE_UNIT
from tellbench.generator.vasa.motion.dials import turned, with_head
from tellbench.generator.vasa.motion.diffusion import Sampling
from tellbench.generator.vasa.motion.hearing import Ear, voice_at
from tellbench.generator.vasa.motion.model import MotionModel
from tellbench.generator.vasa.motion.script import Script
from tellbench.generator.vasa.motion.sizes import WINDOW
from tellbench.generator.vasa.motion.space import N_POSE, RATE, at_rate, between, joined, looking, motion_columns
from tellbench.generator.vasa.motion.stream import Performer, perform

CHUNK: Final = 16
"""Frames a chunk at most: memory does not grow with the clip."""
_LIDS = motion_columns("eyeBlink", "eyeLookDown", "eyeLookUp", "eyeLookIn", "eyeLookOut")
"""What expressiveness leaves alone."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wishes:
    """All that can be asked of a performance; the defaults ask for nothing. Tracks run at 25 frames a second."""

    script: Script = dataclasses.field(default_factory=Script.of)
    dials: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Of the generated behaviour (`generator.dials.DIALS`)."""
    intensity: Tensor = dataclasses.field(default_factory=lambda: torch.ones(1))
    """(T,): gain of all expression but lids and gaze, the last held."""
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
    def of(cls, controls: Controls, fps: float = RATE, window: int = WINDOW) -> Self:
        """What is asked of a clip with a frame rate; its frames in a window unless a dial says otherwise.

        Raises:
            InputError: a value out of range, or no such solver.
        """

        def track(*names: str) -> Tensor:
            columns = [torch.tensor(controls.tracks.get(name, (controls.once[name],))) for name in names]
            length = max(len(column) for column in columns)
            return _resampled(torch.stack([column.expand(length) for column in columns], 1).float(), fps)

        dials = behaviour(controls.dials)
        if controls.head_motion != 1:
            dials["head_gain"] = dials.get("head_gain", 1.0) * controls.head_motion
        posed = controls.replace_pose or any(controls.pose) or not set(POSE).isdisjoint(controls.tracks)
        made = making({"window": window, **controls.dials})
        return cls(
            script=Script.of(track("gaze_x", "gaze_y"), track("distance"), track(*MOODS)),
            dials=behaviour(dials),
            intensity=track("expressiveness")[:, 0],
            pose=track(*POSE) if posed else None,
            replace=controls.replace_pose,
            sampling=sampling(controls.dials, controls.solver),
            window=round(made["window"]),
            seam=made["seam"],
        )


def _resampled(rows: Tensor, fps: float) -> Tensor:
    """Rows (N, C) of frames at a rate as rows at 25 a second."""
    count = math.ceil(len(rows) / fps * RATE)
    return between(rows, (torch.arange(count, dtype=torch.float64) + 0.5) / RATE * fps - 0.5)


def _row(rows: Tensor, first: int, count: int) -> Tensor:
    """Rows from a frame on, the last held."""
    return rows[torch.arange(first, first + count).clamp(max=len(rows) - 1)]


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
        n_frames: frames at `fps` to cover; as long as the sound by default.

    Raises:
        InputError: a wish is out of range.
    """
    needed = None if n_frames is None else math.ceil(n_frames / fps * RATE) + 1
    performer = Performer(model, wishes.script, seed, needed, wishes.window, wishes.sampling, wishes.seam)
    made = (part.motion for part in perform(performer, sound))
    return at_rate(_edited(turned(made, wishes.dials, wishes.script, seed), wishes), fps)


def follow(given: Motion, fps: float, seed: int, wishes: Wishes) -> Iterator[Tensor]:
    """Motion (T, 60) at `fps` that was made before, under wishes: gaze, distance and emotion are added to it.

    Raises:
        InputError: a wish is out of range.
    """
    pose, coefficients, gaze = (torch.from_numpy(part) for part in (given.pose, given.coefficients, given.gaze))
    motion = _resampled(joined(pose, torch.cat([coefficients, gaze / GAZE_UNIT], 1)), fps)
    parts = (
        _worn(motion[first : first + WINDOW], wishes.script.rows(first, min(first + WINDOW, len(motion))))
        for first in range(0, len(motion), WINDOW)
    )
    return at_rate(_edited(turned(parts, wishes.dials, wishes.script, seed), wishes), fps)


def _worn(motion: Tensor, script: Script) -> Tensor:
    """Motion (T, 60) with gaze, distance and emotion added to it."""
    motion = motion + script.place
    prototypes = torch.from_numpy(np.stack([EMOTIONS[name] for name in MOODS]))
    motion[:, N_POSE:-2] += script.emotion @ prototypes
    return with_head(motion, motion[:, :N_POSE], looking(motion) + script.gaze) if script.gaze.any() else motion


def _edited(parts: Iterable[Tensor], wishes: Wishes) -> Iterator[Tensor]:
    """Intensity and head pose as asked."""
    first = 0
    for motion in parts:
        lids = motion[:, _LIDS].clone()
        motion[:, N_POSE:-2] *= _row(wishes.intensity, first, len(motion))[:, None]
        motion[:, _LIDS] = lids
        if wishes.pose is not None:
            place = wishes.script.rows(first, first + len(motion)).place if wishes.replace else motion
            motion = with_head(motion, _row(wishes.pose, first, len(motion)) + place[:, :N_POSE])
        first += len(motion)
        yield motion


def performed(
    moves: Iterable[Tensor], ear: Ear, fps: float, n_frames: int | None = None, lowest: float = 0.0
) -> Iterator[Motion]:
    """Motion as generators show it, at most 16 frames at a time, with what is heard in them.

    Args:
        moves: motion (T, 60) at `fps`.
        ear: has heard the sound of a part by the time the part comes.
        fps: frames a second.
        n_frames: where to stop.
        lowest: least value of a coefficient.
    """
    first = 0
    for moved in moves:
        moved = moved if n_frames is None else moved[: n_frames - first]
        for part in moved.chunk(max(1, -(-len(moved) // CHUNK))) if len(moved) else ():
            loudness, f0 = voice_at(ear, first, len(part), fps)
            coefficients, gaze = part[:, N_POSE:-2].clamp(lowest, 1), part[:, -2:] * GAZE_UNIT
            yield Motion(coefficients.numpy(), part[:, :N_POSE].numpy(), gaze.numpy(), loudness, f0)
            first += len(part)
            ear.forget(int(first / fps * RATE) - 1)
        if first == n_frames:
            return


def labels(wishes: Wishes, first: int, count: int, fps: float, seams: bool = True) -> dict[str, npt.NDArray[Any]]:
    """Columns of tracks that say what was asked for in some frames of a clip, and where windows meet.

    Args:
        wishes: what was asked for.
        first: number of the first frame.
        count: frames.
        fps: frames a second.
        seams: whether motion was made in windows.
    """
    places = (np.arange(first - 1, first + count) + 0.5) / fps * RATE
    windows = places.astype(int) // wishes.window
    frames = torch.from_numpy(places[1:].astype(int))
    script, pose = wishes.script, wishes.pose if wishes.pose is not None else torch.zeros(1, N_POSE)
    asked = {
        **dict(zip(("gaze_x", "gaze_y"), _held(script.gaze, frames), strict=True)),
        "distance": _held(script.distance, frames)[0],
        **dict(zip(MOODS, _held(script.emotion, frames), strict=True)),
        **dict(zip(POSE, _held(pose, frames), strict=True)),
        "expressiveness": _held(wishes.intensity[:, None], frames)[0],
    }
    seam = (windows[1:] != windows[:-1]) & seams
    return {"window_seam": seam, **{f"asked_{name}": column for name, column in asked.items()}}


def _held(rows: Tensor, frames: Tensor) -> npt.NDArray[np.float32]:
    """Columns of some rows, the last held."""
    return rows[frames.clamp(max=len(rows) - 1)].numpy().T
