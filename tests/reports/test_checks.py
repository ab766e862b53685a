"""Every known way a leaderboard lies has its warning, and an honest one has none."""

from __future__ import annotations

import dataclasses

import pytest

from tellbench.eval.results import AuditRow, Results
from tellbench.reports.checks import findings


@pytest.fixture
def results(run):
    return Results.read(run)


def with_row(results, detector, test_on, **changes):
    rows = [
        dataclasses.replace(row, **changes) if (row.detector, row.test_on) == (detector, test_on) else row
        for row in results.scores
    ]
    return dataclasses.replace(results, scores=tuple(rows))


def texts(results, level):
    return [finding.text for finding in findings(results) if finding.level == level]


def test_an_honest_run_raises_no_alarm(results):
    assert texts(results, "alarm") == []
    assert [text.split(" ")[0] for text in texts(results, "caution")] == ["blink"]


@pytest.mark.parametrize(("detector", "test_on", "changes", "said"), [
    ("oracle", "meshwarp", {"auc": 0.98}, "oracle"),
    ("blink", "null", {"auc": 0.7, "auc_low": 0.6, "auc_high": 0.8}, "blink tells null clips"),
    ("blink", "null", {"auc": 0.3, "auc_low": 0.2, "auc_high": 0.4}, "blink tells null clips"),
    ("random", "meshwarp", {"auc": 0.9, "auc_low": 0.75, "auc_high": 1.0}, "random"),
    ("constant", "splice", {"auc": 0.51, "auc_low": 0.505, "auc_high": 0.52}, "constant"),
])  # fmt: skip
def test_alarms(results, detector, test_on, changes, said):
    alarms = texts(with_row(results, detector, test_on, **changes), "alarm")
    assert len(alarms) == 1
    assert said in alarms[0]


def test_an_unlucky_random_row_is_no_alarm(results):
    assert texts(with_row(results, "random", "meshwarp", auc=0.62, auc_low=0.52, auc_high=0.72), "alarm") == []
    few = {"n_pristine": 6, "n_forged": 6, "auc": 0.14, "auc_low": 0.0, "auc_high": 0.28}  # of a real run
    assert texts(with_row(results, "random", "meshwarp", **few), "alarm") == []


def test_without_an_interval_nothing_is_accused(results):
    unknown = with_row(results, "spectrum", "null", auc=0.7, auc_low=None, auc_high=None)
    assert texts(unknown, "alarm") == []
    assert any("fewer than two people" in text for text in texts(unknown, "caution"))


def test_a_failed_audit_is_an_alarm(results):
    audit = AuditRow(probe="silence", test_on="meshwarp", auc=0.9, auc_low=0.8, auc_high=1.0, verdict="fail", found="x")
    assert "silence" in texts(dataclasses.replace(results, audits=(audit,)), "alarm")[0]


def test_cautions(results):
    assert any("worse than guessing" in t for t in texts(with_row(results, "blink", "splice", auc=0.2), "caution"))
    assert any("smallest class" in t for t in texts(with_row(results, "blink", "splice", n_forged=5), "caution"))
    no_null = dataclasses.replace(results, scores=tuple(r for r in results.scores if r.test_on != "null"))
    assert any("No null row" in t for t in texts(no_null, "caution"))


def test_alarms_come_first(results):
    levels = [f.level for f in findings(with_row(results, "oracle", "splice", auc=0.5))]
    assert levels == sorted(levels, key=["alarm", "caution"].index)
    assert levels[0] == "alarm"
