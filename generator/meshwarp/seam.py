"""Moves a closed mouth's points onto the dark line between its lips: a cut a few pixels off opens the wrong lip."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tellbench.generator.meshwarp.arrays import LUMA, Array, Floats, blur, sample

MOUTH: Final = slice(48, 68)
UPPER, LOWER = np.array([61, 62, 63]), np.array([67, 66, 65])
"""Points of the inner lips that face each other."""

_CLOSED_GAP = 0.14
"""Inner lips nearer than this share of the mouth's width are one dark line, cut along its middle (assumption)."""

_MAY_BE_CLOSED = 0.4
"""Up to this gap a dark line is looked for: landmarks may open a painted mouth that is closed, and a smile is best cut
where its teeth meet the lower lip."""

_REACH = 0.28
"""The line is looked for within this share of the mouth's width above and below the points."""

_FAINT = 3.0
"""Mean depth of the line in grey levels below which points stay where they are."""

_COLUMNS = 48

_STIFFNESS, _LEASH = 3.0, 10.0
"""Cost in grey levels of a slope of one step a column, and of lying at the end of the reach (assumptions)."""


def is_closed(points: Floats, most: float = _CLOSED_GAP) -> bool:
    """Whether the inner lips of 68 points (68, 2) are nearer than `most` of the mouth's width."""
    gap = np.linalg.norm(points[UPPER] - points[LOWER], axis=1).max()
    return bool(gap < most * np.linalg.norm(points[48] - points[54]))


def snap_mouth(picture: Floats, points: Floats) -> Array:
    """Points (68, 2) whose mouth lies on the dark line; an open mouth and a faint line stay.

    Args:
        picture: RGB (H, W, 3), 0..255.
        points: iBUG points (68, 2), pixels.
    """
    out = np.array(points, np.float64)
    if not is_closed(out, _MAY_BE_CLOSED):
        return out
    along = out[54] - out[48]
    width = float(np.linalg.norm(along))
    along = along / width
    down = np.array([-along[1], along[0]])
    line = np.concatenate([out[[48]], (out[UPPER] + out[LOWER]) / 2, out[[54]]])
    u = np.linspace(0.08, 0.92, _COLUMNS)
    at, height = (line - out[48]) @ along / width, (line - out[48]) @ down
    start = np.interp(u, at, height)  # the points' own line, pixels below the chord of the corners
    steps = np.arange(-round(_REACH * width), round(_REACH * width) + 1)
    if len(steps) < 5:
        return out
    where = out[48] + (u * width)[None, :, None] * along + (start + steps[:, None])[..., None] * down
    depth = _line_depth(sample((picture @ LUMA)[..., None], where)[..., 0], width)
    path = _best_path(depth - _LEASH * (steps[:, None] / steps[-1]) ** 2)
    strength = depth[path, np.arange(_COLUMNS)]
    if strength.mean() < _FAINT:
        return out
    bend = np.polynomial.Polynomial.fit(u, steps[path], 2, domain=[0, 1], w=np.sqrt(np.maximum(strength, 0.1)))
    mouth = out[MOUTH]
    share = np.clip((mouth - out[48]) @ along / width, 0, 1)
    out[MOUTH] = mouth + bend(share)[:, None] * down
    out[UPPER] = out[LOWER] = (out[UPPER] + out[LOWER]) / 2
    return out


def _line_depth(lightness: Array, width: float) -> Array:
    """How much darker (S, U) each place is than what lies above and below it."""
    fine = blur(lightness, (max(0.5, 0.012 * width), 1.0))
    return np.asarray(blur(lightness, (0.09 * width, 2.0)) - fine)


def _best_path(score: Array) -> npt.NDArray[np.int64]:
    """Row of each column (U,) of the smooth path with the greatest score, by dynamic programming."""
    rows, columns = score.shape
    best, back = score[:, 0], np.zeros((columns, rows), np.int64)
    moves = np.arange(-2, 3)
    index = np.clip(np.arange(rows)[:, None] + moves, 0, rows - 1)
    for column in range(1, columns):
        options = best[index] - _STIFFNESS * np.abs(moves)
        back[column] = index[np.arange(rows), options.argmax(1)]
        best = options.max(1) + score[:, column]
    path = np.zeros(columns, np.int64)
    path[-1] = int(best.argmax())
    for column in range(columns - 1, 0, -1):
        path[column - 1] = back[column, path[column]]
    return path
