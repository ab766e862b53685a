"""The census as a Markdown table: simulated against published."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from tellbench.datasets.studio.behaviour.census import Person
from tellbench.datasets.studio.behaviour.published import QUANTITIES, TOLERANCE, Quantity

_RESAMPLES = 1000
_HEADER = """# How the studio's people behave

Made by `{command}`: {people} people, {minutes:g} minutes each, half of them talking and half listening. Do not edit.

Behaviour is simulated at 100 Hz and measured on those tracks as an observer would, with thresholds on the curves, so
times are good to about 10 ms. Only the states of gaze, the sizes and directions of gaze shifts, and microsaccades are
read from the plan. *Simulated* is the mean over people, or what the row says, with a 95% interval from {resamples}
resamples of people. *Inside* says whether it lies in the *range*; "interval": only its interval reaches there.

The range is the published one; a single published number stands for itself give or take {tolerance:.0%}; where a source
gives words only, or is close to certainty, the range is our reading of it. Much of this was set from these very
sources, and tuned on other people than these where it came out wrong: the table shows that the parts together still do
what each was meant to, not that the literature is right. The modules of `datasets/studio/behaviour` name all sources.

| | Quantity | Simulated | 95% interval | Published | Range | Source | Inside |
|---|---|---|---|---|---|---|---|
"""


@dataclasses.dataclass(frozen=True)
class Row:
    """A quantity with its simulated value and 95% interval."""

    quantity: Quantity
    value: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """One of yes, interval, no; "-" where no number is published."""
        if self.quantity.allowed is None:
            return "-"
        least, most = self.quantity.allowed
        if least <= self.value <= most:
            return "yes"
        return "interval" if self.low <= most and self.high >= least else "no"


def compare(census: Sequence[Person], seed: int = 0) -> list[Row]:
    """Every quantity over all people."""
    random = np.random.default_rng(seed)
    return [_row(quantity, census, random) for quantity in QUANTITIES]


def markdown(rows: Sequence[Row], *, people: int, minutes: float, command: str) -> str:
    """The page, with a note on each row that has one."""
    page = _HEADER.format(command=command, people=people, minutes=minutes, resamples=_RESAMPLES, tolerance=TOLERANCE)
    notes: list[str] = []
    for row in rows:
        mark = ""
        if row.quantity.note:
            notes.append(row.quantity.note)
            mark = f" [{len(notes)}]"
        q = row.quantity
        interval = f"{_number(row.low)} to {_number(row.high)}" if q.resampled else "-"
        cells = (q.topic, q.name + mark, _number(row.value), interval)
        page += f"| {' | '.join((*cells, q.published, _range(q.allowed), q.source, row.verdict))} |\n"
    counts = {verdict: sum(row.verdict == verdict for row in rows) for verdict in ("yes", "interval", "no", "-")}
    page += (
        f"\nOf {len(rows)} rows {counts['yes']} are inside, {counts['interval']} by their interval only, "
        f"{counts['no']} outside, and {counts['-']} have no published number.\n\n"
    )
    return page + "".join(f"{k}. {note}\n" for k, note in enumerate(notes, 1))


def _row(quantity: Quantity, census: Sequence[Person], random: np.random.Generator) -> Row:
    values = np.array([quantity.measure(person) for person in census])
    if not quantity.resampled:
        return Row(quantity, quantity.over(values), np.nan, np.nan)
    drawn = values[random.integers(len(values), size=(_RESAMPLES, len(values)))]
    low, high = np.nanpercentile([quantity.over(sample) for sample in drawn], [2.5, 97.5])
    return Row(quantity, quantity.over(values), float(low), float(high))


def _range(allowed: tuple[float, float] | None) -> str:
    if allowed is None:
        return "-"
    least, most = allowed
    return f"over {_number(least)}" if np.isinf(most) else f"{_number(least)} to {_number(most)}"


def _number(value: float) -> str:
    """Three figures."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
