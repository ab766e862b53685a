"""The face model: a picture to a person, a pose and dynamics; any pose and dynamics put on any person."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Final, Self

import torch
from torch import Tensor, nn

from tellbench.generator.vasa.decoder import PAINTED, ROOM, Decoder, Frame, Source
from tellbench.generator.vasa.encoders import Appearance, Canonical, Reader
from tellbench.generator.vasa.eyes import eyes_at, on_edges
from tellbench.generator.vasa.features import N_EYES, POINTS, Features
from tellbench.generator.vasa.lids import opened, shut, shut_twin, shutting
from tellbench.generator.vasa.lips import parted, parting
from tellbench.generator.vasa.mouth import Mouth
from tellbench.generator.vasa.rig import only_rig
from tellbench.generator.vasa.room import emptied
from tellbench.generator.vasa.sizes import SIZES, Size, size_named
from tellbench.generator.vasa.state import read_weights, write_weights
from tellbench.generator.vasa.teeth import teeth_of
from tellbench.generator.vasa.warps import (
    Fields,
    lattice,
    resized,
    seen_at,
    to_canonical,
    to_frame,
    undoing,
    warped,
)

SHIPPED: Final = Path(__file__).parent / "weights" / "face.safetensors"
"""Weights that come with Tellbench."""
_REMEDY: Final = "make them with `tellbench fit-generator face`"


class FaceModel(nn.Module):
    """Encoders, warps and decoder of one size.

    `encode_source` once a person, `drive` once a frame; poses and dynamics are read from pictures, or written without
    any (`pose`, `rig.teach`).
    """

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        self.reader = Reader(size)
        self.appearance = Appearance(size)
        self.canonical = Canonical(size)
        self.express = Fields(size)  # canonical head to an expression
        self.relax = Fields(size)  # an expression to the canonical head
        self.decoder = Decoder(size)

    def read_pose(self, image: Tensor) -> Tensor:
        """Poses (N, 7) of windows (N, 3, S, S) in [0, 1]."""
        return self.reader.pose(image)

    def read_dynamics(self, image: Tensor, pose: Tensor | None = None) -> Tensor:
        """Dynamics (N, Z) of windows (N, 3, S, S) in [0, 1], the more pixels the better; poses are read where absent.

        The reading moves no pose: gradients do not pass from the dynamics to the pose encoder.
        """
        pose = self.read_pose(image) if pose is None else pose
        return self.reader.dynamics(image, pose.detach())[0]

    def encode_source(self, image: Tensor, pose: Tensor | None = None, dynamics: Tensor | None = None) -> Source:
        """People from one window each, (N, 3, S, S) in [0, 1]; what is known of the picture need not be read."""
        pose = self.read_pose(image) if pose is None else pose
        dynamics = self.read_dynamics(image, pose) if dynamics is None else dynamics
        posed, identity = self.appearance(resized(image, self.size.window))  # (N, C, D, g, g), (N, I)
        field = self.express(dynamics, identity)  # (N, 3, d, s, s)
        cells = lattice(self.size.depth, self.size.grid, pose).expand(len(image), -1, -1, -1, -1)
        volume = self.canonical(posed, cells, field, pose)  # (N, C, D, g, g)
        return Source(image, pose, dynamics, identity, volume, field)

    def encode_portrait(self, image: Tensor, pose: Tensor | None = None, landmarks: Tensor | None = None) -> Source:
        """People of one window each (N, 3, S, S) for known rigs to drive: of what is read, only the rig is taken.

        With landmarks (N, 68 or more, 2), in window coordinates, lids and lips are the portrait's own.
        """
        pose = self.read_pose(image) if pose is None else pose
        return self.settled(self.encode_source(image, pose, only_rig(self.read_dynamics(image, pose))), landmarks)

    def settled(self, source: Source, landmarks: Tensor | None = None) -> Source:
        """The same people, shown once as they are: what lies a pixel off, or is painted without need, is put right.

        That goes for every frame that is made of them, and so does the room behind them. With landmarks (N, 68 or
        more, 2) lids and lips are their own, too.
        """
        still = self.drive(source, source.pose, source.dynamics)
        back = undoing(still.flow)
        habit = warped(still.mask[:, PAINTED : PAINTED + 1], resized(back, self.size.window))
        room = emptied(source.image, 1 - still.mask[:, ROOM : ROOM + 1])
        features = None if landmarks is None else _features(source, still, landmarks)
        return dataclasses.replace(source, undo=back, habit=habit, room=room, features=features)

    def drive(self, source: Source, pose: Tensor, dynamics: Tensor) -> Frame:
        """Each person of `source` in a pose (N, 7) with dynamics (N, Z), at the source picture's resolution."""
        frame: Frame = self.decoder(source, self.relax(dynamics, source.identity), pose, dynamics)
        if source.features is None:
            return frame
        with torch.autocast(pose.device.type, enabled=False):
            image = self._shutting(source, source.features, frame, pose, dynamics.float())
            image = self._parting(source, source.features, image, frame.paint, pose, dynamics.float())
        return dataclasses.replace(frame, image=image)

    def _shutting(self, source: Source, known: Features, frame: Frame, pose: Tensor, dynamics: Tensor) -> Tensor:
        """The frame's image, with lids of the portrait's own skin in the rows that blink."""
        shares = shutting(dynamics, source.dynamics.float())
        rows = shares.any(1).nonzero()[:, 0]
        if not len(rows):
            return frame.image
        one, known, pose = source.at(rows), known[rows], pose[rows]
        code = opened(dynamics[rows], one.dynamics.float())
        _, flow = self.decoder.surface(one, self.relax(code, one.identity), pose, frame.depth[rows])
        flow = flow if one.undo is None else flow + warped(one.undo, flow)
        eyes = known.eyes_in(self.express(code, one.identity), pose)
        return frame.image.index_copy(0, rows, shut(frame.image[rows], one.image, known.twin, eyes, flow, shares[rows]))

    def _parting(
        self, source: Source, known: Features, image: Tensor, paint: Tensor, pose: Tensor, dynamics: Tensor
    ) -> Tensor:
        """The image with lips of the portrait's own in the rows whose mouths open."""
        scale = (pose[:, 5] - source.pose[:, 5]).exp()
        mouths = known.mouths_in(self.express(dynamics, source.identity), source.field, pose, scale)
        shares = parting(mouths, pose[:, 0])
        rows = shares.nonzero()[:, 0]
        if not len(rows):
            return image
        own = parted(image[rows], paint[rows], source.image[rows], known.teeth[rows], mouths[rows], shares[rows])
        return image.index_copy(0, rows, own)

    def save(self, path: Path) -> None:
        """Write the weights in half precision, with the size's name, as safetensors."""
        write_weights(path, {name: value.half() for name, value in self.state_dict().items()}, {"size": self.size.name})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote; on the CPU, ready to use.

        Raises:
            InputError: the file is missing or holds something else.
        """
        return read_weights(path, lambda facts: cls(size_named(SIZES, facts["size"])), "a face model", _REMEDY)


def _features(source: Source, still: Frame, landmarks: Tensor) -> Features:
    """Features of people by landmarks (N, 68 or more, 2), and their twins; `still` shows them as they are."""
    points = landmarks[:, list(POINTS)]
    points = torch.cat([on_edges(source.image, points[:, :N_EYES]), points[:, N_EYES:]], 1)
    depth = seen_at(still.depth, points[:, None])[:, 0, 0, :, None]  # (N, 30, 1)
    canonical = to_canonical(torch.cat([points, depth], -1), still.field, source.pose)
    again = to_frame(canonical, source.field, source.pose)[..., :2]
    eyes, mouth = eyes_at(points[:, :N_EYES]), Mouth(points[:, N_EYES:])
    teeth = teeth_of(source.image, eyes, mouth)
    return Features(points, canonical, points - again, shut_twin(source.image, eyes), mouth, teeth)
