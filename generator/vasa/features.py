"""Eyes and mouth of a portrait, where landmarks put them: in its window, on the canonical head, and in any frame."""

from __future__ import annotations

import dataclasses
from typing import Final

from torch import Tensor

from tellbench.generator.vasa import eyes, mouth
from tellbench.generator.vasa.eyes import Eye, eyes_at
from tellbench.generator.vasa.mouth import Mouth, Mouths
from tellbench.generator.vasa.teeth import Teeth
from tellbench.generator.vasa.warps import to_frame

POINTS: Final = (*eyes.POINTS, *mouth.POINTS)
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
    mouth: Mouth
    """The portraits' own."""
    teeth: Teeth
    """Behind their lips."""

    def __getitem__(self, index: Tensor | slice) -> Features:
        return Features(*(getattr(self, field.name)[index] for field in dataclasses.fields(self)))

    def eyes_in(self, field: Tensor, pose: Tensor) -> tuple[Eye, Eye]:
        """Eyes in poses (N, 7), under a displacement (N, 3, D, S, S) from the canonical head."""
        return eyes_at(self._seen(field, pose)[:, :N_EYES])

    def mouths_in(self, field: Tensor, calm: Tensor, pose: Tensor, scale: Tensor) -> Mouths:
        """The mouths in poses (N, 7), under a displacement and under that of the portraits, `calm`, likewise.

        A length on the head at rest is `scale` (N,) times as long in the frames.
        """
        seen, still = (Mouth(self._seen(of, pose)[:, N_EYES:]) for of in (field, calm))
        return Mouths(self.mouth, seen, still, scale)

    def _seen(self, field: Tensor, pose: Tensor) -> Tensor:
        return to_frame(self.canonical, field, pose)[..., :2] + self.error
