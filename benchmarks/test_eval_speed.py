"""How long metrics, intervals and the page take. Measured, never asserted."""

from __future__ import annotations

import numpy as np
import pytest

from tellbench.eval import metrics
from tellbench.eval.bootstrap import auc_interval


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
