"""What the face model is trained for: every loss, how much it counts, and whose codes drive.

Two choices keep expressions strong. The known rig drives the frame most of the time (the teacher), and the geometry
losses tell the displacement of every point. Two keep the driver's pose out of the dynamics: drivers are other frames
and other people than the target, and the pair losses ask that one dynamics be read from all who show it.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn

from tellbench.generator.vasa import losses
from tellbench.generator.vasa.decoder import PAINTED, Frame, Source
from tellbench.generator.vasa.frames import FaceFrames, Pairs
from tellbench.generator.vasa.model import FaceModel
from tellbench.generator.vasa.pose import PERSPECTIVE
from tellbench.generator.vasa.rig import free_part, read_rig, teach
from tellbench.generator.vasa.room import emptied
from tellbench.generator.vasa.sizes import N_RIG
from tellbench.generator.vasa.warps import resized

_VARIANCE_START: Final = 0.05
_VARIANCE_FLOOR: Final = 0.005
"""Variance of a rig number before any was seen, and the least: no number counts more than some 14 times another's."""
_FOLLOW: Final = 0.01
"""Share of each batch in running means."""
_FREE_KEPT: Final = 0.5
"""How often the free numbers of a code read from a picture are used: the rig must do without them."""
_MISPLACED: Final = (0.05, 0.09, 0.025, 0.015, 0.017, 0.03, 0.0)
"""How far poses by landmarks lie from the true ones, each number in its unit: mean absolute errors on 400 frames of 20
studio people at 128 pixels. The dynamics are read, sources encoded and frames judged at places that are wrong by as
much (standard deviations), for portraits and drivers are placed by landmarks."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Weights:
    """How much each loss counts; at 0 it is not computed. The values are assumptions, tried at size tiny."""

    picture: float = 1.0
    """Colours and edges at three scales, eyes and mouth 16 times."""
    feature: float = 0.05
    """What a frozen reader sees in eyes, mouth and whole window, in grey and without the tones of lids."""
    adversarial: float = 0.02
    """Patches look true."""
    paint: float = 0.3
    """The painted layer alone is a good picture."""
    carried: float = 0.3
    """The moved source alone is a good picture at the eyes."""
    price: float = 0.01
    """Share of paint: what can be carried over should be."""
    pose: float = 0.5
    rig: float = 0.3
    lids: float = 0.05
    """What is read from pictures."""
    match: float = 0.1
    """One dynamics, read from frames of other poses and other people, is one code."""
    free: float = 0.001
    """Size of the numbers beyond the rig."""
    geometry: float = 3.0
    """Displacements between frame, canonical head and source."""
    depth: float = 0.5
    """Depth of what is seen."""
    flow: float = 1.0
    """The flow as a whole, where the source shows the same point."""
    visibility: float = 0.2
    """The moved source where it shows the head, paint where it does not, the room where nobody is."""
    landmarks: float = 1.0
    """The flow at landmarks and irises; video has them, too."""
    amplitude: float = 0.25
    """As much expression, gaze and lid opening is read from the frame, shown likewise, as from the true picture."""
    transfer: float = 0.2
    """Pose given to one frame, or dynamics given to the other, is the same picture (VASA-1, after Pang et al. 2023)."""
    identity: float = 0.1
    """The frame is the source's person, whoever drives."""

    def without(self, *names: str) -> Weights:
        """The same with some losses off."""
        return dataclasses.replace(self, **dict.fromkeys(names, 0.0))


LATE: Final = ("feature", "amplitude", "transfer", "identity", "adversarial")
"""Losses that need a reader or a frame that is already fair."""


class Lesson:
    """One step's task. Not a dataclass: wrappers of mixed precision would try to rewrite its fields.

    Args:
        pairs: what is to be made.
        weights: of the losses.
        teacher: how often the true pose and rig drive, where they are known; a share, or a tensor of one.
        random: of all draws; on the CPU.
        discriminator: of the adversarial loss.
        pictures: whether frames are made, or only the reader is trained.
    """

    def __init__(
        self,
        pairs: Pairs,
        weights: Weights,
        teacher: float | Tensor,
        random: torch.Generator,
        discriminator: nn.Module | None = None,
        pictures: bool = True,
    ) -> None:
        self.pairs, self.weights, self.teacher, self.random = pairs, weights, teacher, random
        self.discriminator, self.pictures = discriminator, pictures


class Verdict:
    """One step's result beside the loss: each loss before its weight, and what was made, detached."""

    def __init__(self, parts: Mapping[str, Tensor], image: Tensor | None) -> None:
        self.parts = {name: value.detach() for name, value in parts.items()}
        self.image = None if image is None else image.detach()


