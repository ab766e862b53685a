"""The knobs of generated behaviour, the same for every generator: names, meanings, natural values, allowed ranges."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

from tellbench.errors import InputError


@dataclasses.dataclass(frozen=True)
class Dial:
    """One knob."""

    about: str
    natural: float
    """Value without a request."""
    low: float
    high: float

    @property
    def line(self) -> str:
        """One line for a person."""
        return f"{self.about} ({self.low:g} to {self.high:g}; natural {self.natural:g})"


DIALS: Final[dict[str, Dial]] = {
    "blink_rate": Dial("blinks a minute; 0 never blinks", 24, 0, 60),
    "blink_regularity": Dial("0 draws the time between blinks freely, 1 beats like a metronome", 0.3, 0, 1),
    "blink_completeness": Dial("how far the lids close in a blink; 1 shuts the eye every time", 0.95, 0.1, 1),
    "blink_speed": Dial("speed of the lids in a blink", 1, 0.3, 2),
    "brow_gain": Dial("scale of brow motion; 0 freezes the brows", 1, 0, 3),
    "brow_coupling": Dial(
        "share of brow motion that follows the pitch of the voice; the rest moves at other times", 0.8, 0, 1
    ),
    "head_gain": Dial("scale of head motion; 0 holds still", 1, 0, 3),
    "head_coupling": Dial("share of nods that follow the pitch of the voice; the rest come at other times", 0.8, 0, 1),
    "gaze_gain": Dial("scale of eye movements; 0 stares", 1, 0, 3),
    "lip_delay_ms": Dial("mouth after sound, milliseconds", 0, -400, 400),
    "lip_closure": Dial("how far the lips come together on M, B and P; 1 seals them", 1, 0, 1),
}


def settle(asked: Mapping[str, float], table: Mapping[str, Dial] = DIALS) -> dict[str, float]:
    """The value of every dial of a table; those not asked for are natural.

    Raises:
        InputError: a value is outside its dial's range.
    """
    for name, value in asked.items():
        dial = table[name]
        if not dial.low <= value <= dial.high:
            raise InputError(
                f"dial {name} = {value:g}; {dial.low:g} to {dial.high:g} is allowed, {dial.natural:g} is natural"
            )
    return {name: float(asked.get(name, dial.natural)) for name, dial in table.items()}
