"""How the picture is made: as a photograph, or as a painting, a drawing or a statue of the same scene.

A style changes what things look like, never where they are: labels are those of the photograph.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from tellbench.datasets.scene import STYLES
from tellbench.datasets.studio.people.person import Person
from tellbench.errors import InputError


class Style:
    """Photo-like: nothing is changed. Other styles override what they change."""

    overrides: ClassVar[Mapping[str, float]] = {}
    """Fields of `Setting` that the style fixes."""

    def sitter(self, person: Person) -> Person:
        """Whom the renderer gets to see."""
        return person

    def light(self, image: Tensor) -> Tensor:
        """Linear light [B,kS,kS,3] of the person alone, before the camera."""
        return image

    def picture(self, frames: Tensor, mask: Tensor, depth: Tensor) -> Tensor:
        """Developed frames uint8 [B,S,S,3], with their labels and depth [B,S,S], as the style shows them."""
        return frames


def style(name: str, seed: int, size: int, device: torch.device) -> Style:
    """The style of a clip.

    Args:
        name: one of `scene.STYLES`.
        seed: materials, papers and strokes of this clip.
        size: width and height of the frames.
        device: where they are.

    Raises:
        InputError: no such style.
    """
    if name == "photo":
        return Style()
    if name == "statue":
        from tellbench.datasets.studio.styles.statue import Statue

        return Statue(seed)
    if name == "painted":
        from tellbench.datasets.studio.styles.painting import Painted

        return Painted(seed, size, device)
    if name == "drawn":
        from tellbench.datasets.studio.styles.drawing import Drawn

        return Drawn(seed, size, device)
    raise InputError(f"style {name!r}; allowed: {', '.join(STYLES)}")
