"""Intervals of the AUC by resampling people, not clips: clips of one person are not independent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tellbench.eval.metrics import Floats, auc

RESAMPLES: Final = 2000
"""Enough for a 95% percentile interval: Efron & Tibshirani 1993, section 14.3, ask for 1000 to 2000."""

_BLOCK = 4_000_000
"""Weights held at once (resamples x clips), so that memory does not grow with the corpus (assumption)."""
_ROUNDS = 50
"""Redraws before giving up on resamples that hold both classes (assumption)."""


class Interval(NamedTuple):
    """A percentile interval, or none where resampling cannot give one."""

    low: float | None
    high: float | None
    n_redrawn: int
    """Resamples that lacked a class and were drawn again."""


def auc_interval(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    clusters: Sequence[str],
    *,
    n_boot: int = RESAMPLES,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Percentile interval of the AUC by bootstrap clustered on `clusters`.

    Whole clusters (identities) are drawn with replacement, so that a person's pristine and forged clips move
    together (Field & Welsh 2007, "cluster bootstrap"). Resamples without both classes are drawn again, and counted.
    Where the classes do not overlap at all, every resample agrees and says nothing about the next person; the open
    end is then the Clopper-Pearson bound for as many successes in as many trials as the rarer class has people
    (one trial a person is an assumption).

    Args:
        labels: shape (N,), 0 or 1.
        scores: shape (N,).
        clusters: identity of each clip, length N.
        n_boot: resamples.
        seed: same seed, same interval.
        level: coverage, 0.95 for 95%.

    Raises:
        InputError: as for `tellbench.eval.metrics.auc`.
    """
    estimate = auc(labels, scores)
    y, s = np.asarray(labels, int), np.asarray(scores, np.float64)
    names, member = np.unique(np.asarray(clusters, str), return_inverse=True)
    if len(names) < 2:
        return Interval(None, None, 0)
    rng = np.random.default_rng(seed)
    step = max(1, _BLOCK // len(y))
    blocks = [_resampled(rng, min(step, n_boot - start), y, s, member) for start in range(0, n_boot, step)]
    values = np.concatenate([block for block, _ in blocks])
    redrawn = sum(count for _, count in blocks)
    if np.isnan(values).any():
        return Interval(None, None, redrawn)
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    if estimate in (0, 1):
        bound = tail ** (1 / min(len(np.unique(member[y == label])) for label in (0, 1)))
        low, high = (bound, 1.0) if estimate == 1 else (0.0, 1 - bound)
    return Interval(float(low), float(high), redrawn)


def weighted_auc(labels: npt.NDArray[np.int_], scores: Floats, weights: npt.NDArray[np.generic]) -> Floats:
    """AUC of many reweightings of the same clips at once, ties counted half; NaN where a class has no weight.

    Args:
        labels: shape (N,).
        scores: shape (N,).
        weights: shape (B, N); how often each clip occurs in each of B resamples.

    Returns:
        Shape (B,).
    """
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(scores[order]) > 0])  # first clip of each distinct score
    ordered = weights[:, order].astype(np.float64)
    forged = np.add.reduceat(ordered * labels[order], starts, axis=1)  # (B, distinct scores)
    pristine = np.add.reduceat(ordered * (1 - labels[order]), starts, axis=1)
    below = np.cumsum(pristine, axis=1) - pristine / 2
    pairs = forged.sum(1) * pristine.sum(1)
    unknown = np.full(len(weights), np.nan)
    return np.asarray(np.divide((forged * below).sum(1), pairs, out=unknown, where=pairs > 0))


def _resampled(
    rng: np.random.Generator, n_boot: int, y: npt.NDArray[np.int_], s: Floats, member: npt.NDArray[np.intp]
) -> tuple[Floats, int]:
    """AUC of `n_boot` resamples, and how many had to be drawn again; NaN remains where redrawing did not help."""
    n_clusters = int(member.max()) + 1
    share = np.full(n_clusters, 1 / n_clusters)
    values, redrawn = np.full(n_boot, np.nan), 0
    for _ in range(_ROUNDS):
        lacking = np.flatnonzero(np.isnan(values))
        if not len(lacking):
            break
        counts = rng.multinomial(n_clusters, share, size=len(lacking))  # (lacking, clusters)
        values[lacking] = weighted_auc(y, s, counts[:, member])
        redrawn += int(np.isnan(values[lacking]).sum())
    return values, redrawn
