"""Detectors that turn face crops, never resized, into numbers about their texture."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from tellbench.datasets.clip import Clip
from tellbench.detectors.base import Evidence, Plot
from tellbench.detectors.crops import COUNT, Crops, face_crops
from tellbench.detectors.cues import check_backend, extract
from tellbench.detectors.fitting import Floats
from tellbench.detectors.tabular import TabularDetector
from tellbench.errors import InputError

Facts = dict[str, float | int | str]


class CropDetector(TabularDetector):
    """Crops of one clip -> one row; the curves of evidence are the row beside the training means.

    Args:
        frames: crops of each clip, evenly spread.
        backend: landmark source.
        device: `auto`, `cpu` or `cuda`.
    """

    columns: ClassVar[tuple[str, ...]]
    least_side: ClassVar[int]
    """Smallest crop in pixels that can be measured."""

    def __init__(self, frames: int = COUNT, backend: str = "network", device: str = "auto") -> None:
        if frames < 1:
            raise InputError(f"{self.name} frames {frames}; at least 1 is needed")
        self.frames = frames
        self.backend = check_backend(backend)
        self.device = device

    @abstractmethod
    def measure(self, crops: Crops) -> Floats:
        """The numbers of one clip, (F,)."""

    @abstractmethod
    def facts(self, row: Floats) -> Facts:
        """What of the row can be said in words."""

    @abstractmethod
    def plots(self, rows: Mapping[str, Floats]) -> tuple[Plot, ...]:
        """Curves of rows by name: this clip, and the training means where there are any."""

    def crops(self, clip: Clip) -> Crops:
        """What is measured of a clip.

        Raises:
            InputError: unreadable, or no face.
        """
        return face_crops(clip, extract(clip, self.backend, self.device), self.frames)

    def row(self, clip: Clip) -> Floats:
        """The numbers of one clip, (F,).

        Raises:
            InputError: unreadable, no face, or a face too small.
        """
        return self.measure(self._checked(clip))

    def evidence(self, clip: Clip) -> Evidence:
        """The clip's row beside the mean rows of the training classes."""
        try:
            crops = self._checked(clip)
        except InputError as error:
            return Evidence(self.name, None, {"problem": str(error)})
        row = self.measure(crops)
        rows = {"this clip": row}
        if self.fitted is not None:
            rows |= {"pristine, training mean": self.fitted.pristine, "forged, training mean": self.fitted.forged}
        facts = {"frames measured": len(crops.frames), "crop side, pixels": crops.side, **self.facts(row)}
        return Evidence(self.name, self.score_of(row), facts, self.plots(rows))

    def _checked(self, clip: Clip) -> Crops:
        crops = self.crops(clip)
        if crops.side < self.least_side:
            raise InputError(f"{clip.path}: face crop of {crops.side} pixels; at least {self.least_side} are needed")
        return crops
