"""Curves over time as plain vector paths: light enough for every clip of a gallery, and a playhead can run over them.

A chart is stretched over whatever room the page has; its labels stay text of the page, so that they are readable on a
phone. Everything is in per cent of the chart's box, from the left and from the bottom.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.ticker import MaxNLocator

Floats = npt.NDArray[np.float64]
Tick = tuple[float, str]
"""A place in per cent, and what is written there."""

_MARGIN: Final = 0.06
"""Of the range of values, left free above and below."""
_NEWS: Final = 1e-3
"""Share of a value below which differences are not drawn large: saturated scores of .999999 are all the same."""


@dataclasses.dataclass(frozen=True)
class Curve:
    """One line of a chart."""

    name: str
    path: str
    """`d` of an SVG path in a box of 100 x 100, y down; broken where values are unknown."""
    kind: str
    """Class of the style sheet: `pristine`, `forged`, or `series-0` and so on."""


@dataclasses.dataclass(frozen=True)
class Mark:
    """A place on the x axis worth a line."""

    at: float
    """Per cent of the width."""
    kind: str = ""


@dataclasses.dataclass(frozen=True)
class Chart:
    """What a template needs to draw one set of curves."""

    title: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
    marks: tuple[Mark, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    start: float
    """x at the left edge."""
    end: float
    words: str
    """What a reader who cannot see it is told."""

    @property
    def over_time(self) -> bool:
        """Whether a playhead makes sense."""
        return self.x_label.startswith("time")


def chart(
    title: str,
    x_label: str,
    y_label: str,
    curves: Mapping[str, tuple[Floats, Floats]],
    *,
    kinds: Sequence[str] = (),
    marks: Mapping[str, Sequence[float]] | None = None,
    words: str = "",
) -> Chart:
    """Lay out curves in one box.

    Args:
        title: what is shown.
        x_label: name and unit of x.
        y_label: name and unit of y.
        curves: name to x and y of the same length; NaN in y where unknown.
        kinds: class of each curve; by default numbered series.
        marks: class to places on the x axis.
        words: description for those who cannot see it; by default the range of every curve.
    """
    x_low, x_high = _limits([x for x, _ in curves.values()], 0)
    y_low, y_high = _limits([y for _, y in curves.values()], _MARGIN)
    named = [*kinds, *(f"series-{i % 6}" for i in range(len(kinds), len(curves)))]
    drawn = tuple(
        Curve(name, _path(_share(x, x_low, x_high), 100 - _share(y, y_low, y_high)), kind)
        for (name, (x, y)), kind in zip(curves.items(), named, strict=True)
    )
    lines = tuple(
        Mark(float(_share(at, x_low, x_high)), kind) for kind, places in (marks or {}).items() for at in places
    )
    ticks = (_ticks(x_low, x_high, 7), _ticks(y_low, y_high, 3))
    said = words or "; ".join(_said(name, y) for name, (_, y) in curves.items())
    return Chart(title, x_label, y_label, drawn, lines, *ticks, x_low, x_high, f"{title}: {said}.")


def _limits(values: Sequence[Floats], margin: float) -> tuple[float, float]:
    """Range of everything known, never empty."""
    known = np.concatenate([np.asarray(v, float)[np.isfinite(v)] for v in values] or [np.zeros(0)])
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    least = _NEWS * max(abs(low), abs(high), 1e-3)
    if high - low < least:
        low, high = (low + high - least) / 2, (low + high + least) / 2
    gap = margin * (high - low)
    return low - gap, high + gap


def _share(values: npt.ArrayLike, low: float, high: float) -> Floats:
    return 100 * (np.asarray(values, float) - low) / (high - low)


def _path(x: Floats, y: Floats) -> str:
    """Line segments through the known points; a point alone between unknown ones is not seen."""
    parts, pen = [], "M"
    for across, down in zip(x.tolist(), y.tolist(), strict=True):
        if down != down:
            pen = "M"
            continue
        parts.append(f"{pen}{across:.2f} {down:.1f}")
        pen = "L"
    return "".join(parts)


def _ticks(low: float, high: float, most: int) -> tuple[Tick, ...]:
    """Round numbers within the limits."""
    places = np.asarray(MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))
    return tuple((float(_share(p, low, high)), f"{p:.6g}") for p in places.round(9) + 0.0 if low <= p <= high)


def _said(name: str, y: Floats) -> str:
    known = np.asarray(y, float)[np.isfinite(y)]
    return f"{name} from {known.min():.3g} to {known.max():.3g}" if known.size else f"{name} unknown"
