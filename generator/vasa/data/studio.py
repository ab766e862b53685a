"""Face windows of virtual people with everything that is to be known of them, filmed by the studio."""

from __future__ import annotations

import dataclasses
from typing import Final, Self

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.studio.expressions.posing import PIVOT, euler
from tellbench.datasets.studio.people.grid import Density
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.renderer import Person, Studio, Traced
from tellbench.errors import InputError
from tellbench.generator.vasa.data.acting import Grid, grid_of, style_of
from tellbench.generator.vasa.frames import FaceFrames, rig_of
from tellbench.generator.vasa.pose import angles
from tellbench.generator.vasa.window import STEADY, STEADY_PLACES

_STILL: Final = {"shake": 0.0, "drift": 0.0, "distortion": 0.0, "readout": 0.0}
"""A camera that neither moves nor bends lines: the pose then tells exactly where everything is seen."""
_MARGIN: Final = 0.125
"""Filmed beyond each side of the window, in widths of the window: room to place it."""
_FINE: Final = 320
"""Windows wider than this are filmed of people with all their vertices."""
_BATCH: Final = 16


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How each person is filmed."""

    poses: int = 5
    expressions: int = 10
    side: int = 128
    """Width of the window in pixels."""
    maps: int = 64
    """Width of the maps (`FaceFrames.canonical` and the like); divides `side`."""

    @classmethod
    def for_windows(cls, side: int) -> Self:
        """The usual grid at a width: maps half as fine, up to 128 pixels."""
        return cls(side=side, maps=min(side // 2, 128))

    def __post_init__(self) -> None:
        """Sizes fit.

        Raises:
            InputError: they do not.
        """
        if self.side % self.maps or not 32 <= self.side <= 1024:
            raise InputError(f"windows of {self.side} and maps of {self.maps} pixels; maps must divide 32 to 1024")


@dataclasses.dataclass(frozen=True)
class Head:
    """Where a person's canonical coordinates lie in the head."""

    centre: Tensor
    """(3,) mm, y up."""
    unit: float
    """mm of a half width."""

    @classmethod
    def of(cls, person: Person) -> Head:
        """By least squares of the steady landmarks at rest against the mean head: a shift and a scale, no turn."""
        rest = person.skin.landmarks(person.skin.P0[None])[0, list(STEADY)]
        flip = rest.new_tensor([1.0, -1.0, 1.0])
        places = rest.new_tensor(STEADY_PLACES) * flip
        spread, wanted = rest - rest.mean(0), places - places.mean(0)
        unit = float((spread * wanted).sum() / (wanted * wanted).sum())
        return cls(rest.mean(0) - unit * places.mean(0), unit)

    def canonical(self, points: Tensor) -> Tensor:
        """Head mm (..., 3) to canonical coordinates."""
        return (points - self.centre) / self.unit * points.new_tensor([1.0, -1.0, 1.0])


def film(seed: int, recipe: Recipe, device: str | torch.device = "cpu") -> FaceFrames:
    """Person `seed` acting the whole grid of the group, P * E rows, pose by pose; on `device`.

    Light, room and style are the person's and the same in all rows.
    """
    density: Density = "half" if recipe.side <= _FINE else "full"
    person = Person(Identity.sample(seed), density, device)
    take = Take(person, grid_of(seed, recipe.poses, recipe.expressions), recipe, seed, style_of(seed))
    rows = recipe.poses * recipe.expressions
    return FaceFrames.join([take.frames(slice(start, start + _BATCH)) for start in range(0, rows, _BATCH)])


