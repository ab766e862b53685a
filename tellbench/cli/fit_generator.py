"""tellbench fit-generator: train a generator's networks."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from tellbench.cli.common import Device, Seed, bar, examples, pick_device, say
from tellbench.errors import InputError

STEPS = {"tiny": 20_000, "small": 60_000, "base": 120_000, "paper": 300_000}
"""Steps by size (assumption)."""


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(
        "fit-generator",
        epilog=examples(
            "tellbench fit-generator face --size tiny --out runs/tiny --device cpu",
            "tellbench fit-generator face --size small --data studio --out runs/small --batch 64 --workers 14",
            "tellbench fit-generator face --size small --data studio --data voxceleb2/mp4 --out runs/mixed --batch 64",
            "torchrun --nproc-per-node 4 $(command -v tellbench) fit-generator face --size base --out runs/base",
        ),
    )(fit_generator)


def fit_generator(
    part: Annotated[str, typer.Argument(help="face: the face model of `vasa`.")],
    out: Annotated[Path, typer.Option(help="Folder of the run; a run found there goes on where it stopped.")],
    size: Annotated[str, typer.Option(help=f"{', '.join(STEPS)}.")] = "tiny",
    data: Annotated[
        list[str] | None,
        typer.Option(help="studio (films its own), or a folder with a corpus or people's videos; repeat to mix."),
    ] = None,
    steps: Annotated[int, typer.Option(help="Steps to train; 0 means what suits the size.")] = 0,
    batch: Annotated[int, typer.Option(min=2, help="Pairs a step on each device.")] = 4,
    rate: Annotated[float, typer.Option(help="Highest learning rate.")] = 8e-4,
    people: Annotated[str, typer.Option(help="FIRST:END, seeds of the virtual people.")] = "720000:721000",
    films: Annotated[Path | None, typer.Option(help="Folder of filmed people; default: films in --out.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that film; 0 uses what has been filmed.")] = 1,
    gigabytes: Annotated[float, typer.Option(help="Memory for frames on the training device.")] = 4.0,
    off: Annotated[
        list[str] | None, typer.Option(help="A loss to leave out, such as transfer; repeat for more.")
    ] = None,
    minutes: Annotated[float, typer.Option(help="Stop after so long; the same command goes on.")] = math.inf,
    seed: Seed = 0,
    device: Device = "auto",
) -> None:
    """Train a generator's networks. Weights, state, panels to look at and TensorBoard logs are kept in --out."""
    if part != "face":
        raise InputError(f"part {part!r}; allowed: face")
    from tellbench.generator.vasa.data.bank import people_of
    from tellbench.generator.vasa.fit import STUDIO, Data, fit_face
    from tellbench.generator.vasa.sizes import size_named
    from tellbench.generator.vasa.train import WEIGHTS, Plan

    chosen = pick_device(device)
    plan = Plan(
        size=size_named(size).name,
        steps=steps or STEPS[size],
        batch=batch,
        rate=rate,
        seed=seed,
        precision="bf16-mixed" if chosen == "cuda" else "32-true",
        off=tuple(off or ()),
    )
    learned = Data(
        names=tuple(data or [STUDIO]),
        people=people_of(people),
        films=films or out / "films",
        workers=workers,
        gigabytes=gigabytes,
    )
    with bar("training", plan.steps) as advance:
        done = fit_face(plan, learned, out, chosen, minutes, advance)
    say(f"{'trained' if done else 'stopped; the same command goes on'}: {out / WEIGHTS}")
