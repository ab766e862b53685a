"""The leaderboard for a terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from tellbench.eval.results import Results
from tellbench.reports.checks import findings
from tellbench.reports.tables import COLUMNS, Column, Entry, leaderboard, shown

_SHOWN = ("detector", "test_on", "auc", "fps", "eer", "tpr_at_fpr_1")
"""Columns for which a terminal of 80 characters has room; page and files have them all."""


def leaderboard_table(results: Results) -> Table:
    """The leaderboard, AUC with its interval beside fps; sanity rows dimmed, alarms and cautions in the caption."""
    columns = [column for column in COLUMNS if column.key in _SHOWN]
    table = Table(title=f"Leaderboard{f': {results.suite}' if results.suite else ''}", caption=_caption(results))
    table.title = Text(str(table.title))  # text from a run is never read as markup
    for column in columns:
        text = column.key in ("detector", "test_on")
        table.add_column(
            f"{column.title} {column.better}".strip(), justify="left" if text else "right", no_wrap=not text
        )
    for entry in leaderboard(results):
        cells = [Text(_cell(column, entry)) for column in columns]
        table.add_row(*cells, style="dim" if entry.is_sanity else None)
    return table


def _cell(column: Column, entry: Entry) -> str:
    value = shown(column.value(entry), column.digits)
    if column.key != "auc" or entry.score.auc_low is None:
        return value
    return f"{value} [{entry.score.auc_low:.2f}–{entry.score.auc_high:.2f}]"


def _caption(results: Results) -> Text:
    caption = Text("brackets: 95% interval over people; fps: the generator's speed, offline", style="dim")
    for finding in findings(results):
        style = "bold red" if finding.level == "alarm" else "yellow"
        caption.append(f"\n{finding.text}", style=style)
    return caption
