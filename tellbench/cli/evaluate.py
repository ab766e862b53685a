"""tellbench evaluate: scores, metrics and intervals of trained detectors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tellbench.cli.common import Seed, cores, examples, say, stdout


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(
        "evaluate",
        epilog=examples("tellbench evaluate --model models/blink --model models/cnn --corpus corpus --out runs/one"),
    )(evaluate)


def evaluate(
    model: Annotated[list[Path], typer.Option(help="Folder of a trained detector; repeat for more.")],
    corpus: Annotated[Path, typer.Option(help="The corpus; only its test split is scored.")],
    out: Annotated[Path, typer.Option(help="Folder for results.json and scores.")],
    train_on: Annotated[
        list[str] | None, typer.Option(help="Generators the detectors were trained on; default: all that forge.")
    ] = None,
    seed: Seed = 0,
) -> None:
    """Score a corpus's test split with trained detectors."""
    from tellbench.cli import stages
    from tellbench.datasets.corpus import Corpus
    from tellbench.detectors.cues import extract_all
    from tellbench.detectors.storage import load_detector
    from tellbench.reports.terminal import leaderboard_table

    clips = Corpus.open(corpus)
    detectors = {folder.name: load_detector(folder) for folder in model}
    extract_all(clips.split("test"), progress=True, workers=cores(0))
    results = stages.evaluate(clips, detectors, stages.trained_on(clips, train_on), out, seed, suite=corpus.name)
    stdout.print(leaderboard_table(results))
    say(f"results: {out / 'results.json'}")
    stages.heed_audits(results)
