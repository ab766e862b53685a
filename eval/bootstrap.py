"""Resampling people, not clips: clips of one person are not independent. Intervals of the AUC, and draws to rank by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from tellbench.errors import InputError
from tellbench.eval.metrics import Floats, Ints, auc, checked

RESAMPLES: Final = 2000
"""Enough for a 95% percentile interval: Efron & Tibshirani 1993, section 14.3, ask for 1000 to 2000."""

_BLOCK: Final = 64
"""Resamples counted side by side: one byte each, so that a person's weights fill one cache line."""
_ROUNDS: Final = 50
"""Redraws before giving up on resamples that hold both classes (assumption)."""

_Ranking = tuple[npt.NDArray[np.bool_], npt.NDArray[np.intp]]
"""Whether each clip is forged, and its cluster, from the lowest score to the highest; (N,) each."""


class Interval(NamedTuple):
    """A percentile interval, or none where resampling cannot give one."""

    low: float | None
    high: float | None
    n_redrawn: int
    """Resamples that lacked a class and were drawn again."""


class Draws(NamedTuple):
    """AUCs in the same resamples of the same people."""

    values: Floats
    """Shape (K, B): K score columns in B resamples; NaN where both classes never came together."""
    n_redrawn: int


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
        InputError: as for `tellbench.eval.metrics.auc`, or another number of clusters than clips.
    """
    estimate = auc(labels, scores)
    y, s = np.asarray(labels, int), np.asarray(scores, np.float64)
    if len(set(clusters)) < 2:
        return Interval(None, None, 0)
    draws = auc_draws(y, s[None], clusters, n_boot=n_boot, seed=seed)
    if np.isnan(draws.values).any():
        return Interval(None, None, draws.n_redrawn)
    tail = (1 - level) / 2
    low, high = np.quantile(draws.values[0], [tail, 1 - tail])
    if estimate in (0, 1):
        people = np.asarray(clusters, str)
        bound = tail ** (1 / min(len(np.unique(people[y == label])) for label in (0, 1)))
        low, high = (bound, 1.0) if estimate == 1 else (0.0, 1 - bound)
    return Interval(float(low), float(high), draws.n_redrawn)


def auc_draws(
    labels: npt.ArrayLike, scores: npt.ArrayLike, clusters: Sequence[str], *, n_boot: int = RESAMPLES, seed: int = 0
) -> Draws:
    """AUC of every score column in the same `n_boot` resamples of whole clusters.

    Args:
        labels: shape (N,), 0 or 1.
        scores: shape (K, N), one row a detector.
        clusters: identity of each clip, length N.
        n_boot: resamples, B.
        seed: same seed, same draws, whatever the scores.

    Raises:
        InputError: as for `tellbench.eval.metrics.auc`, or another number of clusters than clips.
    """
    columns = np.atleast_2d(np.asarray(scores, np.float64))
    y = checked(labels, columns[0])[0]
    if len(clusters) != len(y):
        raise InputError(f"{len(clusters)} clusters for {len(y)} clips; one a clip is needed")
    names, member = np.unique(np.asarray(clusters, str), return_inverse=True)
    rankings = [_rankings(y, checked(y, column)[1], member) for column in columns]
    rng = np.random.default_rng(seed)
    values, redrawn = np.full((len(columns), n_boot), np.nan), 0
    for _ in range(_ROUNDS):
        lacking = np.flatnonzero(np.isnan(values[0]))
        if not len(lacking):
            break
        for start in range(0, len(lacking), _BLOCK):
            block = lacking[start : start + _BLOCK]
            weights = _drawn(rng, len(names), len(block))
            values[:, block] = [_areas(ranking, weights) for ranking in rankings]
        redrawn += int(np.isnan(values[0, lacking]).sum())
    return Draws(values, redrawn)


def weighted_auc(
    labels: Ints, scores: Floats, weights: npt.NDArray[np.generic], member: npt.NDArray[np.intp] | None = None
) -> Floats:
    """AUC of many reweightings of the same clips at once, ties counted half; NaN where a class has no weight.

    Args:
        labels: shape (N,).
        scores: shape (N,).
        weights: shape (C, B); how often each cluster occurs in each of B resamples, at most 255 times.
        member: shape (N,), the cluster of each clip; each clip is its own where it is not given.

    Returns:
        Shape (B,).
    """
    member = np.arange(len(labels)) if member is None else member
    return _areas(_rankings(labels, scores, member), np.ascontiguousarray(weights, np.uint8))


def _rankings(labels: Ints, scores: Floats, member: npt.NDArray[np.intp]) -> list[_Ranking]:
    """The clips in ascending order of score; two orders where scores tie.

    A tie counts half: the mean of ranking its pristine clips first and its forged clips first.
    """
    orders = [np.lexsort((labels, scores))]
    if (np.diff(scores[orders[0]]) == 0).any():
        orders.append(np.lexsort((-labels, scores)))
    return [(labels[order] == 1, member[order]) for order in orders]


def _areas(rankings: list[_Ranking], counts: npt.NDArray[np.uint8]) -> Floats:
    """AUC in each resample, (B,), for counts (C, B)."""
    wins = np.zeros(counts.shape[1], np.int64)
    for is_forged, member in rankings:
        forged, pristine = _count_wins(is_forged, member, counts, wins)
    pairs = forged.astype(np.float64) * pristine * len(rankings)
    return np.asarray(np.divide(wins, pairs, out=np.full(len(wins), np.nan), where=pairs > 0))


def _drawn(rng: np.random.Generator, n_clusters: int, n_boot: int) -> npt.NDArray[np.uint8]:
    """How often each cluster occurs in each resample, (C, B); more than 255 times is beyond chance (1 in 256!)."""
    draws = (rng.integers(0, n_clusters, n_clusters, np.uint32) for _ in range(n_boot))
    counts = np.array([np.bincount(draw, minlength=n_clusters).astype(np.uint8) for draw in draws])
    return np.ascontiguousarray(counts.T)


@numba.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _count_wins(is_forged: Any, member: Any, counts: Any, wins: Any) -> Any:
    """Walk up the ranking: each forged clip beats the pristine clips below it, in every resample at once.

    Args:
        is_forged: (N,) in ascending order of score.
        member: (N,) row of `counts` of each clip.
        counts: (C, B).
        wins: (B,) pairs won, added to.

    Returns:
        Forged and pristine clips in each resample, (B,) each.
    """
    below, forged = np.zeros(counts.shape[1], np.int64), np.zeros(counts.shape[1], np.int64)
    for i in range(len(member)):
        times = counts[member[i]]
        if is_forged[i]:
            for b in range(len(below)):
                wins[b] += times[b] * below[b]
                forged[b] += times[b]
        else:
            for b in range(len(below)):
                below[b] += times[b]
    return forged, below
