"""What the trainable detectors share: labels checked, scores calibrated, classifiers chosen on validation clips."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from tellbench.datasets.clip import FORGED, PRISTINE, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.scores import ScoreTable
from tellbench.errors import InputError

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

TEMPERATURES: Final = np.geomspace(0.2, 20, 81)
"""Grid of temperature scaling (Guo et al. 2017, arXiv 1706.04599): one positive number keeps the ranking."""
EPSILON: Final = 1e-6
"""Probabilities stay this far from 0 and 1 inside a log loss."""


def check_classes(clips: Corpus | list[Clip], detector: str) -> None:
    """Refuse training clips without both labels.

    Raises:
        InputError: a clip is unlabelled, or there is no pristine or no forged clip.
    """
    labels = [clip.label for clip in clips]
    pristine, forged = labels.count(PRISTINE), labels.count(FORGED)
    if pristine + forged < len(labels):
        raise InputError(f"{detector}: {len(labels) - pristine - forged} training clips have no label; leave them out")
    if not pristine or not forged:
        raise InputError(
            f"{detector}: training needs clips of both classes with a face, got {pristine} pristine and "
            f"{forged} forged; use a larger corpus or another protocol"
        )


def has_both(labels: Labels) -> bool:
    """Whether validation labels can judge anything."""
    return len(set(labels.tolist())) == 2


def logistic(logits: npt.ArrayLike, temperature: float = 1.0) -> Floats:
    """Scores in [0, 1] of log odds divided by a temperature."""
    return np.asarray(1 / (1 + np.exp(-np.clip(np.asarray(logits, float) / temperature, -500, 500))))


def calibrated(logits: Mapping[str, float], temperature: float, frames: pd.DataFrame | None = None) -> ScoreTable:
    """Scores of log odds by clip id, with the log odds beside them; NaN where a clip has none.

    `frames` are the scores of frames, if any, as `ScoreTable` takes them.
    """
    scores = logistic(list(logits.values()), temperature)
    return ScoreTable(dict(zip(logits, scores.tolist(), strict=True)), frames=frames, raw=logits)


def log_loss(scores: Floats, labels: Labels) -> float:
    """Mean negative log likelihood with both classes weighted equally."""
    p = np.clip(scores, EPSILON, 1 - EPSILON)
    losses = -np.log(np.where(labels == FORGED, p, 1 - p))
    return float(np.mean([losses[labels == label].mean() for label in set(labels.tolist())]))


def fit_temperature(logits: Floats, labels: Labels) -> float:
    """The temperature of least log loss; 1 where the labels are of one class."""
    if not has_both(labels):
        return 1.0
    losses = [log_loss(logistic(logits, t), labels) for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def classifiers() -> dict[str, BaseEstimator]:
    """Unfitted classifiers of rows by name, the safest first: linear at three strengths, and a curved boundary.

    A number that a row lacks (NaN) is set to the training median, with a column that says so.
    """
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    heads: dict[str, BaseEstimator] = {
        f"logistic C={c:g}": LogisticRegression(C=c, class_weight="balanced", max_iter=1000) for c in (0.1, 0.01, 1.0)
    }
    heads["svm"] = SVC(class_weight="balanced")
    return {
        name: make_pipeline(
            SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), StandardScaler(), head
        )
        for name, head in heads.items()
    }


@dataclasses.dataclass(frozen=True)
class Choice:
    """The classifier that did best on the validation clips."""

    name: str
    estimator: Any
    """Has scikit-learn's `decision_function`."""
    temperature: float
    val_log_loss: float | None
    """None where the validation clips are of one class, and the first candidate was taken unjudged."""


def choose(candidates: Mapping[str, BaseEstimator], train: tuple[Floats, Labels], val: tuple[Floats, Labels]) -> Choice:
    """Fit every candidate on `train` and keep the one of least calibrated log loss on `val`.

    Args:
        candidates: unfitted classifiers by name, the safest first.
        train: rows (N, F) and labels (N,).
        val: rows (M, F) and labels (M,); M may be 0.
    """
    fitted = {name: classifier.fit(*train) for name, classifier in candidates.items()}
    if not has_both(val[1]):
        name = next(iter(fitted))
        return Choice(name, fitted[name], 1.0, None)
    logits = {name: classifier.decision_function(val[0]) for name, classifier in fitted.items()}
    warmth = {name: fit_temperature(values, val[1]) for name, values in logits.items()}
    losses = {name: log_loss(logistic(logits[name], warmth[name]), val[1]) for name in fitted}
    best = min(losses, key=lambda name: losses[name])
    return Choice(best, fitted[best], warmth[best], losses[best])
