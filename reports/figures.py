"""Figures as inline SVG: matplotlib draws, the page's style sheet colours, so that dark mode and print follow.

Text in figures may come from a user (detector names): mathtext is off and everything is XML-escaped by matplotlib.
"""

from __future__ import annotations

import html
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tellbench.eval.metrics import RocCurve, auc, aurc, reliability, risk_coverage, roc_curve
from tellbench.eval.results import ScoreRow
from tellbench.eval.rows import MISSING
from tellbench.reports.tables import Entry

_STAND_INS: Final = {
    "#010203": "var(--ink)",
    "#020304": "var(--muted)",
    "#030405": "var(--line)",
    "#040506": "var(--card)",
    "#050607": "var(--pristine)",
    "#060708": "var(--forged)",
    **{f"#1{i}2131": f"var(--series-{i})" for i in range(6)},
}
"""Colours drawn by matplotlib, and the style sheet's variables that take their place."""
INK, MUTED, LINE, CARD, PRISTINE, FORGED, *SERIES = _STAND_INS
DASHES: Final = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)), (0, (3, 1, 1, 1, 1, 1)), (0, (8, 3)))
"""Line styles beside colours, so that no figure depends on colour alone."""
MARKERS: Final = "osD^vPX*<>"
REAL_TIME: Final = 25.0
"""Frames a second of the clips: a faster generator can run live."""

GUIDE: Final = (0, (4, 3))
_DECADES: Final = 30.0
"""Range of speeds from which three ticks a decade are enough."""
_LETTER: Final = 0.0175
"""Width of a bold letter, in widths of the speed axis (measured on names of ten and more letters, rounded up)."""
_DODGE: Final = 0.07
"""Share of the speed axis over which the small marks of one generator are spread: they shall not hide each other."""
_GID: Final = "series-"
_NOTE: Final = "note-"
_MOST_CORNERS: Final = 12
"""Values told along one ROC curve."""
_SMALL: Final = (4.0, 4.5)
"""Size in inches of the figures that stand three in a row."""
_STYLE: Final[dict[str, Any]] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 10,
    "text.color": INK,
    "axes.facecolor": "none",
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "legend.handlelength": 1.7,
    "legend.handletextpad": 0.5,
    "legend.columnspacing": 1.2,
    "lines.linewidth": 1.8,
}


Looks = Mapping[str, int]
"""Detector to its number in the run, which fixes its colour, dashes and marker on every figure of a page."""


def pareto(entries: Sequence[Entry], best: Sequence[Entry], looks: Looks) -> str:
    """Detectability against speed: each generator's best detector with intervals on both axes, the others small.

    Args:
        entries: what to draw; those without a speed are left out.
        best: each generator's best detector, drawn large and with its intervals, as it says how detectable the
            generator is. A line joins those that no other beats on both axes.
        looks: number of each detector.
    """
    timed = [entry for entry in entries if entry.fps is not None]
    detectors = list(dict.fromkeys(entry.score.detector for entry in timed))
    with canvas(6.6, 4.3) as figure:
        axes = figure.add_subplot()
        left, right = _fps_limits([entry.fps or 1 for entry in timed])
        for entry in sorted(timed, key=lambda each: each in best):
            place = 0.0 if entry in best else detectors.index(entry.score.detector) / len(detectors) - 0.5
            _pareto_point(axes, entry, looks[entry.score.detector], (right / left) ** (_DODGE * place), entry in best)
        _pareto_front(axes, best)
        _pareto_frame(axes, timed)
        handles = [mark(looks[name], short(name)) for name in detectors]
        figure.legend(handles=handles, loc="outside lower center", ncols=min(5, max(1, len(detectors))))
        return to_svg(figure, "pareto", "Detectability against generation speed", _pareto_words(timed))


def undominated(best: Sequence[Entry]) -> list[Entry]:
    """The entries that no other beats on both axes, slowest first: faster and harder to tell."""
    kept = [
        one
        for one in best
        if not any(
            (other.fps or 0) >= (one.fps or 0)
            and other.score.auc <= one.score.auc
            and (other.fps, other.score.auc) != (one.fps, one.score.auc)
            for other in best
        )
    ]
    return sorted(kept, key=lambda entry: entry.fps or 0)


