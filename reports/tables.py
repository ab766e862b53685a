"""The leaderboard as a table: one order and one wording for page, Markdown, CSV, LaTeX and terminal."""

from __future__ import annotations

import dataclasses
import io
import itertools
from collections.abc import Callable, Mapping
from typing import Final

import pandas as pd

from tellbench.eval.names import DOSE
from tellbench.eval.results import Results, ScoreRow, SpeedRow
from tellbench.eval.rows import NULL, OUTSIDE_PROTOCOL
from tellbench.reports.checks import sanity
from tellbench.reports.protocols import further, is_main

NOTHING: Final = "–"
"""Shown where a number could not be measured."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """One line of the leaderboard: a detector on a generator, and how fast that generator is."""

    score: ScoreRow
    speed: SpeedRow | None
    """The fastest measured row of the generator as it is, or as it was asked; None when it was not measured."""

    @property
    def is_sanity(self) -> bool:
        """Whether the row tests the benchmark and not the forgeries."""
        return self.score.detector in sanity() or self.score.test_on == NULL

    @property
    def maker(self) -> str:
        """The generator, with what was asked of it."""
        setting = self.score.condition.replace("_", " ").replace("=", " ")
        return f"{self.score.test_on}, {setting}" if setting else self.score.test_on

    @property
    def fps(self) -> float | None:
        """Frames a second of the generator, offline."""
        return None if self.speed is None else self.speed.fps_offline


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of the leaderboard: its heading, its value, and which way is better for a detector."""

    key: str
    title: str
    explained: str
    value: Callable[[Entry], float | int | str | None]
    better: str = ""
    """`↑` or `↓` for metrics of the detector, empty elsewhere."""
    digits: int = 3


COLUMNS: Final = (
    Column("detector", "Detector", "What looked at the clips.", lambda e: e.score.detector),
    Column("test_on", "Generator", "What made the forged clips.", lambda e: e.score.test_on),
    Column("protocol", "Protocol", "Which clips trained the detector.", lambda e: e.score.protocol),
    Column("auc", "AUC", "How often a forged clip is ranked above a pristine one.", lambda e: e.score.auc, "↑"),
    Column("auc_low", "low", "Lower end of the 95% interval of the AUC.", lambda e: e.score.auc_low),
    Column("auc_high", "high", "Upper end of the 95% interval of the AUC.", lambda e: e.score.auc_high),
    Column("fps", "fps", "Frames a second of the generator, offline.", lambda e: e.fps, digits=1),
    Column("ap", "AP", "Average precision.", lambda e: e.score.ap, "↑"),
    Column(
        "frame_auc", "frame AUC", "The AUC of single frames, where they are scored.", lambda e: e.score.frame_auc, "↑"
    ),
    Column("eer", "EER", "Error rate where both kinds of error are equal.", lambda e: e.score.eer, "↓"),
    Column("tpr_at_fpr_1", "TPR@1%", "Forged clips found at 1% false alarms.", lambda e: e.score.tpr_at_fpr_1, "↑"),
    Column("brier", "Brier", "Squared error of the score as a probability.", lambda e: e.score.brier, "↓"),
    Column("ece", "ECE", "Expected calibration error.", lambda e: e.score.ece, "↓"),
    Column("n_pristine", "pristine", "Pristine test clips.", lambda e: e.score.n_pristine),
    Column("n_forged", "forged", "Forged test clips.", lambda e: e.score.n_forged),
    Column("n_missing", "missing", "Clips without a score, counted as 0.5.", lambda e: e.score.n_missing),
)


def leaderboard(results: Results) -> list[Entry]:
    """Entries in reading order: real generators first, best AUC first; null rows and sanity detectors last."""
    speed = fastest(results)
    rows = [row for row in results.scores if is_main(row)]
    entries = [Entry(row, speed.get(row.test_on)) for row in rows]
    last = {name: i for i, name in enumerate(sanity(), 1)}
    generators = list(dict.fromkeys(row.test_on for row in rows))

    def place(entry: Entry) -> tuple[bool, int, int, float]:
        row = entry.score
        return row.test_on == NULL, generators.index(row.test_on), last.get(row.detector, 0), -row.auc

    return sorted(entries, key=place)


def fastest(results: Results) -> dict[str, SpeedRow]:
    """For each real generator, its measured row with the highest offline rate; null makes nothing, so it has none."""
    best: dict[str, SpeedRow] = {}
    for row in results.speed:
        if row.generator == NULL or row.setting:
            continue
        if row.generator not in best or row.fps_offline > best[row.generator].fps_offline:
            best[row.generator] = row
    return best


def best_detectors(results: Results) -> dict[str, Entry]:
    """For each real generator, the entry of the detector with the highest AUC, sanity rows left out.

    Portraits from outside the studio are left out too: their classes differ in more than the forgery.
    """
    best: dict[str, Entry] = {}
    for entry in leaderboard(results):
        if not entry.is_sanity and entry.score.protocol != OUTSIDE_PROTOCOL:
            best.setdefault(entry.score.test_on, entry)
    return best


