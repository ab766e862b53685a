"""What every detector offers: fit on a corpus, score clips, show its evidence, save and load."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.scores import ScoreTable


@dataclasses.dataclass(frozen=True)
class Picture:
    """One picture of evidence, shown by the reports."""

    title: str
    pixels: npt.NDArray[np.uint8]
    """RGB, (H, W, 3)."""


@dataclasses.dataclass(frozen=True)
class Plot:
    """One set of curves of evidence, drawn by the reports."""

    title: str
    x_label: str
    y_label: str
    x: npt.NDArray[np.float64]
    series: Mapping[str, npt.NDArray[np.float64]]
    """Name of each curve to its values, one for each `x`; NaN where unknown."""
    marks: tuple[float, ...] = ()
    """Places on the x axis worth a vertical line (blink peaks, say)."""


@dataclasses.dataclass(frozen=True)
class Evidence:
    """Why a detector says what it says about one clip."""

    detector: str
    score: float | None
    """In [0, 1], higher = more likely forged; None when the detector is not trained or could not score."""
    facts: Mapping[str, float | int | str]
    """What was measured, by readable name with its unit."""
    plots: tuple[Plot, ...] = ()
    pictures: tuple[Picture, ...] = ()


class Detector(ABC):
    """scikit-learn manners: the constructor only stores its keyword arguments, which are the configuration.

    `score` returns values in [0, 1]: higher = more likely forged, NaN where a clip cannot be scored.
    A fitted detector gives the same score to a clip whatever the order or company of the clips.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    """Of the stored form; raise it when saved detectors can no longer be read."""
    sanity: ClassVar[bool] = False
    """True for rows and probes that check the benchmark itself; `inspect` leaves them out."""

    @abstractmethod
    def fit(self, train: Corpus, val: Corpus) -> Self:
        """Learn from `train`; anything selected (stopping, thresholds, calibration) is selected on `val`.

        Raises:
            InputError: a class is missing from `train`.
        """

    @abstractmethod
    def score(self, clips: Corpus) -> ScoreTable:
        """One score a clip.

        Raises:
            InputError: the detector is not fitted.
        """

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the fitted detector into a new folder atomically: `detector.json` and safetensors or skops files."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Never unpickles.

        Raises:
            InputError: a file is missing, broken or of another detector.
        """

    @abstractmethod
    def evidence(self, clip: Clip) -> Evidence:
        """What the detector measures on one clip; works without training, then with `score` None."""
