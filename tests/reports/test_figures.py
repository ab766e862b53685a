"""Figures are valid SVG, themed, described, deterministic, and show the data they are given."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ET

import pytest

from tellbench.eval.evaluate import read_scores
from tellbench.eval.results import Results
from tellbench.reports import figures
from tellbench.reports.tables import leaderboard

NASTY = '<script>alert(1)</script> $\\frac{$ & "x"'
DRAWN = ("pareto", "roc", "distributions", "calibration", "risk")


@pytest.fixture(scope="module")
def drawn(run):
    return draw(run)


def draw(run, rename=None):
    results = Results.read(run)
    clips = read_scores(run, results)
    name = rename or "blink"
    clips = clips.rename(columns={"blink": name})
    names = ["cnn:resnet18", "spectrum", name]
    entries = [entry for entry in leaderboard(results) if not entry.is_sanity]
    looks = {**{entry.score.detector: 0 for entry in entries}, **{name: i for i, name in enumerate(names)}}
    if rename:
        renamed = [dataclasses.replace(e.score, detector=rename) for e in entries if e.score.detector == "blink"]
        entries = [dataclasses.replace(entries[0], score=score) for score in renamed]
    return {
        "pareto": figures.pareto(entries, entries[:1], looks),
        "roc": figures.roc(clips, names, "meshwarp", looks),
        "distributions": figures.distributions(clips, names, "meshwarp"),
        "calibration": figures.calibration(clips, names, "meshwarp", looks),
        "risk": figures.risk(clips, names, "meshwarp", looks),
    }


@pytest.mark.parametrize("kind", DRAWN)
def test_valid_svg_with_words_for_screen_readers(drawn, kind):
    root = ET.fromstring(drawn[kind])
    assert root.get("role") == ("img" if kind == "distributions" else "group")  # a picture's parts are not read out
    assert root.get("viewBox")
    assert root.get("width") is None  # the page sizes it
    tags = [child.tag.rpartition("}")[2] for child in root]
    assert tags[:2] == ["title", "desc"]
    assert "cnn:resnet18" in (root[1].text or "") or kind == "calibration"


@pytest.mark.parametrize("kind", DRAWN)
def test_colours_are_the_style_sheets(drawn, kind):
    assert "var(--series-0)" in drawn[kind] or "var(--pristine)" in drawn[kind]
    assert not set(re.findall(r"#[0-9a-f]{6}\b", drawn[kind])) - {"#000000", "#ffffff"}


def test_ids_are_unique_on_a_page(drawn):
    ids = [value for svg in drawn.values() for value in re.findall(r'\bid="([^"]+)"', svg)]
    assert len(ids) == len(set(ids))
    for svg in drawn.values():
        used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
        assert used <= set(re.findall(r'\bid="([^"]+)"', svg))


def test_same_input_same_bytes(run, drawn):
    results = Results.read(run)
    names = ["cnn:resnet18", "spectrum", "blink"]
    again = figures.roc(read_scores(run, results), names, "meshwarp", {name: i for i, name in enumerate(names)})
    assert again == drawn["roc"]


def test_a_detector_can_be_found_in_every_figure(drawn):
    for kind in ("pareto", "roc", "calibration", "risk"):
        assert {"0", "1", "2"} <= set(re.findall(r'data-series="(\d+)"', drawn[kind])), kind


def test_the_front_holds_what_no_other_beats(run):
    entry = next(e for e in leaderboard(Results.read(run)) if e.fps)

    def one(auc, fps):
        speed = dataclasses.replace(entry.speed, fps_offline=fps)
        return dataclasses.replace(entry, score=dataclasses.replace(entry.score, auc=auc), speed=speed)

    slow_hard, fast_easy, beaten = one(0.6, 10.0), one(0.9, 50.0), one(0.95, 20.0)
    assert figures.undominated([fast_easy, beaten, slow_hard]) == [slow_hard, fast_easy]


def test_a_name_cannot_inject_markup_or_mathtext(run):
    for kind, svg in draw(run, NASTY).items():
        ET.fromstring(svg)
        assert "<script" not in svg, kind


def test_auc_in_the_legend_is_the_auc_of_the_row(run, drawn):
    row = next(r for r in Results.read(run).scores if (r.detector, r.test_on) == ("spectrum", "meshwarp"))
    assert f"spectrum  {row.auc:.3f}" in drawn["roc"] or f"spectrum {row.auc:.3f}" in drawn["roc"]


def test_every_mark_of_the_headline_tells_its_values(run, drawn):
    told = re.findall(r'class="note" role="img" aria-label="([^"]*)"', drawn["pareto"])
    entries = [e for e in leaderboard(Results.read(run)) if not e.is_sanity and e.fps]
    assert len(told) == len(entries)
    for entry in entries:
        row, told_of = entry.score, f"{entry.score.detector} on {entry.score.test_on}: "
        (words,) = [text for text in told if text.startswith(told_of)]
        assert f"AUC {row.auc:.3f}, 95% interval {row.auc_low:.3f} to {row.auc_high:.3f}; {entry.fps:.1f} fps" in words


def test_values_told_along_a_curve_lie_on_it(run, drawn):
    told = re.findall(r'aria-label="spectrum, forged from ([\d.]+): (\d+)% found, (\d+)% false alarms"', drawn["roc"])
    clips = read_scores(run, Results.read(run))
    forged, pristine = (clips["spectrum"][clips["generator"] == name].dropna() for name in ("meshwarp", ""))
    real = {
        (f"{at:.2f}", f"{(forged >= at).mean() * 100:.0f}", f"{(pristine >= at).mean() * 100:.0f}")
        for at in {*forged, *pristine}
    }
    assert told
    assert set(told) <= real


def test_names_of_generators_do_not_touch():
    names = {
        "meshwarp": 40.6,
        "vasa, sampler steps 25": 57.3,
        "vasa": 66.2,
        "vasa, sampler steps 5": 70.7,
        "slow": 11.0,
    }
    lines = {name: line for name, _, line in figures._lines(names, (10, 150))}
    assert lines["slow"] == lines["meshwarp"] == 0
    assert len({lines[name] for name in names if name not in ("slow", "vasa")}) == 3
    assert lines["vasa"] not in (lines["vasa, sampler steps 25"], lines["vasa, sampler steps 5"])
