"""tellbench edit and tellbench transfer: the motion of a clip, under other wishes or on another face."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tellbench.cli import asking
from tellbench.cli.animate import Labels, Out, make_clip, require_mp4
from tellbench.cli.common import Device, Rights, Seed, examples, existing, pick_device

if TYPE_CHECKING:
    from tellbench.generator.controls import Controls
    from tellbench.generator.vasa.reading import Acted


def add_to(app: typer.Typer) -> None:
    """Register both verbs."""
    app.command(
        "edit",
        epilog=examples(
            "tellbench edit talk.mp4 --pose 15 0 0 --rights mine --out turned.mp4",
            "tellbench edit talk.mp4 --emotion sad=0.7 --dial blink_rate=5 --rights mine --out sad.mp4",
        ),
    )(edit)
    app.command(
        "transfer",
        epilog=examples(
            'tellbench transfer --motion talk.mp4 --portrait face.jpg --rights "public domain" --out other.mp4',
        ),
    )(transfer)


def edit(
    clip: Annotated[Path, typer.Argument(help="A video of one face.")],
    out: Out,
    rights: Rights = "",
    gaze: asking.Gaze = (0.0, 0.0),
    distance: asking.Distance = 1.0,
    emotion: asking.Emotion = None,
    pose: asking.Pose = (0.0, 0.0, 0.0),
    replace_pose: asking.ReplacePose = False,
    head_motion: asking.HeadMotion = 1.0,
    expressiveness: asking.Expressiveness = 1.0,
    dial: asking.Dial = None,
    controls: asking.ControlsFile = None,
    labels: Labels = None,
    seed: Seed = 0,
    device: Device = "auto",
) -> None:
    """Show the face of a clip again with another pose or expression, by vasa. The clip is signed as synthetic.

    All frames are made from the one that is nearest to rest: what else moves in the clip stands still.
    """
    require_mp4(out)
    from tellbench.generator.outside import require_rights

    require_rights(existing(clip, "clip"), rights)
    asked = asking.controls_of(
        gaze=gaze,
        distance=distance,
        emotion=emotion,
        pose=pose,
        replace_pose=replace_pose,
        head_motion=head_motion,
        expressiveness=expressiveness,
        dial=dial,
        file=controls,
    )
    chosen = pick_device(device)
    _show(_acted(clip, chosen), asked, seed, chosen, [clip], out, rights, labels)


def transfer(
    motion: Annotated[Path, typer.Option(help="A video of one face; its sound is kept.")],
    portrait: Annotated[Path, typer.Option(help="An image with one face, which is to move as the clip's does.")],
    out: Out,
    rights: Rights = "",
    size: Annotated[int, typer.Option(help="Width and height in pixels.")] = 512,
    head_motion: asking.HeadMotion = 1.0,
    expressiveness: asking.Expressiveness = 1.0,
    dial: asking.Dial = None,
    controls: asking.ControlsFile = None,
    labels: Labels = None,
    seed: Seed = 0,
    device: Device = "auto",
) -> None:
    """Make a portrait move as the face in a clip does, by vasa. The clip is signed as synthetic."""
    require_mp4(out)
    from tellbench.generator.outside import framed, require_rights

    require_rights(existing(portrait, "portrait"), rights)
    asked = asking.controls_of(head_motion=head_motion, expressiveness=expressiveness, dial=dial, file=controls)
    chosen = pick_device(device)
    acted = dataclasses.replace(_acted(existing(motion, "clip"), chosen), portrait=framed(portrait, size))
    _show(acted, asked, seed, chosen, [motion, portrait], out, rights, labels)


def _acted(clip: Path, device: str) -> Acted:
    from tellbench.datasets.faces.finder import FaceFinder
    from tellbench.datasets.faces.landmarks import load_landmarker
    from tellbench.generator.vasa.model import SHIPPED
    from tellbench.generator.vasa.motion.data.clips import StageOne
    from tellbench.generator.vasa.reading import read_acted
    from tellbench.generator.vasa.vasa import loaded

    return read_acted(clip, FaceFinder(), load_landmarker(), StageOne(loaded(SHIPPED, device), device))


def _show(
    acted: Acted,
    asked: Controls,
    seed: int,
    device: str,
    sources: Sequence[Path],
    out: Path,
    rights: str,
    labels: Path | None,
) -> None:
    """Write a clip of the motion."""
    from tellbench.generator.base import Request
    from tellbench.generator.vasa import Vasa

    request = Request(
        portrait=acted.portrait,
        speech=acted.speech,
        fps=acted.fps,
        n_frames=len(acted.motion),
        controls=asked,
        seed=seed,
        motion=acted.motion,
    )
    make_clip(Vasa(device=device), request, out, rights, sources, labels)
