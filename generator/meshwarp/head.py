"""The morphable head: a cut grid of skin, its principal components, its expressions and what lies behind the lips."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from tellbench.datasets.expression import COEFFICIENTS
from tellbench.errors import InputError
from tellbench.generator.meshwarp.arrays import Floats, Ints, Mask, grid_triangles

WEIGHTS: Final = Path(__file__).parent / "weights" / "model.safetensors"

ROLLS: Final = ("upper_lid_roll", "lower_lid_roll", "upper_lip_roll", "lower_lip_roll")
"""Segments of rows that roll inwards behind the cuts: upper and lower lid, upper and lower lip."""


@dataclasses.dataclass(frozen=True)
class MouthPart:
    """Teeth, tongue or the dark bag of the mouth, as a grid of points."""

    points: npt.NDArray[np.float32]
    """Shape (h, w, 3), head millimetres of the average head."""
    albedo: npt.NDArray[np.float32]
    """Shape (h, w, 3), linear light in [0, 1]."""


@dataclasses.dataclass(frozen=True)
class HeadModel:
    """Statistics of studio heads on one grid of R x C vertices.

    Head coordinates are millimetres: x to the subject's left, y up, z towards the viewer, origin midway between
    the eyeballs. Rows run from crown to neck and follow the lids and lips, where the grid is cut; columns run from
    the subject's right round the front to the left about a midline column, so mirrored columns are mirrored places.
    """

    mean: npt.NDArray[np.float32]
    """Shape (R, C, 3)."""
    components: npt.NDArray[np.float32]
    """Shape (K, R, C, 3): principal components, one unit = one standard deviation."""
    shapes: npt.NDArray[np.float32]
    """Shape (52, R, C, 3): displacement of the average head for each expression coefficient at 1."""
    landmarks: npt.NDArray[np.int64]
    """Shape (68,): flat vertex of each iBUG point."""
    azimuth: npt.NDArray[np.float32]
    """Shape (C,): angle of each column about the vertical axis, radians, 0 in front."""
    eye_open: Mask
    """Shape (C,): columns between the corners of either eye."""
    mouth_span: npt.NDArray[np.float32]
    """Shape (C,): distance from the middle of the mouth as a share of its half width; the mouth opens where < 1."""
    segments: Mapping[str, tuple[int, int]]
    """First row and number of rows of each band of the grid."""
    parts: Mapping[str, MouthPart]
    """`upper_teeth`, `lower_teeth`, `tongue`, `bag`."""
    jaw_degrees: float
    """Rotation of the jaw at jawOpen = 1."""
    jaw_axis: tuple[float, float, float]
    """A point on the hinge of the jaw."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the grid."""
        return self.mean.shape[0], self.mean.shape[1]

    @property
    def density(self) -> float:
        """Grid columns relative to the studio's full grid of 352; scales widths that are counted in columns."""
        return float(self.mean.shape[1] / 352)

    @functools.cached_property
    def mouth_open(self) -> Mask:
        """Shape (C,): columns between the corners of the mouth."""
        return np.asarray(self.mouth_span < 1)

    def rows(self, name: str) -> slice:
        """Rows of one segment."""
        first, count = self.segments[name]
        return slice(first, first + count)

    def start(self, name: str) -> int:
        """First row of one segment."""
        return self.segments[name][0]

    @property
    def upper_lid_edge(self) -> int:
        """Row along the edge of the upper lid."""
        return self.start("upper_lid_roll") - 1

    @property
    def lower_lid_edge(self) -> int:
        """Row along the edge of the lower lid."""
        return self.start("under_eye")

    @property
    def upper_lip_edge(self) -> int:
        """Row along the inner edge of the upper lip."""
        return self.start("upper_lip_roll") - 1

    @property
    def lower_lip_edge(self) -> int:
        """Row along the inner edge of the lower lip."""
        return self.start("lower_lip")

    @functools.cached_property
    def is_roll(self) -> Mask:
        """Shape (R,): rows that roll inwards behind a cut."""
        mask = np.zeros(self.shape[0], bool)
        for name in ROLLS:
            mask[self.rows(name)] = True
        return mask

    @functools.cached_property
    def triangles(self) -> Ints:
        """Shape (F, 3): faces of the skin; the cuts are open only inside the eyes and the mouth."""
        rows, columns = self.shape
        tri = grid_triangles(rows, columns)
        row, column = tri.min(1) // columns, (tri % columns).min(1)
        uncut = (row != self.start("lower_lid_roll") - 1) & (row != self.start("lower_lip_roll") - 1)
        eye = self.eye_open | np.roll(self.eye_open, -1)
        mouth = self.mouth_open | np.roll(self.mouth_open, -1)
        in_eye = (row >= self.start("upper_lid_roll") - 1) & (row < self.start("under_eye"))
        in_mouth = (row >= self.start("upper_lip_roll") - 1) & (row < self.start("lower_lip"))
        return np.asarray(tri[uncut & ~(in_eye & ~eye[column]) & ~(in_mouth & ~mouth[column])])

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> HeadModel:
        """Read the shipped model.

        Raises:
            InputError: the file is missing or is not a head model of this version.
        """
        if not path.is_file():
            raise InputError(
                f"{path} is missing; reinstall tellbench or run `python -m tellbench.generator.meshwarp.model`"
            )
        try:
            with safe_open(str(path), "numpy") as stored:
                meta = json.loads(stored.metadata()["head"])
                return _unpack({key: stored.get_tensor(key) for key in stored.keys()}, meta)  # noqa: SIM118
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path} is not a head model of this version ({error}); reinstall tellbench") from error