class Objective(nn.Module):
    """The model under training, the frozen reader that judges it, and running means.

    Args:
        model: what is trained.
        identity: aligned faces (N, 3, 112, 112) in 0 to 255 to unit vectors; none leaves the identity loss out.
    """

    variance: Tensor
    reader_error: Tensor

    def __init__(self, model: FaceModel, identity: nn.Module | None = None) -> None:
        super().__init__()
        self.model = model
        self.judge = copy.deepcopy(model.reader).requires_grad_(False)
        self.register_buffer("variance", torch.full((N_RIG,), _VARIANCE_START))
        self.register_buffer("reader_error", torch.ones(()))
        self._identity = (identity,)  # in a tuple: not of the weights

    def appoint_judge(self) -> None:
        """The reader as it is becomes the judge of the frames."""
        self.judge.load_state_dict(self.model.reader.state_dict())

    def forward(self, lesson: Lesson) -> tuple[Tensor, Verdict]:
        """The loss to descend, and what it is made of."""
        pairs, weights = lesson.pairs, lesson.weights
        reading = self._read(pairs, lesson.random)
        parts = self._reader_losses(pairs, reading, weights)
        image = None
        if lesson.pictures:
            source, frame = self._make(pairs, reading, lesson.teacher, lesson.random)
            image = frame.image
            parts |= self._picture_losses(pairs, source, frame, weights)
            parts |= self._truth_losses(pairs, source, frame, weights)
            parts |= self._late_losses(lesson, source, frame)
        total = sum((getattr(weights, name) * value for name, value in parts.items()), self.variance.new_zeros(()))
        return total, Verdict(parts, image)

    def _read(self, pairs: Pairs, random: torch.Generator) -> _Reading:
        """What the reader reads from source, target, pose driver and dynamics driver, one after the other."""
        frames = FaceFrames.join([pairs.source, pairs.target, pairs.pose_driver, pairs.dynamics_driver])
        pose = self.model.read_pose(frames.image)
        place = pose.detach() if frames.pose is None else _misplaced(frames.pose, random)
        code, lids = self.model.reader.dynamics(frames.image, place)
        return _Reading(frames, pose, code, lids)

    def _reader_losses(self, pairs: Pairs, reading: _Reading, weights: Weights) -> dict[str, Tensor]:
        """How well pose, rig and lids are read, and whether one dynamics is one code."""
        frames, parts = reading.frames, dict[str, Tensor]()
        if frames.pose is not None and weights.pose:
            parts["pose"] = losses.pose_loss(reading.pose, frames.pose)
        if frames.rig is not None and weights.rig:
            self._follow_variance(frames.rig)
            parts["rig"] = losses.rig_loss(read_rig(reading.code), frames.rig, self.variance)
            if self.training:
                self.reader_error.lerp_(parts["rig"].detach(), _FOLLOW)
        if frames.lids is not None and weights.lids:
            parts["lids"] = losses.lid_loss(reading.lids, frames.lids)
        if weights.match:
            _, target, _, driver = reading.code.chunk(4)
            parts["match"] = (target - driver).abs().mean()
        if weights.free:
            parts["free"] = free_part(reading.code).square().mean()
        return parts

    @torch.no_grad()
    def _follow_variance(self, rig: Tensor) -> None:
        if self.training:
            self.variance.lerp_(rig.var(0), _FOLLOW).clamp_(min=_VARIANCE_FLOOR)

    def _make(
        self, pairs: Pairs, reading: _Reading, teacher: float | Tensor, random: torch.Generator
    ) -> tuple[Source, Frame]:
        """The source's people, and frames of them in the drivers' pose and dynamics."""
        length = self.model.size.dynamics
        poses, codes = reading.pose.chunk(4), reading.code.chunk(4)
        kept = _draw(len(pairs), _FREE_KEPT, random, reading.pose)

        def settled(pose: Tensor, code: Tensor, true_pose: Tensor | None, rig: Tensor | None) -> tuple[Tensor, Tensor]:
            code = torch.cat([read_rig(code), free_part(code) * kept], 1)
            known = _draw(len(pairs), teacher, random, pose)
            if true_pose is None or rig is None:
                return pose, code
            return torch.where(known, true_pose, pose), torch.where(known, teach(rig, length), code)

        of, to = pairs.source, pairs.target
        seen = None if of.pose is None else _misplaced(of.pose, random)
        source = self.model.encode_source(of.image, *settled(poses[0], codes[0], seen, of.rig))
        if of.surface is not None:
            source = dataclasses.replace(source, room=emptied(of.image, of.surface))
        return source, self.model.drive(source, *settled(poses[2], codes[3], to.pose, to.rig))

    def _picture_losses(self, pairs: Pairs, source: Source, frame: Frame, weights: Weights) -> dict[str, Tensor]:
        """What needs no more than the true picture."""
        truth, parts = pairs.target, dict[str, Tensor]()
        weight = _weight(truth, frame.image.shape[-1])
        parts["picture"] = losses.picture_loss(frame.image, truth.image, weight)
        if weights.paint:
            side = frame.paint.shape[-1]
            parts["paint"] = losses.picture_loss(frame.paint, resized(truth.image, side), _weight(truth, side))
        if weights.carried and truth.landmarks is not None:
            parts["carried"] = losses.carried_loss(frame, truth)
        if weights.price:
            parts["price"] = frame.mask[:, PAINTED].mean()
        if weights.landmarks and truth.landmarks is not None and pairs.source.landmarks is not None:
            parts["landmarks"] = losses.landmark_loss(frame, truth, pairs.source)
        return parts

    def _truth_losses(self, pairs: Pairs, source: Source, frame: Frame, weights: Weights) -> dict[str, Tensor]:
        """What the renderer's maps tell."""
        truth, known, parts = pairs.target, pairs.source, dict[str, Tensor]()
        if any(maps is None for maps in (truth.canonical, truth.depth, truth.surface, truth.landmarks)):
            return parts
        if weights.geometry:
            parts["geometry"] = losses.geometry_loss(frame, source, truth, known)
        if weights.depth:
            parts["depth"] = losses.depth_loss(frame, truth)
        if weights.flow or weights.visibility:
            parts["flow"], parts["visibility"] = losses.flow_losses(frame, truth, known)
        return parts

    def _late_losses(self, lesson: Lesson, source: Source, frame: Frame) -> dict[str, Tensor]:
        """What other networks think of the frame."""
        pairs, weights, discriminator = lesson.pairs, lesson.weights, lesson.discriminator
        truth, parts, (identity,) = pairs.target, dict[str, Tensor](), self._identity
        pose = self.judge.pose(truth.image).detach() if truth.pose is None else _misplaced(truth.pose, lesson.random)
        made, true = (losses.as_readers_see(picture, truth) for picture in (frame.image, truth.image))
        if weights.feature:
            parts["feature"] = losses.feature_loss(self.judge, made, true, pose)
        if weights.amplitude:
            parts["amplitude"] = losses.amplitude_loss(self.judge, made, true, pose, self.variance)
        if weights.transfer:
            parts["transfer"] = self._transfer_loss(pairs, source)
        if weights.identity and identity is not None and truth.landmarks is not None:
            parts["identity"] = losses.identity_loss(identity, frame.image, truth)
        if weights.adversarial and discriminator is not None:
            parts["adversarial"] = -discriminator(resized(frame.image, self.model.size.window)).mean()
        return parts

    def _transfer_loss(self, pairs: Pairs, source: Source) -> Tensor:
        """The target's pose given to the source, and the source's dynamics given to the target, are one picture.

        A quarter of the batch pays for two more frames and one more source.
        """
        few = slice(0, max(1, len(pairs) // 4))
        source, target = source.at(few), pairs.target.at(few)
        other = dataclasses.replace(self.model.encode_source(target.image), room=source.room)
        posed = self.model.drive(source, other.pose, source.dynamics)
        acted = self.model.drive(other, other.pose, source.dynamics)
        return losses.picture_loss(posed.image, acted.image, _weight(target, posed.image.shape[-1]))


@dataclasses.dataclass(frozen=True)
class _Reading:
    """What was read from the frames of a batch: source, target, pose driver, dynamics driver."""

    frames: FaceFrames
    pose: Tensor
    code: Tensor
    lids: Tensor


def _weight(truth: FaceFrames, side: int) -> Tensor:
    if truth.landmarks is None:
        return truth.image.new_ones(len(truth), 1, side, side)
    return losses.region_weight(truth.landmarks, side)


def _misplaced(pose: Tensor, random: torch.Generator) -> Tensor:
    """Poses (N, 7) as landmarks would tell them, which know nothing of perspective."""
    error = torch.randn(pose.shape, generator=random).to(pose.device, non_blocking=True)
    wrong = pose + error * pose.new_tensor(_MISPLACED)
    return torch.cat([wrong[:, :-1], torch.full_like(wrong[:, -1:], PERSPECTIVE)], 1)


def _draw(count: int, share: float | Tensor, random: torch.Generator, like: Tensor) -> Tensor:
    """A mask (count, 1): true in about this share of the rows."""
    return torch.rand(count, 1, generator=random).to(like.device, non_blocking=True) < share
