"""What can be asked of a clip on the command line, the same for every verb that makes one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tellbench.errors import InputError

if TYPE_CHECKING:
    from tellbench.generator.controls import Controls

Gaze = Annotated[tuple[float, float], typer.Option(help="Main gaze in degrees: right of the image, up.")]
Distance = Annotated[float, typer.Option(help="Of the head from the camera, in distances of the portrait.")]
Emotion = Annotated[
    list[str] | None, typer.Option(help="NAME=STRENGTH, an emotion laid over all else, such as happy=0.6; repeat.")
]
Pose = Annotated[
    tuple[float, float, float], typer.Option(help="Yaw, pitch and roll in degrees, added to the head's motion.")
]
ReplacePose = Annotated[bool, typer.Option("--replace-pose", help="Hold the head in --pose instead.")]
HeadMotion = Annotated[float, typer.Option(help="Gain of head motion; 0 holds still.")]
Expressiveness = Annotated[float, typer.Option(help="Gain of mouth and brow motion.")]
Solver = Annotated[str, typer.Option(help="vasa: how motion is sampled, dpm or ddim.")]
Dial = Annotated[list[str] | None, typer.Option(help="NAME=VALUE, a knob of generated behaviour; repeat for more.")]
ControlsFile = Annotated[
    Path | None,
    typer.Option(
        "--controls",
        help="CSV or parquet, a row a frame: gaze_x gaze_y distance yaw pitch roll x y z expressiveness happy ...",
    ),
]


def controls_of(
    *,
    gaze: tuple[float, float] = (0.0, 0.0),
    distance: float = 1.0,
    emotion: Sequence[str] | None = None,
    pose: tuple[float, float, float] = (0.0, 0.0, 0.0),
    replace_pose: bool = False,
    head_motion: float = 1.0,
    expressiveness: float = 1.0,
    solver: str = "",
    dial: Sequence[str] | None = None,
    file: Path | None = None,
) -> Controls:
    """Options as controls.

    Raises:
        InputError: a value is out of range or no number, a name is unknown, or the file is of no use.
    """
    from tellbench.generator.controls import Controls, read_tracks

    return Controls(
        gaze=gaze,
        distance=distance,
        emotion=named_numbers("emotion", emotion, "happy=0.6"),
        pose=(*pose, 0.0, 0.0, 0.0),
        replace_pose=replace_pose,
        head_motion=head_motion,
        expressiveness=expressiveness,
        solver=solver,
        dials=named_numbers("dial", dial, "blink_rate=0.5"),
        tracks=read_tracks(file) if file else {},
    )


def named_numbers(what: str, texts: Sequence[str] | None, example: str) -> dict[str, float]:
    """`NAME=VALUE` options as numbers by name.

    Raises:
        InputError: no equals sign, or a value that is no number.
    """
    numbers = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        try:
            numbers[name.strip()] = float(value if equals else "")
        except ValueError as error:
            raise InputError(f"{what} {text!r}; NAME=NUMBER is needed, such as {example}") from error
    return numbers
