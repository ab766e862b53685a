"""The order of the leaderboard, and what of it is more than luck: paired tests and ranks, generator by generator."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.scores import ScoreTable
from tellbench.eval.delong import compare, holm
from tellbench.eval.metrics import Floats
from tellbench.eval.ranking import rank_stability
from tellbench.eval.results import ComparisonRow, RankRow
from tellbench.eval.rows import MISSING, person


def comparisons(tables: Mapping[str, ScoreTable], test: Corpus) -> tuple[ComparisonRow, ...]:
    """Every pair of detectors on every generator, p-values corrected over the whole table.

    Args:
        tables: detector to its scores; a missing one counts as 0.5.
        test: the clips that were scored.
    """
    rows = [
        _compared(tables, test.against(generator), generator, pair)
        for generator in test.generators
        for pair in itertools.combinations(tables, 2)
    ]
    adjusted = holm([math.nan if row.p is None else row.p for row in rows])
    return tuple(dataclasses.replace(row, p_holm=_known(p)) for row, p in zip(rows, adjusted, strict=True))


def ranks(tables: Mapping[str, ScoreTable], test: Corpus, *, n_boot: int, seed: int) -> tuple[RankRow, ...]:
    """The rank of every detector on every generator; none where there is one detector or one person.

    Args:
        tables: as for `comparisons`.
        test: the clips that were scored.
        n_boot: resamples of people.
        seed: of the resampling.
    """
    rows: list[RankRow] = []
    for generator in test.generators if len(tables) > 1 else ():
        view = test.against(generator)
        scores = [_scores(table, view) for table in tables.values()]
        found = rank_stability(view.labels.to_numpy(), np.array(scores), people(view), n_boot=n_boot, seed=seed)
        if found is not None:
            rows += [
                RankRow(test_on=generator, detector=name, rank=mean, rank_low=low, rank_high=high, first=first)
                for name, mean, low, high, first in zip(tables, *(part.tolist() for part in found), strict=True)
            ]
    return tuple(rows)


def people(clips: Sequence[Clip] | Corpus) -> list[str]:
    """What is resampled together, clip by clip."""
    return [person(clip) for clip in clips]


def _compared(tables: Mapping[str, ScoreTable], view: Corpus, generator: str, pair: tuple[str, str]) -> ComparisonRow:
    first, second = (_scores(tables[name], view) for name in pair)
    result = compare(view.labels.to_numpy(), first, second, people(view))
    return ComparisonRow(
        test_on=generator,
        first=pair[0],
        second=pair[1],
        difference=result.difference,
        standard_error=_known(result.standard_error),
        p=_known(result.p),
        p_holm=None,
    )


def _scores(table: ScoreTable, view: Corpus) -> Floats:
    return np.asarray(table.series.reindex(view.labels.index).fillna(MISSING), np.float64)


def _known(value: float) -> float | None:
    """None instead of NaN, which JSON lacks."""
    return None if math.isnan(value) else float(value)
