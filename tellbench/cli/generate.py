"""tellbench generate: a labelled corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tellbench.cli import asking
from tellbench.cli.common import Device, Seed, Workers, cores, examples, pick_device, say
from tellbench.errors import InputError
from tellbench.registry import GENERATORS, SOURCES


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(
        "generate",
        epilog=examples(
            "tellbench generate --generator meshwarp --clips 200 --out corpus",
            "tellbench generate --generator meshwarp --generator null --language en --language tr --out c",
            "tellbench generate --generator meshwarp --clips 60 --dial blink_rate=0.5 --out few-blinks",
            "tellbench generate --generator studio --people 50 --takes 2 --masks --out pristine",
            "tellbench generate --generator studio --role talking --role listening --emotion happy --out lively",
            "tellbench generate --generator studio --style painted --style statue --fps 24 --fps 30 --out art",
        ),
    )(generate)


def generate(
    out: Annotated[Path, typer.Option(help="The corpus folder; an interrupted build goes on.")],
    generator: Annotated[
        list[str] | None,
        typer.Option(help="Makes forged clips; repeat for more. studio alone: pristine clips only."),
    ] = None,
    clips: Annotated[int, typer.Option(help="Clips of each kind: pristine, and of every generator.")] = 24,
    people: Annotated[int | None, typer.Option(help="Different people; replaces --clips.")] = None,
    takes: Annotated[int, typer.Option(help="Clips of each person.")] = 1,
    seconds: Annotated[float, typer.Option(help="Length of every clip.")] = 5.0,
    size: Annotated[int, typer.Option(help="Width and height in pixels.")] = 256,
    fps: Annotated[list[float] | None, typer.Option(help="Frames per second, 25 if unsaid; repeat to vary.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="Languages in turn; repeat for more.")] = None,
    role: Annotated[
        list[str] | None, typer.Option(help="talking, listening or singing; repeat to vary. talking if unsaid.")
    ] = None,
    emotion: Annotated[
        list[str] | None, typer.Option(help="Such as happy, sad or angry; repeat to vary. neutral if unsaid.")
    ] = None,
    style: Annotated[
        list[str] | None, typer.Option(help="photo, painted, drawn or statue; repeat to vary. photo if unsaid.")
    ] = None,
    masks: Annotated[bool, typer.Option(help="Keep segmentation and depth of every pristine frame.")] = False,
    dial: asking.Dial = None,
    controls: asking.ControlsFile = None,
    crf: Annotated[int, typer.Option(min=0, max=51, help="x264 quality of both classes; lower is better.")] = 23,
    seed: Seed = 0,
    workers: Workers = 0,
    device: Device = "auto",
) -> None:
    """Make pristine and forged clips of the same people saying the same things, or pristine clips alone."""
    forgers = tuple(name for name in generator or ["meshwarp"] if name not in SOURCES)
    for name in forgers:
        GENERATORS.resolve(name)
    from tellbench.cli.stages import make_corpus
    from tellbench.datasets.scene import plan_scenes
    from tellbench.generator.plan import Plan

    asked = asking.controls_of(dial=dial, file=controls)
    if asked.asked and not forgers:
        raise InputError(f"{asked.asked[0]} asked for; the studio has no dials, name a generator that forges")
    for name in forgers:
        GENERATORS.load(name).check_controls(asked)
    scenes = plan_scenes(
        -(-clips // max(takes, 1)) if people is None else people,
        takes=takes,
        seconds=seconds,
        size=size,
        fps=tuple(fps or [25.0]),
        languages=tuple(language or ["en"]),
        roles=tuple(role or ["talking"]),
        emotions=tuple(emotion or ["neutral"]),
        styles=tuple(style or ["photo"]),
        seed=seed,
    )[: clips if people is None else None]
    plan = Plan(scenes=scenes, generators=forgers, controls=asked, crf=crf, seed=seed, masks=masks)
    corpus = make_corpus(plan, out, cores(workers), pick_device(device))
    say(f"{corpus!r}: {out}")
