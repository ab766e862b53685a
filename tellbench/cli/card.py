"""tellbench card: the data card of a corpus, or the model card of a trained detector."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tellbench.cli.common import examples, existing, say
from tellbench.errors import InputError


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(
        "card",
        epilog=examples(
            "tellbench card corpus",
            "tellbench card models/blink --results runs/one --out blink.md",
        ),
    )(card)


def card(
    path: Annotated[Path, typer.Argument(help="A corpus, or the folder of a trained detector.")],
    results: Annotated[
        Path | None, typer.Option(help="Run folder with the detector's scores, for the model card.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Markdown file to write; default: print it.")] = None,
) -> None:
    """Print what is known of a corpus or a detector: what is in it, intended use, limits, how to cite."""
    from tellbench.reports.model_card import DESCRIPTION

    existing(path, "corpus or detector")
    text = _model(path, results) if (path / DESCRIPTION).is_file() else _corpus(path, results)
    if out is None:
        typer.echo(text)
        return
    from tellbench.datasets.files import atomic_path

    with atomic_path(out) as part:
        part.write_text(text, encoding="utf-8")
    say(f"card: {out}")


def _model(folder: Path, results: Path | None) -> str:
    from tellbench.eval.results import Results
    from tellbench.reports.model_card import model_card

    return model_card(folder, Results.read(results) if results else None)


def _corpus(folder: Path, results: Path | None) -> str:
    from tellbench.datasets.card import data_card
    from tellbench.datasets.corpus import Corpus

    if results:
        raise InputError(f"--results {results}; only the card of a detector has results, and {folder} holds none")
    return data_card(Corpus.open(folder))
