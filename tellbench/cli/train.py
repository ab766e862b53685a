"""tellbench train: one detector training run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tellbench.cli.common import Device, Seed, cores, examples, pick_device, say
from tellbench.errors import InputError
from tellbench.registry import DETECTORS


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(
        "train",
        epilog=examples(
            "tellbench train blink --corpus corpus --out models/blink",
            "tellbench train cnn:resnet18 --corpus corpus --out models/resnet18 --seed 3",
        ),
    )(train)


def train(
    detector: Annotated[str, typer.Argument(help="A detector's name; `tellbench ls` shows them.")],
    corpus: Annotated[Path, typer.Option(help="The corpus; train and val splits are used, test is not touched.")],
    out: Annotated[Path, typer.Option(help="Folder for the trained detector.")],
    train_on: Annotated[
        list[str] | None, typer.Option(help="Only forged clips of this generator; repeat for more.")
    ] = None,
    seed: Seed = 0,
    device: Device = "auto",
) -> None:
    """Train a detector on a corpus."""
    DETECTORS.resolve(detector)
    from tellbench.cli.stages import train_detectors, trained_on
    from tellbench.datasets.corpus import Corpus

    if (out / "detector.json").is_file():
        raise InputError(f"{out} holds a trained detector; choose another --out or delete it")
    clips = Corpus.open(corpus)
    generators = trained_on(clips, train_on)
    train_detectors({detector: out}, clips, generators, seed, pick_device(device), cores(0))
    say(f"{detector} trained on {', '.join(generators)}: {out}")
