"""All knobs of `vasa`: those of behaviour that every generator has, and its own, of how motion and faces are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, get_args

from tellbench.errors import InputError
from tellbench.generator.dials import DIALS, Dial, settle
from tellbench.generator.vasa.motion.diffusion import Sampling, Solver
from tellbench.generator.vasa.motion.sizes import WINDOW
from tellbench.generator.vasa.motion.stream import LEAST_WINDOW

_USUAL: Final = Sampling()
MAKING: Final = {
    "sampler_steps": Dial("steps in which motion is drawn out of noise, a whole number", _USUAL.steps, 1, 1000),
    "guidance_audio": Dial(
        "how far motion is driven away from what it would be without the voice", _USUAL.audio, 0, 10
    ),
    "guidance_gaze": Dial("the same for the gaze that is asked for", _USUAL.gaze, 0, 10),
    "guidance_distance": Dial("the same for the distance", _USUAL.distance, 0, 10),
    "guidance_emotion": Dial("the same for the emotion", _USUAL.emotion, 0, 10),
    "window": Dial(
        "frames of motion made at once, a whole number; naturally 10 in a stream", WINDOW, LEAST_WINDOW, WINDOW
    ),
    "seam": Dial("how much of the jump between two windows is left to be seen; 0 joins them", 0, 0, 1),
    "upsampler": Dial("factor by which faces are enlarged after they are made; 1 makes them at full size", 1, 1, 8),
}
"""Knobs that only `vasa` has."""
VASA_DIALS: Final[Mapping[str, Dial]] = {**DIALS, **MAKING}


def behaviour(asked: Mapping[str, float]) -> dict[str, float]:
    """Those of the dials asked for that turn behaviour.

    Raises:
        InputError: any dial is out of its range.
    """
    settle(asked, VASA_DIALS)
    return {name: value for name, value in asked.items() if name in DIALS}


def making(asked: Mapping[str, float]) -> dict[str, float]:
    """Values of `MAKING`; those not asked for are natural."""
    return settle({name: value for name, value in asked.items() if name in MAKING}, MAKING)


def sampling(asked: Mapping[str, float], solver: str = "") -> Sampling:
    """How motion is drawn under some dials.

    Raises:
        InputError: no such solver.
    """
    if solver not in ("", *get_args(Solver)):
        raise InputError(f"solver {solver!r}; allowed: {', '.join(get_args(Solver))}")
    value = making(asked)
    return Sampling(
        steps=round(value["sampler_steps"]),
        solver="ddim" if solver == "ddim" else "dpm",
        **{name: value[f"guidance_{name}"] for name in _USUAL.scales},
    )
