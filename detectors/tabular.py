"""Detectors that turn a clip into one row of numbers and choose a classifier for the rows."""

from __future__ import annotations

import dataclasses
import logging
from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from tellbench.datasets.clip import FORGED, PRISTINE, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.scores import ScoreTable
from tellbench.detectors.base import Detector
from tellbench.detectors.fitting import Choice, Floats, Labels, calibrated, check_classes, choose, classifiers, logistic
from tellbench.detectors.storage import broken, read_detector, save_detector
from tellbench.errors import InputError


@dataclasses.dataclass(frozen=True)
class Fit:
    """What training left behind."""

    choice: Choice
    pristine: Floats
    """Mean row of the pristine training clips, (F,); NaN where never measured."""
    forged: Floats
    """Mean row of the forged training clips, (F,)."""
    clips: dict[str, int]
    """How many clips were used and how many could not be measured."""


class TabularDetector(Detector):
    """Row of F numbers a clip -> `classifiers` fitted on `train`, one chosen and calibrated on `val`."""

    fitted: Fit | None = None

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """Names of the F numbers."""

    @abstractmethod
    def row(self, clip: Clip) -> Floats:
        """The numbers of one clip, (F,); NaN where one does not exist for this clip.

        Raises:
            InputError: the clip cannot be measured at all.
        """

    def fit(self, train: Corpus, val: Corpus) -> Self:
        """Fit every candidate on `train`; choose and calibrate on `val`.

        Raises:
            InputError: a class is missing among the training clips that can be measured.
        """
        check_classes(train, self.name)
        seen, rows, labels = self._table(train)
        check_classes(seen, self.name)
        judges, val_rows, val_labels = self._table(clip for clip in val if clip.label in (PRISTINE, FORGED))
        choice = choose(classifiers(), (rows, labels), (val_rows, val_labels))
        counts = {"train": len(seen), "val": len(judges)}
        missing = {"train_unusable": len(train) - len(seen), "val_unusable": len(val) - len(judges)}
        pristine, forged = (_mean(rows[labels == label]) for label in (PRISTINE, FORGED))
        self.fitted = Fit(choice, pristine, forged, {**counts, **missing})
        return self

    def score(self, clips: Corpus) -> ScoreTable:
        """One score a clip; NaN where the clip cannot be measured.

        Raises:
            InputError: the detector is not fitted.
        """
        choice = self._fit().choice
        seen, rows, _ = self._table(clips)
        logits = dict.fromkeys((clip.clip_id for clip in clips), float("nan"))
        for clip, row in zip(seen, rows, strict=True):  # one by one, so that company cannot change a rounding
            logits[clip.clip_id] = _log_odds(choice, row)
        return calibrated(logits, choice.temperature)

    def save(self, folder: Path) -> None:
        """Write the fitted detector.

        Raises:
            InputError: not fitted, or the folder cannot be written.
        """
        fit = self._fit()
        facts = {"classifier": fit.choice.name, "temperature": fit.choice.temperature, "clips": fit.clips}
        arrays = {"pristine": fit.pristine, "forged": fit.forged}
        state = {**facts, "val_log_loss": fit.choice.val_log_loss}
        save_detector(self, folder, state, arrays, fit.choice.estimator)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            InputError: a file is missing, broken or of another detector.
        """
        stored = read_detector(cls, folder)
        detector, facts, arrays = stored.detector, stored.fitted, stored.arrays
        try:
            choice = Choice(facts["classifier"], stored.estimator, float(facts["temperature"]), facts["val_log_loss"])
            detector.fitted = Fit(choice, arrays["pristine"], arrays["forged"], dict(facts["clips"]))
            probe = choice.estimator.decision_function(np.zeros((1, len(detector.columns))))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise broken(folder, error) from error
        if choice.temperature <= 0 or not np.isfinite(probe).all():
            raise broken(folder, ValueError("no finite score"))
        return detector

    def score_of(self, row: Floats) -> float | None:
        """The score of a clip with this row (F,), None where untrained."""
        if self.fitted is None:
            return None
        choice = self.fitted.choice
        return float(logistic(_log_odds(choice, row), choice.temperature))

    def _fit(self) -> Fit:
        if self.fitted is None:
            raise InputError(
                f"detector {self.name!r} is not trained; call fit or load a trained one (`tellbench train`)"
            )
        return self.fitted

    def _table(self, clips: Iterable[Clip]) -> tuple[list[Clip], Floats, Labels]:
        """Clips that can be measured with their rows (N, F) and labels (N,)."""
        seen: list[Clip] = []
        rows: list[npt.NDArray[Any]] = []
        for clip in clips:
            try:
                rows.append(self.row(clip))
                seen.append(clip)
            except InputError as error:
                logging.getLogger(__name__).warning("%s cannot measure clip %s: %s", self.name, clip.clip_id, error)
        table = np.array(rows, float).reshape(len(rows), len(self.columns))
        return seen, table, np.array([clip.label for clip in seen], np.int64)


def _log_odds(choice: Choice, row: Floats) -> float:
    """The chosen classifier's say on a row (F,)."""
    return float(choice.estimator.decision_function(row[None])[0])


def _mean(rows: Floats) -> Floats:
    """Column means of the known values, NaN where none is known."""
    known = ~np.isnan(rows)
    return np.asarray(np.where(known, rows, 0).sum(0) / np.where(known.any(0), known.sum(0), np.nan))
