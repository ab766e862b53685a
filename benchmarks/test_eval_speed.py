"""How long metrics, intervals and the page take. Measured, never asserted."""

from __future__ import annotations

import numpy as np
import pytest

from tellbench.eval import metrics
from tellbench.eval.bootstrap import auc_interval
from tellbench.eval.delong import compare


def sample(n: int):
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 2
    return labels, 1 / (1 + np.exp(-rng.normal(size=n) - labels)), np.repeat(np.arange(n // 4).astype(str), 4)


@pytest.mark.parametrize("n", [200, 20_000])
@pytest.mark.parametrize(
    "metric", [metrics.auc, metrics.average_precision, metrics.eer, metrics.tpr_at_fpr, metrics.ece]
)
def test_metric(benchmark, metric, n):
    labels, scores, _ = sample(n)
    benchmark(metric, labels, scores)


@pytest.mark.parametrize("n", [200, 2_000])
def test_clustered_interval(benchmark, n):
    labels, scores, people = sample(n)
    benchmark.pedantic(auc_interval, (labels, scores, people), rounds=5, iterations=1)


@pytest.mark.parametrize("distinct", [1_000_000, 100])
def test_clustered_interval_of_a_million_scores(benchmark, distinct):
    """1,000 draws of 250,000 people; with ties, every clip is counted twice."""
    labels, scores, people = sample(1_000_000)
    scores = np.floor(scores * distinct) / distinct if distinct < len(scores) else scores
    auc_interval(labels[:8], scores[:8], people[:8], n_boot=2)  # compile outside the clock
    benchmark.pedantic(auc_interval, (labels, scores, people), {"n_boot": 1000}, rounds=1, iterations=1)


@pytest.mark.parametrize("n", [200, 20_000])
def test_paired_test(benchmark, n):
    labels, scores, people = sample(n)
    benchmark(compare, labels, scores, scores[::-1], people)
