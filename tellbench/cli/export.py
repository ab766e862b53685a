"""tellbench export: a corpus in the format of another tool."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tellbench.cli.common import bar, examples, say
from tellbench.errors import InputError
from tellbench.registry import EXPORTERS

if TYPE_CHECKING:
    from tellbench.datasets.exporters.base import Exporter


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(
        "export",
        epilog=examples(
            "tellbench export deepfakebench corpus --out bench",
            "tellbench export webdataset corpus --out shards --shard-mb 512",
            "tellbench export av-deepfake1m corpus --scores runs/one/scores/blink.csv --out predictions",
            "tellbench export croissant corpus --out corpus",
        ),
    )(export)


def export(
    form: Annotated[str, typer.Argument(metavar="FORMAT", help=f"{', '.join(EXPORTERS)}.")],
    corpus: Annotated[Path, typer.Argument(help="The corpus.")],
    out: Annotated[Path, typer.Option(help="Folder of the export; an interrupted one goes on.")],
    frames: Annotated[int | None, typer.Option(help="deepfakebench: frames of each clip, 32 if unsaid.")] = None,
    size: Annotated[int | None, typer.Option(help="deepfakebench: side of the face crops, 256 if unsaid.")] = None,
    set_name: Annotated[str | None, typer.Option(help="deepfakebench: name of the set, Tellbench if unsaid.")] = None,
    shard_mb: Annotated[int | None, typer.Option(help="webdataset: megabytes of a shard, 256 if unsaid.")] = None,
    license: Annotated[str | None, typer.Option(help="croissant: under what the corpus is published.")] = None,
    published: Annotated[str | None, typer.Option(help="croissant: the day it was, as in 2026-01-31.")] = None,
    scores: Annotated[Path | None, typer.Option(help="av-deepfake1m: CSV of clip_id,score.")] = None,
) -> None:
    """Write a corpus in the format of another tool, so that it can be read there."""
    offered: dict[str, Any] = {"frames": frames, "size": size, "set_name": set_name, "shard_mb": shard_mb}
    offered |= {"license": license, "published": published, "scores": scores}
    exporter = _exporter(form, {name: value for name, value in offered.items() if value is not None})
    from tellbench.datasets.corpus import Corpus

    clips = Corpus.open(corpus)
    with bar("exporting", len(clips)) as advance:
        lines = exporter.export(clips, out, lambda: advance(1))
    for line in lines:
        say(line)


def _exporter(form: str, asked: dict[str, Any]) -> Exporter:
    """The exporter with the options that were asked for.

    Raises:
        InputError: an unknown format, or an option that it does not have.
    """
    taken = inspect.signature(EXPORTERS.load(form)).parameters
    foreign = next((name for name in asked if name not in taken), None)
    if foreign is not None:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in taken) or "no options"
        raise InputError(f"--{foreign.replace('_', '-')} says nothing to {form}; it takes {options}")
    exporter: Exporter = EXPORTERS.create(form, **asked)
    return exporter
