"""What a reader must be told before trusting a leaderboard."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterator
from typing import Final, Literal

from tellbench.eval.audits import failed
from tellbench.eval.results import Results, ScoreRow
from tellbench.eval.rows import NULL
from tellbench.registry import DETECTORS
from tellbench.reports.protocols import leaderboard_only

KNOWN: Final = ("oracle", "random", "constant")
"""Rows whose AUC is known beforehand."""
_CHANCE: Final = 0.5
_TOLERANCE: Final = 1e-9
_UNLUCKY: Final = 4.0
"""Standard errors that the random row may be off chance, so that luck alone raises no alarm (one in 16,000)."""
_FEW_CLIPS: Final = 20
"""Below this many clips of a class an interval is a rough guide only (assumption)."""
_INVERTED: Final = 0.4
"""An AUC below this smells of swapped labels (assumption)."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing to know, with its weight."""

    level: Literal["alarm", "caution"]
    text: str


@functools.cache
def sanity() -> tuple[str, ...]:
    """Detectors that test the benchmark and not the forgeries: rows known beforehand, then the probes."""
    flagged = [name for name in DETECTORS if DETECTORS.load(name).sanity]
    return (*KNOWN, *(name for name in flagged if name not in KNOWN))


def findings(results: Results) -> list[Finding]:
    """Alarms first: reasons not to trust the numbers; then cautions: reasons to read them with care.

    Rows of further protocols are left out: among hundreds of them chance alone would raise alarms.
    """
    results = leaderboard_only(results)
    alarms = [Finding("alarm", text) for text in (*_broken(results), *_shortcuts(results))]
    return alarms + [Finding("caution", text) for text in (*_weaknesses(results), *_small(results))]


def off_chance(row: ScoreRow) -> bool:
    """Whether chance lies outside a row's interval; False where there is no interval."""
    if row.auc_low is None or row.auc_high is None:
        return False
    return not row.auc_low - _TOLERANCE <= _CHANCE <= row.auc_high + _TOLERANCE


def _beyond_luck(row: ScoreRow) -> bool:
    """Whether scores that know nothing end so far from chance hardly ever (variance of Mann & Whitney 1947).

    Its own interval will not do: resamples of few people cling to what these few happened to give.
    """
    n, m = row.n_pristine, row.n_forged
    return abs(row.auc - _CHANCE) > _UNLUCKY * math.sqrt((n + m + 1) / (12 * n * m))


def _broken(results: Results) -> Iterator[str]:
    """Sanity detectors that miss the AUC they must have."""
    for row in results.scores:
        if row.detector == "oracle" and row.auc < 1 - _TOLERANCE:
            yield (
                f"The oracle, which is told the labels, scores {row.auc:.3f} on {row.test_on} instead of 1: "
                "labels and scores do not belong together."
            )
        elif row.detector == "constant" and abs(row.auc - _CHANCE) > _TOLERANCE:
            yield f"The constant row scores {row.auc:.3f} on {row.test_on} instead of 0.5: the evaluation is broken."
        elif row.detector == "random" and _beyond_luck(row):
            yield f"The random row scores {_span(row)} on {row.test_on}, far from 0.5: the evaluation is broken."


def _shortcuts(results: Results) -> Iterator[str]:
    """Signs that the classes differ in something that is not forgery."""
    for row in results.scores:
        if row.test_on == NULL and row.detector not in KNOWN and off_chance(row):
            yield (
                f"{row.detector} tells null clips from pristine ones (AUC {_span(row)}): nothing was forged in them, "
                "so it has learnt the way clips are made, not forgery. Its other rows are suspect."
            )
    for name in failed(results.audits):
        yield f"Failed audit, {name}."


def _weaknesses(results: Results) -> Iterator[str]:
    """Detectors that refuse clips or rank them upside down; runs without a null row."""
    for name in dict.fromkeys(row.detector for row in results.scores if row.n_missing):
        worst = max((row for row in results.scores if row.detector == name), key=lambda row: row.n_missing)
        n_clips = worst.n_pristine + worst.n_forged
        yield f"{name} could not score {worst.n_missing} of {n_clips} clips ({worst.test_on}); each counts as 0.5."
    for row in results.scores:
        if row.auc < _INVERTED and row.detector not in sanity() and row.test_on != NULL:
            yield f"{row.detector} is worse than guessing on {row.test_on} (AUC {row.auc:.3f})."
    if results.scores and not any(row.test_on == NULL for row in results.scores):
        yield "No null row: this run has no clips made by the null generator, so shortcuts were not ruled out."


def _small(results: Results) -> Iterator[str]:
    """Too few people or clips for the intervals to say much."""
    if any(row.auc_low is None for row in results.scores):
        yield "Some rows have no interval: their test clips show fewer than two people."
    fewest = min((min(row.n_pristine, row.n_forged) for row in results.scores), default=_FEW_CLIPS)
    if fewest < _FEW_CLIPS:
        yield f"Only {fewest} test clips in the smallest class: intervals are rough, and a perfect score means little."


def _span(row: ScoreRow) -> str:
    if row.auc_low is None or row.auc_high is None:
        return f"{row.auc:.3f}"
    return f"{row.auc:.3f}, 95% interval {row.auc_low:.3f} to {row.auc_high:.3f}"