def settings(results: Results) -> list[Entry]:
    """The best detector on each setting of a generator whose speed was measured, such as fewer steps of its sampler."""
    timed = {(row.generator, row.setting): row for row in results.speed if row.setting}
    best: dict[tuple[str, str], ScoreRow] = {}
    for row in further(results):
        key = row.test_on, row.condition
        if row.protocol == DOSE and key in timed and row.detector not in sanity():
            best[key] = max(best.get(key, row), row, key=lambda each: each.auc)
    return [Entry(row, timed[key]) for key, row in best.items()]


def tradeoffs(results: Results) -> list[str]:
    """What a faster generator pays in detectability, in words: neighbours in speed, slower one first."""
    timed = [entry for entry in (*best_detectors(results).values(), *settings(results)) if entry.fps is not None]
    timed.sort(key=lambda entry: entry.fps or 0)
    return [_tradeoff(slow, fast) for slow, fast in itertools.pairwise(timed)]


def _tradeoff(slower: Entry, faster: Entry) -> str:
    """One sentence on two generators; where the intervals overlap, no claim is made."""
    slow, fast, factor = slower.score, faster.score, (faster.fps or 0) / (slower.fps or 1)
    numbers = f"(best AUC {fast.auc:.3f} against {slow.auc:.3f})"
    ends = (slow.auc_low, slow.auc_high, fast.auc_low, fast.auc_high)
    low, high, fast_low, fast_high = (float("nan") if value is None else value for value in ends)
    if fast_low > high:
        verdict = f" and easier to tell {numbers}: speed is paid for"
    elif fast_high < low:
        verdict = f" and harder to tell {numbers}: better on both axes"
    elif None in ends:
        verdict = f"; there are too few people to say which is harder to tell {numbers}"
    else:
        verdict = f"; their intervals overlap {numbers}, so neither is shown to be harder to tell"
    pace = "as fast as" if f"{factor:.1f}" == "1.0" else f"{factor:.1f} times as fast as"
    return f"{faster.maker} is {pace} {slower.maker}{verdict}."


def shown(value: float | int | str | None, digits: int = 3) -> str:
    """A cell's text: `–` for nothing, fixed digits for fractions, the value itself otherwise.

    >>> shown(None), shown(0.51239), shown(7)
    ('–', '0.512', '7')
    """
    if value is None:
        return NOTHING
    return f"{value:.{digits}f}" if isinstance(value, float) else str(value)


def to_csv(results: Results) -> str:
    """Full-precision table with a header of column keys; nothing is an empty cell."""
    rows = [{column.key: column.value(entry) for column in COLUMNS} for entry in leaderboard(results)]
    out = io.StringIO()
    pd.DataFrame(rows, columns=[column.key for column in COLUMNS]).to_csv(out, index=False, lineterminator="\n")
    return out.getvalue()


def further_csv(results: Results) -> str:
    """Rows of further protocols in full precision, one a condition."""
    rows = [{**dataclasses.asdict(row), "train_on": "+".join(row.train_on)} for row in further(results)]
    return pd.DataFrame(rows).to_csv(index=False, lineterminator="\n")


def to_markdown(results: Results) -> str:
    """GitHub-flavoured table."""
    head = [f"{column.title}{' ' + column.better if column.better else ''}" for column in COLUMNS]
    rule = ["---" if column.key in ("detector", "test_on", "protocol") else "---:" for column in COLUMNS]
    lines = [head, rule, *([_escaped(cell, _MARKDOWN) for cell in row] for row in _cells(results))]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def to_latex(results: Results) -> str:
    """A `tabular` for booktabs."""
    head = " & ".join(_escaped(column.title, _LATEX) for column in COLUMNS)
    body = [" & ".join(_escaped(cell, _LATEX) for cell in row) + r" \\" for row in _cells(results)]
    return "\n".join(
        [
            rf"\begin{{tabular}}{{lll{'r' * (len(COLUMNS) - 3)}}}",
            r"\toprule",
            head + r" \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


def _cells(results: Results) -> list[list[str]]:
    return [[shown(column.value(entry), column.digits) for column in COLUMNS] for entry in leaderboard(results)]


_MARKDOWN: Final = {
    "|": r"\|",
    "<": "&lt;",
    ">": "&gt;",
    "&": "&amp;",
    "`": r"\`",
    "*": r"\*",
    "_": r"\_",
    "[": r"\[",
    "\n": " ",
}
_LATEX: Final = {
    "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}", "\\": r"\textbackslash{}", "–": "--", "\n": " ",
}  # fmt: skip


def _escaped(text: str, table: Mapping[str, str]) -> str:
    return "".join(table.get(character, character) for character in text)
