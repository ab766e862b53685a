"""Eyes and mouth of a portrait, where landmarks put them: in its window, on the canonical head, and in any frame."""

from __future__ import annotations

import dataclasses
from typing import Final

from torch import Tensor

from tellbench.generator.vasa import eyes, lips
from tellbench.generator.vasa.eyes import Eye, eyes_at
from tellbench.generator.vasa.lips import Mouth
from tellbench.generator.vasa.warps import to_frame

POINTS: Final = (*eyes.POINTS, *lips.POINTS)
"""Of the 68 iBUG points, those of both eyes and of the mouth."""
N_EYES: Final = len(eyes.POINTS)
"""How many of them, the first, are the eyes'."""


@dataclasses.dataclass(frozen=True)
class Features:
    """What is known of the eyes and mouths of N people."""

    points: Tensor
    """Where `POINTS` lie in the portraits, (N, 30, 2), window coordinates."""
    canonical: Tensor
    """And on the canonical head, (N, 30, 3)."""
    error: Tensor
    """What the way there and back errs by, (N, 30, 2), window coordinates."""
    twin: Tensor
    """The portraits with their eyes shut, (N, 3, S, S)."""

    def __getitem__(self, index: Tensor | slice) -> Features:
        return Features(*(getattr(self, field.name)[index] for field in dataclasses.fields(self)))

    @property
    def mouth(self) -> Mouth:
        """The portraits' own."""
        return Mouth(self.points[:, N_EYES:])

    def eyes_in(self, field: Tensor, pose: Tensor) -> tuple[Eye, Eye]:
        """Eyes in poses (N, 7), under a displacement (N, 3, D, S, S) from the canonical head."""
        return eyes_at(self._seen(field, pose)[:, :N_EYES])

    def mouth_in(self, field: Tensor, pose: Tensor) -> Mouth:
        """The mouth in poses (N, 7), likewise."""
        return Mouth(self._seen(field, pose)[:, N_EYES:])

    def _seen(self, field: Tensor, pose: Tensor) -> Tensor:
        return to_frame(self.canonical, field, pose)[..., :2] + self.error
