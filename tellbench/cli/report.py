"""tellbench report: results to pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tellbench.cli.common import examples, existing


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(
        "report",
        epilog=examples("tellbench report runs/one --out site", "tellbench report runs/one --corpus corpus --out site"),
    )(report)


def report(
    run: Annotated[Path, typer.Argument(help="Folder with results.json.")],
    out: Annotated[Path, typer.Option(help="Folder for the site.")],
    corpus: Annotated[Path | None, typer.Option(help="The corpus, for the gallery of clips.")] = None,
    models: Annotated[Path | None, typer.Option(help="Trained detectors, for evidence; default: RUN/models.")] = None,
) -> None:
    """Write the leaderboard as a static site, Markdown and CSV."""
    from tellbench.cli.stages import write_report

    beside = run / "corpus"
    chosen = corpus or (beside if (beside / "metadata.parquet").is_file() else None)
    write_report(existing(run, "run"), chosen, out, models and existing(models, "models"))
