"""The terminal table holds the leaderboard and never reads names as markup."""

from __future__ import annotations

import dataclasses

from rich.console import Console

from tellbench.eval.results import Results
from tellbench.reports.terminal import leaderboard_table


def printed(results, width=110):
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(leaderboard_table(results))
    return console.export_text()


def test_rows_and_intervals(run):
    results = Results.read(run)
    text = printed(results)
    row = next(r for r in results.scores if (r.detector, r.test_on) == ("cnn:resnet18", "meshwarp"))
    line = next(line for line in text.splitlines() if "cnn:resnet18" in line and "meshwarp" in line)
    assert f"{row.auc:.3f} [{row.auc_low:.2f}–{row.auc_high:.2f}]" in line
    assert "31.2" in line
    assert "each counts as 0.5" in " ".join(text.split())


def test_names_are_whole_in_a_usual_terminal(run):
    results = Results.read(run)
    lines = printed(results, 80).splitlines()
    names = {(row.detector, row.test_on) for row in results.scores if row.test_on in ("meshwarp", "null")}
    assert all(any(one in line and other in line for line in lines) for one, other in names)


def test_markup_in_names_is_text(run):
    results = Results.read(run)
    rows = tuple(dataclasses.replace(r, detector="[red]x[/nonsense]") for r in results.scores)
    assert "[red]x[/nonsense]" in printed(dataclasses.replace(results, suite="[bold", scores=rows), 140)


def test_without_interval(run):
    results = Results.read(run)
    rows = tuple(dataclasses.replace(r, auc_low=None, auc_high=None) for r in results.scores)
    assert "[" not in printed(dataclasses.replace(results, scores=rows)).split("brackets")[0]
