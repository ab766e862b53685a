"""Noise artefacts: which high-pass residuals stand beside which, as in the spatial rich model for steganalysis.

After Fridrich & Kodovský 2012 (10.1109/TIFS.2012.2190402): a residual is what remains of a pixel after it was
predicted from its neighbours; quantised to five values, triples of neighbours are counted, and triples that differ by
sign or direction only are counted as one. Cameras, codecs and generators leave different counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from tellbench.detectors.base import Plot
from tellbench.detectors.crops import LUMA, Crops
from tellbench.detectors.fitting import Floats
from tellbench.detectors.texture import CropDetector, Facts

LIMIT: Final = 2
"""Quantised residuals lie in -LIMIT to LIMIT."""
STEPS: Final = {"straight": 1.0, "square": 2.0}
"""Grey levels of one step of quantisation, by residual, whose filters weigh the pixel itself by 1; the model tries 1,
1.5 and 2."""
LEVELS: Final = 2 * LIMIT + 1


def _classes() -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Class of each of the 125 triples, and a triple to name each class."""
    triples = np.indices((LEVELS,) * 3).reshape(3, -1).T - LIMIT
    alike = [tuple(max(t, -t, t[::-1], -t[::-1], key=lambda values: values.tolist()).tolist()) for t in triples]
    names = sorted(set(alike), key=lambda t: (sum(map(abs, t)), t))
    return np.array([names.index(t) for t in alike]), tuple(f"{a:+d}{b:+d}{c:+d}" for a, b, c in names)


CLASS, NAMES = _classes()


def residuals(luma: Floats) -> dict[str, list[Floats]]:
    """Residuals of images (N, S, S): second differences along rows and columns, and the Ker-Böhme kernel.

    Returns:
        By name of `STEPS`, images whose triples are counted along their last axis.
    """
    turned = luma.swapaxes(1, 2)
    straight = [(g[:, :, :-2] + g[:, :, 2:]) / 2 - g[:, :, 1:-1] for g in (luma, turned)]
    edges = luma[:, :-2, 1:-1] + luma[:, 2:, 1:-1] + luma[:, 1:-1, :-2] + luma[:, 1:-1, 2:]
    corners = luma[:, :-2, :-2] + luma[:, 2:, 2:] + luma[:, 2:, :-2] + luma[:, :-2, 2:]
    square = edges / 2 - corners / 4 - luma[:, 1:-1, 1:-1]
    return {"straight": straight, "square": [square, square.swapaxes(1, 2)]}


def triple_counts(images: list[Floats], step: float) -> Floats:
    """Share of each class of triples, as its square root, so that rare ones are heard; (len(NAMES),)."""
    counts = np.zeros(len(NAMES))
    for image in images:
        level = np.clip(np.rint(image / step), -LIMIT, LIMIT).astype(np.int64) + LIMIT
        code = (level[:, :, :-2] * LEVELS + level[:, :, 1:-1]) * LEVELS + level[:, :, 2:]
        counts += np.bincount(CLASS[code.ravel()], minlength=len(NAMES))
    return np.asarray(np.sqrt(counts / counts.sum()))


class Residual(CropDetector):
    """Counts of residual triples -> logistic regression or SVM, chosen on `val`."""

    name = "residual"
    least_side = 48
    columns = tuple(f"{kind} {name}" for kind in STEPS for name in NAMES)

    def measure(self, crops: Crops) -> Floats:
        """Square roots of the shares of triples, one class after another."""
        found = residuals(crops.frames @ LUMA)
        return np.concatenate([triple_counts(found[kind], step) for kind, step in STEPS.items()])

    def facts(self, row: Floats) -> Facts:
        """How smooth the face is."""
        flat = NAMES.index("+0+0+0")
        return {f"flat {kind} triples": f"{row[i * len(NAMES) + flat] ** 2:.1%}" for i, kind in enumerate(STEPS)}

    def plots(self, rows: Mapping[str, Floats]) -> tuple[Plot, ...]:
        """Shares of triples, flat ones first."""
        place = np.arange(float(len(self.columns)))
        return (Plot("Residual triples", "class, from flat to rough", "square root of share", place, rows),)
