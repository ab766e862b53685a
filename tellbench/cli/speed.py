"""tellbench speed: how fast a generator makes frames."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from tellbench.cli.common import Device, Seed, examples, pick_device, say
from tellbench.registry import GENERATORS


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(
        "speed",
        epilog=examples(
            "tellbench speed", "tellbench speed --generator vasa --size 256 --size 512 --seconds 8 --device cuda"
        ),
    )(speed)


def speed(
    generator: Annotated[list[str] | None, typer.Option(help="Which generator; repeat for more; default: all.")] = None,
    size: Annotated[
        list[int] | None, typer.Option(help="Width and height in pixels, 256 if unsaid; repeat for more.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="Length of the clip that is timed.")] = 4.0,
    seed: Seed = 0,
    device: Device = "auto",
) -> None:
    """Measure frames per second, first-frame latency, live streams and memory, with warm-up, on the device named."""
    from tellbench.cli.stages import measure_speed

    names = generator or list(GENERATORS)
    for name in names:
        GENERATORS.resolve(name)
    for side in size or [256]:
        for row in measure_speed(names, side, pick_device(device), seconds, seed, live=True):
            say(f"{row.generator}:")
            for key, value in dataclasses.asdict(row).items():
                if key != "generator":
                    say(f"  {key:<20} {value:.4g}" if isinstance(value, float) else f"  {key:<20} {value}")
