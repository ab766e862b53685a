"""Does the order of a leaderboard hold? Ranks of detectors over the same resamples of people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from tellbench.eval.bootstrap import RESAMPLES, auc_draws
from tellbench.eval.metrics import Floats


class Ranks(NamedTuple):
    """Ranks of K detectors, 1 = highest AUC; tied detectors share the mean of their ranks."""

    mean: Floats
    """Shape (K,)."""
    low: Floats
    """2.5th percentile over resamples."""
    high: Floats
    """97.5th percentile."""
    first: Floats
    """Share of resamples in which the detector leads; shared leads are divided."""


def rank_stability(
    labels: npt.ArrayLike, scores: npt.ArrayLike, clusters: Sequence[str], *, n_boot: int = RESAMPLES, seed: int = 0
) -> Ranks | None:
    """Ranks of the detectors in resamples of people that all detectors share; None where there is one person.

    Args:
        labels: shape (N,), 0 or 1.
        scores: shape (K, N), one row a detector.
        clusters: identity of each clip, length N.
        n_boot: resamples.
        seed: of the resampling.

    Raises:
        InputError: as for `tellbench.eval.bootstrap.auc_draws`.
    """
    values = auc_draws(labels, scores, clusters, n_boot=n_boot, seed=seed).values  # (K, B)
    if len(set(clusters)) < 2 or np.isnan(values).any():
        return None
    values = values.round(12)  # equal AUCs that rounding has parted are ties
    ranks = stats.rankdata(-values, axis=0)
    leads = values == values.max(0)
    low, high = np.quantile(ranks, [0.025, 0.975], axis=1)
    return Ranks(ranks.mean(1), low, high, (leads / leads.sum(0)).mean(1))
