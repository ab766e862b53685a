"""Rows of further protocols are kept off the leaderboard and drawn with their own."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET

import pytest

from tellbench.eval.results import Results
from tellbench.reports.checks import findings, sanity
from tellbench.reports.conditions import draw
from tellbench.reports.protocols import further, in_words, is_main, panels
from tellbench.reports.tables import leaderboard


@pytest.fixture(scope="module")
def results(run):
    """The run with laundering (doses and words), lengths, and an unseen generator."""
    plain = Results.read(run)
    rows = [row for row in plain.scores if row.test_on == "meshwarp"]
    extra = []
    for row in rows:
        for i, crf in enumerate((18, 28, 38)):
            more = {"condition": f"crf={crf}", "dose": float(crf), "auc": row.auc - 0.1 * i}
            extra.append(dataclasses.replace(row, protocol="laundered", **more))
        for chain in ("resize", "noise"):
            extra.append(dataclasses.replace(row, protocol="laundered", condition=f"chain={chain}"))
        extra.append(dataclasses.replace(row, protocol="leave-one-generator-out", auc_low=None, auc_high=None))
    return dataclasses.replace(plain, scores=(*plain.scores, *extra))


def test_the_leaderboard_and_its_checks_do_not_see_them(results, run):
    plain = Results.read(run)
    assert leaderboard(results) == leaderboard(plain)
    assert findings(results) == findings(plain)
    assert all(map(is_main, plain.scores))
    assert len(further(results)) == 6 * 6


def test_one_panel_for_each_quantity_on_each_generator(results):
    found = panels(results, sanity())
    assert list(found) == ["laundered", "leave-one-generator-out"]
    assert [(p.quantity, p.test_on, p.is_curve) for p in found["laundered"]] == [
        ("crf", "meshwarp", True),
        ("chain", "meshwarp", False),
    ]
    (unseen,) = found["leave-one-generator-out"]
    assert (unseen.quantity, unseen.test_on, unseen.place(unseen.rows[0])) == ("", "", "meshwarp")
    assert {row.detector for row in unseen.rows} == {"blink", "spectrum", "cnn:resnet18"}


def test_curves_and_marks_are_drawn_and_described(results):
    looks = {"cnn:resnet18": 0, "spectrum": 1, "blink": 2}
    for panel in (panel for group in panels(results, sanity()).values() for panel in group):
        root = ET.fromstring(draw(panel, looks))
        assert "spectrum at" in root[1].text
        parts = {child.get("data-series") for child in root.iter()}
        assert {"0", "1", "2"} <= parts
    worst = in_words(panels(results, sanity())["laundered"][0], results)
    assert "at crf 38, AUC" in worst
    assert worst.endswith("on the leaderboard.")