def mirror(grid: Floats) -> npt.NDArray[np.float32]:
    """The grid (..., R, C, 3) of the mirrored head."""
    return np.asarray(grid[..., ::-1, :] * np.array([-1, 1, 1], np.float32), np.float32)


def _whole(half: Floats, sign: Floats) -> npt.NDArray[np.float32]:
    """Whole grids (K, R, 2H - 1, 3) from right halves with the midline (K, R, H, 3) and symmetry +1 or -1 (K,)."""
    half = half.astype(np.float32)
    other = mirror(half)[:, :, 1:] * sign[:, None, None, None].astype(np.float32)
    return np.concatenate([half, other], axis=2)


def _unpack(stored: dict[str, npt.NDArray[Any]], meta: dict[str, Any]) -> HeadModel:
    """Arrays as `pack.write` stores them to the model. Raises KeyError or ValueError when they do not fit."""
    mean = _whole(stored["mean"][None], np.ones(1))[0]
    shapes = np.zeros((len(COEFFICIENTS), mean.shape[0] * mean.shape[1], 3), np.float32)
    bounds = stored["shape_bounds"]
    for i, name in enumerate(meta["shapes"]):
        part = slice(int(bounds[i]), int(bounds[i + 1]))
        shapes[COEFFICIENTS.index(name), stored["shape_vertices"][part]] = stored["shape_moves"][part]
    shapes = shapes.reshape(-1, *mean.shape)
    for name in meta["mirrored"]:
        shapes[COEFFICIENTS.index(name.replace("Left", "Right"))] = mirror(shapes[COEFFICIENTS.index(name)])
    names = ("upper_teeth", "lower_teeth", "tongue", "bag")
    parts = {n: MouthPart(*(stored[f"{n}.{k}"].astype(np.float32) for k in ("points", "albedo"))) for n in names}
    return HeadModel(
        mean=mean,
        components=_whole(stored["components"], stored["symmetry"]),
        shapes=shapes,
        landmarks=stored["landmarks"].astype(np.int64),
        azimuth=stored["azimuth"].astype(np.float32),
        eye_open=stored["eye_open"].astype(bool),
        mouth_span=stored["mouth_span"].astype(np.float32),
        segments={name: (int(first), int(count)) for name, (first, count) in meta["segments"].items()},
        parts=parts,
        jaw_degrees=float(meta["jaw_degrees"]),
        jaw_axis=tuple(meta["jaw_axis"]),
    )
