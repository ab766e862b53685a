"""Build the shipped head model from sampled studio people: no face data is used.

    python -m tellbench.generator.meshwarp.model [--people 25] [--out model.safetensors]

Samples virtual people, takes the principal components of their skin grids and of the mirror images, and stores them
with the average person's expressions and mouth. About a minute on one core.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from tellbench.datasets.expression import COEFFICIENTS, INDEX
from tellbench.datasets.studio.expressions.blendshapes import ExpressionBasis
from tellbench.datasets.studio.expressions.jaw import JAW_AXIS, JAW_DEGREES
from tellbench.datasets.studio.people import oral
from tellbench.datasets.studio.people.grid import GridLayout
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.skin import Skin
from tellbench.errors import run
from tellbench.generator.meshwarp.arrays import Array, Floats, Singles
from tellbench.generator.meshwarp.head import WEIGHTS, HeadModel, MouthPart, mirror
from tellbench.generator.meshwarp.pack import principal_components, write

FIRST_SEED = 7000
"""Seed of the first sampled person."""

N_COMPONENTS = 20

_SIDEWAYS = ("jawLeft", "jawRight", "mouthLeft", "mouthRight")


def build(people: int) -> tuple[HeadModel, Array, float]:
    """The model, the symmetry of its components and the share of variance they keep.

    Args:
        people: number of studio people to sample; their mirror images count too.
    """
    skins = [Skin(Identity.sample(FIRST_SEED + i)) for i in range(people)]
    average = Skin(Identity.average())
    azimuth = average.azimuth[average.up_edge].numpy()
    counted = np.zeros(average.P0.shape[:2], bool)
    counted[average.layout.rows_of("forehead", "jaw")] = np.abs(azimuth) < 1.5
    heads = np.stack([skin.P0.numpy() for skin in skins]).astype(np.float64)
    mean, components, symmetry, share = principal_components(heads, counted, N_COMPONENTS)
    layout = average.layout
    model = HeadModel(
        mean=mean.astype(np.float32),
        components=components.astype(np.float32),
        shapes=_symmetric(ExpressionBasis(average).basis.numpy()),
        landmarks=_landmarks([skin.lm68.numpy() for skin in skins], layout),
        azimuth=azimuth.astype(np.float32),
        eye_open=layout.eye_open.numpy(),
        mouth_span=layout.tau.numpy().astype(np.float32),
        segments={name: (first, layout.count(name)) for name, first in layout.starts.items()},
        parts=_mouth_parts(average),
        jaw_degrees=JAW_DEGREES,
        jaw_axis=JAW_AXIS,
    )
    return model, symmetry, share


def _symmetric(shapes: Floats) -> Singles:
    """Shapes (52, R, C, 3) freed of the average person's own asymmetry."""
    out = shapes.astype(np.float32)
    for name in COEFFICIENTS:
        if name not in _SIDEWAYS and not name.endswith(("Left", "Right")):
            out[INDEX[name]] = (out[INDEX[name]] + mirror(out[INDEX[name]])) / 2
    return out


def _landmarks(ids: Sequence[npt.NDArray[np.int64]], layout: GridLayout) -> npt.NDArray[np.int64]:
    """Flat vertex of each of the 68 points: the median row and column over people."""
    row, column = np.divmod(np.stack(ids), layout.columns)
    return np.asarray(np.median(row, axis=0).astype(int) * layout.columns + np.median(column, axis=0).astype(int))


def _mouth_parts(skin: Skin) -> dict[str, MouthPart]:
    """Teeth, tongue and bag, every second row; albedo includes their own occlusion."""
    built = {
        "upper_teeth": oral.teeth(skin, upper=True),
        "lower_teeth": oral.teeth(skin, upper=False),
        "tongue": oral.tongue(skin),
        "bag": oral.mouth_bag(skin),
    }
    return {
        name: MouthPart(part.points.numpy()[::2], (part.albedo * part.shade[..., None]).numpy()[::2])
        for name, part in built.items()
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the model and write it."""
    parser = argparse.ArgumentParser(description="Build the head model of the meshwarp generator from studio people.")
    parser.add_argument("--people", type=int, default=25, help="studio people to sample")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="safetensors file to write")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)  # the sum order, and with it the bytes, must not depend on the machine
    model, symmetry, share = build(options.people)
    about = {
        "people": f"{FIRST_SEED}..{FIRST_SEED + options.people - 1}",
        "variance_kept": f"{share:.4f}",
        "source": "tellbench studio",
    }
    write(options.out, model, symmetry, about)


if __name__ == "__main__":
    run(main)
