"""Generator by detector: the AUC of every meeting, hardest generators and best detectors first."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from statistics import fmean
from typing import Final

from tellbench.eval.results import Results, ScoreRow
from tellbench.eval.rows import NULL
from tellbench.reports.checks import sanity
from tellbench.reports.tables import best_detectors, leaderboard

STEPS: Final = (0.4, 0.6, 0.7, 0.8, 0.9, 0.97)
"""Lower ends of the colours, guessing and its neighbourhood first; below the first a detector is upside down."""
WORDS: Final = ("worse than guessing", "guessing", "weak", "fair", "good", "strong", "near perfect")
"""Of the colours, `level` 0 to 6."""


@dataclasses.dataclass(frozen=True)
class Line:
    """One detector over all generators."""

    detector: str
    cells: tuple[ScoreRow | None, ...]
    """In the order of the heat map's generators; None where the two never met."""
    mean: float | None
    """Over the generators that really forge; None where there is none."""

    @property
    def is_sanity(self) -> bool:
        """Whether the row tests the benchmark."""
        return self.detector in sanity()


@dataclasses.dataclass(frozen=True)
class HeatMap:
    """What the page draws, with what is to be seen in it."""

    generators: tuple[str, ...]
    """Hardest first: by the best AUC that any detector reached; null last."""
    lines: tuple[Line, ...]
    """Best mean first, sanity rows last."""
    sentences: tuple[str, ...]


def level(auc: float) -> int:
    """Colour of an AUC: its place among `STEPS`, 0 to 6.

    >>> level(0.3), level(0.5), level(1.0)
    (0, 1, 6)
    """
    return sum(auc >= step for step in STEPS)


def heat_map(results: Results) -> HeatMap:
    """Every detector on every generator of a run."""
    entries = leaderboard(results)
    met = {(entry.score.detector, entry.score.test_on): entry.score for entry in reversed(entries)}
    best = best_detectors(results)
    columns = list(dict.fromkeys(entry.score.test_on for entry in entries))
    hardness = {name: entry.score.auc for name, entry in best.items()}
    columns.sort(key=lambda name: (name == NULL, hardness.get(name, 2.0)))
    lines = [_line(name, columns, met) for name in dict.fromkeys(entry.score.detector for entry in entries)]
    lines.sort(key=lambda line: (sanity().index(line.detector) + 1 if line.is_sanity else 0, -(line.mean or 0)))
    return HeatMap(tuple(columns), tuple(lines), tuple(_sentences(lines, columns, hardness)))


def _line(detector: str, columns: Sequence[str], met: dict[tuple[str, str], ScoreRow]) -> Line:
    cells = tuple(met.get((detector, name)) for name in columns)
    forged = [cell.auc for cell in cells if cell is not None and cell.test_on != NULL]
    return Line(detector, cells, fmean(forged) if forged else None)


def _sentences(lines: Sequence[Line], columns: Sequence[str], hardness: dict[str, float]) -> list[str]:
    """The hardest generator, and the detector that holds up best over all of them."""
    real = [name for name in columns if name in hardness]
    contenders = [line for line in lines if not line.is_sanity and line.mean is not None]
    if len(real) < 2 or not contenders:
        return []
    low, high = hardness[real[0]], hardness[real[-1]]
    extremes = f"{real[0]} is the hardest to tell ({low:.3f}), {real[-1]} the easiest ({high:.3f})"
    alike = f"The best detectors do equally well on {' and '.join(real)} (AUC {low:.3f})."
    lowest = {
        line.detector: min(c.auc for c in line.cells if c is not None and c.test_on in hardness) for line in contenders
    }
    top = max(lowest.values())
    steady = [name for name, auc in lowest.items() if auc == top]
    return [
        f"By the best detector's AUC, {extremes}." if high > low else alike,
        f"{' and '.join(steady)} hold{'s' if len(steady) == 1 else ''} up best: never under {top:.3f}.",
    ]
