"""Statues: one material over skin, hair, eyes and clothes. Reflectances are assumptions."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.studio.people.person import Person
from tellbench.datasets.studio.styles.style import Style


@dataclasses.dataclass(frozen=True)
class Material:
    """What a statue is made of."""

    albedo: float
    tint: tuple[float, float, float]
    gloss: float
    """Factor on the mirrored light of skin."""
    veins: float
    """Depth of the veins, as a share of the albedo."""


MATERIALS: Final = {
    "marble": Material(0.62, (1.0, 0.985, 0.95), 0.7, 0.22),
    "limestone": Material(0.45, (1.0, 0.93, 0.80), 0.15, 0.10),
    "bronze": Material(0.16, (1.0, 0.70, 0.40), 4.0, 0.15),
    "patina": Material(0.20, (0.62, 0.95, 0.82), 1.8, 0.45),
    "clay": Material(0.34, (1.0, 0.60, 0.42), 0.3, 0.08),
}


class Statue(Style):
    """The same person carved or cast."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng((seed, 95))
        self.material = MATERIALS[str(rng.choice(list(MATERIALS)))]
        self._phases = torch.tensor(rng.uniform(0, 2 * np.pi, (3, 4)), dtype=torch.float32)

    def sitter(self, person: Person) -> Person:
        """See `Style.sitter`: a copy that shares all shapes and differs in every colour."""
        stone, colour = copy.copy(person), self.material.albedo
        grey = (colour,) * 3
        stone.identity = dataclasses.replace(person.identity, skin_color=grey, glasses_color=grey)
        skin = self._stone(person.skin.P0.reshape(-1, 3))
        stone.maps = dataclasses.replace(person.maps, albedo=skin, gloss=person.maps.gloss * self.material.gloss)
        stone.eye_albedo = torch.full_like(person.eye_albedo, colour)
        stone.body_albedo = self._stone(person.body.points.reshape(-1, 3))
        stone.face_hair = self._recoloured(person.face_hair, colour * 0.8)
        stone.hair = None if person.hair is None else self._recoloured(person.hair, colour * 0.9)
        stone.mouth = {name: self._recoloured(part, colour) for name, part in person.mouth.items()}
        return stone

    def light(self, image: Tensor) -> Tensor:
        """See `Style.light`: everything in the material's colour, whatever it was painted with."""
        brightness = (image * image.new_tensor([0.2126, 0.7152, 0.0722])).sum(-1, keepdim=True)
        return brightness * image.new_tensor(self.material.tint)

    def _stone(self, points: Tensor) -> Tensor:
        """Albedo with veins at points [N,3] mm, [N,3]: the ridges of a few slow waves through the block."""
        phases = self._phases.to(points.device)
        wave = torch.zeros_like(points[:, 0])
        for k, (a, b, c) in enumerate(phases.T[:3]):
            bend = torch.sin(points[:, 1] * 0.045 * (k + 1) + a) + torch.sin(points[:, 2] * 0.06 + b)
            wave = wave + torch.sin(points[:, 0] * 0.02 * (k + 1) + bend * 1.8 + c) / (k + 1)
        vein = torch.exp(-((wave / 0.10) ** 2)) + 0.4 * torch.sin(wave * 2.0)
        albedo = self.material.albedo * (1 - self.material.veins * vein)
        return albedo[:, None].expand(-1, 3).contiguous()

    @staticmethod
    def _recoloured(thing: Any, colour: float) -> Any:
        return dataclasses.replace(thing, albedo=torch.full_like(thing.albedo, colour))
