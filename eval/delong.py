"""Are two detectors really apart? Paired tests of AUCs on the same clips, corrected for how many were made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from tellbench.errors import InputError
from tellbench.eval.metrics import Floats, Ints, checked


class Covariance(NamedTuple):
    """AUCs of K detectors and how they vary together."""

    auc: Floats
    """Shape (K,)."""
    covariance: Floats
    """Shape (K, K); NaN where a class shows fewer than two people."""


class Comparison(NamedTuple):
    """A paired test of two AUCs."""

    difference: float
    """First minus second."""
    standard_error: float
    z: float
    p: float
    """Two-sided; NaN where the sample cannot tell: too few people, or no spread behind a difference."""


def auc_covariance(labels: npt.ArrayLike, scores: npt.ArrayLike, clusters: Sequence[str] | None = None) -> Covariance:
    """Variances and covariances of AUCs measured on the same clips.

    DeLong, DeLong & Clarke-Pearson 1988 (Biometrics 44:837), by midranks (Sun & Xu 2014, IEEE SPL 21:1389). With
    `clusters`, clips of one person may depend on each other: Obuchowski 1997 (Biometrics 53:567), which is DeLong's
    estimate where everybody has one clip.

    Args:
        labels: shape (N,), 0 or 1.
        scores: shape (K, N), one row a detector.
        clusters: identity of each clip, length N; each clip is its own where None.

    Raises:
        InputError: as for `tellbench.eval.metrics.auc`, or another number of clusters than clips.
    """
    columns = np.atleast_2d(np.asarray(scores, np.float64))
    y = checked(labels, columns[0])[0]
    member = _members(clusters, len(y))
    placed = np.array([_placements(y, checked(labels, column)[1]) for column in columns])  # (K, N)
    forged = y == 1
    auc = placed[:, forged].mean(1)
    sums = [_sums(placed[:, of] - auc[:, None], member[of], member.max() + 1) for of in (forged, ~forged)]
    people = [len(np.unique(member[of])) for of in (forged, ~forged)]
    if min(people) < 2:
        return Covariance(auc, np.full((len(auc), len(auc)), np.nan))
    m, n, everyone = forged.sum(), (~forged).sum(), len(np.unique(member))
    within = sum(k / (k - 1) / size**2 * s @ s.T for k, size, s in zip(people, (m, n), sums, strict=True))
    across = everyone / (everyone - 1) / (m * n) * sums[0] @ sums[1].T
    return Covariance(auc, np.asarray(within + across + across.T))


def compare(
    labels: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike, clusters: Sequence[str] | None = None
) -> Comparison:
    """Test whether two detectors have the same AUC on the same clips.

    Raises:
        InputError: as for `auc_covariance`.
    """
    auc, covariance = auc_covariance(labels, np.array([first, second], np.float64), clusters)
    contrast = np.array([1.0, -1.0])
    difference, error = float(auc @ contrast), float(np.sqrt(max(0.0, contrast @ covariance @ contrast)))
    if np.isnan(covariance).any() or (error < _NO_SPREAD and abs(difference) > _NO_SPREAD):
        return Comparison(difference, error, float("nan"), float("nan"))
    z = difference / error if error > _NO_SPREAD else 0.0
    return Comparison(difference, error, z, float(2 * stats.norm.sf(abs(z))))


def holm(p: npt.ArrayLike) -> Floats:
    """Adjusted p-values that keep the chance of any false alarm in the table at the level (Holm 1979).

    Args:
        p: shape (N,); NaN was not tested, stays NaN and does not count.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, np.float64)
    adjusted = np.full(values.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(values))
    order = tested[np.argsort(values[tested], kind="stable")]
    steps = values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(steps))
    return adjusted


_NO_SPREAD = 1e-12
"""Below this a standard error is rounding."""


def _members(clusters: Sequence[str] | None, n_clips: int) -> npt.NDArray[np.intp]:
    if clusters is None:
        return np.arange(n_clips)
    if len(clusters) != n_clips:
        raise InputError(f"{len(clusters)} clusters for {n_clips} clips; one a clip is needed")
    return np.unique(np.asarray(clusters, str), return_inverse=True)[1]


def _placements(y: Ints, s: Floats) -> Floats:
    """Share of the other class that each clip beats, ties half, (N,): the structural components of the AUC."""
    forged = y == 1
    rank, out = stats.rankdata(s), np.empty(len(s))
    out[forged] = (rank[forged] - stats.rankdata(s[forged])) / (~forged).sum()
    out[~forged] = 1 - (rank[~forged] - stats.rankdata(s[~forged])) / forged.sum()
    return out


def _sums(values: Floats, member: npt.NDArray[np.intp], n_clusters: int) -> Floats:
    """Sums (K, C) of values (K, N) over the clips of each cluster."""
    return np.array([np.bincount(member, weights=row, minlength=n_clusters) for row in values])
