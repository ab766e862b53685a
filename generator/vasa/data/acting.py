"""What virtual people are asked to do: every pose of a grid with every expression of it.

Because all poses meet all expressions, "this pose with that expression" always has a picture to compare with. Two
people of a group act the same grid before the same kind of camera, so one can drive the other.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
import numpy.typing as npt

from tellbench.datasets.emotion import EMOTIONS
from tellbench.datasets.expression import expression
from tellbench.datasets.faces.sittings import random_sitting
from tellbench.datasets.scene import STYLES
from tellbench.datasets.speech.phonemes import VISEMES
from tellbench.datasets.studio.behaviour.mouth import articulate

Floats = npt.NDArray[np.float32]

GROUP: Final = 2
"""People who share a grid: those of seeds 2k and 2k + 1."""
_POSE_SPREAD: Final = (17.0, 8.0, 8.0, 8.0, 8.0, 15.0)
_POSE_LIMIT: Final = (42.0, 20.0, 22.0, 20.0, 20.0, 40.0)
"""Standard deviation and limit of yaw, pitch, roll in degrees and shift in mm (assumption: talks and portraits)."""
_STYLE_SHARES: Final = (0.70, 0.12, 0.08, 0.10)
"""How many people are photographed, painted, drawn, carved (assumption)."""


@dataclasses.dataclass(frozen=True)
class Grid:
    """Poses and expressions to be shown in all combinations; the first of each is (nearly) at rest."""

    poses: Floats
    """(P, 6), as `Studio.render` takes them."""
    coefficients: Floats
    """(E, 52)."""
    gaze: Floats
    """(E, 2) degrees."""
    distance: float
    """Camera to the eyes in mm."""
    zoom: float
    """Width of the window over that of the canonical one."""
    offset: tuple[float, float]
    """Middle of the window against the canonical one, in half widths, x and y."""

    @property
    def everything(self) -> tuple[Floats, Floats, Floats]:
        """Coefficients, poses and gazes (P * E, ...) of all combinations, pose by pose."""
        n_poses, n_expressions = len(self.poses), len(self.gaze)
        rows = np.tile(np.arange(n_expressions), n_poses)
        return self.coefficients[rows], self.poses.repeat(n_expressions, 0), self.gaze[rows]


def grid_of(seed: int, poses: int, expressions: int) -> Grid:
    """The grid that person `seed` and the others of the group act."""
    rng = np.random.default_rng((seed // GROUP, 31))
    turned = np.clip(rng.normal(size=(poses, 6)) * _POSE_SPREAD, -np.array(_POSE_LIMIT), _POSE_LIMIT)
    turned[0] *= 0.2
    coefficients, gaze = random_faces(rng, expressions)
    coefficients[0], gaze[0] = 0, 0
    return Grid(
        turned.astype(np.float32),
        coefficients,
        gaze,
        distance=float(np.exp(rng.uniform(np.log(550), np.log(2200)))),
        zoom=float(np.exp(np.clip(rng.normal() * 0.08, -0.16, 0.16))),
        offset=tuple(np.clip(rng.normal(size=2) * 0.05, -0.1, 0.1).tolist()),
    )


def style_of(seed: int) -> str:
    """How person `seed` is shown, one of `scene.STYLES`."""
    return str(np.random.default_rng((seed, 32)).choice(STYLES, p=_STYLE_SHARES))


def random_faces(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    """Strong and mixed expressions (N, 52) with gazes (N, 2) in degrees.

    Half are loose coefficients, lids in every state (`sittings.random_sitting`); a quarter speak; emotions lie over a
    third; lids shut over a quarter, jaws
    drop in a seventh. The proportions are an assumption: what must be driven is oversampled.
    """
    sitting = random_sitting(int(rng.integers(1 << 31)), count)
    faces, gaze = sitting.coefficients.astype(np.float64), sitting.gaze
    names = [name for name in EMOTIONS if name != "neutral"]
    for row in faces:
        if rng.random() < 0.25:
            row[:] = _speaking(rng)
        if rng.random() < 0.33:
            row += EMOTIONS[str(rng.choice(names))] * rng.uniform(0.4, 1.0)
        if rng.random() < 0.25:
            row += expression(eyeBlink=float(rng.uniform(0.5, 1.0)))
        if rng.random() < 0.15:
            row += expression(jawOpen=float(rng.uniform(0.3, 0.9)))
    gaze = np.where(rng.random((count, 1)) < 0.3, gaze * 0.2, gaze)
    return faces.clip(0, 1).astype(np.float32), gaze.astype(np.float32)


def _speaking(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """A moment of loud speech, (52,): each mouth track by itself, half of them at rest."""
    tracks = rng.random(len(VISEMES)) * (rng.random(len(VISEMES)) < 0.5)
    return np.asarray(articulate(tracks[None], np.array([rng.uniform(0.6, 1.15)]))[0])
