"""The static site: a pure function of a run folder and, for the gallery, its corpus.

Self-contained: no network, no build step, opens from disk. Every text from a run is escaped by Jinja; the only raw
parts are this package's style sheet and script and the figures, whose text matplotlib escapes. A content security
policy lets nothing else run.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import pandas as pd

from tellbench.datasets.corpus import Corpus
from tellbench.datasets.files import atomic_folder
from tellbench.detectors.storage import read_detectors
from tellbench.errors import InputError
from tellbench.eval.evaluate import read_scores
from tellbench.eval.results import FILE, Results
from tellbench.reports import gallery, pages, protocols, tables
from tellbench.reports.checks import sanity

PAIRS: Final = 6
"""Pairs in the gallery for each generator."""
MODELS: Final = "models"
"""Folder of a run with its trained detectors."""


def build_site(run: Path, corpus: Corpus | None, out: Path, models: Path | None = None) -> Path:
    """Build the site and return its `index.html`. `out` appears whole or not at all.

    Args:
        run: folder with `results.json` and the score tables.
        corpus: the corpus of the run, for playable pairs; without it the site has no gallery.
        out: folder of the site; an earlier site in it is replaced.
        models: folder of the trained detectors, which give evidence on the gallery's clips; the run's own by default,
            and none where there is no such folder.

    Raises:
        InputError: the run is broken, the corpus is another one, or `out` holds something that is no site.
    """
    _check_target(run, corpus, out)
    results = Results.read(run)
    clips = read_scores(run, results)
    trained = run / MODELS if models is None else models
    with atomic_folder(out) as site:
        pairs = [] if corpus is None else _gallery(results, clips, corpus, trained, site)
        page = pages.render_index(results, clips, pairs, corpus, trained)
        (site / "index.html").write_text(page, encoding="utf-8")
        for path, text in pages.render_clips(pairs, results):
            (site / path).parent.mkdir(exist_ok=True)
            (site / path).write_text(text, encoding="utf-8")
        (site / "leaderboard.csv").write_text(tables.to_csv(results), encoding="utf-8")
        (site / "leaderboard.md").write_text(tables.to_markdown(results), encoding="utf-8")
        (site / "leaderboard.tex").write_text(tables.to_latex(results), encoding="utf-8")
        if protocols.further(results):
            (site / "protocols.csv").write_text(tables.further_csv(results), encoding="utf-8")
        shutil.copyfile(run / FILE, site / FILE)
    return out / "index.html"


def _gallery(results: Results, clips: pd.DataFrame, corpus: Corpus, models: Path, site: Path) -> list[gallery.Pair]:
    if len(clips) and not any(clip.clip_id in clips.index for clip in corpus):
        raise InputError(
            f"corpus {corpus.root} has none of this run's {len(clips)} clips; give the corpus that was evaluated"
        )
    chosen = [
        pair
        for generator, best in tables.best_detectors(results).items()
        for pair in gallery.choose(corpus, clips, best.score.detector, generator, PAIRS)
    ]
    named = [name for name in results.tables if name not in sanity()]
    return gallery.exhibit(chosen, clips, named, list(read_detectors(models).values()), site)


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
    ours = page.is_file() and pages.MARK in page.read_text(encoding="utf-8", errors="replace")[:4000]
    if not ours and any(out.iterdir()):
        raise InputError(f"--out {out} is not empty and holds no Tellbench site; choose another folder")