def _pareto_point(axes: Axes, entry: Entry, look: int, apart: float, is_best: bool) -> None:
    """One detector on one generator: large with both intervals where it is the best, else small and a little aside."""
    fps, row, colour = apart * (entry.fps or 0), entry.score, SERIES[look % 6]
    if is_best:
        bars: dict[str, Any] = {"color": colour, "linewidth": 1.8, "alpha": 0.7}
        axes.vlines(fps, *_ends(entry), **bars).set_gid(gid(look, "interval"))
        if entry.speed is not None and entry.speed.fps_offline_low is not None:
            ends = (entry.speed.fps_offline_low, entry.speed.fps_offline_high or 0)
            axes.hlines(row.auc, *ends, **bars).set_gid(gid(look, "repeats"))
    (point,) = axes.plot(
        fps, row.auc, color=colour, marker=marker(look), markeredgecolor=CARD, zorder=4 if is_best else 3,
        linestyle="none", markersize=11 if is_best else 6, alpha=1 if is_best else 0.6,
    )  # fmt: skip
    point.set_gid(gid(look, "point"))
    note(axes, fps, row.auc, look, f"{row.detector} on {entry.maker}: {said_auc(row)}; {entry.fps or 0:.1f} fps")


def _pareto_front(axes: Axes, best: Sequence[Entry]) -> None:
    """A line along the generators that are worth their price."""
    front = undominated([entry for entry in best if entry.fps is not None])
    if len(front) > 1:
        axes.plot(
            [entry.fps or 0 for entry in front], [entry.score.auc for entry in front],
            color=MUTED, linewidth=1.2, zorder=2,
        )  # fmt: skip


def _pareto_frame(axes: Axes, timed: Sequence[Entry]) -> None:
    """Limits, guide lines, names of generators and axes."""
    axes.axhline(0.5, color=MUTED, linewidth=1, linestyle=GUIDE)
    axes.axvline(REAL_TIME, color=MUTED, linewidth=1, linestyle=GUIDE)
    low = min([0.4, *(_ends(entry)[0] for entry in timed)])
    axes.set_xscale("log")
    axes.set_xlim(*_fps_limits([entry.fps or 1 for entry in timed]))
    axes.set_ylim(low - 0.03, 1.05)
    axes.set_yticks([tick / 10 for tick in range(11) if tick / 10 >= low - 0.03])
    _plain_log_ticks(axes)
    for maker, at, line in _lines({entry.maker: entry.fps or 0 for entry in timed}, axes.get_xlim()):
        axes.annotate(
            maker, (at, 1), xycoords=("data", "axes fraction"), xytext=(0, 3 + 13 * line),
            textcoords="offset points", ha="center", va="bottom", fontweight="bold",
        )  # fmt: skip
    right = axes.get_xlim()[1]
    axes.text(right, 0.505, "guessing", color=MUTED, fontsize=8.5, ha="right", va="bottom")
    axes.text(REAL_TIME * 1.02, low - 0.02, "real time, 25 fps", color=MUTED, fontsize=8.5, va="bottom")
    axes.set_xlabel("generator speed, frames a second (log scale): further right is faster")
    axes.set_ylabel("AUC: lower is harder to detect")
    axes.grid(axis="y")


def _lines(makers: Mapping[str, float], limits: tuple[float, float]) -> Iterator[tuple[str, float, int]]:
    """Names of generators with their fps and the lowest line above the axes where they touch no other name."""
    left, right = map(math.log, limits)
    ends: list[float] = []
    for maker, at in sorted(makers.items(), key=lambda item: item[1]):
        place, half = (math.log(at) - left) / (right - left), len(short(maker)) * _LETTER / 2
        line = next((i for i, end in enumerate(ends) if place - half > end), len(ends))
        ends[line:] = [place + half, *ends[line + 1 :]]
        yield short(maker), at, line


def roc(clips: pd.DataFrame, detectors: Sequence[str], generator: str, looks: Looks) -> str:
    """ROC curves of detectors on one generator."""
    y, scores = _view(clips, detectors, generator)
    with canvas(*_SMALL) as figure:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=GUIDE)
        for name in detectors:
            curve = roc_curve(y, scores[name])
            label = f"{short(name)}  {auc(y, scores[name]):.3f}"
            axes.plot(curve.fpr, curve.tpr, label=label, gid=gid(looks[name], "roc"), **dashes(looks[name]))
            for fpr, tpr, threshold in _corners(curve):
                said = f"{name}, forged from {threshold:.2f}: {tpr:.0%} found, {fpr:.0%} false alarms"
                note(axes, fpr, tpr, looks[name], said)
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
        axes.set_xlabel("pristine clips wrongly called forged")
        axes.set_ylabel("forged clips found")
        axes.grid()
        figure.legend(loc="outside lower center", ncols=2)
        said = ", ".join(f"{name} {auc(y, scores[name]):.3f}" for name in detectors)
        return to_svg(figure, f"roc-{generator}", f"ROC curves on {generator}", f"Area under each curve: {said}.")


