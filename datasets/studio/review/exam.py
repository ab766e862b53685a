"""Studio people before the outside judges: every expression and pose of each person, one row of findings a frame.

People come one at a time and each has a file, so memory stays flat and an interrupted exam goes on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from tellbench.datasets.emotion import EMOTIONS
from tellbench.datasets.expression import COEFFICIENTS, INDEX, expression
from tellbench.datasets.faces.accuracy import VISIBLE
from tellbench.datasets.faces.identity_fit import keep_faces
from tellbench.datasets.faces.judges import FaceCounter, FaceMesher, Sighting
from tellbench.datasets.faces.landmarks import GROUPS, INNER, OUTER_CORNERS
from tellbench.datasets.faces.mediapipe_backend import IRISES
from tellbench.datasets.files import atomic_path
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.renderer import Person, Shot, Studio

Floats = npt.NDArray[np.float32]

FIRST_SEED: Final = 750_000
"""People examined have seeds from here on: no network was trained on them, and nothing was tuned on them."""
YAWS: Final = (-30.0, -15.0, 0.0, 15.0, 30.0)
PITCHES: Final = (-15.0, 0.0, 15.0)
TAKES: Final = 3
_SWEEP: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
_GAZE: Final = (8.0, 5.0)
"""Standard deviation of the gaze in degrees, across and up (assumption)."""
_FARTHEST: Final = 0.35
"""A mesh farther than this from the face, in outer eye distances, is a mesh of something else."""
_BATCH: Final = 16


@dataclasses.dataclass(frozen=True)
class Exam:
    """What one person shows: T frames."""

    names: tuple[str, ...]
    """The expression of each frame: `neutral`, a coefficient, an emotion, or `eyeBlink 0.50` of a sweep."""
    coefficients: Floats
    pose: Floats
    gaze: Floats
    takes: npt.NDArray[np.int64]
    """Which of `TAKES` settings (light, room, camera) each frame is filmed in, shape (T,)."""

    @classmethod
    def of(cls, seed: int, every: int = 1) -> Exam:
        """All poses at rest; then coefficients, emotions and sweeps of lids and jaw in poses drawn from the seed.

        Args:
            seed: the person.
            every: show every so-manieth coefficient and emotion only; the next person shows the next ones.
        """
        rng = np.random.default_rng((seed, 9))
        turns = [(yaw, pitch) for yaw in YAWS for pitch in PITCHES]
        shown = {name: expression(**{name: 1.0}) for name in COEFFICIENTS}
        shown |= {name: vector for name, vector in EMOTIONS.items() if name != "neutral"}
        shown = {name: vector for i, (name, vector) in enumerate(shown.items()) if (i + seed) % every == 0}
        shown |= {f"{name} {x:.2f}": expression(**{name: x}) for name in ("eyeBlink", "jawOpen") for x in _SWEEP}
        names = ("neutral",) * len(turns) + tuple(shown)
        pose = np.zeros((len(names), 6), np.float32)
        pose[:, :2] = turns + [turns[i] for i in rng.integers(0, len(turns), len(shown))]
        gaze = np.stack([-pose[:, 0], pose[:, 1]], 1).clip(-25, 25)  # at rest they look at the camera
        gaze[len(turns) :] = rng.normal(size=(len(shown), 2)) * _GAZE
        coefficients = np.stack([expression()] * len(turns) + list(shown.values()))
        return cls(names, coefficients, pose, gaze.astype(np.float32), rng.permutation(len(names)) % TAKES)

    def film(self, seed: int, size: int) -> Shot:
        """All frames of the person `seed`."""
        person = Person(Identity.sample(seed))
        shots = [self._shoot(person, seed, size, np.flatnonzero(self.takes == take)) for take in range(TAKES)]
        joined = Shot.join(shots)
        order = np.argsort(np.argsort(self.takes, kind="stable"), kind="stable")
        return Shot(*(getattr(joined, field.name)[order] for field in dataclasses.fields(Shot)))

    def film_one(self, seed: int, size: int, frame: int) -> npt.NDArray[np.uint8]:
        """One frame (S, S, 3) of the person `seed`, but for the camera's noise and wander as in `film`."""
        shot = self._shoot(Person(Identity.sample(seed)), seed, size, np.array([frame]))
        return np.asarray(shot.frames[0])

    def _shoot(self, person: Person, seed: int, size: int, frames: npt.NDArray[np.int64]) -> Shot:
        studio = Studio(person, seed * TAKES + int(self.takes[frames[0]]), size)
        return studio.render(self.coefficients[frames], self.pose[frames], self.gaze[frames])


