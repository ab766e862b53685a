"""Groups are compared within themselves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tellbench.eval.groups import auc_by_group
from tellbench.eval.metrics import auc


@pytest.fixture
def clips():
    """Forty pairs; the detector works on men and guesses on women, one language has no forged clip."""
    rng = np.random.default_rng(0)
    rows = []
    for i in range(40):
        male = i % 2
        for label in (0, 1):
            score = 0.8 * label + 0.1 if male else rng.random()
            rows.append((label, "g" * label, f"p{i}", ("female", "male")[male], "", "I", ("de", "en")[label], score))
    columns = ["label", "generator", "identity_id", "sex", "age_band", "skin_tone", "language", "d"]
    return pd.DataFrame(rows, columns=columns, index=[f"c{i}" for i in range(80)])


def test_each_group_has_its_own_auc(clips):
    rows = {(row.attribute, row.value): row for row in auc_by_group(clips, "d", "g", n_boot=100, seed=0)}
    assert set(rows) == {("sex", "female"), ("sex", "male"), ("skin_tone", "I")}
    assert rows["sex", "male"].auc == 1
    women = clips[clips["sex"] == "female"]
    assert rows["sex", "female"].auc == pytest.approx(auc(women["label"], women["d"]))
    assert rows["sex", "female"].auc_low < 0.5 < rows["sex", "female"].auc_high
    assert (rows["sex", "male"].n_pristine, rows["sex", "male"].n_forged) == (20, 20)


def test_missing_scores_are_half(clips):
    clips["d"] = np.nan
    assert {row.auc for row in auc_by_group(clips, "d", "g", n_boot=10, seed=0)} == {0.5}


def test_tiny_groups_are_left_out(clips):
    few = pd.concat([clips[clips["sex"] == "male"], clips[clips["sex"] == "female"].head(8)])
    assert [row.value for row in auc_by_group(few, "d", "g", n_boot=10, seed=0) if row.attribute == "sex"] == ["male"]


def test_other_generators_stay_out(clips):
    assert auc_by_group(clips, "d", "other", n_boot=10, seed=0) == []
