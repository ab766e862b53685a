"""Train, validation and test splits that share no identity, donor, driver or speech."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import union_categoricals
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tellbench.datasets.clip import SPLITS, Clip
from tellbench.errors import InputError

KEYS: Final = ("identity_id", "donor_id", "driver_id", "speech_id")
"""Fields that must not cross splits."""
FRACTIONS: Final = (0.5, 0.2, 0.3)
"""Shares of train, val and test."""

Columns = Mapping[str, Any]
"""Column of each of `KEYS`, and of `split`, one entry a clip: `pd.Categorical` (an array will do for the split)."""


def columns(clips: Sequence[Clip]) -> Columns:
    """What splits are made and judged by."""
    return {key: pd.Categorical([getattr(clip, key) for clip in clips]) for key in (*KEYS, "split")}


def overlaps(clips: Sequence[Clip]) -> Iterator[tuple[str, str, list[str]]]:
    """Every (kind, value, splits) whose value occurs in more than one split. A person counts in any role."""
    return overlaps_of(columns(clips))


def overlaps_of(table: Columns) -> Iterator[tuple[str, str, list[str]]]:
    """As `overlaps`, for columns; kinds are `person` and `speech_id`."""
    split = pd.Index(SPLITS).get_indexer(pd.Index(table["split"]))  # -1: in no split
    for kind, row, value, words in _members(table):
        where = split[row]
        pairs = np.unique(value[where >= 0] * len(SPLITS) + where[where >= 0])  # each value beside its splits
        codes, first, counts = np.unique(pairs // len(SPLITS), return_index=True, return_counts=True)
        for code, at, n in zip(codes[counts > 1], first[counts > 1], counts[counts > 1], strict=True):
            yield kind, str(words[code]), sorted(SPLITS[s] for s in pairs[at : at + n] % len(SPLITS))


def assign(clips: Sequence[Clip], fractions: tuple[float, float, float] = FRACTIONS, seed: int = 0) -> list[Clip]:
    """Give every clip a split; clips linked by any key, directly or through others, stay together.

    Linked groups are shuffled and dealt to the split that is furthest below its share, so that small
    corpora get close to the asked fractions.

    Args:
        clips: clips without or with splits; old splits are overwritten.
        fractions: shares of train, val and test; they sum to 1.
        seed: the shuffle.

    Raises:
        InputError: fewer than three linked groups, or fractions that do not sum to 1.
    """
    dealt = assign_to(columns(clips), fractions, seed)
    return [dataclasses.replace(clip, split=SPLITS[s]) for clip, s in zip(clips, dealt, strict=True)]


def assign_to(
    table: Columns, fractions: tuple[float, float, float] = FRACTIONS, seed: int = 0
) -> npt.NDArray[np.int64]:
    """As `assign`, for columns: the index in `SPLITS` of each row. A column that is absent links nothing."""
    if abs(sum(fractions) - 1) > 1e-6 or min(fractions) <= 0:
        raise InputError(f"split fractions {fractions}; three positive numbers that sum to 1 are needed")
    group = groups_of(table)
    sizes = np.bincount(group)
    if len(sizes) < len(SPLITS):
        raise InputError(f"{len(sizes)} unlinked identities cannot fill train, val and test; at least 3 are needed")
    counts = [0] * len(SPLITS)
    home = np.zeros(len(sizes), np.int64)
    for i in np.random.default_rng(seed).permutation(len(sizes)).tolist():
        home[i] = max(range(len(SPLITS)), key=lambda s: (counts[s] == 0, fractions[s] * len(group) - counts[s]))
        counts[home[i]] += int(sizes[i])
    return home[group]


def _members(
    table: Columns,
) -> Iterator[tuple[str, npt.NDArray[np.intp], npt.NDArray[np.int64], pd.Index[str]]]:
    """What clips must not share across splits, people (in any role) and speech: kind, rows, codes, words."""
    people = [table[key] for key in KEYS[:3] if key in table]
    speech = [table["speech_id"]] if "speech_id" in table else []
    for kind, parts in (("person", people), ("speech_id", speech)):
        if not parts:
            continue
        values = union_categoricals(parts)
        unsaid = values.categories.get_indexer(pd.Index([""]))[0]
        given = np.flatnonzero((values.codes >= 0) & (values.codes != unsaid))  # mostly few: people are not donors
        yield kind, given % len(parts[0]), values.codes[given].astype(np.int64), values.categories


def groups_of(table: Columns) -> npt.NDArray[np.intp]:
    """Number of the group of each row, in order of first appearance; rows linked by people or speech share one."""
    n = len(next(iter(table.values())))
    rows, nodes, base = [], [], n
    for _, row, value, words in _members(table):
        rows.append(row)
        nodes.append(base + value)
        base += len(words)
    at, to = (np.concatenate(parts) if parts else np.zeros(0, int) for parts in (rows, nodes))
    graph = coo_array((np.ones(len(at), bool), (at, to)), (base, base))
    return np.asarray(pd.factorize(connected_components(graph, directed=False)[1][:n])[0])
