"""What is asked of a performance, frame by frame: where to look, how far away to be, in what mood."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from scipy.optimize import nnls
from torch import Tensor
from torch.nn import functional

from tellbench.datasets.emotion import EMOTIONS
from tellbench.datasets.expression import INDEX
from tellbench.errors import InputError
from tellbench.generator.controls import MOODS, POSE
from tellbench.generator.vasa.frames import mirror_rig
from tellbench.generator.vasa.motion.space import N_MOTION, looking, split

CAMERA_MM: Final = 1180.0
"""Distance of the camera from a portrait of which nothing is known (`pose.PERSPECTIVE`, `window.STEADY_PLACES`)."""
FARTHEST_LOOK: Final = (28.0, 16.0)
"""Degrees to the side and up or down that may be asked of the gaze: where eyes and head can follow (assumption)."""
DISTANCES: Final = (0.8, 1.2)
"""Distances from the camera that may be asked for, in those of the portrait (assumption)."""
_CELL: Final = 2.0
"""Degrees of a cell of the histogram of gaze."""
_GAZE_UNIT = 10.0
DISTANCE_UNIT: Final = 0.1
"""What counts as 1 in `Script.conditions`."""


@dataclasses.dataclass(frozen=True)
class Script:
    """T frames of wishes; beyond the last frame its wishes go on."""

    gaze: Tensor
    """(T, 2): main direction of gaze, degrees right and up of the viewer."""
    distance: Tensor
    """(T, 1): of the head from the camera, in distances of the portrait."""
    emotion: Tensor
    """(T, 7) in [0, 1]: intensity of each of `MOODS`."""

    @classmethod
    def of(
        cls,
        gaze: tuple[float, float] | Tensor = (0.0, 0.0),
        distance: float | Tensor = 1.0,
        emotion: Mapping[str, float] | Tensor | None = None,
    ) -> Script:
        """The same wish for a whole clip, or one of its own for each frame.

        Args:
            gaze: degrees right and up, or (T, 2).
            distance: or (T,).
            emotion: intensity by name, or (T, 7), columns `MOODS`.

        Raises:
            InputError: a wish is out of range, or an emotion is unknown.
        """
        look = torch.as_tensor(gaze, dtype=torch.float32).view(-1, 2)
        far = torch.as_tensor(distance, dtype=torch.float32).view(-1, 1)
        mood = emotion if isinstance(emotion, Tensor) else torch.tensor(_moods(emotion or {}))
        mood = mood.view(-1, len(MOODS))
        _check("gaze", look, torch.tensor(FARTHEST_LOOK) * -1, torch.tensor(FARTHEST_LOOK))
        _check("distance", far, torch.tensor(DISTANCES[:1]), torch.tensor(DISTANCES[1:]))
        _check("emotion", mood, torch.zeros(1), torch.ones(1))
        length = max(len(look), len(far), len(mood))
        return cls(*(_held(part.float(), 0, length) for part in (look, far, mood)))

    def rows(self, first: int, last: int) -> Script:
        """Frames first to last, the last wish held."""
        return Script(*(_held(getattr(self, f.name), first, last) for f in dataclasses.fields(self)))

    @property
    def place(self) -> Tensor:
        """What the distance adds to motion, (T, 60): learned motion is about the place that is asked for."""
        added = self.gaze.new_zeros(len(self.gaze), N_MOTION)
        added[:, POSE.index("z")] = (1 - self.distance[:, 0]) * CAMERA_MM
        return added

    @property
    def conditions(self) -> Tensor:
        """What the network is told, (T, 10), each about 1; nothing asked is 0."""
        return torch.cat([self.gaze / _GAZE_UNIT, (self.distance - 1) / DISTANCE_UNIT, self.emotion], -1)


N_ASKED: Final = (2, 1, len(MOODS))
"""Numbers of `Script.conditions` for gaze, distance and emotion."""


def _moods(asked: Mapping[str, float]) -> list[float]:
    for name in asked:
        if name not in EMOTIONS:
            raise InputError(f"emotion {name!r}; choose one of {', '.join(EMOTIONS)}")
    return [float(asked.get(name, 0.0)) for name in MOODS]


def _check(name: str, values: Tensor, low: Tensor, high: Tensor) -> None:
    if not ((values >= low) & (values <= high)).all():
        bounds = f"{', '.join(f'{x:g}' for x in low)} to {', '.join(f'{x:g}' for x in high)}"
        wrong = values[((values < low) | (values > high) | values.isnan()).any(1)][0]
        raise InputError(f"{name} {', '.join(f'{x:g}' for x in wrong)}; allowed: {bounds}")


def _held(rows: Tensor, first: int, last: int) -> Tensor:
    return rows[torch.arange(first, last).clamp(0, len(rows) - 1)]


def main_gaze(motion: Tensor) -> Tensor:
    """Where someone mostly looks in a clip (T, 60): degrees right and up, (2,).

    The fullest cell of a smoothed histogram, and the mean of what falls near it (VASA-1 clusters a histogram, too).
    """
    seen = looking(motion).numpy().astype(np.float64)
    edges = np.arange(-60, 60 + _CELL, _CELL)
    counts, _, _ = np.histogram2d(seen[:, 0].clip(-59, 59), seen[:, 1].clip(-59, 59), bins=(edges, edges))
    cell = np.unravel_index(gaussian_filter(counts, 1.0).argmax(), counts.shape)
    peak = edges[np.array(cell)] + _CELL / 2
    near = np.linalg.norm(seen - peak, axis=1) < 2 * _CELL
    return torch.from_numpy(seen[near].mean(0) if near.any() else peak).float()


def distance_of(motion: Tensor) -> Tensor:
    """Mean distance from the camera in a clip (T, 60), in distances of the portrait; a number."""
    return 1 - motion[..., POSE.index("z")].mean() / CAMERA_MM


def emotion_of(motion: Tensor) -> Tensor:
    """Intensity of each of `MOODS` in a clip (T, 60), from its mean coefficients, (7,).

    Non-negative least squares on the emotions' prototypes, the jaw left out: speech moves it most. Contempt counts on
    either side of the face, on the one where there is more of it: training mirrors windows, so the side is chance.
    """
    mean = split(motion)[1].mean(0).double().numpy()
    moods = torch.from_numpy(np.stack([EMOTIONS[name] for name in MOODS]))
    lopsided = MOODS.index("contempt")
    turned = mirror_rig(functional.pad(moods[lopsided : lopsided + 1], (0, 2)))[:, :-2]
    prototypes = torch.cat([moods, turned]).T.double().numpy()
    shown = prototypes.max(1) > 0
    shown[INDEX["jawOpen"]] = False
    *found, other = nnls(prototypes[shown], mean[shown])[0]
    found[lopsided] = max(found[lopsided], other)
    return torch.tensor(found, dtype=torch.float32).clamp(0, 1)
