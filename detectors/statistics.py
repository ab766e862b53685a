"""Detectors that describe a clip by named statistics and let scikit-learn weigh them."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from tellbench.datasets.clip import Clip
from tellbench.detectors.base import Evidence, Plot
from tellbench.detectors.cues import check_backend
from tellbench.detectors.fitting import Floats
from tellbench.detectors.tabular import TabularDetector
from tellbench.errors import InputError


@dataclasses.dataclass(frozen=True)
class Measured:
    """One clip."""

    numbers: Mapping[str, float]
    """Statistics by name; NaN, or left out, where one does not exist for this clip."""
    facts: Mapping[str, float | int | str]
    """What else was seen, such as clip length and missing faces."""
    plots: tuple[Plot, ...] = ()


class StatisticsDetector(TabularDetector):
    """Statistics of a clip -> logistic regression or a radial SVM, chosen on `val`."""

    statistics: ClassVar[Mapping[str, str]]
    """Name to meaning. Clip length and frame rate are none: they tell how a corpus was cut."""

    def __init__(self, backend: str = "network", device: str = "auto") -> None:
        self.backend = check_backend(backend)
        self.device = device

    @abstractmethod
    def measure(self, clip: Clip) -> Measured:
        """Everything about one clip.

        Raises:
            InputError: the clip cannot be measured.
        """

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the statistics."""
        return tuple(self.statistics)

    def row(self, clip: Clip) -> Floats:
        """The statistics of one clip, (F,).

        Raises:
            InputError: the clip cannot be measured.
        """
        return self._row(self.measure(clip))

    def evidence(self, clip: Clip) -> Evidence:
        """Every statistic, and the tracks that it was read from."""
        try:
            measured = self.measure(clip)
        except InputError as error:
            return Evidence(self.name, None, {"problem": str(error)})
        known = {name: measured.numbers.get(name, np.nan) for name in self.statistics}
        facts = dict(measured.facts)
        facts |= {self.statistics[name]: round(value, 4) for name, value in known.items() if np.isfinite(value)}
        unknown = [self.statistics[name] for name, value in known.items() if not np.isfinite(value)]
        if unknown:
            facts["not measurable in this clip"] = "; ".join(unknown)
        return Evidence(self.name, self.score_of(self._row(measured)), facts, measured.plots)

    def _row(self, measured: Measured) -> Floats:
        row = np.array([measured.numbers.get(name, np.nan) for name in self.statistics], np.float64)
        return np.asarray(np.where(np.isfinite(row), row, np.nan))
