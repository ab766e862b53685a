"""The out-of-focus place behind a person."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.studio.camera.canvas import SIDE, stack
from tellbench.datasets.studio.camera.places import PLACES

MARGIN: Final = 0.08
"""Room beyond each edge of the picture, as a share of its width: a shaking camera sees it."""


def room(seed: int, blur: float) -> Tensor:
    """Linear-light picture of a random place, float32 of shape (canvas.SIDE, canvas.SIDE, 3).

    Args:
        seed: which place, and everything in it.
        blur: diameter of the disc that a far point becomes, as a share of the picture's width.
    """
    rng = np.random.default_rng((seed, 42))
    paints, shares = zip(*PLACES.values(), strict=True)
    place = paints[rng.choice(len(paints), p=shares)]
    texels = blur * SIDE / (1 + 2 * MARGIN)
    picture = stack([(canvas, share * texels) for canvas, share in place(rng)])
    return torch.tensor(np.clip(picture, 0.003, 8), dtype=torch.float32)
