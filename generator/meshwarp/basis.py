"""The 52 expression shapes carried from the average head onto a fitted one, with lids that always close."""

from __future__ import annotations

import numpy as np

from tellbench.datasets.expression import INDEX
from tellbench.generator.meshwarp.arrays import Array, Floats, Singles, smoothstep
from tellbench.generator.meshwarp.fit import below_mouth, mouth_width
from tellbench.generator.meshwarp.head import HeadModel

_LID_OPENINGS = {"eyeLookUp": 0.16, "eyeWide": 0.24}
"""Share of the lid gap by which the upper lid rises (assumption, set by eye)."""


def join_cuts(model: HeadModel, vertices: Floats) -> Array:
    """Vertices (R, C, 3) whose lid and lip edges coincide outside the openings."""
    out = np.array(vertices, np.float64)
    for upper, lower, is_open in (
        (model.upper_lid_edge, model.lower_lid_edge, model.eye_open),
        (model.upper_lip_edge, model.lower_lip_edge, model.mouth_open),
    ):
        out[upper, ~is_open] = out[lower, ~is_open] = (out[upper, ~is_open] + out[lower, ~is_open]) / 2
    return out


def carry_shapes(model: HeadModel, vertices: Floats) -> Singles:
    """Displacements (52, R, C, 3) float32 for a fitted head (R, C, 3) with joined cuts, mm.

    Shapes move over vertex by vertex, scaled by the width of the mouth: rebuilding them from a fitted head's
    coordinates gives asymmetric heads a square corner of the mouth.
    """
    scale = np.clip(mouth_width(model, vertices) / mouth_width(model, model.mean), 0.75, 1.2)
    shapes = model.shapes * np.float32(scale)
    shapes[INDEX["jawOpen"]] += _lens(model, shapes[INDEX["jawOpen"]])
    for name, move in _lid_moves(model, vertices).items():
        for side, sign in (("Left", 1), ("Right", -1)):
            shapes[INDEX[name + side]] = move * (np.sign(vertices[..., :1]) == sign)
    return shapes


def _lens(model: HeadModel, jaw: Floats) -> Singles:
    """Correction (R, C, 3) that tapers the open mouth towards its corners, as a lens."""
    gap = jaw[model.upper_lip_edge] - jaw[model.lower_lip_edge]  # [C, 3]
    middle = gap[model.mouth_span < 0.12].mean(0)
    taper = (1 - np.minimum(model.mouth_span, 1) ** 2) ** 0.85
    excess = (gap - middle * taper[:, None]) / 2 * model.mouth_open[:, None] * np.array([0, 1, 0.5])
    y, z = model.mean[..., 1], model.mean[..., 2]
    near = np.exp(-(((y - y[model.upper_lip_edge]) / 9) ** 2)) * (z > -60)
    sign = np.where(below_mouth(model), 1.0, -1.0)[:, None, None]
    return np.asarray(sign * excess[None] * near[..., None], np.float32)


def _lid_moves(model: HeadModel, vertices: Floats) -> dict[str, Array]:
    """Displacement (R, C, 3) of both eyes' lids for each lid coefficient; both edges close onto one curve."""
    upper, lower = _lid_weights(model)
    gap = (vertices[model.upper_lid_edge] - vertices[model.lower_lid_edge]) * model.eye_open[:, None]  # [C, 3]
    meeting = 0.06 * gap  # above the lower edge: it rises by that much
    drop, lift = meeting - gap, meeting
    bulge = 0.4 * upper * (1 - upper) * np.linalg.norm(drop, axis=-1)  # the lid runs over the eyeball
    close = upper[..., None] * drop + lower[..., None] * lift + bulge[..., None] * np.array([0, 0, 1])
    moves = {name: -upper[..., None] * drop * share for name, share in _LID_OPENINGS.items()}
    moves["eyeBlink"] = close
    moves["eyeLookDown"] = 0.5 * (upper[..., None] * drop - lower[..., None] * lift)
    return moves


def _lid_weights(model: HeadModel) -> tuple[Array, Array]:
    """Share (R, 1) of each row in the motion of the upper and of the lower lid's edge."""
    upper, lower = np.zeros((model.shape[0], 1)), np.zeros((model.shape[0], 1))
    down = np.linspace(0, 1, model.segments["upper_lid"][1])[:, None]
    upper[model.rows("upper_lid")] = 0.12 + 0.88 * np.minimum(down / 0.85, 1) ** 1.15
    brow = np.arange(model.segments["brow"][1])[:, None] / model.segments["brow"][1]
    upper[model.rows("brow")] = 0.12 * smoothstep(0.35, 1, brow)
    upper[model.rows("upper_lid_roll")] = 1
    lower[model.rows("under_eye")] = (1 - np.linspace(0, 1, model.segments["under_eye"][1])[:, None]) ** 2.2
    lower[model.rows("lower_lid_roll")] = 1
    return upper, lower
