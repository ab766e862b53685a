"""Second-order shapes: what two coefficients do together beyond the sum of each alone.

`products` maps a pair of coefficients to a displacement that is scaled by their product, so that it vanishes where
either is 0. A coefficient paired with itself bends its own path: c with c is scaled by 4 c (1 - c), 0 at both ends and
1 half-way. Sizes in mm are modelled by eye (assumption).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from tellbench.datasets.expression import INDEX
from tellbench.datasets.studio.expressions.eye_shapes import LID_SHIFTS, crows_feet, lid_shift
from tellbench.datasets.studio.expressions.fields import Fields, along
from tellbench.datasets.studio.expressions.jaw import arc
from tellbench.datasets.studio.expressions.mouth_shapes import SIDES, close
from tellbench.datasets.studio.people.relief import bump
from tellbench.datasets.studio.people.sculpture import smoothstep

Pair = tuple[str, str]


def products(f: Fields) -> dict[Pair, Tensor]:
    """All correctives, each of shape (rows, columns, 3)."""
    shapes = _mouth(f)
    for name, side in SIDES:
        shapes |= _lids(f, name, side) | _smile(f, name, side) | _press(f, name, side)
    return shapes


def _mouth(f: Fields) -> dict[Pair, Tensor]:
    bent = arc(f.skin.P0)
    rounder = along(f.lips, -3.5 * f.x / f.half, 0.0, 1.0)
    return {
        ("jawOpen", "jawOpen"): bent * f.jaw[..., None],
        ("mouthClose", "mouthClose"): close(f, bent),
        ("jawOpen", "mouthPucker"): rounder,
        ("jawOpen", "mouthFunnel"): rounder,
    }


def _lids(f: Fields, name: str, side: float) -> dict[Pair, Tensor]:
    """A blink closes the eye whatever else the lids do, and no further."""
    blink = "eyeBlink" + name

    def undo(other: str, upper: float, lower: float) -> Tensor:
        up, low = LID_SHIFTS[other]
        return lid_shift(f, side, -upper * up, -lower * low)

    return {
        (blink, "eyeWide" + name): undo("eyeWide", 1.0, 1.0),
        (blink, "eyeLookUp" + name): undo("eyeLookUp", 1.0, 1.0),
        (blink, "eyeLookDown" + name): undo("eyeLookDown", 0.8, 0.0),
        (blink, "eyeSquint" + name): undo("eyeSquint", 0.7, 0.7),
        (blink, "mouthSmile" + name): lid_shift(f, side, 0.0, 0.05) + along(0.5 * crows_feet(f, side), z=1.0),
    }


def _smile(f: Fields, name: str, side: float) -> dict[Pair, Tensor]:
    """A smile starts sideways and ends upward; over an open jaw it widens less and the lower lip stays round."""
    half = smoothstep(-14.0, 16.0, f.x * side)
    corner = f.corner(side, 17.0)
    belly = f.lower_lip * half * bump(f.x * side / f.half, 0.5, 0.35)
    narrower = along(corner, -3.0 * side, -2.0, 1.5) + along(belly, y=-1.5)
    return {
        ("mouthSmile" + name, "mouthSmile" + name): along(corner, 0.9 * side, -1.0, -0.3),
        ("mouthSmile" + name, "jawOpen"): narrower,
        ("mouthStretch" + name, "jawOpen"): along(corner, -2.5 * side, 0.0, 1.0),
        ("mouthSmile" + name, "mouthPucker"): along(corner, -3.0 * side, -3.0, 3.0),
    }


def _press(f: Fields, name: str, side: float) -> dict[Pair, Tensor]:
    """Lips that press and roll are thin once, not twice."""
    half = smoothstep(-14.0, 16.0, f.x * side)
    return {
        ("mouthPress" + name, "mouthRollUpper"): along(f.upper_thin * half, y=0.22),
        ("mouthPress" + name, "mouthRollLower"): along(f.lower_thin * half, y=-0.22),
    }


def scales(pairs: Sequence[Pair], coefficients: Tensor) -> Tensor:
    """How much of each corrective is in each expression: coefficients (B, 52) to shape (B, len(pairs))."""
    first, second = (coefficients[:, [INDEX[pair[k]] for pair in pairs]] for k in (0, 1))
    own = torch.tensor([pair[0] == pair[1] for pair in pairs], device=coefficients.device)
    return torch.where(own, 4 * first * (1 - first), first * second)
