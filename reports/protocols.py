"""Rows of a run sorted into the leaderboard's and those of further protocols, and the panels these are drawn in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

from tellbench.eval.results import Results, ScoreRow
from tellbench.eval.rows import NULL, OUTSIDE_PROTOCOL

LEADERBOARD: Final = ("within-generator", "unseen-generator", NULL, OUTSIDE_PROTOCOL)
"""Protocols of the leaderboard: the corpus as it is, every generator once."""
KNOWN: Final[Mapping[str, tuple[str, str]]] = {
    "laundered": ("After laundering", "Both classes were compressed, resized or otherwise worn in the same way."),
    "dose-response": ("Dose and response", "One dial of the generator is turned, and nothing else."),
    "clip-length": ("Clip length", "The same clips, cut to a length."),
    "sampler-steps": ("Sampler steps", "The same generator with fewer or more steps of its sampler."),
    "group-fairness": ("Groups of people", "The same clips, one group of people at a time."),
    "leave-one-generator-out": ("Unseen generators", "Trained on every generator but the one tested."),
    "leave-one-identity-out": ("Unseen people", "Trained on everybody but the person tested."),
}
"""Title and explanation of protocols that this version knows; others are drawn under their own name."""


@dataclasses.dataclass(frozen=True)
class Panel:
    """Rows that belong into one figure."""

    protocol: str
    test_on: str
    """Empty where the generators are what is compared."""
    quantity: str
    """What was varied: the condition's part before `=`; empty where the generators are."""
    rows: tuple[ScoreRow, ...]

    @property
    def is_curve(self) -> bool:
        """Whether every row has a number to stand over, and they differ."""
        return all(row.dose is not None for row in self.rows) and len({row.dose for row in self.rows}) > 1

    @property
    def title(self) -> str:
        """What is shown, in short."""
        return f"{self.varied} on {self.test_on}" if self.test_on else self.protocol

    @property
    def varied(self) -> str:
        """What was varied, in words; empty where the generators are."""
        return "seconds" if self.quantity == "cut" else self.quantity.replace("_", " ")

    def place(self, row: ScoreRow) -> str:
        """Name of a row's place on the axis."""
        return row.condition.partition("=")[2] or row.condition if self.test_on else row.test_on


def is_main(row: ScoreRow) -> bool:
    """Whether a row belongs to the leaderboard."""
    return not row.condition and row.protocol in LEADERBOARD


def leaderboard_only(results: Results) -> Results:
    """The results without rows of further protocols."""
    return dataclasses.replace(results, scores=tuple(filter(is_main, results.scores)))


def further(results: Results) -> list[ScoreRow]:
    """Rows of further protocols."""
    return [row for row in results.scores if not is_main(row)]


def panels(results: Results, left_out: tuple[str, ...]) -> dict[str, list[Panel]]:
    """Protocol to its panels, in the order of the rows.

    Args:
        results: of the run.
        left_out: detectors that are not drawn.
    """
    grouped: dict[tuple[str, str, str], list[ScoreRow]] = {}
    for row in further(results):
        if row.detector not in left_out:
            quantity = row.condition.partition("=")[0]
            grouped.setdefault((row.protocol, row.test_on if quantity else "", quantity), []).append(row)
    found: dict[str, list[Panel]] = {}
    for (protocol, test_on, quantity), rows in grouped.items():
        found.setdefault(protocol, []).append(Panel(protocol, test_on, quantity, tuple(rows)))
    return found


def in_words(panel: Panel, results: Results) -> str:
    """Where detection is lowest, and what the same detector reaches on the leaderboard."""
    worst = min(panel.rows, key=lambda row: row.auc)
    usual = next(
        (r.auc for r in results.scores if is_main(r) and (r.detector, r.test_on) == (worst.detector, worst.test_on)),
        None,
    )
    beside = "" if usual is None else f"; {usual:.3f} on the leaderboard"
    quantity = f"{panel.varied} " if panel.varied else ""
    return f"Lowest: {worst.detector} at {quantity}{panel.place(worst)}, AUC {worst.auc:.3f}{beside}."


def heading(protocol: str) -> tuple[str, str]:
    """Title and explanation of a protocol.

    >>> heading("some-new-one")
    ('Some new one', '')
    """
    return KNOWN.get(protocol, (protocol.replace("-", " ").capitalize(), ""))
