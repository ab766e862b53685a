"""tellbench fit-generator: train a generator's networks."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from tellbench.cli.common import Device, Seed, bar, examples, pick_device, say
from tellbench.errors import InputError

FACE, MOTION = "face", "motion"
STEPS = {
    FACE: {"tiny": 20_000, "small": 60_000, "base": 120_000, "paper": 300_000},
    MOTION: {"tiny": 20_000, "small": 40_000, "base": 100_000, "paper": 300_000},
}
"""Steps by part and size (assumption)."""
BATCH = {FACE: 4, MOTION: 32}
PEOPLE = {FACE: "720000:721000", MOTION: "760000:761000"}
PRECISIONS = ("auto", "32-true", "16-mixed", "bf16-mixed")


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(
        "fit-generator",
        epilog=examples(
            "tellbench fit-generator face --size tiny --out runs/tiny --device cpu",
            "tellbench fit-generator face --size small --data studio --out runs/small --batch 64 --workers 14",
            "tellbench fit-generator face --size small --data studio --data voxceleb2/mp4 --out runs/mixed --batch 64",
            "torchrun --nproc-per-node 4 $(command -v tellbench) fit-generator face --size base --out runs/base",
            "tellbench fit-generator motion --size small --out runs/motion --workers 2",
        ),
    )(fit_generator)


def fit_generator(
    part: Annotated[str, typer.Argument(help="face: the face model of `vasa`; motion: what makes it move.")],
    out: Annotated[Path, typer.Option(help="Folder of the run; a run found there goes on where it stopped.")],
    size: Annotated[str, typer.Option(help=f"{', '.join(STEPS[FACE])}.")] = "tiny",
    data: Annotated[
        list[str] | None,
        typer.Option(help="studio (films its own), or a folder with a corpus or people's videos; repeat to mix."),
    ] = None,
    steps: Annotated[int, typer.Option(help="Steps to train; 0 means what suits the size.")] = 0,
    batch: Annotated[int, typer.Option(min=0, help="Items a step on each device; 0 means 4 pairs, 32 windows.")] = 0,
    rate: Annotated[float, typer.Option(help="Highest learning rate.")] = 8e-4,
    people: Annotated[str, typer.Option(help="FIRST:END, seeds of the virtual people; 1000 by default.")] = "",
    films: Annotated[
        Path | None, typer.Option(help="Folder of people filmed or acted; default: films in --out.")
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that film or act; 0 uses what is there.")] = 1,
    gigabytes: Annotated[float, typer.Option(help="Memory for frames on the training device.")] = 4.0,
    reader: Annotated[
        Path | None, typer.Option(help="motion: face model that reads video; default: the shipped one.")
    ] = None,
    start: Annotated[
        str, typer.Option(help="Weights to train on from, as face.safetensors or motion.safetensors of a run.")
    ] = "",
    reader_only: Annotated[
        float,
        typer.Option(help="face: share of steps, the first, in which the reader learns alone; they are fast."),
    ] = 0.15,
    hearing: Annotated[
        str, typer.Option(help="motion: log-mel, or wav2vec2 with weights in the folder $TELLBENCH_WAV2VEC2.")
    ] = "log-mel",
    off: Annotated[
        list[str] | None, typer.Option(help="A loss to leave out, such as transfer; repeat for more.")
    ] = None,
    precision: Annotated[
        str, typer.Option(help=f"{', '.join(PRECISIONS)}; auto is bf16-mixed on CUDA, which CPUs with AMX like, too.")
    ] = "auto",
    minutes: Annotated[float, typer.Option(help="Stop after so long; the same command goes on.")] = math.inf,
    seed: Seed = 0,
    device: Device = "auto",
) -> None:
    """Train a generator's networks. Weights, state, panels to look at and TensorBoard logs are kept in --out."""
    if part not in STEPS:
        raise InputError(f"part {part!r}; allowed: {', '.join(STEPS)}")
    from tellbench.generator.vasa.data.bank import people_of

    chosen = pick_device(device)
    usual: dict[str, Any] = {
        "size": _known(part, size),
        "steps": steps or STEPS[part][size],
        "batch": batch or BATCH[part],
        "rate": rate,
        "seed": seed,
        "precision": _precision(precision, chosen),
        "start": start,
    }
    names, seeds, kept = tuple(data or ["studio"]), people_of(people or PEOPLE[part]), films or out / "films"
    with bar("training", usual["steps"]) as advance:
        if part == FACE:
            from tellbench.generator.vasa import fit, train

            weights = out / train.WEIGHTS
            plan = train.Plan(**usual, off=tuple(off or ()), reader_only=reader_only)
            learned = fit.Data(names=names, people=seeds, films=kept, workers=workers, gigabytes=gigabytes)
            done = fit.fit_face(plan, learned, out, chosen, minutes, advance)
        else:
            from tellbench.generator.vasa.motion import fit as motion_fit
            from tellbench.generator.vasa.motion import train as motion_train

            weights = out / motion_train.WEIGHTS
            talks = motion_fit.Data(names=names, people=seeds, talks=kept, workers=workers, reader=reader)
            motion_plan = motion_train.Plan(**usual, hearing=hearing)
            done = motion_fit.fit_motion(motion_plan, talks, out, chosen, minutes, advance)
    say(f"{'trained' if done else 'stopped; the same command goes on'}: {weights}")


def _known(part: str, size: str) -> str:
    """The size, if the part has it.

    Raises:
        InputError: it has not.
    """
    if size not in STEPS[part]:
        raise InputError(f"size {size!r}; allowed: {', '.join(STEPS[part])}")
    return size


def _precision(name: str, device: str) -> str:
    """The precision of a name; `auto` by the device.

    Raises:
        InputError: there is none.
    """
    if name not in PRECISIONS:
        raise InputError(f"precision {name!r}; allowed: {', '.join(PRECISIONS)}")
    usual = "bf16-mixed" if device == "cuda" else "32-true"
    return usual if name == "auto" else name
