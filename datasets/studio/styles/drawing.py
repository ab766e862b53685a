"""Pencil, ink, red chalk and charcoal: contours where things end, hatching by tone. Strengths are assumptions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import ClassVar, Final

import torch
from torch import Tensor

from tellbench.datasets.studio.labels import Label
from tellbench.datasets.studio.styles.filters import along, blur, flow, luma, smooth_noise
from tellbench.datasets.studio.styles.style import Style


@dataclasses.dataclass(frozen=True)
class Medium:
    """What is drawn with, and on what."""

    ink: tuple[float, float, float]
    paper: tuple[float, float, float]
    grain: float
    """How much the paper's tooth breaks a stroke up: 0 not at all, 1 wholly."""
    width: float
    """Of a line, pixels at 512."""
    spacing: float
    """Between hatching lines, pixels at 512."""
    wash: float
    """Share of the tone that is smeared instead of hatched."""


MEDIA: Final = {
    "pencil": Medium((0.20, 0.20, 0.22), (0.96, 0.95, 0.93), 0.55, 1.1, 4.2, 0.35),
    "ink": Medium((0.05, 0.05, 0.09), (0.97, 0.96, 0.92), 0.06, 1.2, 5.0, 0.0),
    "chalk": Medium((0.50, 0.19, 0.11), (0.93, 0.87, 0.76), 0.65, 1.4, 4.6, 0.45),
    "charcoal": Medium((0.10, 0.10, 0.10), (0.90, 0.89, 0.87), 0.85, 1.9, 5.6, 0.70),
}
_HATCHING: Final = ((50.0, 0.72), (-35.0, 0.46), (82.0, 0.26))
"""Direction of each layer of hatching in degrees, and the brightness below which it begins."""
_THINGS: Final = (
    ((Label.BACKGROUND,), 2.2),
    ((Label.HAIR,), 2.2),
    ((Label.CLOTHES,), 1.0),
    ((Label.EYES,), 0.8),
    ((Label.MOUTH,), 0.8),
    ((Label.GLASSES,), 0.9),
)
"""Classes whose border is drawn, and how soft it is, in line widths."""


class Drawn(Style):
    """One medium on one sheet of paper."""

    overrides: ClassVar[Mapping[str, float]] = {"iso": 0.0, "sharpening": 0.0}

    def __init__(self, seed: int, size: int, device: torch.device) -> None:
        random = torch.Generator().manual_seed(seed)
        names = list(MEDIA)
        self.medium = MEDIA[names[int(torch.randint(len(names), (1,), generator=random))]]
        self._unit = size / 512
        tooth = smooth_noise(random, size, 0.6 * self._unit) + 0.5 * smooth_noise(random, size, 1.6 * self._unit)
        self._tooth = (0.55 + 0.42 * tooth).clamp(0, 1.3).to(device)
        self._stripes = _stripes(random, size, self.medium.spacing * self._unit).to(device)

    def picture(self, frames: Tensor, mask: Tensor, depth: Tensor) -> Tensor:
        """See `Style.picture`."""
        grey = luma(frames.permute(0, 3, 1, 2).float() / 255)
        person = blur((mask != Label.BACKGROUND).float()[:, None], 3 * self._unit)
        tone = self._tone(grey, person)
        lines = self._lines(grey, person) + self._contours(mask)
        strokes = 1 - (1 - lines.clamp(0, 1)) * (1 - self._hatching(tone))
        strokes = 1 - (1 - strokes) * (1 - self.medium.wash * (1 - tone) ** 1.5)
        caught = (self._tooth + (strokes - 0.5) * 1.2).clamp(0, 1)  # a firm stroke fills the paper's pits
        strokes = strokes * (1 - self.medium.grain * (1 - caught))
        ink, paper = (strokes.new_tensor(c)[:, None, None] for c in (self.medium.ink, self.medium.paper))
        out = paper * (1 - 0.03 * (1 - self._tooth)) * (1 - strokes) + ink * strokes
        return (out.clamp(0, 1) * 255 + 0.5).to(torch.uint8).permute(0, 2, 3, 1)

    def _tone(self, grey: Tensor, person: Tensor) -> Tensor:
        """Brightness with the contrast stretched over each frame; what lies behind the person is only hinted at."""
        soft = blur(grey, 1.5 * self._unit)
        low, high = (soft.flatten(1).quantile(q, dim=1)[:, None, None, None] for q in (0.03, 0.95))
        stretched = ((soft - low) / (high - low + 1e-3)).clamp(0, 1) ** 0.85
        return 1 - (1 - stretched) * (0.22 + 0.78 * person)

    def _lines(self, grey: Tensor, person: Tensor) -> Tensor:
        """Dark lines where brightness falls off: difference of Gaussians, smoothed along the edges.

        Source: Winnemoeller et al. 2012, "XDoG: an extended difference-of-Gaussians compendium".
        """
        sigma = self.medium.width * self._unit
        difference = blur(grey, sigma) - blur(grey, 1.8 * sigma)
        coherent = along(difference, flow(grey.expand(-1, 3, -1, -1), 3 * self._unit), max(2, round(4 * self._unit)))
        return torch.tanh((-coherent - 0.006).clamp(min=0) * 55) * (0.2 + 0.8 * person)

    def _contours(self, mask: Tensor) -> Tensor:
        """Borders of things as lines of the medium's width; loose hair is drawn as one mass."""
        drawn = torch.zeros_like(mask, dtype=torch.float32)[:, None]
        for labels, softness in _THINGS:
            inside = torch.stack([mask == label for label in labels]).any(0)[:, None].float()
            share = blur(inside, softness * self.medium.width * self._unit)
            drawn = torch.maximum(drawn, (4 * share * (1 - share)) ** 3)
        return 0.8 * drawn

    def _hatching(self, tone: Tensor) -> Tensor:
        """Layers of stripes, each thicker and darker the deeper the tone lies below its threshold."""
        bare = torch.ones_like(tone)
        for stripes, (_, begins) in zip(self._stripes, _HATCHING, strict=True):
            depth = ((begins - tone) / begins).clamp(0, 1)
            bare = bare * (1 - 0.8 * (4 * (stripes + 1.5 * depth - 1.05)).clamp(0, 1) * (depth > 0))
        return 1 - bare


def _stripes(random: torch.Generator, size: int, spacing: float) -> Tensor:
    """Hatching lines of a hand, one layer for each direction: waves in [0, 1] that waver and break, [3,1,1,S,S]."""
    axis = torch.arange(size).float()
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    layers = []
    for degrees, _ in _HATCHING:
        angle = torch.deg2rad(torch.tensor(degrees))
        waver = smooth_noise(random, size, 7 * spacing)[0, 0] * 0.9 * spacing
        wave = torch.cos((x * angle.cos() + y * angle.sin() + waver) * (2 * torch.pi / spacing))
        layers.append(0.5 + 0.5 * wave + 0.12 * smooth_noise(random, size, 2.5 * spacing)[0, 0])
    return torch.stack(layers)[:, None, None]
