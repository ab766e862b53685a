"""One order, one wording, and nothing a name could break."""

from __future__ import annotations

import csv
import dataclasses
import io
import re

import pytest

from tellbench.eval.results import Results
from tellbench.reports import tables


@pytest.fixture
def results(run):
    return Results.read(run)


def named(results, name):
    first, *rest = results.scores
    return dataclasses.replace(results, scores=(dataclasses.replace(first, detector=name), *rest))


def test_reading_order(results):
    order = [(e.score.test_on, e.score.detector) for e in tables.leaderboard(results)]
    assert [g for g, _ in order] == ["meshwarp"] * 6 + ["splice"] * 6 + ["null"] * 6
    assert [d for _, d in order[:6]] == ["cnn:resnet18", "spectrum", "blink", "oracle", "random", "constant"]


def test_best_is_never_found_on_outside_portraits(results):
    row = next(row for row in results.scores if row.test_on == "meshwarp")
    outside = dataclasses.replace(row, test_on="meshwarp, outside portraits", protocol="outside-portraits", auc=1.0)
    with_outside = dataclasses.replace(results, scores=(*results.scores, outside))
    assert tables.best_detectors(with_outside).keys() == tables.best_detectors(results).keys()


def test_best_is_never_a_sanity_row(results):
    best = tables.best_detectors(results)
    assert {g: e.score.detector for g, e in best.items()} == {"meshwarp": "cnn:resnet18", "splice": "cnn:resnet18"}


def test_speed_stands_beside_auc_and_the_fastest_row_counts(results):
    slow = dataclasses.replace(results.speed[0], fps_offline=1.0)
    null = dataclasses.replace(results.speed[0], generator="null", fps_offline=9999.0)
    entries = tables.leaderboard(dataclasses.replace(results, speed=(slow, null, *results.speed)))
    assert {e.score.test_on: e.fps for e in entries} == {"meshwarp": 31.25, "splice": 140.2, "null": None}


def test_csv_reads_back_in_full_precision(results):
    rows = list(csv.DictReader(io.StringIO(tables.to_csv(results))))
    first = tables.leaderboard(results)[0]
    assert len(rows) == len(results.scores)
    assert float(rows[0]["auc"]) == first.score.auc
    assert rows[-1]["fps"] == ""


def test_markdown_has_one_cell_a_column_whatever_the_name(results):
    lines = tables.to_markdown(named(results, "a|b<script>\nc")).splitlines()
    assert len(lines) == 2 + len(results.scores)
    for line in lines:
        assert len(re.findall(r"(?<!\\)\|", line)) == len(tables.COLUMNS) + 1
        assert "<script" not in line
    assert "–" in lines[-1]


def test_latex_is_escaped_and_rectangular(results):
    text = tables.to_latex(named(results, r"50%_$x$&\input{/etc/passwd}"))
    assert r"\input" not in text
    assert r"50\%\_\$x\$\&\textbackslash{}input\{/etc/passwd\}" in text
    body = [line for line in text.splitlines() if line.endswith(r"\\")]
    for line in body:
        assert len(re.findall(r"(?<!\\)&", line)) == len(tables.COLUMNS) - 1


def test_empty_results_make_empty_tables(results):
    empty = dataclasses.replace(results, scores=(), speed=())
    assert tables.to_csv(empty).count("\n") == 1
    assert tables.to_markdown(empty).count("\n") == 2


def test_a_setting_is_an_entry_of_its_own_with_its_own_speed(results):
    dose = {"protocol": "dose-response", "condition": "sampler_steps=5", "dose": 5.0}
    here = [row for row in results.scores if row.test_on == "meshwarp"]
    rows = [dataclasses.replace(row, auc=0.6 + i / 100, **dose) for i, row in enumerate(here)]
    untimed = dataclasses.replace(rows[0], condition="blink_rate=0")
    speed = dataclasses.replace(results.speed[0], setting="sampler_steps=5", fps_offline=99.0)
    more = dataclasses.replace(results, scores=(*results.scores, *rows, untimed), speed=(*results.speed, speed))
    (entry,) = tables.settings(more)
    (best,) = [row for row in rows if row.detector == "cnn:resnet18"]  # the last that is no sanity row
    assert (entry.maker, entry.fps, entry.score) == ("meshwarp, sampler steps 5", 99.0, best)
    assert {e.score.test_on: e.fps for e in tables.leaderboard(more)}["meshwarp"] == 31.25, "as it is"
    assert any("meshwarp, sampler steps 5 is" in said for said in tables.tradeoffs(more))
