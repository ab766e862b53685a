"""The AUC within groups of people: does a detector work for everyone?"""

from __future__ import annotations

import dataclasses
from typing import Final

import pandas as pd

from tellbench.datasets.clip import FORGED, PRISTINE
from tellbench.eval.bootstrap import auc_interval
from tellbench.eval.evaluate import GROUPS
from tellbench.eval.metrics import auc
from tellbench.eval.rows import MISSING

FEWEST: Final = 5
"""Clips of each class that a group needs; the AUC of fewer takes a handful of values (assumption)."""


@dataclasses.dataclass(frozen=True)
class GroupRow:
    """One detector on one generator, within one group."""

    attribute: str
    value: str
    n_pristine: int
    n_forged: int
    auc: float
    auc_low: float | None
    auc_high: float | None


def auc_by_group(clips: pd.DataFrame, detector: str, generator: str, *, n_boot: int, seed: int) -> list[GroupRow]:
    """AUC of a detector within every group with at least `FEWEST` clips a class; missing scores count as 0.5.

    Args:
        clips: as `tellbench.eval.evaluate.read_scores` gives them.
        detector: a column of `clips`.
        generator: whose forged clips are compared with the pristine ones.
        n_boot: resamples of each interval.
        seed: of the resampling.
    """
    view = clips[(clips["label"] == PRISTINE) | (clips["generator"] == generator)]
    rows: list[GroupRow] = []
    for attribute in GROUPS:
        for value, group in view[view[attribute] != ""].groupby(attribute, sort=True):
            y, s = group["label"].to_numpy(int), group[detector].fillna(MISSING).to_numpy(float)
            n_pristine, n_forged = int((y == PRISTINE).sum()), int((y == FORGED).sum())
            if min(n_pristine, n_forged) < FEWEST:
                continue
            interval = auc_interval(y, s, list(group["identity_id"]), n_boot=n_boot, seed=seed)
            rows.append(GroupRow(attribute, str(value), n_pristine, n_forged, auc(y, s), interval.low, interval.high))
    return rows
