"""tellbench generate: a labelled corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tellbench.cli.common import Device, Seed, Workers, cores, examples, pick_device, say
from tellbench.errors import InputError
from tellbench.registry import GENERATORS


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(
        "generate",
        epilog=examples(
            "tellbench generate --generator meshwarp --clips 200 --out corpus",
            "tellbench generate --generator meshwarp --generator null --language en --language tr --out c",
            "tellbench generate --generator meshwarp --clips 60 --dial blink_rate=0.5 --out few-blinks",
        ),
    )(generate)


def generate(
    out: Annotated[Path, typer.Option(help="The corpus folder; an interrupted build goes on.")],
    generator: Annotated[list[str] | None, typer.Option(help="Makes forged clips; repeat for more.")] = None,
    clips: Annotated[int, typer.Option(help="Clips of each kind: pristine, and of every generator.")] = 24,
    takes: Annotated[int, typer.Option(help="Clips of each person.")] = 1,
    seconds: Annotated[float, typer.Option(help="Length of every clip.")] = 5.0,
    size: Annotated[int, typer.Option(help="Width and height in pixels.")] = 256,
    fps: Annotated[float, typer.Option(help="Frames per second.")] = 25.0,
    language: Annotated[list[str] | None, typer.Option(help="Languages in turn; repeat for more.")] = None,
    dial: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, a knob of generated behaviour; repeat for more.")
    ] = None,
    crf: Annotated[int, typer.Option(min=0, max=51, help="x264 quality of both classes; lower is better.")] = 23,
    seed: Seed = 0,
    workers: Workers = 0,
    device: Device = "auto",
) -> None:
    """Make pristine and forged clips of the same people saying the same things."""
    names = tuple(generator or ["meshwarp"])
    for name in names:
        GENERATORS.resolve(name)
    from tellbench.cli.stages import make_corpus
    from tellbench.datasets.scene import plan_scenes
    from tellbench.generator.base import Controls
    from tellbench.generator.plan import Plan

    dials = parse_dials(dial or [])
    for name in names:
        GENERATORS.load(name).check_dials(dials)
    people = -(-clips // max(takes, 1))
    scenes = plan_scenes(
        people, takes=takes, seconds=seconds, size=size, fps=fps, languages=tuple(language or ["en"]), seed=seed
    )[:clips]
    plan = Plan(scenes=scenes, generators=names, controls=Controls(dials=dials), crf=crf, seed=seed)
    corpus = make_corpus(plan, out, cores(workers), pick_device(device))
    say(f"{corpus!r}: {out}")


def parse_dials(texts: list[str]) -> dict[str, float]:
    """`NAME=VALUE` options as numbers by name.

    Raises:
        InputError: no equals sign, or a value that is no number.
    """
    dials = {}
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            dials[name.strip()] = float(value)
        except ValueError as error:
            raise InputError(f"dial {text!r}; NAME=NUMBER is needed, such as blink_rate=0.5") from error
        if not equals:
            raise InputError(f"dial {text!r}; NAME=NUMBER is needed, such as blink_rate=0.5")
    return dials
