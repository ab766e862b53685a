"""Metrics as pure functions of labels and scores.

Everywhere: labels are 0 pristine or 1 forged, scores are higher for more likely forged, both of shape (N,).
Ranking metrics need both classes; with one class they raise `InputError` instead of returning NaN.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn import metrics as sk

from tellbench.errors import InputError

ECE_BINS: Final = 10
"""Equal-width bins of the calibration error (Naeini et al. 2015 use 10)."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int_]


class RocCurve(NamedTuple):
    """Points of the receiver operating characteristic, from (0, 0) to (1, 1)."""

    fpr: Floats
    """Share of pristine clips called forged."""
    tpr: Floats
    """Share of forged clips called forged."""
    thresholds: Floats
    """A clip is called forged when its score is at or above this; the first is infinity."""


class RiskCoverage(NamedTuple):
    """Errors among the clips that a detector is surest of, for every number of clips answered."""

    coverage: Floats
    """Share of clips answered, surest first, in (0, 1]."""
    risk: Floats
    """Share of wrong calls among them; equally sure clips count as if answered in random order."""


class Reliability(NamedTuple):
    """Stated against observed share of forged clips, for each non-empty bin of scores."""

    stated: Floats
    """Mean score in the bin."""
    observed: Floats
    """Share of forged clips in the bin."""
    n_clips: Ints
    """Clips in the bin."""


def roc_curve(labels: npt.ArrayLike, scores: npt.ArrayLike) -> RocCurve:
    """The ROC polyline; tied scores give one slanted segment, so that the area counts ties half.

    Raises:
        InputError: shapes differ, a label is not 0 or 1, a score is not finite, or a class is missing.
    """
    y, s = checked(labels, scores)
    return RocCurve(*sk.roc_curve(y, s, drop_intermediate=False))


def auc(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Probability that a forged clip scores above a pristine one, ties counted half (Hanley & McNeil 1982).

    Raises:
        InputError: as for `roc_curve`.

    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8])
    0.875
    """
    y, s = checked(labels, scores)
    return float(sk.roc_auc_score(y, s))


def partial_auc(labels: npt.ArrayLike, scores: npt.ArrayLike, max_fpr: float = 0.1) -> float:
    """Area left of `max_fpr`, standardised so that chance is 0.5 and perfection 1 (McClish 1989).

    Raises:
        InputError: as for `roc_curve`, or `max_fpr` outside (0, 1].
    """
    if not 0 < max_fpr <= 1:
        raise InputError(f"max_fpr {max_fpr:g}; a false positive rate in (0, 1] is needed")
    y, s = checked(labels, scores)
    return float(sk.roc_auc_score(y, s, max_fpr=max_fpr))


def prevalence(labels: npt.ArrayLike) -> float:
    """Share of forged clips: the AP of a detector that knows nothing."""
    return float(np.mean(np.asarray(labels) == 1))


def average_precision(labels: npt.ArrayLike, scores: npt.ArrayLike, at: float | None = None) -> float:
    """Precision averaged over recall steps, without interpolation; depends on the share of forged clips.

    Args:
        labels: shape (N,).
        scores: shape (N,).
        at: share of forged clips to answer for, such as 0.001 on a platform; that of the sample where None.

    Raises:
        InputError: as for `roc_curve`, or `at` outside (0, 1).
    """
    y, s = checked(labels, scores)
    if at is None:
        return float(sk.average_precision_score(y, s))
    if not 0 < at < 1:
        raise InputError(f"prevalence {at:g}; a share of forged clips in (0, 1) is needed")
    weight = np.where(y == 1, at / y.sum(), (1 - at) / (1 - y).sum())
    return float(sk.average_precision_score(y, s, sample_weight=weight))


def eer(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Equal error rate: where the ROC polyline meets false positive rate = false negative rate.

    Raises:
        InputError: as for `roc_curve`.

    >>> eer([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8])
    0.25
    """
    fpr, tpr, _ = roc_curve(labels, scores)
    gap = (1 - tpr) - fpr  # falls from 1 to -1 along the curve
    after = int(np.argmax(gap <= 0))
    share = gap[after - 1] / (gap[after - 1] - gap[after])
    return float(fpr[after - 1] + share * (fpr[after] - fpr[after - 1]))


