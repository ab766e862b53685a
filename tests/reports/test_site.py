"""The site: whole, self-contained, safe against names, honest in its warnings, and it runs in a browser."""

from __future__ import annotations

import dataclasses
import html.parser
import itertools
import re
import shutil

import pandas as pd
import pytest

from tellbench.errors import InputError
from tellbench.eval.results import AuditRow, ComparisonRow, RankRow, Results
from tellbench.reports import figures, pages
from tellbench.reports.site import build_site


class Page(html.parser.HTMLParser):
    """Tags with attributes, and all text outside script and style."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.text, self._inside = [], "", ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside not in ("script", "style"):
            self.text += data

    def all(self, name):
        return [attrs for tag, attrs in self.tags if tag == name]


@pytest.fixture(scope="module")
def page(site):
    return Page(site / "index.html")


@pytest.fixture
def undrawn(monkeypatch):
    """Figures cost most of a site's time; these tests look at what stands around them."""
    for kind in ("pareto", "roc", "distributions", "calibration"):
        monkeypatch.setattr(figures, kind, lambda *_: "<svg></svg>")
    monkeypatch.setattr(pages, "GROUP_RESAMPLES", 20)


@pytest.fixture
def own_run(run, tmp_path):
    """A copy of the run that a test may spoil."""
    return shutil.copytree(run, tmp_path / "run")


def test_files(site):
    names = {path.name for path in site.iterdir()}
    files = {"index.html", "leaderboard.csv", "leaderboard.md", "leaderboard.tex", "results.json"}
    assert names == files | {"media", "clips"}
    clips = {path.stem for path in (site / "media").glob("*.mp4")}
    assert clips == {path.stem for path in (site / "clips").iterdir()}
    assert sum(name.endswith("forged") for name in clips) == 4  # a pristine clip of two pairs is there once


def test_nothing_is_fetched_from_elsewhere(site):
    for path in (site / "index.html", *(site / "clips").iterdir()):
        linking = ("src", "href", "poster", "xlink:href")
        links = [value for _, attrs in Page(path).tags for name, value in attrs.items() if name in linking]
        assert links
        for link in links:
            assert link.startswith("#") or (path.parent / link.partition("#")[0]).is_file(), link
        style = path.read_text()
        assert "@import" not in style
        assert not re.search(r"url\((?!#)", style)


def test_auc_stands_beside_fps(page, run):
    row = next(r for r in Results.read(run).scores if (r.detector, r.test_on) == ("cnn:resnet18", "meshwarp"))
    assert f"{row.auc:.3f}" in page.text
    assert f"{row.auc_low:.3f} – {row.auc_high:.3f}" in page.text
    assert "31.2" in page.text
    assert "140.2" in page.text


def test_quality_stands_beside_the_pristine_control(site):
    page = (site / "index.html").read_text(encoding="utf-8")
    table = page[page.index('id="quality"') : page.index('id="reading"')]
    rows = re.findall(r"<tr><td class=\"text name\">(.*?)</tr>", table)
    assert [row.split("<")[0] for row in rows] == ["pristine", "splice"]
    assert "0.231" in rows[0] and "23 with a voice" in rows[0] and "96%" in rows[0]
    assert "0.231" not in rows[1] and "–" in rows[1]


def test_fvd_names_its_extractor_its_interval_and_why_it_is_missing(site):
    page = (site / "index.html").read_text(encoding="utf-8")
    table = page[page.index('id="quality"') : page.index('id="reading"')]
    pristine, splice = re.findall(r"<tr><td class=\"text name\">(.*?)</tr>", table)
    assert '3.31<span class="sub">1.66 – 6.56</span>' in pristine
    assert "<td>–</td>" in splice and "3.31" not in splice
    assert "No FVD of splice: 17 forged and 336 pristine windows; 20 of each are needed." in table
    assert "No FVD of pristine" not in table
    assert "<code>face-windows-1/network/01234567</code>" in table


def test_everything_is_described(site, page):
    for path in (site / "clips").iterdir():
        shown = Page(path)
        assert all(picture.get("alt") for picture in shown.all("img"))
        assert all(svg.get("aria-label") for svg in shown.all("svg"))
    fields = [*page.all("select"), *(field for field in page.all("input") if field["type"] == "range")]
    assert all(field.get("aria-label") for field in fields)
    assert all(video.get("aria-label") and video.get("poster") for video in page.all("video"))
    assert all(svg.get("aria-label") for svg in page.all("svg"))
    assert page.all("html")[0]["lang"] == "en"
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {attrs["href"][1:] for attrs in page.all("a") if attrs["href"].startswith("#")}
    assert targets <= set(ids)


def test_a_clips_page_shows_evidence_and_links(site, nasty):
    pages_of = sorted((site / "clips").iterdir())
    page = Page(pages_of[0])
    assert "witness" in page.text
    assert "height" in page.text  # what the curve's values are
    assert "0.1235" in page.text
    assert "1 blink" in next(svg["aria-label"] for svg in page.all("svg") if "Lid opening" in svg["aria-label"])
    assert nasty in page.text
    assert len(page.all("script")) == 1
    links = {attrs["href"] for attrs in page.all("a")}
    assert pages_of[1].name in links
    assert "../index.html#gallery" in links


def test_tracks_stand_under_every_pair(page):
    said = [svg["aria-label"] for svg in page.all("svg") if "viewbox" in svg and svg["viewbox"] == "0 0 100 100"]
    assert len(said) == 4 * 3
    assert said[0] == "Lid opening, blinks marked: pristine: 1 blink; forged: 1 blink."


def test_pure_function_of_the_run(run, undrawn, tmp_path):
    first, again = (build_site(run, None, tmp_path / name).read_bytes() for name in ("first", "again"))
    assert first == again


