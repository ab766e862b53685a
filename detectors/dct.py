"""Frequency artefacts in blocks: how large the coefficients of 8x8 cosine transforms are, and how heavy their tails.

Upsampling networks leave a grid of peaks in the cosine transform that a linear classifier finds (Frank et al. 2020,
arXiv 2003.08685). Blocks instead of whole images fit any crop, and average over many places of the face.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.fft import dctn

from tellbench.detectors.base import Plot
from tellbench.detectors.crops import LUMA, Crops
from tellbench.detectors.fitting import Floats
from tellbench.detectors.texture import CropDetector, Facts

BLOCK: Final = 8
"""Side of a block in pixels, as in JPEG."""
PLACES: Final = np.indices((BLOCK, BLOCK)).reshape(2, -1)  # (2, 64)
ORDER: Final = np.argsort(np.hypot(*PLACES), kind="stable")[1:]
"""Flat places of the 63 coefficients beside the mean, from low to high frequency."""
N_ANCHORS: Final = 5
"""Lowest coefficients, whose mean size is subtracted, so that contrast and exposure do not matter."""
FLOOR: Final = 0.05
"""Grey levels added before the logarithm; 8-bit rounding spreads a coefficient by 0.29."""


def block_statistics(crops: npt.NDArray[np.uint8]) -> Floats:
    """Log mean size of each coefficient, and log ratio of its RMS to its mean size.

    The ratio is 0.23 for a normal distribution, 0.35 for a Laplacian, and more for heavier tails.

    Args:
        crops: RGB, (N, S, S, 3), S >= `BLOCK`.

    Returns:
        (126,): sizes in `ORDER`, anchored at the lowest, then tails.
    """
    across = crops.shape[1] // BLOCK
    luma = (crops[:, : across * BLOCK, : across * BLOCK] @ LUMA).reshape(-1, across, BLOCK, across, BLOCK)
    blocks = dctn(luma, axes=(2, 4), norm="ortho").transpose(0, 1, 3, 2, 4).reshape(-1, BLOCK * BLOCK)[:, ORDER]
    size = np.abs(blocks).mean(0) + FLOOR
    spread = np.sqrt((blocks**2).mean(0)) + FLOOR
    scale = np.log(size)
    return np.concatenate([scale - scale[:N_ANCHORS].mean(), np.log(spread / size)])


class Dct(CropDetector):
    """Block statistics -> logistic regression or SVM, chosen on `val`."""

    name = "dct"
    least_side = 48
    columns = tuple(f"{kind} {row}{column}" for kind in ("size", "tail") for row, column in PLACES[:, ORDER].T.tolist())

    def measure(self, crops: Crops) -> Floats:
        """Block statistics, (126,)."""
        return block_statistics(crops.frames)

    def facts(self, row: Floats) -> Facts:
        """How fast the coefficients fall."""
        return {"highest ten coefficients against the lowest five, nepers": round(float(row[:63][-10:].mean()), 2)}

    def plots(self, rows: Mapping[str, Floats]) -> tuple[Plot, ...]:
        """Sizes from low to high frequency."""
        sizes = {name: row[:63] for name, row in rows.items()}
        place = np.arange(1.0, BLOCK * BLOCK)
        return (Plot("8x8 cosine transform", "coefficient, low to high frequency", "log mean size", place, sizes),)
