"""Train, validation and test splits that share no identity, donor, driver or speech."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from tellbench.datasets.clip import SPLITS, Clip
from tellbench.errors import InputError

KEYS: Final = ("identity_id", "donor_id", "driver_id", "speech_id")
"""Fields that must not cross splits."""


def overlaps(clips: Sequence[Clip]) -> Iterator[tuple[str, str, list[str]]]:
    """Every (key, value, splits) whose value occurs in more than one split. A person counts in any role."""
    homes: dict[tuple[str, str], set[str]] = {}
    for clip in clips:
        for kind, value in _members(clip):
            if clip.split:
                homes.setdefault((kind, value), set()).add(clip.split)
    for (kind, value), splits in homes.items():
        if len(splits) > 1:
            yield kind, value, sorted(splits)


def assign(clips: Sequence[Clip], fractions: tuple[float, float, float] = (0.5, 0.2, 0.3), seed: int = 0) -> list[Clip]:
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
    if abs(sum(fractions) - 1) > 1e-6 or min(fractions) <= 0:
        raise InputError(f"split fractions {fractions}; three positive numbers that sum to 1 are needed")
    groups = _groups(clips)
    if len(groups) < len(SPLITS):
        raise InputError(f"{len(groups)} unlinked identities cannot fill train, val and test; at least 3 are needed")
    order = np.random.default_rng(seed).permutation(len(groups))
    counts = dict.fromkeys(SPLITS, 0)
    home: dict[int, str] = {}
    for i in order:
        short = max(
            SPLITS, key=lambda name: (counts[name] == 0, fractions[SPLITS.index(name)] * len(clips) - counts[name])
        )
        counts[short] += len(groups[i])
        home.update(dict.fromkeys(groups[i], short))
    return [dataclasses.replace(clip, split=home[i]) for i, clip in enumerate(clips)]


def _members(clip: Clip) -> list[tuple[str, str]]:
    """What a clip must not share across splits: people (in any role) and speech."""
    people = [(key, getattr(clip, key)) for key in KEYS[:3]]
    return [("person", v) for _, v in people if v] + ([("speech_id", clip.speech_id)] if clip.speech_id else [])


def _groups(clips: Sequence[Clip]) -> list[list[int]]:
    """Indices of clips joined by union-find over what they share."""
    parent = list(range(len(clips)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[tuple[str, str], int] = {}
    for i, clip in enumerate(clips):
        for member in _members(clip):
            parent[find(i)] = find(first.setdefault(member, i))
    groups: dict[int, list[int]] = {}
    for i in range(len(clips)):
        groups.setdefault(find(i), []).append(i)
    return list(groups.values())
