"""tellbench demo: the demo suite end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tellbench.cli.common import Device, Rights, Workers, examples
from tellbench.cli.run import run_suite
from tellbench.errors import InputError
from tellbench.suite import load_suite


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(
        "demo",
        epilog=examples(
            "tellbench demo",
            'tellbench demo --portraits faces/ --speech voices/ --rights "my own photographs" --out mine',
        ),
    )(demo)


def demo(
    out: Annotated[Path, typer.Option(help="Folder for corpus, models, results and site.")] = Path("demo"),
    portraits: Annotated[Path | None, typer.Option(help="Folder of portraits to put through the line as well.")] = None,
    speech: Annotated[Path | None, typer.Option(help="Folder of recordings for those portraits.")] = None,
    rights: Rights = "",
    workers: Workers = 0,
    device: Device = "auto",
) -> None:
    """Corpus, detectors, leaderboard: the whole line in minutes on a laptop."""
    if (portraits is None) != (speech is None):
        raise InputError("--portraits and --speech go together; give both folders or neither")
    run_suite(
        load_suite("demo"), out, workers=workers, device=device, portraits=portraits, speech=speech, rights=rights
    )
