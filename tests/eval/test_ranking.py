"""Ranks over resamples: sure where detectors differ, shared where they do not."""

from __future__ import annotations

import numpy as np
import pytest

from tellbench.eval.ranking import rank_stability

LABELS = np.tile([0, 1], 40)
PEOPLE = np.repeat(np.arange(40), 2).astype(str).tolist()


def test_a_clear_order_is_stable():
    noise = np.random.default_rng(0).normal(size=80)
    ranks = rank_stability(LABELS, [LABELS * 0.2 + noise, LABELS * 3 + noise, noise - LABELS], PEOPLE, n_boot=200)
    assert ranks.mean.argsort().tolist() == [1, 0, 2]
    assert ranks.first[1] == 1
    assert (ranks.low[1], ranks.high[1]) == (1, 1)


def test_equal_detectors_share_ranks_and_leads():
    scores = LABELS + np.random.default_rng(0).normal(size=80)
    ranks = rank_stability(LABELS, [scores, scores, -scores], PEOPLE, n_boot=50)
    assert ranks.mean.tolist() == [1.5, 1.5, 3]
    assert ranks.first == pytest.approx([0.5, 0.5, 0])


def test_close_detectors_change_places():
    rng = np.random.default_rng(1)
    ranks = rank_stability(LABELS, [LABELS + rng.normal(size=80) for _ in range(2)], PEOPLE, n_boot=200)
    assert (ranks.low == 1).all()
    assert (ranks.high == 2).all()


def test_one_person_gives_no_ranks():
    assert rank_stability([0, 1], [[0.1, 0.9]], ["a", "a"], n_boot=5) is None
