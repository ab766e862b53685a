"""Paired tests of AUCs: the published example, the definition, and what a sample cannot tell."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tellbench.errors import InputError
from tellbench.eval.delong import auc_covariance, compare, holm

OVARIAN = """
3.0 5.8 10 0  3.2 6.3 5 1  3.9 6.8 3 1  2.8 4.8 6 0  3.2 5.8 3 1  0.9 4.0 5 0  2.5 5.7 8 0  1.6 5.6 5 1  3.8 5.7 5 1
3.7 6.7 6 1  3.2 5.4 4 1  3.8 6.6 6 1  4.1 6.6 5 1  3.6 5.7 5 1  4.3 7.0 4 1  3.6 6.7 4 0  2.3 4.4 6 1  4.2 7.6 4 0
4.0 6.6 6 0  3.5 5.8 6 1  3.8 6.8 7 1  3.0 4.7 8 0  4.5 7.4 5 1  3.7 7.4 5 1  3.1 6.6 6 1  4.1 8.2 6 1  4.3 7.0 5 1
4.3 6.5 4 1  3.2 5.1 5 1  2.6 4.7 6 1  3.3 6.8 6 0  1.7 4.0 7 0  3.7 6.1 5 1  3.3 6.3 7 1  4.2 7.7 6 1  3.5 6.2 5 1
2.9 5.7 9 0  2.1 4.8 7 1  2.8 6.2 8 0  4.0 7.0 7 1  3.3 5.7 6 1  3.7 6.9 5 1  3.6 6.6 5 1
"""
"""DeLong et al.'s own example: albumin, total protein, K-G score and outcome of the 43 of 49 patients with ovarian
cancer who had all three tests, as printed in the SAS/STAT User's Guide, PROC LOGISTIC, "Comparing Receiver Operating
Characteristic Curves" (support.sas.com/documentation/cdl/en/statug/68162, statug_logistic_examples08.htm)."""


@pytest.fixture(scope="module")
def ovarian():
    """Outcome (43,) and the three tests (3, 43), oriented as in the guide."""
    albumin, protein, score, outcome = np.array(OVARIAN.split(), float).reshape(-1, 4).T
    return outcome.astype(int), np.array([albumin, 10 - score, protein])


def test_published_example(ovarian):
    """The guide's contrast of all three against the K-G score: chi-square 2.5340 with 2 degrees of freedom.

    The data were compared with the guide; its output, four digits of each figure, is given as remembered.
    """
    labels, scores = ovarian
    auc, covariance = auc_covariance(labels, scores)
    assert auc == pytest.approx([0.7366, 0.7258, 0.6478], abs=5e-5)
    assert np.sqrt(np.diag(covariance)) == pytest.approx([0.0927, 0.1028, 0.1000], abs=5e-5)
    contrast = np.array([[1, -1, 0], [0, -1, 1]])
    difference = contrast @ auc
    chi_square = difference @ np.linalg.solve(contrast @ covariance @ contrast.T, difference)
    assert chi_square == pytest.approx(2.5340, abs=5e-5)
    pair = compare(labels, scores[0], scores[1])
    assert (pair.difference, pair.standard_error, pair.p) == pytest.approx((0.0108, 0.0953, 0.9102), abs=5e-5)


@pytest.mark.parametrize("example", ["drawn", "ovarian"])
def test_covariance_by_its_definition(example, ovarian):
    """All pairs, ties half, covariances of row and column means: DeLong's equations, written out."""
    drawn = np.repeat([0, 1], (17, 11)), np.random.default_rng(0).integers(0, 6, (2, 28)) / 5
    labels, scores = drawn if example == "drawn" else ovarian
    forged, pristine = scores[:, labels == 1], scores[:, labels == 0]
    beats = (forged[:, :, None] > pristine[:, None]) + 0.5 * (forged[:, :, None] == pristine[:, None])
    expected = np.cov(beats.mean(2)) / forged.shape[1] + np.cov(beats.mean(1)) / pristine.shape[1]
    found = auc_covariance(labels, scores)
    assert found.auc == pytest.approx(beats.mean((1, 2)))
    assert found.covariance == pytest.approx(expected)


def test_a_person_a_clip_is_delong(ovarian):
    labels, scores = ovarian
    people = [str(i) for i in range(len(labels))]
    assert auc_covariance(labels, scores, people).covariance == pytest.approx(auc_covariance(labels, scores).covariance)


def test_copies_of_clips_add_no_evidence(ovarian):
    labels, scores = ovarian
    people = [str(i) for i in range(len(labels))]
    copied = auc_covariance(np.repeat(labels, 5), np.repeat(scores, 5, axis=1), np.repeat(people, 5).tolist())
    assert copied.covariance == pytest.approx(auc_covariance(labels, scores).covariance)
    blind = auc_covariance(np.repeat(labels, 5), np.repeat(scores, 5, axis=1))
    assert np.diag(blind.covariance).max() < np.diag(copied.covariance).min() / 4


def test_alike_detectors_are_rejected_as_often_as_stated():
    """Two clips a person that share a habit: about 5% of p-values lie below 0.05."""
    rng, low = np.random.default_rng(0), 0
    labels, people = np.tile([0, 1], 50), np.repeat(np.arange(50), 2).astype(str).tolist()
    for _ in range(300):
        habit = np.repeat(rng.normal(size=50), 2)
        first, second = (labels + habit + rng.normal(size=100) for _ in range(2))
        low += compare(labels, first, second, people).p < 0.05
    assert 0.02 <= low / 300 <= 0.09


def test_a_detector_against_itself(ovarian):
    labels, scores = ovarian
    assert compare(labels, scores[0], scores[0])[:1] == (0,)
    assert compare(labels, scores[0], scores[0]).p == 1


def test_what_a_sample_cannot_tell():
    perfect = compare([0, 0, 1, 1], [0, 0, 1, 1], [0.5] * 4)
    assert perfect.difference == 0.5
    assert np.isnan(perfect.p), "no spread behind a difference is no proof"
    assert np.isnan(compare([0, 1], [0, 1], [1, 0]).p), "one person a class"
    with pytest.raises(InputError, match="no forged"):
        compare([0, 0], [0, 1], [0, 1])
    with pytest.raises(InputError, match="NaN"):
        compare([0, 1], [0, 1], [np.nan, 1])


def test_holm():
    """R: p.adjust(c(0.01, 0.02, 0.03, 0.04), "holm") is 0.04 0.06 0.06 0.06."""
    assert holm([0.01, 0.02, 0.03, 0.04]) == pytest.approx([0.04, 0.06, 0.06, 0.06])
    assert holm([0.6, np.nan, 0.7])[[0, 2]] == pytest.approx([1, 1])
    assert np.isnan(holm([0.6, np.nan])[1])
    assert len(holm([])) == 0


def test_z_of_a_large_sample_is_normal(ovarian):
    labels, scores = ovarian
    result = compare(labels, scores[2], scores[1])
    assert result.p == pytest.approx(2 * stats.norm.cdf(-abs(result.z)))
