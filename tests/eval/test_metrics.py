"""Metrics against independent references (pair counting, threshold sweeps) and their invariances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from tellbench.errors import InputError
from tellbench.eval import metrics

RANKING = (metrics.auc, metrics.average_precision, metrics.eer, metrics.tpr_at_fpr, metrics.partial_auc)


def count_pairs(labels, scores):
    """AUC by its definition: all forged-pristine pairs, ties half."""
    forged, pristine = scores[labels == 1], scores[labels == 0]
    wins = (forged[:, None] > pristine[None]).sum() + 0.5 * (forged[:, None] == pristine[None]).sum()
    return wins / (len(forged) * len(pristine))


def sweep(labels, scores):
    """(fpr, tpr) at every threshold, by counting."""
    cuts = [np.inf, *np.unique(scores)[::-1]]
    return np.array([[np.mean(scores[labels == c] >= cut) for c in (0, 1)] for cut in cuts])


def polyline_eer(labels, scores):
    """EER by bisection along the interpolated ROC."""
    fpr, tpr = sweep(labels, scores).T
    low, high = 0.0, len(fpr) - 1.0
    for _ in range(60):
        mid = (low + high) / 2
        x, y = (np.interp(mid, np.arange(len(fpr)), v) for v in (fpr, tpr))
        low, high = (mid, high) if 1 - y > x else (low, mid)
    return np.interp(low, np.arange(len(fpr)), fpr)


def average_precision_by_hand(labels, scores):
    total, last = 0.0, 0.0
    for cut in np.unique(scores)[::-1]:
        called = scores >= cut
        recall = (called & (labels == 1)).sum() / (labels == 1).sum()
        total += (recall - last) * (called & (labels == 1)).sum() / called.sum()
        last = recall
    return total


@st.composite
def samples(draw):
    """Both classes, scores on a coarse grid so that ties are common."""
    n = draw(st.integers(2, 40))
    labels = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n).filter(lambda v: 0 < sum(v) < len(v)))
    grid = draw(st.lists(st.integers(0, 12), min_size=n, max_size=n))
    return np.array(labels), np.array(grid) / 12


@settings(max_examples=80, deadline=None)
@given(samples())
def test_against_counting(sample):
    labels, scores = sample
    assert metrics.auc(labels, scores) == pytest.approx(count_pairs(labels, scores))
    assert metrics.eer(labels, scores) == pytest.approx(polyline_eer(labels, scores), abs=1e-9)
    assert metrics.average_precision(labels, scores) == pytest.approx(average_precision_by_hand(labels, scores))
    points = sweep(labels, scores)
    for limit in (0.0, 0.01, 0.25):
        assert metrics.tpr_at_fpr(labels, scores, limit) == pytest.approx(points[points[:, 0] <= limit, 1].max())
    curve = metrics.roc_curve(labels, scores)
    assert np.trapezoid(curve.tpr, curve.fpr) == pytest.approx(metrics.auc(labels, scores))


@settings(max_examples=50, deadline=None)
@given(samples(), st.floats(0.2, 5))
def test_ranking_metrics_ignore_monotone_transforms(sample, power):
    labels, scores = sample
    for metric in RANKING:
        assert metric(labels, scores) == pytest.approx(metric(labels, 3 * scores**power - 7))


@settings(max_examples=50, deadline=None)
@given(samples())
def test_flipping_the_labels(sample):
    labels, scores = sample
    assert metrics.auc(1 - labels, scores) == pytest.approx(1 - metrics.auc(labels, scores))
    assert metrics.eer(1 - labels, -scores) == pytest.approx(metrics.eer(labels, scores))
    assert metrics.brier(1 - labels, 1 - scores) == pytest.approx(metrics.brier(labels, scores))


@settings(max_examples=50, deadline=None)
@given(samples(), st.randoms())
def test_order_of_clips_is_irrelevant(sample, random):
    labels, scores = sample
    order = list(range(len(labels)))
    random.shuffle(order)
    for metric in (*RANKING, metrics.brier, metrics.ece):
        assert metric(labels[order], scores[order]) == pytest.approx(metric(labels, scores))


@pytest.mark.parametrize(("metric", "perfect", "worst"), [
    (metrics.auc, 1, 0),
    (metrics.average_precision, 1, None),
    (metrics.eer, 0, 1),
    (metrics.tpr_at_fpr, 1, 0),
    (metrics.partial_auc, 1, None),
    (metrics.brier, 0, 1),
    (metrics.ece, 0, 1),
])  # fmt: skip
def test_perfect_and_inverted(metric, perfect, worst):
    labels = np.array([0, 0, 0, 1, 1])
    assert metric(labels, labels.astype(float)) == pytest.approx(perfect)
    if worst is not None:
        assert metric(labels, 1.0 - labels) == pytest.approx(worst)


def test_constant_scores_are_chance():
    labels, scores = [0, 0, 1, 1], [0.5] * 4
    assert metrics.auc(labels, scores) == metrics.eer(labels, scores) == metrics.partial_auc(labels, scores) == 0.5
    assert metrics.tpr_at_fpr(labels, scores) == 0
    assert metrics.brier(labels, scores) == 0.25


def test_ece_against_a_loop():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 300), rng.random(300).round(2)
    expected = 0.0
    for low in np.arange(10) / 10:
        inside = (scores >= low) & ((scores < low + 0.1 - 1e-12) | (low == 0.9))
        if inside.any():
            expected += inside.mean() * abs(scores[inside].mean() - labels[inside].mean())
    assert metrics.ece(labels, scores) == pytest.approx(expected)


def test_calibrated_scores_have_small_ece():
    rng = np.random.default_rng(1)
    scores = rng.random(20_000)
    labels = (rng.random(20_000) < scores).astype(int)
    assert metrics.ece(labels, scores) < 0.02 < metrics.ece(labels, scores**4)


def aurc_by_hand(labels, scores):
    """Mean over all orders of equally sure clips, found by averaging many shuffles."""
    rng, total = np.random.default_rng(0), 0.0
    for _ in range(400):
        shuffled = rng.permutation(len(labels))
        order = shuffled[np.argsort(-np.abs(scores[shuffled] - 0.5), kind="stable")]
        wrong = (scores[order] >= 0.5) != labels[order]
        total += (np.cumsum(wrong) / np.arange(1, len(wrong) + 1)).mean()
    return total / 400


def test_risk_coverage():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 30), rng.integers(0, 7, 30) / 6
    curve = metrics.risk_coverage(labels, scores)
    assert curve.coverage[-1] == 1
    assert curve.risk[-1] == pytest.approx(np.mean((scores >= 0.5) != labels))
    assert metrics.aurc(labels, scores) == pytest.approx(aurc_by_hand(labels, scores), abs=0.01)
    assert metrics.aurc(labels, labels.astype(float)) == 0
    assert metrics.aurc(labels, 1.0 - labels) == 1


def test_precision_at_another_prevalence():
    """Reweighting is the same as repeating clips; a rare class makes precision hard."""
    rng = np.random.default_rng(2)
    labels = np.repeat([0, 1], 60)
    scores = rng.random(120) + 0.5 * labels
    copied = np.repeat(np.arange(120), np.where(labels == 0, 9, 1))
    expected = metrics.average_precision(labels[copied], scores[copied])
    assert metrics.average_precision(labels, scores, at=0.1) == pytest.approx(expected)
    own = metrics.prevalence(labels)
    assert metrics.average_precision(labels, scores, at=own) == pytest.approx(metrics.average_precision(labels, scores))
    with pytest.raises(InputError, match="prevalence 0"):
        metrics.average_precision(labels, scores, at=0)


def test_against_scikit_learn():
    rng = np.random.default_rng(3)
    labels, scores = rng.integers(0, 2, 200), rng.integers(0, 50, 200) / 49
    assert metrics.auc(labels, scores) == pytest.approx(sk.roc_auc_score(labels, scores))
    assert metrics.brier(labels, scores) == pytest.approx(sk.brier_score_loss(labels, scores))
    stated, observed = calibration_curve(labels, scores, n_bins=10)[::-1]
    curve = metrics.reliability(labels, scores)
    assert curve.observed == pytest.approx(observed)
    assert curve.stated == pytest.approx(stated)


@pytest.mark.parametrize(("labels", "scores", "said"), [
    ([1, 1], [0.1, 0.2], "no pristine clip"),
    ([0, 0], [0.1, 0.2], "no forged clip"),
    ([], [], "no pristine clip"),
    ([0, 2], [0.1, 0.2], "label 2"),
    ([0, -1], [0.1, 0.2], "label -1"),
    ([0, 1], [0.1, float("nan")], "NaN"),
    ([0, 1], [0.1, float("inf")], "infinite"),
    ([0, 1, 1], [0.1, 0.2], "shape"),
])  # fmt: skip
@pytest.mark.parametrize("metric", [*RANKING, metrics.brier, metrics.ece, metrics.aurc])
def test_unusable_input_says_why(metric, labels, scores, said):
    with pytest.raises(InputError, match=said):
        metric(labels, scores)


@pytest.mark.parametrize("metric", [metrics.brier, metrics.ece])
def test_calibration_needs_probabilities(metric):
    with pytest.raises(InputError, match=r"\[0, 1\]"):
        metric([0, 1], [-0.1, 0.4])


def test_rates_outside_the_unit_interval():
    with pytest.raises(InputError, match="false positive rate"):
        metrics.tpr_at_fpr([0, 1], [0, 1], 1.5)
    with pytest.raises(InputError, match="max_fpr"):
        metrics.partial_auc([0, 1], [0, 1], 0)
