"""The dynamics code and the rig: a linear head reads coefficients and gaze from it and writes them back.

The code's axes are chosen such that the head is a projection: its first numbers are the rig, in the rig's units, the
others are free for what the rig does not name. So the teacher's code of a known rig is exact, the same for every
person, and needs no encoder; reading, writing and dials lose nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from tellbench.errors import InputError
from tellbench.generator.vasa.frames import RIG_NAMES
from tellbench.generator.vasa.sizes import N_RIG


def read_rig(code: Tensor) -> Tensor:
    """Rig (N, 54) of dynamics codes (N, Z)."""
    return code[:, :N_RIG]


def free_part(code: Tensor) -> Tensor:
    """What the rig does not name (N, Z - 54)."""
    return code[:, N_RIG:]


def only_rig(code: Tensor) -> Tensor:
    """Codes (N, Z) without their free numbers, as the teacher's are.

    What is read from pictures has free numbers, and the decoder takes them for a sign that it may be wrong: it paints
    softer. Without them it paints as sharp as from a known rig.
    """
    return teach(read_rig(code), code.shape[1])


def write_rig(code: Tensor, rig: Tensor) -> Tensor:
    """Codes (N, Z) that read as this rig (N, 54) and are otherwise unchanged."""
    return torch.cat([rig, free_part(code)], 1)


def teach(rig: Tensor, length: int) -> Tensor:
    """The teacher's codes (N, length) of known rigs (N, 54): nothing but the rig."""
    return torch.cat([rig, rig.new_zeros(len(rig), length - N_RIG)], 1)


def turn_dials(code: Tensor, dials: Mapping[str, float]) -> Tensor:
    """Codes (N, Z) with some numbers of the rig set, by name.

    Raises:
        InputError: the rig has no number of a name.
    """
    rig = read_rig(code).clone()
    for name, value in dials.items():
        if name not in RIG_NAMES:
            raise InputError(f"dial {name!r}; allowed: {', '.join(RIG_NAMES)}")
        rig[:, RIG_NAMES.index(name)] = value
    return write_rig(code, rig)


def relative(driver: Tensor, driver_rest: Tensor, rest: Tensor) -> Tensor:
    """Rig (N, 54) that moves a face from its own rest as a driver moves from the driver's.

    Args:
        driver: rigs (N, 54).
        driver_rest: the driver's rig at rest, (1, 54) or (N, 54).
        rest: the rig of the face that is driven, likewise.
    """
    moved = rest + driver - driver_rest
    return torch.cat([moved[:, :-2].clamp(0, 1), moved[:, -2:]], 1)
