"""Figures of further protocols: AUC over a dose, or a row of marks for each condition."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes

from tellbench.eval.results import ScoreRow
from tellbench.reports.figures import (
    CARD,
    GUIDE,
    MUTED,
    SERIES,
    Looks,
    canvas,
    dashes,
    gid,
    mark,
    marker,
    note,
    said_auc,
    short,
    to_svg,
)
from tellbench.reports.protocols import Panel

_WIDE_RANGE: Final = 12.0
"""Largest dose over the smallest from which the axis is logarithmic."""
_WIDTH: Final = 4.0
MOST: Final = 6
"""Detectors in one figure: as many as there are colours."""
_MOST_BANDS: Final = 3
"""Detectors in one figure whose intervals are drawn as bands: more hide each other."""
_SPREAD: Final = 0.5
"""Of the distance between two conditions, what the marks of several detectors take up."""


def draw(panel: Panel, looks: Looks) -> str:
    """One panel as SVG: curves with bands of intervals where there are doses, marks with intervals elsewhere."""
    names = sorted({row.detector for row in panel.rows}, key=lambda name: looks.get(name, 0))[:MOST]
    panel = dataclasses.replace(panel, rows=tuple(row for row in panel.rows if row.detector in names))
    places = list(dict.fromkeys(map(panel.place, panel.rows)))
    height = 3.4 if panel.is_curve else 1.3 + 0.42 * len(places)
    with canvas(_WIDTH, height) as figure:
        axes = figure.add_subplot()
        (_curves if panel.is_curve else _marks)(axes, panel, names, looks)
        figure.legend(
            handles=[mark(looks.get(name, 0), short(name)) for name in names],
            loc="outside lower center",
            ncols=min(4, len(names)),
        )
        said = "; ".join(f"{row.detector} at {panel.place(row)}: AUC {row.auc:.3f}" for row in panel.rows)
        return to_svg(figure, f"{panel.protocol} {panel.test_on} {panel.quantity}", panel.title, f"{said}.")


def _curves(axes: Axes, panel: Panel, names: list[str], looks: Looks) -> None:
    axes.axhline(0.5, color=MUTED, linewidth=1, linestyle=GUIDE)
    for name in names:
        rows = sorted((row for row in panel.rows if row.detector == name), key=lambda row: row.dose or 0.0)
        look, x = looks.get(name, 0), [row.dose or 0.0 for row in rows]
        if len(names) <= _MOST_BANDS:
            low, high = zip(*map(_ends, rows), strict=True)
            axes.fill_between(x, low, high, color=SERIES[look % 6], alpha=0.13, linewidth=0, gid=gid(look, "band"))
        axes.plot(x, [row.auc for row in rows], gid=gid(look, "curve"), **dashes(look))
        axes.plot(x, [row.auc for row in rows], gid=gid(look, "marks"), **_dots(look))
        for row in rows:
            note(axes, row.dose or 0.0, row.auc, look, _said(panel, row))
    doses = np.array(sorted({row.dose for row in panel.rows if row.dose is not None}))
    if doses[0] > 0 and doses[-1] / doses[0] >= _WIDE_RANGE:
        axes.set_xscale("log")
        axes.set_xticks(doses, [f"{dose:g}" for dose in doses])
        axes.set_xticks([], minor=True)
    axes.set_ylim(min(0.4, *(_ends(row)[0] for row in panel.rows)) - 0.03, 1.04)
    axes.set_xlabel(panel.varied)
    axes.set_ylabel("AUC")
    axes.grid(axis="y")


def _marks(axes: Axes, panel: Panel, names: list[str], looks: Looks) -> None:
    places = list(dict.fromkeys(map(panel.place, panel.rows)))
    axes.axvline(0.5, color=MUTED, linewidth=1, linestyle=GUIDE)
    for i, name in enumerate(names):
        look = looks.get(name, 0)
        off = _SPREAD * ((i + 0.5) / len(names) - 0.5)
        for row in (row for row in panel.rows if row.detector == name):
            at = places.index(panel.place(row)) + off
            axes.hlines(at, *_ends(row), color=SERIES[look % 6], linewidth=1.8, alpha=0.6, gid=gid(look, "interval"))
            axes.plot(row.auc, at, gid=gid(look, "point"), **_dots(look))
            note(axes, row.auc, at, look, _said(panel, row))
    axes.set_yticks(range(len(places)), [short(place) for place in places])
    axes.set_ylim(len(places) - 0.5, -0.5)
    axes.set_xlim(min(0.4, *(_ends(row)[0] for row in panel.rows)) - 0.03, 1.03)
    axes.set_xlabel("AUC")
    axes.grid(axis="x")


def _said(panel: Panel, row: ScoreRow) -> str:
    """A row in words."""
    quantity = f"{panel.varied} " if panel.varied else ""
    return f"{row.detector}, {quantity}{panel.place(row)}: {said_auc(row)}"


def _dots(look: int) -> dict[str, Any]:
    style = {"marker": marker(look), "markersize": 7, "markeredgecolor": CARD, "linestyle": "none"}
    return {"color": SERIES[look % 6], **style}


def _ends(row: ScoreRow) -> tuple[float, float]:
    """The interval, or the AUC itself where there is none."""
    return (row.auc if row.auc_low is None else row.auc_low), (row.auc if row.auc_high is None else row.auc_high)