def test_a_null_row_off_chance_is_a_red_warning(own_run, undrawn):
    results = Results.read(own_run)
    assert "role=alert" not in build_site(own_run, None, own_run / "site").read_text()
    rows = [
        dataclasses.replace(r, auc=0.8, auc_low=0.7, auc_high=0.9)
        if (r.detector, r.test_on) == ("blink", "null")
        else r
        for r in results.scores
    ]
    dataclasses.replace(results, scores=tuple(rows)).write(own_run)
    text = build_site(own_run, None, own_run / "site").read_text()
    assert 'class="alarm" role=alert' in text
    assert "1 failed" in text


def test_user_text_is_escaped(nasty_site, nasty):
    page = Page(nasty_site / "index.html")
    assert len(page.all("script")) == 1
    assert page.all("img") == []
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert nasty in page.text


def test_without_corpus_scores_or_speed_there_is_still_a_page(own_run, undrawn):
    results = Results.read(own_run)
    shutil.rmtree(own_run / "scores")
    (own_run / "clips.csv").unlink()
    page = Page(build_site(own_run, None, own_run / "site"))
    assert page.all("video") == []
    assert "cnn:resnet18" in page.text
    dataclasses.replace(results, scores=(), speed=(), corpus={}, tables={}).write(own_run)
    assert "sanity rows only" in Page(build_site(own_run, None, own_run / "site")).text


def test_another_corpus_is_refused(own_run, corpus, tmp_path):
    clips = pd.read_csv(own_run / "clips.csv", dtype=str, keep_default_na=False)
    clips["clip_id"] = "other-" + clips["clip_id"]
    clips.to_csv(own_run / "clips.csv", index=False)
    with pytest.raises(InputError, match="none of this run's"):
        build_site(own_run, corpus, tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_only_a_site_is_replaced(run, corpus, undrawn, tmp_path):
    precious = tmp_path / "home"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years")
    for out in (precious, precious / "thesis.txt", run, run.parent, corpus.root):
        with pytest.raises(InputError, match="--out"):
            build_site(run, corpus, out)
    assert (precious / "thesis.txt").read_text() == "years"
    first = build_site(run, None, tmp_path / "site")
    (first.parent / "stale.txt").write_text("old")
    assert build_site(run, None, tmp_path / "site") == first
    assert not (first.parent / "stale.txt").exists()


def test_further_protocols_appear_when_there_are_rows(own_run, undrawn):
    results = Results.read(own_run)
    row = next(r for r in results.scores if (r.detector, r.test_on) == ("spectrum", "meshwarp"))
    worn = [
        dataclasses.replace(row, protocol="laundered", condition=f"crf={crf:g}", dose=crf, auc=auc)
        for crf, auc in ((23.0, 0.9), (35.0, 0.7), (45.0, 0.54))
    ]
    dataclasses.replace(results, scores=(*results.scores, *worn)).write(own_run)
    page = Page(build_site(own_run, None, own_run / "site"))
    assert "After laundering" in page.text
    assert "Lowest: spectrum at crf 45, AUC 0.540" in page.text
    assert len(pd.read_csv(own_run / "site" / "protocols.csv")) == 3
    assert len(pd.read_csv(own_run / "site" / "leaderboard.csv")) == len(results.scores)


def test_detectors_may_lie_elsewhere(run, undrawn, tmp_path):
    (tmp_path / "models" / "blink").mkdir(parents=True)
    (tmp_path / "models" / "blink" / "detector.json").write_text('{"version": 7, "tellbench": "0.9"}')
    assert "7 (Tellbench 0.9)" in build_site(run, None, tmp_path / "site", tmp_path / "models").read_text()


def test_ranks_and_tests_are_told(own_run, undrawn):
    results = Results.read(own_run)
    rank = RankRow(test_on="meshwarp", detector="spectrum", rank=2, rank_low=1, rank_high=3, first=0.25)
    test = ComparisonRow(
        test_on="splice", first="blink", second="spectrum", difference=-0.2, standard_error=0.05, p=1e-4, p_holm=6e-4
    )
    record = {"weights": {"blink": "0af31c"}, "manifests": 3}
    idle = AuditRow(probe="sound", test_on="", auc=None, auc_low=None, auc_high=None, verdict="not run")
    dataclasses.replace(results, ranks=(rank,), comparisons=(test,), audits=(idle,), record=record).write(own_run)
    text = " ".join(Page(build_site(own_run, None, own_run / "site")).text.split())
    assert "not run" in text
    assert "weights of blink0af31c" in text.replace(" 0af31c", "0af31c")
    assert "spectrum tells splice better than blink (AUC 0.200 apart, corrected p 0.0006)" in text
    assert "Of 1 paired test of" in text


LIGHT_DARK = re.compile(r"(--[\w-]+): light-dark\((#\w{6}), (#\w{6})\)")
PAIRS = [
    *itertools.product(("--ink", "--muted", "--accent"), ("--paper", "--card", "--wash")),
    *((text, "--card") for text in ("--pristine", "--forged", "--good", "--alarm")),
    ("--alarm", "--alarm-wash"),
    ("--caution", "--caution-wash"),
    ("--paper", "--accent"),
    *((f"--heat-{i}-ink", f"--heat-{i}") for i in range(7)),
]


def luminance(colour):
    """Relative luminance of WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1])
def test_text_has_contrast_in_both_themes(site, theme):
    colours = {name: pair[theme] for name, *pair in LIGHT_DARK.findall((site / "index.html").read_text())}
    for text, ground in PAIRS:
        high, low = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground)
    for i in range(6):
        high, low = sorted((luminance(colours[f"--series-{i}"]), luminance(colours["--card"])), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 3, i  # graphics
