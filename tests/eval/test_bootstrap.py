"""The clustered bootstrap: right algebra, right unit, right coverage, honest when it cannot know."""

from __future__ import annotations

import numpy as np
import pytest

from tellbench.errors import InputError
from tellbench.eval.bootstrap import auc_draws, auc_interval, weighted_auc
from tellbench.eval.metrics import auc


def people(n: int, clips: int, seed: int, spread: float = 1.0, pull: float = 1.0):
    """Each person has clips of both classes and a habit that shifts all their scores."""
    rng = np.random.default_rng(seed)
    labels = np.tile(np.arange(clips) % 2, n)
    names = np.repeat([f"p{i}" for i in range(n)], clips)
    scores = np.repeat(spread * rng.normal(size=n), clips) + rng.normal(size=n * clips) + pull * labels
    return labels, scores, names


def test_weights_are_repetitions():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 40), rng.integers(0, 9, 40) / 8
    weights = rng.integers(0, 4, (40, 20))
    expected = [auc(np.repeat(labels, w), np.repeat(scores, w)) for w in weights.T]
    assert weighted_auc(labels, scores, weights) == pytest.approx(expected)


def test_a_lacking_class_is_nan():
    assert np.isnan(weighted_auc(np.array([0, 1]), np.array([0.0, 1.0]), np.array([[3], [0]]))).all()


def test_same_seed_same_interval():
    sample = people(12, 4, 0)
    assert auc_interval(*sample, seed=5) == auc_interval(*sample, seed=5) != auc_interval(*sample, seed=6)


def test_brackets_the_estimate_and_narrows_with_people():
    few, many = (auc_interval(*people(n, 4, 1), seed=0) for n in (10, 200))
    for interval, n in ((few, 10), (many, 200)):
        assert interval.low < auc(*people(n, 4, 1)[:2]) < interval.high
    assert many.high - many.low < (few.high - few.low) / 2


def test_draws_are_shared_by_all_detectors():
    """The same people are drawn for every column, so that differences and ranks are paired."""
    labels, scores, names = people(15, 4, 2)
    both = auc_draws(labels, [scores, -scores], names, n_boot=100, seed=1)
    alone = auc_draws(labels, scores[None], names, n_boot=100, seed=1)
    assert both.values.shape == (2, 100)
    assert both.values[0] == pytest.approx(alone.values[0])
    assert both.values[0] + both.values[1] == pytest.approx(np.ones(100))


def test_one_cluster_a_clip_is_needed():
    with pytest.raises(InputError, match="2 clusters for 4 clips"):
        auc_interval([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], ["a", "b"])


def test_people_not_clips_are_the_unit():
    """Copying every clip ten times adds no information, so the interval must not shrink."""
    labels, scores, names = people(12, 2, 3)
    once = auc_interval(labels, scores, names, seed=0)
    copied = auc_interval(*(np.repeat(v, 10) for v in (labels, scores, names)), seed=0)
    assert copied[:2] == pytest.approx(once[:2], abs=1e-12)
    alone = auc_interval(*(np.repeat(v, 10) for v in (labels, scores)), [str(i) for i in range(240)], seed=0)
    assert alone.high - alone.low < 0.6 * (once.high - once.low)


def test_coverage():
    """The true AUC of the model lies in the 95% interval in about 95% of samples of 40 people."""
    big = people(20_000, 2, 99)
    truth = auc(*big[:2])
    hits = 0
    for seed in range(200):
        low, high, _ = auc_interval(*people(40, 2, seed), n_boot=300, seed=seed)
        hits += low <= truth <= high
    assert 0.89 <= hits / 200 <= 0.99


def test_one_person_gives_no_interval():
    assert auc_interval([0, 1, 1], [0.1, 0.2, 0.3], ["a", "a", "a"]) == (None, None, 0)


def test_one_class_resamples_are_drawn_again():
    interval = auc_interval([0, 1], [0.1, 0.9], ["a", "b"], n_boot=200, seed=0)
    assert interval.n_redrawn > 100  # half of all draws take one person twice
    assert interval.high == 1


@pytest.mark.parametrize("n", [2, 10, 50])
def test_perfect_separation_of_few_people_proves_little(n):
    """Clopper-Pearson: with n people, a detector that fails one in 1 - 0.025^(1/n) looks perfect 2.5% of the time."""
    labels, names = np.tile([0, 1], n), np.repeat(np.arange(n).astype(str), 2)
    assert auc_interval(labels, labels * 1.0, names)[:2] == pytest.approx((0.025 ** (1 / n), 1))
    assert auc_interval(labels, 1.0 - labels, names)[:2] == pytest.approx((0, 1 - 0.025 ** (1 / n)))


def test_null_clips_tie_exactly():
    """Identical scores within pairs: exactly chance, and the interval holds 0.5."""
    scores = np.repeat(np.random.default_rng(0).random(20), 2)
    low, high, _ = auc_interval(np.tile([0, 1], 20), scores, np.repeat(np.arange(20).astype(str), 2))
    assert low == pytest.approx(0.5) == high
