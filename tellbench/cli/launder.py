"""tellbench launder: a corpus as it comes out of uploads, messengers and phones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tellbench.cli.common import Workers, bar, cores, examples, say


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(
        "launder",
        epilog=examples(
            "tellbench launder --corpus corpus --recipe crf=35 --out laundered",
            "tellbench launder --corpus corpus --recipe resize=0.5+crf=30+resize=2+crf=28 --out re-uploaded",
            "tellbench launder --corpus corpus --recipe fps=12.5 --split test --out slow",
        ),
    )(launder)


def launder(
    corpus: Annotated[Path, typer.Option(help="The corpus.")],
    recipe: Annotated[str, typer.Option(help="Steps joined by +: crf, resize, fps, noise, blur, cut; as in crf=35.")],
    out: Annotated[Path, typer.Option(help="Folder for the laundered corpus; an interrupted one goes on.")],
    split: Annotated[str, typer.Option(help="train, val or test; all of them if unsaid.")] = "",
    workers: Workers = 0,
) -> None:
    """Put every clip of a corpus, pristine and forged alike, through the same transformations."""
    from tellbench.datasets.corpus import Corpus
    from tellbench.datasets.launder import launder as wash
    from tellbench.datasets.launder import parse_recipe

    steps = parse_recipe(recipe)
    clips = Corpus.open(corpus)
    chosen = clips.split(split) if split else clips
    with bar(recipe, len(chosen)) as advance:
        made = wash(chosen, steps, out, workers=cores(workers), on_clip=lambda _clip_id: advance(1))
    say(f"{made!r}: {out}")