def distributions(clips: pd.DataFrame, detectors: Sequence[str], generator: str) -> str:
    """Mirrored histograms of scores, a row a detector: pristine clips above the line, forged below."""
    y, scores = _view(clips, detectors, generator)
    edges = np.linspace(0, 1, 26)
    with canvas(_SMALL[0], max(_SMALL[1], 1.0 + 0.7 * len(detectors))) as figure:
        rows = figure.subplots(len(detectors), 1, sharex=True, squeeze=False)[:, 0]
        for axes, name in zip(rows, detectors, strict=True):
            for label, colour, sign in ((0, PRISTINE, 1), (1, FORGED, -1)):
                share = np.histogram(scores[name][y == label], edges)[0] / max(1, (y == label).sum())
                axes.stairs(sign * share, edges, fill=True, color=colour, alpha=0.9)
            reach = max(abs(limit) for limit in axes.get_ylim())
            axes.set(ylim=(-reach, reach), yticks=[], xlim=(0, 1))
            axes.axhline(0, color=MUTED, linewidth=0.8)
            axes.spines[["left", "bottom"]].set_visible(False)
            axes.set_title(short(name), loc="left", fontsize=9.5, pad=2)
        rows[-1].set_xlabel("score: 0 = surely pristine, 1 = surely forged")
        figure.legend(
            handles=[_patch(PRISTINE, "pristine, upwards"), _patch(FORGED, "forged, downwards")],
            loc="outside lower center",
            ncols=2,
        )
        middle = {name: [np.median(scores[name][y == label]) for label in (0, 1)] for name in detectors}
        said = "; ".join(
            f"{name}: median {pristine:.2f} pristine, {forged:.2f} forged"
            for name, (pristine, forged) in middle.items()
        )
        return to_svg(figure, f"scores-{generator}", f"Scores of each clip, {generator}", said + ".")


def calibration(clips: pd.DataFrame, detectors: Sequence[str], generator: str, looks: Looks) -> str:
    """Reliability diagram: share of forged clips among those with about the same score."""
    y, scores = _view(clips, detectors, generator)
    with canvas(*_SMALL) as figure:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=GUIDE)
        for name in detectors:
            look = looks[name]
            stated, observed, count = reliability(y, scores[name])
            axes.plot(stated, observed, linewidth=1.3, label=short(name), gid=gid(look, "line"), **dashes(look))
            for given, share, n in zip(stated, observed, count, strict=True):
                note(axes, given, share, look, f"{name}, score about {given:.2f}: {share:.0%} of {n} clips are forged")
            sizes, colour = 8 + 90 * count / len(y), SERIES[look % 6]
            axes.scatter(stated, observed, s=sizes, color=colour, marker=marker(look), gid=gid(look, "marks"))
        axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
        axes.set_xlabel("score given")
        axes.set_ylabel("share that is forged")
        axes.grid()
        figure.legend(loc="outside lower center", ncols=2)
        said = "On the diagonal a score of 0.8 means 8 forged clips in 10. Larger marks hold more clips."
        return to_svg(figure, f"calibration-{generator}", f"Calibration on {generator}", said)


def risk(clips: pd.DataFrame, detectors: Sequence[str], generator: str, looks: Looks) -> str:
    """Risk-coverage: share of wrong calls when only the clips that a detector is surest of are answered."""
    y, scores = _view(clips, detectors, generator)
    with canvas(*_SMALL) as figure:
        axes = figure.add_subplot()
        for name in detectors:
            curve = risk_coverage(y, scores[name])
            label = f"{short(name)}  {aurc(y, scores[name]):.3f}"
            axes.plot(curve.coverage, curve.risk, label=label, gid=gid(looks[name], "risk"), **dashes(looks[name]))
            for share in (0.25, 0.5, 0.75, 1.0):
                at = int(np.searchsorted(curve.coverage, share - 1e-9))
                said = f"{name}, surest {curve.coverage[at]:.0%} answered: {curve.risk[at]:.0%} wrong"
                note(axes, curve.coverage[at], curve.risk[at], looks[name], said)
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 0.61))
        axes.set_xlabel("share of clips answered, surest first")
        axes.set_ylabel("share of wrong calls among them")
        axes.grid()
        figure.legend(loc="outside lower center", ncols=2)
        said = ", ".join(f"{name} {aurc(y, scores[name]):.3f}" for name in detectors)
        return to_svg(figure, f"risk-{generator}", f"Errors over clips answered, {generator}", f"Mean error: {said}.")


@contextmanager
def canvas(width: float, height: float) -> Iterator[Figure]:
    """A figure of a size in inches, in the house style, without touching pyplot's state."""
    with rc_context(_STYLE):
        yield Figure((width, height), layout="constrained")


