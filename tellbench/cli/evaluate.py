"""tellbench evaluate: scores, metrics and intervals of trained detectors."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tellbench.cli.common import Seed, cores, examples, existing, say, stdout, warn
from tellbench.errors import InputError

if TYPE_CHECKING:
    from tellbench.datasets.corpus import Corpus
    from tellbench.datasets.outside_scores import OutsideScores
    from tellbench.eval.evaluate import Scorer

_UPSIDE_DOWN: Final = 0.4
"""AUC below which scores of outside are likely to have the other polarity (assumption)."""


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(
        "evaluate",
        epilog=examples(
            "tellbench evaluate --model models/blink --model models/cnn --corpus corpus --out runs/one",
            "tellbench evaluate --model models/blink --scores theirs=scores.csv --corpus corpus --out runs/one",
        ),
    )(evaluate)


def evaluate(
    corpus: Annotated[Path, typer.Option(help="The corpus; only its test split is scored.")],
    out: Annotated[Path, typer.Option(help="Folder for results.json and scores.")],
    model: Annotated[list[Path] | None, typer.Option(help="Folder of a trained detector; repeat for more.")] = None,
    scores: Annotated[
        list[str] | None,
        typer.Option(help="[NAME=]FILE: scores of a detector from outside, CSV or file;score lines; repeat for more."),
    ] = None,
    train_on: Annotated[
        list[str] | None, typer.Option(help="Generators the detectors were trained on; default: all that forge.")
    ] = None,
    seed: Seed = 0,
) -> None:
    """Score a corpus's test split with trained detectors, or read scores that others made."""
    if not model and not scores:
        raise InputError("nothing to evaluate; give --model FOLDER or --scores FILE")
    from tellbench.cli import stages
    from tellbench.datasets.corpus import Corpus
    from tellbench.detectors.cues import extract_all
    from tellbench.detectors.storage import load_detector
    from tellbench.reports.terminal import leaderboard_table

    clips = Corpus.open(corpus)
    trained = {folder.name: load_detector(folder) for folder in model or []}
    detectors: dict[str, Scorer] = dict(trained)
    for name, file in _named(scores or [], detectors).items():
        detectors[name] = _read(name, file, clips)
    if not all(detector.sanity for detector in trained.values()):
        extract_all(clips.split("test"), progress=True, workers=cores(0))
    met = stages.met_before({folder.name: folder for folder in model or []}, clips)
    trained_on = stages.trained_on(clips, train_on)
    results = stages.evaluate(clips, detectors, trained_on, out, seed, suite=corpus.name, audits=met)
    stdout.print(leaderboard_table(results))
    for row in results.scores:
        if row.auc < _UPSIDE_DOWN and scores:
            warn(f"{row.detector} on {row.test_on}: AUC {row.auc:.3f}; are its scores upside down? higher = forged")
    say(f"results: {out / 'results.json'}")
    stages.heed_audits(results)


def _named(texts: list[str], taken: Iterable[str]) -> dict[str, Path]:
    """`[NAME=]FILE` options as files by name."""
    files: dict[str, Path] = {}
    for text in texts:
        name, equals, file = text.partition("=")
        path = Path(file if equals else text)
        name = name if equals else path.stem
        if name in files or name in taken:
            raise InputError(f"--scores {text!r}; two detectors are called {name!r}, write NAME={path}")
        files[name] = existing(path, "scores")
    return files


def _read(name: str, file: Path, corpus: Corpus) -> OutsideScores:
    """Scores of the test split, with a line for whatever did not fit."""
    from tellbench.datasets.clip import UNLABELLED
    from tellbench.datasets.outside_scores import read_outside

    wanted = corpus.split("test").where(lambda clip: clip.label != UNLABELLED)
    found = read_outside(file, corpus, wanted)
    if found.missing:
        warn(f"{name}: {len(found.missing)} of {len(wanted)} test clips have no score, such as {found.missing[0]}")
    if found.extra:
        warn(f"{name}: {len(found.extra)} names are no clip of the corpus, such as {found.extra[0]}")
    if found.n_elsewhere:
        warn(f"{name}: {found.n_elsewhere} scored clips are not labelled test clips and are not used")
    if found.n_averaged:
        warn(f"{name}: scores of {found.n_averaged} clips are means over frames")
    return found
