"""Head statistics into one small safetensors file: half of every symmetric grid, float16, only what moves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from tellbench.datasets.expression import COEFFICIENTS
from tellbench.datasets.files import atomic_path
from tellbench.generator.meshwarp.arrays import Array, Floats, Mask
from tellbench.generator.meshwarp.head import HeadModel, mirror

_STILL = 0.01
"""Displacements below this many mm are not stored: a fortieth of a pixel at 720 pixels."""

_REBUILT = ("eyeBlink", "eyeLook", "eyeWide", "tongue")
"""Coefficients that `basis` and `mouth` build anew on every portrait."""


def principal_components(heads: Floats, counted: Mask, count: int) -> tuple[Array, Array, Array, float]:
    """Principal components of heads (N, R, C, 3) and their mirror images.

    With both present every component is either symmetric or antisymmetric, so the two kinds are found apart.

    Args:
        heads: sampled grids, mm.
        counted: (R, C) vertices whose variance counts.
        count: how many components to keep.

    Returns:
        mean (R, C, 3); components (count, R, C, 3), largest first, one unit = one standard deviation;
        their symmetry +1 or -1 (count,); share of the variance kept.
    """
    even, odd = (heads + mirror(heads)) / 2, (heads - mirror(heads)) / 2
    mean = even.mean(0)
    kinds = [_modes(even - mean, counted), _modes(odd, counted)]
    variances = np.concatenate([v for v, _ in kinds])
    modes = np.concatenate([m for _, m in kinds])
    symmetry = np.repeat([1.0, -1.0], [len(v) for v, _ in kinds])
    order = np.argsort(-variances)[:count]
    return mean, modes[order], symmetry[order], float(variances[order].sum() / variances.sum())


def _modes(offsets: Floats, counted: Mask) -> tuple[Array, Array]:
    """Variance and shape of each mode of offsets (N, R, C, 3), by the Gram matrix of the counted vertices."""
    chosen = offsets[:, counted].reshape(len(offsets), -1)
    variance, mixing = np.linalg.eigh(chosen @ chosen.T / len(offsets))
    return variance, np.einsum("nk,nrcx->krcx", mixing, offsets) / np.sqrt(len(offsets))


def write(path: Path, model: HeadModel, symmetry: Floats, about: Mapping[str, str]) -> None:
    """Store a model atomically; `symmetry` (K,) of its components is +1 or -1; `about` goes into the header."""
    half = model.shape[1] // 2 + 1  # with the midline
    tensors = {
        "mean": model.mean[:, :half],
        "components": model.components[:, :, :half].astype(np.float16),
        "symmetry": symmetry.astype(np.int8),
        "landmarks": model.landmarks.astype(np.int32),
        "azimuth": model.azimuth,
        "eye_open": model.eye_open.astype(np.uint8),
        "mouth_span": model.mouth_span,
    }
    for name, part in model.parts.items():
        tensors[f"{name}.points"] = part.points.astype(np.float16)
        tensors[f"{name}.albedo"] = part.albedo.astype(np.float16)
    names = [
        n for n in COEFFICIENTS if not n.startswith(_REBUILT) and not (n.endswith("Right") and _left(n) in COEFFICIENTS)
    ]
    flat = model.shapes.reshape(len(COEFFICIENTS), -1, 3)
    moving = [np.flatnonzero(np.abs(flat[COEFFICIENTS.index(n)]).max(1) > _STILL) for n in names]
    tensors["shape_bounds"] = np.cumsum([0, *(len(m) for m in moving)]).astype(np.int32)
    tensors["shape_vertices"] = np.concatenate(moving).astype(np.uint16 if flat.shape[1] < 65536 else np.uint32)
    moves = np.concatenate([flat[COEFFICIENTS.index(n)][m] for n, m in zip(names, moving, strict=True)])
    tensors["shape_moves"] = moves.astype(np.float16)
    meta = {
        "shapes": names,
        "mirrored": [n for n in names if n.endswith("Left")],
        "segments": {name: list(rows) for name, rows in model.segments.items()},
        "jaw_degrees": model.jaw_degrees,
        "jaw_axis": list(model.jaw_axis),
    }
    contiguous = {key: np.ascontiguousarray(value) for key, value in tensors.items()}
    with atomic_path(path) as partial:
        # one key of metadata: safetensors writes several in random order
        partial.write_bytes(save(contiguous, {"head": json.dumps({**meta, **about}, sort_keys=True)}))


def _left(name: str) -> str:
    return name.removesuffix("Right") + "Left"