def to_svg(figure: Figure, name: str, title: str, description: str) -> str:
    """Serialise for inlining: unique ids, themed colours, a title and a description for screen readers."""
    out = io.StringIO()
    with rc_context({"svg.hashsalt": name}):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    body = out.getvalue()
    body = body[body.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    key = "f" + "".join(c if c.isalnum() else f"-{ord(c):x}-" for c in name)
    body = re.sub(rf'\bid="{_GID}(\d+)\.\w+"', r'data-series="\1"', body)
    notes = rf'<g id="{_NOTE}(\d+)\|([^"]*)">'
    told = r'<g data-series="\1" class="note" role="img" aria-label="\2"><title>\2</title>'
    body, n_notes = re.subn(notes, told, body)
    body = re.sub(r'\bid="', f'id="{key}-', body)
    body = re.sub(r'(href="#|url\(#)', rf"\g<1>{key}-", body)
    for stand_in, variable in _STAND_INS.items():
        body = body.replace(stand_in, variable)
    words = f"<title>{html.escape(title)}</title><desc>{html.escape(description)}</desc>"
    head = re.sub(r' (width|height)="[^"]*pt"', "", body[: body.index(">")])
    role, label = "group" if n_notes else "img", html.escape(f"{title}. {description}")
    return f'{head} role="{role}" aria-label="{label}">{words}{body[body.index(">") + 1 :]}'


def _view(
    clips: pd.DataFrame, detectors: Sequence[str], generator: str
) -> tuple[npt.NDArray[np.int_], dict[str, npt.NDArray[np.float64]]]:
    """Labels and scores of pristine clips and one generator's; a missing score is 0.5, as in the metrics."""
    rows = clips[(clips["label"] == 0) | (clips["generator"] == generator)]
    scores = {name: rows[name].fillna(MISSING).to_numpy(np.float64) for name in detectors}
    return rows["label"].to_numpy(int), scores


def _corners(curve: RocCurve) -> list[tuple[float, float, float]]:
    """False alarms, found and threshold at places spread over a curve, the ends left out."""
    inner = np.arange(1, len(curve.fpr) - 1)
    chosen = np.unique(inner[np.linspace(0, len(inner) - 1, min(_MOST_CORNERS, len(inner))).round().astype(int)])
    return [(float(curve.fpr[i]), float(curve.tpr[i]), float(curve.thresholds[i])) for i in chosen]


def _ends(entry: Entry) -> tuple[float, float]:
    row = entry.score
    return (row.auc if row.auc_low is None else row.auc_low), (row.auc if row.auc_high is None else row.auc_high)


def _fps_limits(fps: Sequence[float]) -> tuple[float, float]:
    return min([REAL_TIME, *fps]) / 2.2, max([REAL_TIME, *fps]) * 2.2


def _plain_log_ticks(axes: Axes) -> None:
    """1, 2, 5, 10, … within the limits, or finer steps where they span little, written as plain numbers."""
    low, high = axes.get_xlim()
    steps = (1, 2, 5) if high / low > _DECADES else (1, 1.5, 2, 3, 4, 5, 7)
    ticks = [m * 10.0**e for e in range(-3, 6) for m in steps if low <= m * 10.0**e <= high]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)


def short(name: str) -> str:
    """A name that fits into a figure; the whole one stands in the table."""
    return name if len(name) <= 24 else name[:23] + "…"


def dashes(look: int) -> dict[str, Any]:
    """Colour and dashes of a detector; the pair is its own for the first 36."""
    return {"color": SERIES[look % 6], "linestyle": DASHES[(look + look // 6) % 6]}


def marker(look: int) -> str:
    """Marker of a detector."""
    return MARKERS[look % len(MARKERS)]


def gid(look: int, part: str) -> str:
    """Name of a detector's part of a figure, by which the page shows and hides it."""
    return f"{_GID}{look}.{part}"


def note(axes: Axes, x: float, y: float, look: int, text: str) -> None:
    """An unseen mark in a figure that tells its value where it is pointed at, or reached by keyboard."""
    (unseen,) = axes.plot(x, y, marker="o", markersize=11, linestyle="none", color=MUTED, alpha=0, zorder=9)
    unseen.set_gid(f"{_NOTE}{look}|{text}")


def said_auc(row: ScoreRow) -> str:
    """The AUC of a row and its interval in words."""
    if row.auc_low is None or row.auc_high is None:
        return f"AUC {row.auc:.3f}, no interval"
    return f"AUC {row.auc:.3f}, 95% interval {row.auc_low:.3f} to {row.auc_high:.3f}"


def mark(look: int, label: str) -> Any:
    """A detector's entry in a legend."""
    from matplotlib.lines import Line2D

    style: dict[str, Any] = {"marker": marker(look), "markersize": 8, "markeredgecolor": CARD, "linestyle": "none"}
    return Line2D([], [], color=SERIES[look % 6], label=label, **style)


def _patch(colour: str, label: str) -> Any:
    from matplotlib.patches import Patch

    return Patch(color=colour, label=label)


def _pareto_words(timed: Sequence[Entry]) -> str:
    said = [f"{e.score.detector} on {e.maker}: AUC {e.score.auc:.3f} at {e.fps:.1f} fps" for e in timed]
    return "; ".join(said) + "."
