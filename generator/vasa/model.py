"""The face model: a picture to a person, a pose and dynamics; any pose and dynamics put on any person."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Final, Self

from torch import Tensor, nn

from tellbench.generator.vasa.decoder import PAINTED, Decoder, Frame, Source
from tellbench.generator.vasa.encoders import Appearance, Canonical, Reader
from tellbench.generator.vasa.rig import only_rig
from tellbench.generator.vasa.sizes import SIZES, Size, size_named
from tellbench.generator.vasa.state import read_weights, write_weights
from tellbench.generator.vasa.warps import Fields, lattice, pixel_grid, resized, undoing, warped

SHIPPED: Final = Path(__file__).parent / "weights" / "face.safetensors"
"""Weights that come with Tellbench."""
_FACE: Final = (0.5, 0.8)
"""Where the face ends and the hair, in half widths of the window from its middle. What flows of hair and shoulders err
by at rest is not what they err by when they move (PSNR of 24 people: .1 dB less without this bound)."""
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

    def encode_portrait(self, image: Tensor, pose: Tensor | None = None) -> Source:
        """People of one window each (N, 3, S, S) for known rigs to drive: of what is read, only the rig is taken."""
        pose = self.read_pose(image) if pose is None else pose
        return self.settled(self.encode_source(image, pose, only_rig(self.read_dynamics(image, pose))))

    def settled(self, source: Source) -> Source:
        """The same people, shown once as they are: what lies a pixel off, or is painted without need, is put right.

        That goes for every frame that is made of them.
        """
        still = self.drive(source, source.pose, source.dynamics)
        back = undoing(still.flow)
        habit = warped(still.mask[:, PAINTED:], resized(back, self.size.window))
        return dataclasses.replace(source, undo=_about_face(back), habit=habit)

    def drive(self, source: Source, pose: Tensor, dynamics: Tensor) -> Frame:
        """Each person of `source` in a pose (N, 7) with dynamics (N, Z), at the source picture's resolution."""
        frame: Frame = self.decoder(source, self.relax(dynamics, source.identity), pose, dynamics)
        return frame

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


def _about_face(flow: Tensor) -> Tensor:
    """A flow (N, 2, h, h) that does nothing beyond the hair."""
    inner, outer = _FACE
    weights: Tensor = (outer - pixel_grid(flow.shape[-1], flow).norm(dim=-1)) / (outer - inner)  # (h, h)
    return flow * weights.clamp(0, 1)