def tpr_at_fpr(labels: npt.ArrayLike, scores: npt.ArrayLike, fpr: float = 0.01) -> float:
    """Largest share of forged clips found by a threshold with at most this false positive rate.

    No interpolation: the threshold exists. With fewer than 1 / `fpr` pristine clips it allows no false alarm.

    Raises:
        InputError: as for `roc_curve`, or `fpr` outside [0, 1].
    """
    if not 0 <= fpr <= 1:
        raise InputError(f"false positive rate {fpr:g}; a value in [0, 1] is needed")
    curve = roc_curve(labels, scores)
    return float(curve.tpr[curve.fpr <= fpr].max())


def brier(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Mean squared distance of score and label, scores read as probabilities (Brier 1950); 0.25 = always 0.5.

    Raises:
        InputError: as for `roc_curve`, or a score outside [0, 1].
    """
    y, p = _probabilities(labels, scores)
    return float(np.mean((p - y) ** 2))


def risk_coverage(labels: npt.ArrayLike, scores: npt.ArrayLike, threshold: float = 0.5) -> RiskCoverage:
    """What abstaining buys: the error rate when only the clips furthest from the threshold are answered.

    Geifman & El-Yaniv 2017 (NeurIPS), "Selective classification"; sureness is the distance of score and threshold.

    Raises:
        InputError: as for `roc_curve`.
    """
    y, s = checked(labels, scores)
    wrong = (s >= threshold) != (y == 1)
    _, level = np.unique(np.abs(s - threshold), return_inverse=True)
    order = np.argsort(-level, kind="stable")
    share = np.bincount(level, weights=wrong) / np.bincount(level)  # of wrong calls among equally sure clips
    answered = np.arange(1, len(y) + 1)
    return RiskCoverage(answered / len(y), np.cumsum(share[level[order]]) / answered)


def aurc(labels: npt.ArrayLike, scores: npt.ArrayLike, threshold: float = 0.5) -> float:
    """Area under the risk-coverage curve: mean risk over all coverages, 0 best (Geifman, Uziel & El-Yaniv 2019).

    Raises:
        InputError: as for `roc_curve`.

    >>> round(aurc([0, 0, 1, 1], [0.1, 0.4, 0.3, 0.8]), 3)
    0.146
    """
    return float(risk_coverage(labels, scores, threshold).risk.mean())


def reliability(labels: npt.ArrayLike, scores: npt.ArrayLike, bins: int = ECE_BINS) -> Reliability:
    """The reliability diagram over equal-width bins of [0, 1]; empty bins are left out.

    Raises:
        InputError: as for `roc_curve`, or a score outside [0, 1].
    """
    y, p = _probabilities(labels, scores)
    index = np.minimum((p * bins).astype(int), bins - 1)
    count = np.bincount(index, minlength=bins)
    filled = count > 0
    stated, observed = (np.bincount(index, weights=v, minlength=bins)[filled] / count[filled] for v in (p, y))
    return Reliability(stated, observed, count[filled])


def ece(labels: npt.ArrayLike, scores: npt.ArrayLike, bins: int = ECE_BINS) -> float:
    """Expected calibration error: mean gap of stated and observed share over bins, weighted by clips.

    Naeini, Cooper & Hauskrecht 2015 (AAAI), for the probability of the forged class.

    Raises:
        InputError: as for `reliability`.
    """
    stated, observed, count = reliability(labels, scores, bins)
    return float(np.average(np.abs(stated - observed), weights=count))


def checked(labels: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[Ints, Floats]:
    """Labels and scores as arrays (N,) that every metric can use.

    Raises:
        InputError: as for `roc_curve`.
    """
    y, s = np.asarray(labels), np.asarray(scores, np.float64)
    if y.ndim != 1 or y.shape != s.shape:
        raise InputError(f"labels of shape {y.shape}, scores of shape {s.shape}; one of each a clip is needed")
    if not np.isin(y, (0, 1)).all():
        odd = y[~np.isin(y, (0, 1))][0]
        raise InputError(f"label {odd}; allowed: 0 pristine, 1 forged (drop unlabelled clips first)")
    if not np.isfinite(s).all():
        raise InputError("a score is NaN or infinite; replace missing scores by 0.5 and count them")
    for value, name in ((0, "pristine"), (1, "forged")):
        if not (y == value).any():
            raise InputError(f"no {name} clip among {len(y)}; AUC and its kin need both classes")
    return y.astype(int), s


def _probabilities(labels: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[Ints, Floats]:
    y, p = checked(labels, scores)
    if p.min() < 0 or p.max() > 1:
        raise InputError(f"scores span [{p.min():g}, {p.max():g}]; calibration needs probabilities in [0, 1]")
    return y, p