def examine(exam: Exam, seed: int, shot: Shot, counter: FaceCounter, mesher: FaceMesher | None) -> pd.DataFrame:
    """Findings about a shot of the person `seed`, one row a frame; without MediaPipe those of MTCNN alone."""
    rows: dict[str, Any] = {
        "seed": seed,
        "frame": np.arange(len(exam.names)),
        "expression": exam.names,
        "yaw": exam.pose[:, 0],
        "pitch": exam.pose[:, 1],
        "aperture": shot.aperture.mean(1),
        "jaw_open": exam.coefficients[:, INDEX["jawOpen"]],
    }
    frames = [shot.frames[i : i + _BATCH] for i in range(0, len(shot.frames), _BATCH)]
    rows["mtcnn"] = np.concatenate([counter(chunk) for chunk in frames])
    table = pd.DataFrame(rows)
    if mesher is None:
        return table
    found = [compare(mesher(frame), shot, i) for i, frame in enumerate(shot.frames)]
    return pd.concat([table, pd.DataFrame(found)], axis=1)


def compare(sighting: Sighting, shot: Shot, i: int) -> dict[str, float]:
    """MediaPipe's view of one frame against the truth; distances over that of the outer eye corners, NaN if lost."""
    truth = shot.landmarks[i]
    unit = float(np.linalg.norm(truth[OUTER_CORNERS[0]] - truth[OUTER_CORNERS[1]]))
    away = np.linalg.norm(sighting.points - truth, axis=-1) / unit
    if not away[INNER].mean() < _FARTHEST:
        return {"mediapipe": 0}
    spaced = np.linalg.norm(sighting.spaced_points - truth, axis=-1) / unit
    iris = np.linalg.norm(sighting.mesh[list(IRISES)] - shot.iris[i], axis=-1)[shot.aperture[i] > VISIBLE] / unit
    return {
        "mediapipe": sighting.n_faces,
        **{name: float(away[group].mean()) for name, group in GROUPS.items() if name != "jaw"},
        "inner": float(away[INNER].mean()),
        "inner_spaced": float(spaced[INNER].mean()),
        "jaw": float(sighting.outline_distance(truth[GROUPS["jaw"]]).mean() / unit),
        "iris": float(iris.mean()) if len(iris) else np.nan,
        "blink_score": (sighting.scores["eyeBlinkLeft"] + sighting.scores["eyeBlinkRight"]) / 2,
        "jaw_score": sighting.scores["jawOpen"],
    }


def hold(
    seeds: range,
    size: int,
    work: Path,
    mesher: FaceMesher | None,
    every: int = 1,
    on_person: Callable[[int], object] = lambda seed: None,
) -> pd.DataFrame:
    """Findings about all people; those already in `work` are read back. `every` is that of `Exam.of`.

    The aligned faces of each person are kept in `work` as well: `faces.identity_fit` learns from them.
    """
    counter = FaceCounter()
    tables = []
    for seed in seeds:
        path = work / f"person_{seed}_{size}_{every}.csv"
        if not path.exists():
            exam = Exam.of(seed, every)
            shot = exam.film(seed, size)
            keep_faces(work / f"faces_{seed}.npz", shot.frames, shot.landmarks, exam.takes, seed)
            table = examine(exam, seed, shot, counter, mesher)
            with atomic_path(path) as part:
                table.to_csv(part, index=False)
        tables.append(pd.read_csv(path))
        on_person(seed)
    return pd.concat(tables, ignore_index=True)
