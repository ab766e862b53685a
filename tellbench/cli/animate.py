"""tellbench animate: one clip from a portrait and a voice."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tellbench.cli import asking
from tellbench.cli.common import Device, Rights, Seed, bar, examples, existing, pick_device, say
from tellbench.errors import InputError
from tellbench.registry import GENERATORS

if TYPE_CHECKING:
    from tellbench.generator.base import Generator, Request

Out = Annotated[Path, typer.Option(help="The MP4 to write.")]
Labels = Annotated[Path | None, typer.Option(help="Parquet file for a row of labels a frame.")]


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(
        "animate",
        epilog=examples(
            'tellbench animate --portrait face.jpg --speech voice.wav --rights "public domain" --out talk.mp4',
            "tellbench animate --portrait face.jpg --speech voice.wav --rights mine --gaze 8 0 --out talk.mp4",
            "tellbench animate --portrait face.jpg --speech voice.wav --rights mine "
            "--emotion happy=0.6 --distance 0.9 --dial sampler_steps=25 --out talk.mp4",
        ),
    )(animate)


def animate(
    portrait: Annotated[Path, typer.Option(help="An image with one face: photo, painting, or studio portrait.")],
    speech: Annotated[Path, typer.Option(help="A recording; who hears no voice still breathes and blinks.")],
    out: Out,
    rights: Rights = "",
    generator: Annotated[str, typer.Option(help="Which generator (tellbench ls).")] = "vasa",
    size: Annotated[int, typer.Option(help="Width and height in pixels.")] = 512,
    fps: Annotated[float, typer.Option(help="Frames per second.")] = 25.0,
    gaze: asking.Gaze = (0.0, 0.0),
    distance: asking.Distance = 1.0,
    emotion: asking.Emotion = None,
    pose: asking.Pose = (0.0, 0.0, 0.0),
    replace_pose: asking.ReplacePose = False,
    head_motion: asking.HeadMotion = 1.0,
    expressiveness: asking.Expressiveness = 1.0,
    solver: asking.Solver = "",
    dial: asking.Dial = None,
    controls: asking.ControlsFile = None,
    labels: Labels = None,
    face_model: Annotated[Path | None, typer.Option(help="vasa: weights that `fit-generator face` made.")] = None,
    motion_model: Annotated[Path | None, typer.Option(help="vasa: weights that `fit-generator motion` made.")] = None,
    seed: Seed = 0,
    device: Device = "auto",
) -> None:
    """Make a portrait speak. The clip is signed as synthetic."""
    GENERATORS.resolve(generator)
    require_mp4(out)
    own = own_weights(generator, weights=face_model, motion=motion_model)
    from tellbench.generator.outside import Outside, outside_request

    outside = Outside(existing(portrait, "portrait"), existing(speech, "speech"), rights)
    asked = asking.controls_of(
        gaze=gaze,
        distance=distance,
        emotion=emotion,
        pose=pose,
        replace_pose=replace_pose,
        head_motion=head_motion,
        expressiveness=expressiveness,
        solver=solver,
        dial=dial,
        file=controls,
    )
    GENERATORS.load(generator).check_controls(asked)
    request = outside_request(outside, size, fps, 1 << 30, asked, seed, may_be_silent=True)
    maker = GENERATORS.create_with(generator, device=pick_device(device), **own)
    make_clip(maker, request, out, rights, (portrait, speech), labels)


def own_weights(generator: str, **given: Path | None) -> dict[str, Path]:
    """Weights of the user's own that a generator is to use, by the keyword of its constructor.

    Raises:
        InputError: a file does not exist, or the generator is not `vasa`.
    """
    found = {name: existing(path, "weights") for name, path in given.items() if path is not None}
    if found and generator != "vasa":
        raise InputError(f"generator {generator!r} has no trained weights; give --generator vasa, or leave them out")
    return found


def require_mp4(out: Path) -> None:
    """Refuse other containers.

    Raises:
        InputError: the name does not end in .mp4.
    """
    if out.suffix.lower() != ".mp4":
        raise InputError(f"--out {out}; a name ending in .mp4 is needed")


def make_clip(
    generator: Generator,
    request: Request,
    out: Path,
    rights: str,
    sources: Iterable[Path],
    labels: Path | None = None,
) -> None:
    """Write one signed clip made from some files, and its labels where they are wanted."""
    from tellbench.datasets.files import atomic_path
    from tellbench.generator.forge import forge

    with bar("animating", request.n_frames) as advance:
        tracks = forge(
            generator, request, out, rights=rights, sources={path.name: path for path in sources}, on_frames=advance
        )
    if labels:
        with atomic_path(labels) as part:
            tracks.to_parquet(part, index=False)
    say(f"{len(tracks)} frames, {len(tracks) / request.fps:.1f} s: {out}")
