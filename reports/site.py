"""The static site: a pure function of a run folder and, for the gallery, its corpus.

Self-contained: no network, no build step, opens from disk. Every text from a run is escaped by Jinja; the only raw
parts are this package's style sheet and script and the figures, whose text matplotlib escapes. A content security
policy lets nothing else run.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
from collections import Counter
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Final

import jinja2
import pandas as pd
from markupsafe import Markup

from tellbench.datasets.corpus import Corpus
from tellbench.datasets.files import atomic_folder
from tellbench.errors import InputError
from tellbench.eval.evaluate import read_scores
from tellbench.eval.groups import FEWEST, GroupRow, auc_by_group
from tellbench.eval.results import FILE, Results
from tellbench.eval.rows import NULL
from tellbench.reports import figures, gallery, tables
from tellbench.reports.checks import SANITY, findings

MARK: Final = '<meta name="generator" content="Tellbench">'
"""In the head of every page; a folder that holds such a page may be replaced."""
PAIRS: Final = 6
"""Pairs in the gallery for each generator."""
GROUP_RESAMPLES: Final = 1000
"""Resamples of the intervals within groups."""
_FOLDED: Final = ("auc_low", "auc_high", "protocol", "n_forged", "n_missing")
"""Columns that the page draws inside another cell."""
_MOST_CURVES: Final = 6
"""Detectors in one figure: as many as there are colours."""


def build_site(run: Path, corpus: Corpus | None, out: Path) -> Path:
    """Build the site and return its `index.html`. `out` appears whole or not at all.

    Args:
        run: folder with `results.json` and the score tables.
        corpus: the corpus of the run, for playable pairs; without it the page has no gallery.
        out: folder of the site; an earlier site in it is replaced.

    Raises:
        InputError: the run is broken, the corpus is another one, or `out` holds something that is no site.
    """
    _check_target(run, corpus, out)
    results = Results.read(run)
    clips = read_scores(run, results)
    with atomic_folder(out) as site:
        pairs = [] if corpus is None else _gallery(results, clips, corpus, site)
        (site / "index.html").write_text(render(results, clips, pairs), encoding="utf-8")
        (site / "leaderboard.csv").write_text(tables.to_csv(results), encoding="utf-8")
        (site / "leaderboard.md").write_text(tables.to_markdown(results), encoding="utf-8")
        (site / "leaderboard.tex").write_text(tables.to_latex(results), encoding="utf-8")
        shutil.copyfile(run / FILE, site / FILE)
    return out / "index.html"


def render(results: Results, clips: pd.DataFrame, pairs: list[gallery.Pair]) -> str:
    """The page as HTML."""
    script = _template("site.js")
    entries = tables.leaderboard(results)
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["shown"] = tables.shown
    return environment.from_string(_template("index.html.j2")).render(
        mark=Markup(MARK),
        style=Markup(_template("style.css")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        results=results,
        entries=entries,
        columns=[column for column in tables.COLUMNS if column.key not in _FOLDED],
        best=tables.best_detectors(results),
        findings=findings(results),
        sanity=SANITY,
        null=NULL,
        real_time=figures.REAL_TIME,
        pairs=pairs,
        figures={name: Markup(svg) for name, svg in _figures(results, clips, entries).items()},
        speed=[row for row in results.speed if row.generator != NULL],
        groups=_groups(results, clips),
        fewest=FEWEST,
        generators=list(dict.fromkeys(entry.score.test_on for entry in entries)),
    )


def _figures(results: Results, clips: pd.DataFrame, entries: list[tables.Entry]) -> Mapping[str, str]:
    """Every figure that the run has the data for, by name."""
    drawn: dict[str, str] = {}
    contenders = [entry for entry in entries if not entry.is_sanity]
    if any(entry.fps is not None for entry in contenders):
        drawn["pareto"] = figures.pareto(contenders)
    for generator, best in tables.best_detectors(results).items():
        here = [
            e.score.detector for e in contenders if e.score.test_on == generator and e.score.detector in clips.columns
        ]
        if best.score.detector in clips.columns and (clips["generator"] == generator).any():
            drawn[f"roc {generator}"] = figures.roc(clips, here[:_MOST_CURVES], generator)
            drawn[f"scores {generator}"] = figures.distributions(clips, here, generator)
            drawn[f"calibration {generator}"] = figures.calibration(clips, here[:_MOST_CURVES], generator)
    return drawn


def _groups(results: Results, clips: pd.DataFrame) -> dict[str, list[GroupRow]]:
    """For each generator, its best detector within groups, where an attribute has more than one."""
    found: dict[str, list[GroupRow]] = {}
    for generator, best in tables.best_detectors(results).items():
        if best.score.detector in clips.columns:
            rows = auc_by_group(clips, best.score.detector, generator, n_boot=GROUP_RESAMPLES, seed=0)
            values = Counter(row.attribute for row in rows)
            found[generator] = [row for row in rows if values[row.attribute] > 1]
    return {generator: rows for generator, rows in found.items() if rows}


def _gallery(results: Results, clips: pd.DataFrame, corpus: Corpus, site: Path) -> list[gallery.Pair]:
    if len(clips) and not any(clip.clip_id in clips.index for clip in corpus):
        raise InputError(
            f"corpus {corpus.root} has none of this run's {len(clips)} clips; give the corpus that was evaluated"
        )
    detectors = [name for name in results.tables if name not in SANITY]
    pairs: list[gallery.Pair] = []
    for number, (generator, best) in enumerate(tables.best_detectors(results).items(), 1):
        chosen = gallery.choose(corpus, clips, best.score.detector, generator, PAIRS)
        pairs += gallery.exhibit(chosen, clips, detectors, site, f"pair-{number}")
    return pairs


def _check_target(run: Path, corpus: Corpus | None, out: Path) -> None:
    """Refuse to replace anything but an earlier site."""
    target = out.resolve()
    for source in (run, *([] if corpus is None else [corpus.root])):
        if source.resolve().is_relative_to(target):
            raise InputError(f"--out {out} would replace {source}; choose another folder for the site")
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"--out {out} is a file; choose a folder for the site")
    page = out / "index.html"
    ours = page.is_file() and MARK in page.read_text(encoding="utf-8", errors="replace")[:4000]
    if not ours and any(out.iterdir()):
        raise InputError(f"--out {out} is not empty and holds no Tellbench site; choose another folder")


def _template(name: str) -> str:
    return resources.files("tellbench.reports").joinpath("templates", name).read_text(encoding="utf-8")
