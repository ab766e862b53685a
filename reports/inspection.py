"""One sheet of evidence for one video: frames, scores, measured facts and curves."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.layout_engine import ConstrainedLayoutEngine

from tellbench.datasets.clip import Clip
from tellbench.datasets.files import atomic_path
from tellbench.datasets.video import probe, read_frames
from tellbench.detectors.base import Evidence, Plot
from tellbench.reports.figures import DASHES

_FRAMES: Final = 8
_WIDTH: Final = 13.0
_STRIP: Final = 1.9
_PLOT: Final = 2.3
_HEAD: Final = 0.95
"""Height of a detector's name and score bar, inches."""
_LINE_HEIGHT: Final = 0.17
_NARROW, _WIDE = 52, 180
"""Characters in a line of facts beside plots and without them."""
_COLOURS: Final = ("#1f5fa8", "#c2410c", "#00795a", "#8f3f97", "#a87400", "#4a5568")
_INK, _MUTED, _LINE = "#1b1d21", "#5c6068", "#dcdad3"
_STYLE: Final[dict[str, Any]] = {
    "text.parse_math": False,
    "font.size": 9,
    "text.color": _INK,
    "axes.edgecolor": _LINE,
    "axes.labelcolor": _MUTED,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": _LINE,
    "xtick.color": _MUTED,
    "ytick.color": _MUTED,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.3,
    "figure.facecolor": "white",
}


def draw_evidence(evidence: Sequence[Evidence], clip: Clip, out: Path) -> Path:
    """Draw what each detector found in one clip, and return `out`.

    The first row shows frames spread over the clip; then a row a detector: score, facts, plots and pictures.

    Args:
        evidence: one item a detector, in the order to draw.
        clip: what was inspected.
        out: PNG, SVG or PDF file, written atomically.

    Raises:
        InputError: the video cannot be read.
    """
    heights = [max(_PLOT * _rows(item), _HEAD + _LINE_HEIGHT * len(_lines(item))) for item in evidence]
    with rc_context(_STYLE):
        figure = Figure((_WIDTH, _STRIP + sum(heights) + 0.6), layout=ConstrainedLayoutEngine(hspace=0.06))
        grid = figure.add_gridspec(1 + len(heights), 1, height_ratios=[_STRIP, *heights])
        figure.suptitle(f"Evidence in {clip.path.name}", x=0.012, ha="left", fontsize=14, fontweight="bold")
        _draw_frames(figure, grid[0], clip.path)
        for row, (item, height) in enumerate(zip(evidence, heights, strict=True), 1):
            _draw_item(figure, grid[row], item, height)
        with atomic_path(out) as part:
            figure.savefig(part, dpi=110, metadata={"Date": None} if out.suffix == ".svg" else None)
    return out


def _draw_frames(figure: Figure, cell: SubplotSpec, video: Path) -> None:
    info = probe(video)
    indices = np.unique(np.linspace(0, info.n_frames - 1, _FRAMES).round().astype(int))
    inner = cell.subgridspec(1, _FRAMES)
    for column, (index, frame) in enumerate(zip(indices, read_frames(video, indices.tolist()), strict=True)):
        axes = figure.add_subplot(inner[0, column])
        axes.imshow(frame)
        axes.set_axis_off()
        axes.set_title(f"{index / info.fps:.1f} s", color=_MUTED, fontsize=8)


def _draw_item(figure: Figure, cell: SubplotSpec, item: Evidence, height: float) -> None:
    inner = cell.subgridspec(max(1, _rows(item)), 2, width_ratios=[1, 2.6])
    _draw_facts(figure.add_subplot(inner[:, 0] if item.plots else inner[:, :]), item, height)
    for row, plot in enumerate(item.plots):
        _draw_plot(figure.add_subplot(inner[row, 1]), plot)
    if item.pictures:
        places = inner[len(item.plots), 1].subgridspec(1, len(item.pictures))
        for column, picture in enumerate(item.pictures):
            axes = figure.add_subplot(places[0, column])
            axes.imshow(picture.pixels)
            axes.set_axis_off()
            axes.set_title(picture.title, color=_MUTED, fontsize=8)


def _rows(item: Evidence) -> int:
    """Rows of plots, and one of pictures where there are any."""
    return len(item.plots) + bool(item.pictures)


def _draw_facts(axes: Axes, item: Evidence, height: float) -> None:
    """Name, score on a bar from pristine to forged, facts as lines; `height` in inches."""
    axes.set_axis_off()
    axes.text(0, 1, item.detector, fontsize=12, fontweight="bold", va="top", transform=axes.transAxes)
    score = "no score" if item.score is None else f"score {item.score:.2f}"
    axes.text(1, 1, score, fontsize=10, va="top", ha="right", transform=axes.transAxes)
    gauge = axes.inset_axes((0.0, 1 - 0.42 / height, 1.0, 0.12 / height))
    gauge.set(xlim=(0, 1), ylim=(0, 1), xticks=[0, 1], xticklabels=["pristine", "forged"], yticks=[])
    gauge.tick_params(length=0, labelsize=7.5)
    gauge.get_xticklabels()[0].set_horizontalalignment("left")
    gauge.get_xticklabels()[1].set_horizontalalignment("right")
    gauge.barh(0.5, item.score or 0, height=1, color=_COLOURS[1] if (item.score or 0) >= 0.5 else _COLOURS[0])
    facts = "\n".join(_lines(item))
    axes.text(0, 1 - 0.72 / height, facts, va="top", fontsize=8.5, linespacing=1.45, transform=axes.transAxes)


def _draw_plot(axes: Axes, plot: Plot) -> None:
    for i, (name, values) in enumerate(plot.series.items()):
        axes.plot(plot.x, values, color=_COLOURS[i % 6], linestyle=DASHES[i % 6], label=name)
    for mark in plot.marks:
        axes.axvline(mark, color=_MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
    axes.set_title(plot.title)
    axes.set(xlabel=plot.x_label, ylabel=plot.y_label)
    axes.margins(x=0.01)
    axes.grid(axis="y")
    if len(plot.series) > 1:
        axes.legend(loc="lower right", bbox_to_anchor=(1, 0.98), borderaxespad=0, ncols=min(4, len(plot.series)))


def _lines(item: Evidence) -> list[str]:
    """Facts as lines that fit beside plots, or across the sheet where there are none."""
    width = _NARROW if item.plots else _WIDE
    facts = (f"{name}: {f'{value:.4g}' if isinstance(value, float) else value}" for name, value in item.facts.items())
    return [line for fact in facts for line in textwrap.wrap(fact, width, subsequent_indent="    ")]