class Take:
    """One person before one camera, whose picture holds the face window at whole pixels."""

    def __init__(self, person: Person, grid: Grid, recipe: Recipe, seed: int, style: str = "photo") -> None:
        self.head, self.grid, self.recipe, self.seed = Head.of(person), grid, recipe, seed
        self._step = recipe.side // recipe.maps
        margin = round(recipe.side * _MARGIN / self._step) * self._step
        size = recipe.side + 2 * margin
        view = 2 * self.head.unit * grid.zoom * size / recipe.side
        overrides = {**_STILL, "distance": grid.distance, "view": view}
        self.studio = Studio(person, seed, size, person.device, overrides, style=style)
        self._rest = self.head.canonical(self.studio.at_rest())
        self._corner = self._place_window(margin)

    def _place_window(self, margin: int) -> Tensor:
        """First column and row of the window, (2,): about the head at rest, off by what the grid wants."""
        wanted = self.studio.project(self.head.centre)[:2] + (self.head.centre.new_tensor(self.grid.offset) - 1) * (
            self.recipe.side / 2
        )
        return ((wanted / self._step).round() * self._step).clamp(0, 2 * margin)

    def frames(self, rows: slice) -> FaceFrames:
        """Some rows of the grid."""
        coefficients, poses, gaze = (torch.as_tensor(a[rows], device=self.studio.device) for a in self.grid.everything)
        shot = self.studio.render(coefficients, poses, gaze, first_frame=rows.start)
        size = self.studio.size // self._step
        traced = self.studio.trace(coefficients, poses, gaze, self._rest, size, first_frame=rows.start)
        sight = Sight.of(self.studio, self.head, poses)
        points = np.concatenate([shot.landmarks, shot.iris], 1)
        return FaceFrames(
            image=self._cut(torch.as_tensor(shot.frames, device=poses.device).permute(0, 3, 1, 2), 1).float() / 255,
            person=torch.full((len(poses),), self.seed, device=poses.device),
            pose=self._pose(sight),
            rig=rig_of(coefficients, gaze),
            lids=torch.as_tensor(shot.aperture, device=poses.device),
            landmarks=self._window(torch.as_tensor(points, device=poses.device)),
            **self._maps(traced, sight),
        )

    def _pose(self, sight: Sight) -> Tensor:
        """Poses (B, 7) in the window."""
        scale = sight.pixels_per_mm * self.head.unit / (self.recipe.side / 2)
        columns = [angles(sight.rotation), self._window(sight.pixel[:, None])[:, 0], scale.log()[:, None]]
        return torch.cat([*columns, (self.head.unit / sight.distance)[:, None]], -1)

    def _maps(self, traced: Traced, sight: Sight) -> dict[str, Tensor]:
        """Canonical coordinates, surface, depth and labels in the window."""
        surface = (traced.clear < 0.5)[:, None]
        scale = (sight.pixels_per_mm / (self.recipe.side / 2))[:, None, None]
        maps = {
            "canonical": traced.values.permute(0, 3, 1, 2) * surface,
            "surface": surface.float(),
            "depth": (sight.nearness(traced.depth, self._step) * scale)[:, None] * surface,
            "labels": traced.mask[:, None] * surface,
        }
        return {name: self._cut(values, self._step) for name, values in maps.items()}

    def _cut(self, planes: Tensor, step: int) -> Tensor:
        """The window of pictures (B, C, S, S) of which a pixel is `step` pixels of the frame."""
        column, row = (self._corner / step).int().tolist()
        side = self.recipe.side // step
        return planes[..., row : row + side, column : column + side].contiguous()

    def _window(self, pixels: Tensor) -> Tensor:
        """Pixels of the frame (B, K, 2) in window coordinates."""
        return (pixels - self._corner) * (2 / self.recipe.side) - 1


@dataclasses.dataclass(frozen=True)
class Sight:
    """How a camera at rest sees heads in B poses: along the line to each canonical origin."""

    studio: Studio
    origin: Tensor
    """(B, 3) mm in the world."""
    towards: Tensor
    """(B, 3) unit vectors to the camera."""
    distance: Tensor
    """(B,) mm."""
    rotation: Tensor
    """(B, 3, 3) of the heads against the line of sight, in window axes."""

    @classmethod
    def of(cls, studio: Studio, head: Head, poses: Tensor) -> Sight:
        """Heads in the studio's poses (B, 6)."""
        turn = euler(*poses[:, :3].unbind(1))
        pivot = poses.new_tensor(PIVOT)
        origin = pivot + poses[:, 3:] + (head.centre - pivot) @ turn.mT
        away = studio.camera.position - origin
        distance = away.norm(dim=-1)
        towards = away / distance[:, None]
        flip = poses.new_tensor([1.0, -1.0, 1.0])
        return cls(studio, origin, towards, distance, _facing(towards) @ turn * flip[:, None] * flip)

    @property
    def pixel(self) -> Tensor:
        """(B, 2) pixels of the frame at which the origins are seen."""
        return torch.stack([self.studio.project(point)[:2] for point in self.origin])

    @property
    def pixels_per_mm(self) -> Tensor:
        """(B,) at the origins."""
        return self.studio.camera.focal / (self.studio.camera.position - self.origin)[:, 2]

    def nearness(self, depth: Tensor, step: int) -> Tensor:
        """Mm that what is seen at a depth (B, s, s) lies before the origin, along the line of sight."""
        camera = self.studio.camera
        axis = (torch.arange(depth.shape[-1], device=depth.device) + 0.5) * step - self.studio.size / 2
        right, down = torch.meshgrid(axis, axis, indexing="xy")
        ray = torch.stack([right, -down, torch.full_like(right, -camera.focal)], -1) / camera.focal
        points = camera.position + ray * depth[..., None]
        return ((points - self.origin[:, None, None]) * self.towards[:, None, None]).sum(-1)


def _facing(towards: Tensor) -> Tensor:
    """The smallest rotations (B, 3, 3) that bring unit vectors (B, 3) to the z axis (Rodrigues' formula)."""
    x, y, z = towards.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, zero, -x, zero, zero, -y, x, y, zero], -1).view(-1, 3, 3)
    return torch.eye(3, device=towards.device) + cross + cross @ cross / (1 + z)[:, None, None]
