"""The 52 expression coefficients as displacements of the skin, and the contacts that no sum of displacements can make.

`ExpressionBasis.deform` adds the shapes and their second-order correctives, then lets lids meet each other and lie on
the eyeball, and lips meet each other and lie on the teeth. Shapes follow the pictures in Apple's
`ARFaceAnchor.BlendShapeLocation` pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import torch
from torch import Tensor

from tellbench.datasets.expression import COEFFICIENTS, INDEX
from tellbench.datasets.studio.expressions import correctives
from tellbench.datasets.studio.expressions.eye_shapes import brow_shapes, lid_shapes
from tellbench.datasets.studio.expressions.fields import Fields
from tellbench.datasets.studio.expressions.lips import LipContact
from tellbench.datasets.studio.expressions.mouth_shapes import jaw_shapes, mouth_shapes, mouth_sides
from tellbench.datasets.studio.people import lids
from tellbench.datasets.studio.people.skin import Skin

_CLOTHES: Final = -160.0
"""Height in mm below which nothing moves: it lies under the clothes."""
_LEAST: Final = 1e-3
"""mm; smaller displacements are left out of a patch."""


@dataclass(frozen=True)
class _Patch:
    """A displacement where it is not 0."""

    rows: slice
    columns: slice
    values: Tensor
    """Shape (rows, columns, 3)."""

    @classmethod
    def cut(cls, shape: Tensor) -> Self:
        """The rows and columns of a displacement of shape (rows, columns, 3) that move."""
        moves = shape.abs().amax(-1) > _LEAST
        rows, columns = (slice(*_bounds(moves.any(axis))) for axis in (1, 0))
        return cls(rows, columns, shape[rows, columns].contiguous())


def _bounds(flags: Tensor) -> tuple[int, int]:
    """First place that is set and one past the last; 0, 0 where none is."""
    places = flags.nonzero()
    return (int(places[0]), int(places[-1]) + 1) if len(places) else (0, 0)


class ExpressionBasis:
    """The expressions of one skin.

    Attributes:
        skin: The skin at rest.
        pairs: Pairs of coefficients that have a corrective shape, see `correctives`.
        patches: Displacements in mm at coefficient 1, on the rows and columns that move: first of the 52 coefficients,
            then of `pairs`.
    """

    def __init__(self, skin: Skin) -> None:
        self.skin = skin
        fields = Fields(skin)
        self._lips = LipContact(fields)
        first = jaw_shapes(fields) | mouth_shapes(fields) | mouth_sides(fields)
        first |= brow_shapes(fields) | lid_shapes(fields)
        second = correctives.products(fields)
        self.pairs = list(second)
        still = torch.zeros_like(skin.P0)  # the gaze shapes in and out turn the eyeballs only; tongueOut the tongue
        shapes = [first.get(name, still) for name in COEFFICIENTS] + list(second.values())
        self.patches = [_Patch.cut(self._seam(shape)) for shape in shapes]

    def _seam(self, shape: Tensor) -> Tensor:
        """The shape, still under the clothes and whole where the cuts of eyes and mouth are closed."""
        shape = shape * (self.skin.height > _CLOTHES)[..., None]
        for upper, lower, is_open in self.skin.cuts():
            closed = ~is_open
            shape[upper, closed] = shape[lower, closed] = (shape[upper, closed] + shape[lower, closed]) / 2
        return shape

    @property
    def basis(self) -> Tensor:
        """Displacements in mm at coefficient 1 alone, shape (52, rows, columns, 3)."""
        dense = torch.zeros(len(COEFFICIENTS), *self.skin.P0.shape, device=self.skin.device)
        for shape, patch in zip(dense, self.patches, strict=False):
            shape[patch.rows, patch.columns] = patch.values
        return dense

    def deform(self, coefficients: Tensor) -> Tensor:
        """Skin under each expression.

        Args:
            coefficients: Shape (B, 52), order of `COEFFICIENTS`, each in [0, 1].

        Returns:
            Vertices in mm, shape (B, rows, columns, 3).
        """
        skin = self.skin
        coefficients = coefficients.clone()
        jaw, close = INDEX["jawOpen"], INDEX["mouthClose"]  # lips cannot close further than the jaw has opened them
        coefficients[:, close] = coefficients[:, close].minimum(coefficients[:, jaw])
        points = skin.P0.repeat(len(coefficients), 1, 1, 1)
        scales = torch.cat([coefficients, correctives.scales(self.pairs, coefficients)], -1)
        for k in (scales != 0).any(0).nonzero()[:, 0].tolist():
            patch = self.patches[k]
            points[:, patch.rows, patch.columns] += scales[:, k, None, None, None] * patch.values
        self._lips.lie_on_teeth(points, coefficients)
        self._lips.meet(points, coefficients)
        lids.meet(skin, points)
        lids.push_out(skin, points)
        return points
