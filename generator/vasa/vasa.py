"""The `vasa` generator: one portrait and one recording to a talking face, by the face model.

The motion model (`vasa.motion`) says what the head does where its weights are given, else the behaviour that `meshwarp`
has, too; the face model shows it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from tellbench.datasets.faces.landmarks import Landmarks
from tellbench.generator.base import Chunk, Generator, Request
from tellbench.generator.dials import DIALS, settle
from tellbench.generator.meshwarp.motion import perform
from tellbench.generator.meshwarp.quality import portrait_finder, portrait_landmarker, trusted_landmarks
from tellbench.generator.meshwarp.voice import listen
from tellbench.generator.motion import Motion
from tellbench.generator.vasa.decoder import Source
from tellbench.generator.vasa.frames import GAZE_UNIT
from tellbench.generator.vasa.model import SHIPPED, FaceModel
from tellbench.generator.vasa.motion.model import MotionModel
from tellbench.generator.vasa.motion.play import Wishes, labels, play_clip
from tellbench.generator.vasa.moves import moved_pose
from tellbench.generator.vasa.rig import read_rig, relative, teach
from tellbench.generator.vasa.window import cut, face_squares, paste, pose_of, to_window

CHUNK: Final = 16
"""Frames a chunk: memory does not grow with the clip."""
_MOST_PIXELS: Final = 1024
"""Side of the window at most: more than the paint could match."""


@functools.cache
def loaded(weights: Path, device: str) -> FaceModel:
    """The model of a file on a device, loaded once a process: a corpus makes a generator a clip.

    Raises:
        InputError: the file is missing or holds something else.
    """
    return FaceModel.load(weights).to(device)


class Vasa(Generator):
    """A portrait's appearance in a canonical volume, driven in pose and rig; its own pixels are carried over.

    Args:
        weights: what `tellbench fit-generator face` wrote; the shipped ones by default.
        landmarks: frames (T, H, W, 3) to landmarks, instead of finder and landmarker; trusted without a quality check.
        device: `cpu` or `cuda`.
        motion: what `tellbench fit-generator motion` wrote; without it, motion is borrowed from `meshwarp`.
    """

    name: ClassVar[str] = "vasa"
    version: ClassVar[str] = "0.1"
    dials: ClassVar[Mapping[str, str]] = {name: dial.line for name, dial in DIALS.items()}

    def __init__(
        self,
        weights: Path | None = None,
        landmarks: Callable[[npt.NDArray[np.uint8]], Landmarks] | None = None,
        device: str = "cpu",
        motion: Path | None = None,
    ) -> None:
        self.weights = weights
        self.landmarks = landmarks
        self.device = device
        self.motion = motion

    def animate(self, request: Request) -> Iterator[Chunk]:
        """Yield the clip in chunks of 16 frames; tracks hold pose, gaze, blinks, brows, jaw and the voice.

        Raises:
            InputError: no trustworthy face in the portrait, odd sides, an unknown dial or a value out of its range.
        """
        self.check(request)
        self.check_sides(request.portrait)
        settle(request.controls.dials)  # refuse a bad value before the slower work
        stage = self.prepare(request.portrait)
        wishes = Wishes.of(request.controls) if self.motion else None
        motion = self._moves(request, stage, wishes)
        for first in range(0, request.n_frames, CHUNK):
            part = slice(first, min(first + CHUNK, request.n_frames))
            frames, poses = stage.render(motion, part)
            shown = np.degrees(poses[:, :3].cpu().numpy()).astype(np.float32)
            asked = labels(wishes, part, request.fps) if wishes else {}
            yield Chunk(frames, pd.DataFrame({**motion.labels(part, request.fps, shown), **asked}))

    def _moves(self, request: Request, stage: Stage, wishes: Wishes | None) -> Motion:
        """What the head does in the clip."""
        if self.motion is None or wishes is None:
            voice = listen(request.speech, request.n_frames / request.fps)
            turned = math.degrees(float(stage.source.pose[0, 0]))
            return perform(voice, request.n_frames, request.fps, request.seed, request.controls, turned)
        model = MotionModel.load(self.motion).to(self.device)
        return play_clip(model, request.speech, request.n_frames, request.fps, request.seed, wishes)

    @torch.inference_mode()
    def prepare(self, portrait: npt.NDArray[np.uint8]) -> Stage:
        """Find the face, cut its window and encode it.

        Raises:
            InputError: no face, or none that can be trusted.
        """
        model = loaded(self.weights or SHIPPED, self.device)
        find = self.landmarks or (lambda frames: trusted_landmarks(frames[0], portrait_finder(), portrait_landmarker()))
        points = torch.from_numpy(find(portrait[None]).points)
        square = face_squares(points)
        side = min(_MOST_PIXELS, max(model.size.window, round(2 * float(square[0, 0, 0]))))
        picture = torch.from_numpy(portrait.copy()).permute(2, 0, 1)[None].float() / 255
        window = cut(picture, square, side).to(self.device)
        # landmarks tell a painting's pose better than a network that has seen few (assumption)
        pose = pose_of(to_window(points, square)).to(self.device)
        return Stage(model, model.encode_portrait(window, pose), square, picture.to(self.device))


class Stage:
    """A portrait made ready once, then shown in any motion.

    Args:
        model: the face model.
        source: the portrait's window, encoded.
        square: where the window lies in the portrait, (1, 2, 3).
        picture: the portrait (1, 3, H, W) in [0, 1].
    """

    def __init__(self, model: FaceModel, source: Source, square: Tensor, picture: Tensor) -> None:
        self.model, self.source, self.square, self.picture = model, source, square, picture

    @torch.inference_mode()
    def render(self, motion: Motion, part: slice) -> tuple[npt.NDArray[np.uint8], Tensor]:
        """Frames (T, H, W, 3) of some of the motion, and the poses (T, 7) of the head in them."""
        device = self.picture.device
        moves = torch.from_numpy(motion.pose[part]).to(device)
        gaze = torch.from_numpy(motion.gaze[part]) / GAZE_UNIT
        driver = torch.cat([torch.from_numpy(motion.coefficients[part]), gaze], 1).to(device)
        source = self.source.at(torch.zeros(len(moves), dtype=torch.long, device=device))
        poses = moved_pose(source.pose, moves)
        rest = read_rig(source.dynamics)
        dynamics = teach(relative(driver, torch.zeros_like(driver[:1]), rest), self.model.size.dynamics)
        windows = self.model.drive(source, poses, dynamics).image
        frames = paste(windows, self.square, self.picture)
        return (frames * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy(), poses
