"""The site: whole, self-contained, safe against names, honest in its warnings, and it runs in a browser."""

from __future__ import annotations

import dataclasses
import html.parser
import json
import re
import shutil
import subprocess

import pandas as pd
import pytest

from tellbench.datasets.scores import ScoreTable
from tellbench.errors import InputError
from tellbench.eval.results import Results
from tellbench.reports.site import build_site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NASTY = '<script>document.title="owned"</script>"\'><img src=x onerror=alert(1)>'


FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=3000",
    "--dump-dom",
)


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
def site(run, corpus, tmp_path_factory):
    return build_site(run, corpus, tmp_path_factory.mktemp("site") / "site").parent


@pytest.fixture(scope="module")
def page(site):
    return Page(site / "index.html")


@pytest.fixture
def own_run(run, tmp_path):
    """A copy of the run that a test may spoil."""
    return shutil.copytree(run, tmp_path / "run")


def test_files(site):
    names = {path.name for path in site.iterdir()}
    assert names == {"index.html", "leaderboard.csv", "leaderboard.md", "leaderboard.tex", "results.json", "media"}
    assert len(list((site / "media").glob("*.mp4"))) == 2 * 2 * 6


def test_nothing_is_fetched_from_elsewhere(site, page):
    links = [v for _, attrs in page.tags for k, v in attrs.items() if k in ("src", "href", "poster", "xlink:href")]
    assert links
    for link in links:
        assert link.startswith("#") or (site / link).is_file(), link
    style = (site / "index.html").read_text()
    assert "@import" not in style
    assert not re.search(r"url\((?!#)", style)


def test_auc_stands_beside_fps(page, run):
    row = next(r for r in Results.read(run).scores if (r.detector, r.test_on) == ("cnn:resnet18", "meshwarp"))
    assert f"{row.auc:.3f}" in page.text
    assert f"{row.auc_low:.3f} – {row.auc_high:.3f}" in page.text
    assert "31.2" in page.text
    assert "140.2" in page.text


def test_everything_is_described(page):
    assert all(video.get("aria-label") and video.get("poster") for video in page.all("video"))
    assert all(svg.get("aria-label") for svg in page.all("svg"))
    assert page.all("html")[0]["lang"] == "en"
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {attrs["href"][1:] for attrs in page.all("a") if attrs["href"].startswith("#")}
    assert targets <= set(ids)


def test_pure_function_of_the_run(run, corpus, site, tmp_path):
    again = build_site(run, corpus, tmp_path / "again").parent
    assert (again / "index.html").read_bytes() == (site / "index.html").read_bytes()


def test_a_null_row_off_chance_is_a_red_warning(own_run):
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


def spoil(run):
    """Nasty text wherever a run lets a user choose text."""
    results = Results.read(run)
    tables = {NASTY if name == "blink" else name: file for name, file in results.tables.items()}
    scores = [dataclasses.replace(r, detector=NASTY) if r.detector == "blink" else r for r in results.scores]
    scores = [dataclasses.replace(r, test_on=NASTY) if r.test_on == "splice" else r for r in scores]
    speed = [dataclasses.replace(r, generator=NASTY, device=NASTY) for r in results.speed]
    corpus = {**results.corpus, "name": NASTY, "groups": {NASTY: {NASTY: 1}}}
    dataclasses.replace(
        results, suite=NASTY, scores=tuple(scores), speed=tuple(speed), tables=tables, corpus=corpus, git=NASTY,
        versions={NASTY: NASTY}, device={NASTY: NASTY},
    ).write(run)  # fmt: skip
    clips = pd.read_csv(run / "clips.csv", dtype=str, keep_default_na=False)
    clips["generator"] = clips["generator"].replace("splice", NASTY)
    clips.loc[0, "clip_id"] = NASTY
    clips.to_csv(run / "clips.csv", index=False)
    ScoreTable({NASTY: 0.3}).write_csv(run / "scores" / "blink.csv")


def test_user_text_is_escaped(own_run):
    spoil(own_run)
    page = Page(build_site(own_run, None, own_run / "site"))
    assert len(page.all("script")) == 1
    assert page.all("img") == []
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert NASTY in page.text


def test_without_corpus_scores_or_speed_there_is_still_a_page(own_run):
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


def test_only_a_site_is_replaced(run, corpus, tmp_path):
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


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
class TestInABrowser:
    """Headless Chromium, opening the page from disk."""

    @staticmethod
    def dump(page, tmp_path, script):
        """The page's title after running `script` in it (put behind the page's own script, past its policy)."""
        probe = page.parent / "probe.html"
        text = page.read_text(encoding="utf-8")
        text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
        probe.write_text(text.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
        return TestInABrowser.open(probe, tmp_path)

    @staticmethod
    def open(page, tmp_path):
        command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", page.resolve().as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        return re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL).group(1), done.stdout

    def test_sorting_and_filtering(self, site, tmp_path):
        script = """
          const board = document.querySelector("table.board");
          const column = (i) => [...board.tBodies[0].rows].filter(r => !r.hidden).map(r => r.cells[i].dataset.value);
          const buttons = [...board.querySelectorAll("th button")];
          const click = (text) => buttons.find(b => b.textContent.startsWith(text)).click();
          click("AUC"); const down = column(2).map(Number);
          click("AUC"); const up = column(2).map(Number);
          click("EER"); const eer = column(5).map(Number);
          click("fps"); const fps = column(3);
          document.querySelector('.chip[data-generator="null"]').click();
          document.title = JSON.stringify({down, up, eer, fps, shown: column(1)});
        """
        title, _ = self.dump(site / "index.html", tmp_path, script)
        seen = json.loads(title)
        assert seen["down"] == sorted(seen["down"], reverse=True)
        assert seen["up"] == sorted(seen["up"])
        assert seen["eer"] == sorted(seen["eer"])
        assert seen["fps"] == ["140.2"] * 6 + ["31.25"] * 6 + [""] * 6
        assert seen["shown"] == ["null"] * 6

    def test_clips_play(self, site, tmp_path):
        script = """
          const videos = [...document.querySelectorAll(".pair")[0].querySelectorAll("video")];
          Promise.all(videos.map(v => new Promise(done => {
            v.preload = "auto";
            v.onloadeddata = () => done([v.videoWidth, v.duration]); v.onerror = () => done("error");
            v.load();
          }))).then(v => { document.title = JSON.stringify(v); });
        """
        title, _ = self.dump(site / "index.html", tmp_path, script)
        seen = json.loads(title)
        assert [width for width, _ in seen] == [64, 64]
        assert all(duration == pytest.approx(1, abs=0.1) for _, duration in seen)

    def test_the_policy_lets_our_script_run_and_no_other(self, own_run, tmp_path):
        spoil(own_run)
        page = build_site(own_run, None, own_run / "site")
        title, dom = self.open(page, tmp_path)
        assert title != "owned"
        page.write_text(page.read_text().replace("</body>", "<script>document.title='owned'</script></body>"))
        assert self.open(page, tmp_path)[0] != "owned"
        assert 'aria-pressed="true"' in dom
