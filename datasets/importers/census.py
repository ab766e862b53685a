"""Clips counted by data set, rendition, kind and split, beside the published counts."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tellbench.datasets.clip import FORGED, PRISTINE, SPLITS
from tellbench.datasets.importers.layout import Layout
from tellbench.datasets.importers.scan import Only
from tellbench.datasets.rows import Rows

KINDS: Final = {PRISTINE: "pristine", -1: "unlabelled"}
"""Kinds beside the methods of forged clips."""
FORGED_ALL, METHODS = "forged", "methods"
"""What published counts may also name: the clips of all methods together, and how many methods there are in all
renditions together."""
ALL: Final = "all"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Count:
    """Clips of one kind."""

    dataset: str
    variant: str
    kind: str
    """A method, or `pristine` or `unlabelled`."""
    label: int
    splits: Mapping[str, int]
    """Clips by split; "" for those in none."""
    published: Mapping[str, int]
    """By split or `all`, where published."""

    @property
    def total(self) -> int:
        """Clips of all splits."""
        return sum(self.splits.values())

    def of(self, split: str) -> int:
        """Clips of a split, or of `all`."""
        return self.total if split == ALL else self.splits.get(split, 0)


def count(rows: Rows, split: npt.NDArray[np.int64], layout: Layout) -> list[Count]:
    """Count clips.

    Args:
        rows: the clips.
        split: index in `SPLITS` of each clip, -1 for none.
        layout: whose published counts stand beside them.
    """
    sizes: Counter[tuple[str, str, int, str, int]] = Counter()
    rest = iter(split)
    for batch in rows.batches(("dataset", "variant", "label", "generator")):
        columns = (column.to_pylist() for column in batch.columns)
        sizes.update(zip(*columns, itertools.islice(rest, len(batch)), strict=True))
    found: dict[tuple[str, str, int, str], dict[str, int]] = {}
    for (dataset, variant, label, generator, at), n in sorted(sizes.items()):
        kind = generator if label == FORGED else KINDS[label]
        cell = found.setdefault((dataset, variant, label, kind), {})
        name = SPLITS[int(at)] if at >= 0 else ""
        cell[name] = cell.get(name, 0) + n
    return [
        Count(
            dataset=dataset,
            variant=variant,
            kind=kind,
            label=label,
            splits=splits,
            published={s: kinds[kind] for s, kinds in layout.published.get(dataset, {}).items() if kind in kinds},
        )
        for (dataset, variant, label, kind), splits in found.items()
    ]


def differences(counts: Sequence[Count], layout: Layout, mode: str, only: Only) -> list[str]:
    """One line for each published count that was not found; counts that the user filtered away are not missed."""
    lines = []
    for dataset, by_split in layout.published.items():
        if dataset not in only.get("dataset", (dataset,)):
            continue
        here = [c for c in counts if c.dataset == dataset]
        if not here:
            lines.append(f"{dataset}: not found")
        asked = list(_asked(by_split, mode, only))
        cells = {
            variant: [c for c in here if c.variant == variant] for variant in dict.fromkeys(c.variant for c in here)
        }
        numbers = [
            *((v, s, k, _number(cells[v], k, s), n) for v in cells for s, k, n in asked if k != METHODS),
            *(("", s, k, len({c.kind for c in here if c.label == FORGED}), n) for s, k, n in asked if k == METHODS),
        ]
        for variant, split, kind, n, published in numbers:
            if n != published:
                where = " ".join(filter(None, (dataset, variant, kind, "" if split == ALL else split)))
                lines.append(f"{where}: {n} found, {published} published ({n - published:+d})")
    return lines


def _asked(by_split: Mapping[str, Mapping[str, int]], mode: str, only: Only) -> Iterator[tuple[str, str, int]]:
    for split, kinds in by_split.items():
        if split != ALL and (mode != "published" or split not in only.get("split", (split,))):
            continue
        for kind, published in kinds.items():
            chosen = only.get("generator", frozenset({kind}))
            if not (kind in (FORGED_ALL, METHODS) and "generator" in only) and (
                kind in chosen or kind in KINDS.values()
            ):
                yield split, kind, published


def _number(cells: Sequence[Count], kind: str, split: str) -> int:
    counted = (c for c in cells if (c.label == FORGED if kind == FORGED_ALL else c.kind == kind))
    return sum(c.of(split) for c in counted)
