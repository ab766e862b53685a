"""tellbench animate: one clip from a portrait and a voice."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tellbench.cli.common import Device, Rights, Seed, bar, examples, existing, pick_device, say
from tellbench.errors import InputError
from tellbench.registry import GENERATORS

if TYPE_CHECKING:
    from tellbench.generator.base import Generator, Request
    from tellbench.generator.outside import Outside


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(
        "animate",
        epilog=examples(
            'tellbench animate --portrait face.jpg --speech voice.wav --rights "public domain" --out talk.mp4',
            "tellbench animate --portrait face.jpg --speech voice.wav --rights mine --gaze 8 0 --out talk.mp4",
        ),
    )(animate)


def animate(
    portrait: Annotated[Path, typer.Option(help="An image with one face: photo, painting, or studio portrait.")],
    speech: Annotated[Path, typer.Option(help="A recording with a voice.")],
    out: Annotated[Path, typer.Option(help="The MP4 to write.")],
    rights: Rights = "",
    generator: Annotated[str, typer.Option(help="Which generator.")] = "meshwarp",
    size: Annotated[int, typer.Option(help="Width and height in pixels.")] = 512,
    fps: Annotated[float, typer.Option(help="Frames per second.")] = 25.0,
    gaze: Annotated[tuple[float, float], typer.Option(help="Main gaze in degrees: right of the image, up.")] = (
        0.0,
        0.0,
    ),
    head_motion: Annotated[float, typer.Option(help="Gain of head motion; 0 holds still.")] = 1.0,
    expressiveness: Annotated[float, typer.Option(help="Gain of mouth and brow motion.")] = 1.0,
    dial: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, a knob of generated behaviour; repeat for more.")
    ] = None,
    seed: Seed = 0,
    device: Device = "auto",
) -> None:
    """Make a portrait speak. The clip is signed as synthetic."""
    from tellbench.cli.generate import parse_dials
    from tellbench.generator.base import Controls
    from tellbench.generator.outside import Outside, outside_request

    GENERATORS.resolve(generator)
    if out.suffix.lower() != ".mp4":
        raise InputError(f"--out {out}; a name ending in .mp4 is needed")
    outside = Outside(existing(portrait, "portrait"), existing(speech, "speech"), rights)
    controls = Controls(
        gaze=gaze, head_motion=head_motion, expressiveness=expressiveness, dials=parse_dials(dial or [])
    )
    request = outside_request(outside, size, fps, 1 << 30, controls, seed)
    maker = GENERATORS.create_with(generator, device=pick_device(device))
    frames = _forge(maker, dataclasses.replace(request, controls=controls), out, outside)
    say(f"{frames} frames, {frames / fps:.1f} s: {out}")


def _forge(generator: Generator, request: Request, out: Path, outside: Outside) -> int:
    from tellbench.generator.forge import forge

    sources = {path.name: path for path in (outside.portrait, outside.speech)}
    with bar("animating", request.n_frames) as advance:
        tracks = forge(generator, request, out, rights=outside.rights, sources=sources, on_frames=advance)
    return len(tracks)
