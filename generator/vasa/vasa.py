"""The `vasa` generator: one portrait and one recording to a talking face.

The motion model (`vasa.motion`) says what the head does, the face model shows it. Whole recordings, streams and the
motion of other clips go the same way: motion comes part by part, and each part is shown as it comes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from tellbench.datasets.faces.landmarks import Landmarks
from tellbench.generator.base import Chunk, Generator, Request, Samples
from tellbench.generator.meshwarp.quality import portrait_finder, portrait_landmarker, trusted_landmarks
from tellbench.generator.motion import Motion
from tellbench.generator.vasa.decoder import Source
from tellbench.generator.vasa.dials import VASA_DIALS, making
from tellbench.generator.vasa.frames import GAZE_UNIT
from tellbench.generator.vasa.model import SHIPPED, FaceModel
from tellbench.generator.vasa.motion import model as motion_model
from tellbench.generator.vasa.motion.hearing import Ear
from tellbench.generator.vasa.motion.play import Wishes, follow, labels, performed, play
from tellbench.generator.vasa.motion.space import RATE
from tellbench.generator.vasa.motion.stream import LEAST_WINDOW, look_ahead
from tellbench.generator.vasa.moves import moved_pose
from tellbench.generator.vasa.rig import read_rig, relative, teach
from tellbench.generator.vasa.window import cut, face_squares, on_pixels, paste, pose_of, to_window

_MOST_PIXELS: Final = 1024
"""Side of the window at most: more than the paint could match."""
_LOWEST: Final = -1.0
"""Least coefficient of motion that is followed: as far as it may relax against its frame at rest."""


@functools.cache
def loaded(weights: Path, device: str) -> FaceModel:
    """The model of a file on a device, loaded once a process: a corpus makes a generator a clip.

    Raises:
        InputError: the file is missing or holds something else.
    """
    return FaceModel.load(weights).to(device)


@functools.cache
def loaded_motion(weights: Path, device: str) -> motion_model.MotionModel:
    """The same for the motion model.

    Raises:
        InputError: the file is missing or holds something else.
    """
    return motion_model.MotionModel.load(weights).to(device)


class Vasa(Generator):
    """A portrait's appearance in a canonical volume, driven in pose and rig; its own pixels are carried over.

    Args:
        weights: what `tellbench fit-generator face` wrote; the shipped ones by default.
        landmarks: frames (T, H, W, 3) to landmarks, instead of finder and landmarker; trusted without a quality check.
        device: `cpu` or `cuda`.
        motion: what `tellbench fit-generator motion` wrote; the shipped ones by default.
    """

    name: ClassVar[str] = "vasa"
    version: ClassVar[str] = "0.12"
    honours: ClassVar[frozenset[str]] = frozenset(
        {"gaze", "distance", "emotion", "pose", "replace_pose", "head_motion", "expressiveness", "solver", "tracks"}
    )
    dials: ClassVar[Mapping[str, str]] = {name: dial.line for name, dial in VASA_DIALS.items()}
    follows: ClassVar[bool] = True

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

    @property
    def delay(self) -> float:
        """A window and the look-ahead of what the motion model hears by: 0.68 s with the shipped weights.

        Raises:
            InputError: the weights are missing.
        """
        return LEAST_WINDOW / RATE + look_ahead(self._motion_model().kind)

    def _motion_model(self) -> motion_model.MotionModel:
        return loaded_motion(self.motion or motion_model.SHIPPED, self.device)

    def animate(self, request: Request) -> Iterator[Chunk]:
        """Yield the clip in chunks of 16 frames at most.

        Tracks hold pose, gaze, blinks, brows, jaw and the voice, what was asked for, and where windows of motion meet.

        Raises:
            InputError: no trustworthy face in the portrait, odd sides, an unknown dial or a value out of its range.
        """
        self.check(request)
        wishes = Wishes.of(request.controls, request.fps)  # refuses a bad value before the slower work
        stage, ear = self._stage(request), Ear()
        if request.motion is not None:
            ear.hear(request.speech.samples)
            moves = follow(request.motion, request.fps, request.seed, wishes)
            motions = performed(moves, ear, request.fps, request.n_frames, _LOWEST)
        else:
            motions = self._moves(request, wishes, ear, [request.speech.samples], request.n_frames)
        return _shown(motions, stage, wishes, request, seams=request.motion is None)

    def stream(self, request: Request, sound: Iterable[Samples]) -> Iterator[Chunk]:
        """Yield chunks while a voice comes in, in windows of 10 frames unless a dial says otherwise.

        A window is made once its sound and the look-ahead have come in (`delay`); a mouth that is to come before its
        sound (`lip_delay_ms` below 0) adds to that.

        Raises:
            InputError: as `animate`.
        """
        self.check_controls(request.controls)
        wishes = Wishes.of(request.controls, request.fps, LEAST_WINDOW)
        return _shown(self._moves(request, wishes, Ear(), sound, None), self._stage(request), wishes, request)

    def _moves(
        self, request: Request, wishes: Wishes, ear: Ear, sound: Iterable[Samples], n_frames: int | None
    ) -> Iterator[Motion]:
        """Motion to a voice, part by part; the ear hears what the motion model hears."""

        def told() -> Iterator[Samples]:
            for samples in sound:
                ear.hear(samples)
                yield samples

        moves = play(self._motion_model(), told(), request.fps, request.seed, wishes, n_frames)
        return performed(moves, ear, request.fps, n_frames)

    def _stage(self, request: Request) -> Stage:
        self.check_sides(request.portrait)
        return self.prepare(request.portrait, making(request.controls.dials)["upsampler"])

    @torch.inference_mode()
    def prepare(self, portrait: npt.NDArray[np.uint8], enlarged: float = 1.0) -> Stage:
        """Find the face, cut its window and encode it.

        Args:
            portrait: RGB (H, W, 3).
            enlarged: factor by which the face is to be enlarged after it is made.

        Raises:
            InputError: no face, or none that can be trusted.
        """
        model = loaded(self.weights or SHIPPED, self.device)
        find = self.landmarks or (lambda frames: trusted_landmarks(frames[0], portrait_finder(), portrait_landmarker()))
        points = torch.from_numpy(find(portrait[None]).points)
        square, side = on_pixels(face_squares(points), model.size.window, _MOST_PIXELS)
        picture = torch.from_numpy(portrait.copy()).permute(2, 0, 1)[None].float() / 255
        window = cut(picture, square, side).to(self.device)
        # landmarks tell a painting's pose better than a network that has seen few (assumption)
        inside = to_window(points, square)
        source = model.encode_portrait(window, pose_of(inside).to(self.device), inside.to(self.device))
        return Stage(model, source, square, picture.to(self.device), enlarged)


class Stage:
    """A portrait made ready once, then shown in any motion.

    Args:
        model: the face model.
        source: the portrait's window, encoded.
        square: where the window lies in the portrait, (1, 2, 3).
        picture: the portrait (1, 3, H, W) in [0, 1].
        enlarged: factor by which the face is enlarged after it is made.
    """

    def __init__(
        self, model: FaceModel, source: Source, square: Tensor, picture: Tensor, enlarged: float = 1.0
    ) -> None:
        self.model, self.source, self.square, self.picture = model, source, square, picture
        self.enlarged = enlarged

    @torch.inference_mode()
    def render(self, motion: Motion) -> tuple[npt.NDArray[np.uint8], Tensor]:
        """Frames (T, H, W, 3) of a motion, and the poses (T, 7) of the head in them."""
        device = self.picture.device
        moves = torch.from_numpy(motion.pose).to(device)
        gaze = torch.from_numpy(motion.gaze) / GAZE_UNIT
        driver = torch.cat([torch.from_numpy(motion.coefficients), gaze], 1).to(device)
        source = self.source.at(torch.zeros(len(moves), dtype=torch.long, device=device))
        poses = moved_pose(source.pose, moves)
        rest = read_rig(source.dynamics)
        dynamics = teach(relative(driver, torch.zeros_like(driver[:1]), rest), self.model.size.dynamics)
        windows = self.model.drive(source, poses, dynamics).image
        if self.enlarged > 1:
            side = round(windows.shape[-1] / self.enlarged)
            windows = functional.interpolate(windows, (side, side), mode="bilinear", antialias=True)
        frames = paste(windows, self.square, self.picture)
        return (frames * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy(), poses


def _shown(
    motions: Iterator[Motion], stage: Stage, wishes: Wishes, request: Request, seams: bool = True
) -> Iterator[Chunk]:
    """Motion as it comes, in pictures, with its labels."""
    first = 0
    for motion in motions:
        frames, poses = stage.render(motion)
        angles = np.degrees(poses[:, :3].cpu().numpy()).astype(np.float32)
        known = motion.labels(first, request.fps, angles)
        yield Chunk(frames, pd.DataFrame({**known, **labels(wishes, first, len(motion), request.fps, seams)}))
        first += len(motion)
