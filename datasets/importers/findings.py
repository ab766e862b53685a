"""What an import met and a person should hear of: nothing is dropped silently."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Final

from tellbench.datasets.files import atomic_path

KEPT: Final = 10_000
"""Lines of each kind that are kept; all are counted (assumption: more than a person reads)."""


class Findings:
    """Lines by kind, such as `corrupt` or `unknown file`, in the order in which they were met."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._lines: dict[str, list[str]] = {}

    def add(self, kind: str, line: str) -> None:
        """Note one thing."""
        self.counts[kind] += 1
        lines = self._lines.setdefault(kind, [])
        if len(lines) < KEPT:
            lines.append(line)

    def of(self, kind: str) -> tuple[str, ...]:
        """The lines of one kind that were kept."""
        return tuple(self._lines.get(kind, ()))

    def summary(self, shown: int = 3) -> list[str]:
        """One line a kind: how many, and the first few."""
        return [
            f"{kind}: {count} ({'; '.join(self.of(kind)[:shown])}{'; ...' if count > shown else ''})"
            for kind, count in self.counts.items()
        ]

    def write(self, path: Path) -> None:
        """Write `kind,line` as CSV, atomically."""
        with atomic_path(path) as part, part.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("kind", "line"))
            writer.writerows((kind, line) for kind, lines in self._lines.items() for line in lines)
