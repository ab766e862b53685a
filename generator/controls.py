"""What a person may ask of a clip, of all of it or frame by frame, and the files in which frames are asked for."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from tellbench.datasets.emotion import EMOTIONS
from tellbench.errors import InputError

POSE: Final = ("yaw", "pitch", "roll", "x", "y", "z")
"""Of a head: degrees, then mm to image right, up and towards the viewer."""
MOODS: Final = tuple(name for name in EMOTIONS if name != "neutral")
"""Emotions that can be asked for."""
RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "gaze_x": (-45, 45),
    "gaze_y": (-45, 45),
    "distance": (0.5, 2),
    "yaw": (-45, 45),
    "pitch": (-30, 30),
    "roll": (-45, 45),
    "x": (-150, 150),
    "y": (-150, 150),
    "z": (-200, 200),
    "expressiveness": (0, 3),
    **dict.fromkeys(MOODS, (0, 1)),
}
"""What can be asked for frame by frame, and how much of it (assumption); a generator may allow less."""
_ALONGSIDE: Final = ("frame", "time_s")
"""Columns that a controls file may have for its reader."""
_HEAD_MOTION: Final = (0.0, 3.0)
_TOGETHER: Final = ("gaze_x", "gaze_y")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Controls:
    """What a person may ask of a clip; the defaults ask for nothing.

    Raises:
        InputError: a value is out of its range or no number, or a name is unknown.
    """

    gaze: tuple[float, float] = (0.0, 0.0)
    """Main gaze direction in degrees: right of the image, up."""
    distance: float = 1.0
    """Of the head from the camera, in distances of the portrait."""
    emotion: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Intensity of emotions by name (`MOODS`), 0 to 1."""
    pose: tuple[float, ...] = (0.0,) * len(POSE)
    """Of the head (`POSE`), against the portrait."""
    replace_pose: bool = False
    """Whether `pose` is held, instead of added to the head's own motion."""
    head_motion: float = 1.0
    """Gain of the generated head motion, 0 to 3; 0 holds still."""
    expressiveness: float = 1.0
    """Gain of mouth and brow motion, 0 to 3."""
    solver: str = ""
    """How a generator that samples goes about it; empty for its usual way."""
    dials: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Knobs of generated behaviour, by name; each generator lists its own in `dials`."""
    tracks: Mapping[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)
    """Values frame by frame, by names of `RANGES`, all equally many; they replace what is asked of the whole clip."""

    def __post_init__(self) -> None:
        """Check every value."""
        if len(self.pose) != len(POSE):
            raise InputError(f"pose of {len(self.pose)} numbers; {len(POSE)} are needed: {', '.join(POSE)}")
        for name in self.emotion:
            if name not in MOODS:
                raise InputError(f"emotion {name!r}; choose one of {', '.join(MOODS)}")
        for name, value in self.once.items():
            _check(name, (value,), RANGES[name])
        _check("head_motion", (self.head_motion,), _HEAD_MOTION)
        for name, values in self.tracks.items():
            if name not in RANGES:
                raise InputError(f"no control {name!r} frame by frame; allowed: {', '.join(RANGES)}")
            _check(name, values, RANGES[name])

    @property
    def once(self) -> dict[str, float]:
        """What is asked of the whole clip, by names of `RANGES`."""
        moods = {name: float(self.emotion.get(name, 0.0)) for name in MOODS}
        look = dict(zip(_TOGETHER, self.gaze, strict=True))
        rest = {"distance": self.distance, "expressiveness": self.expressiveness}
        return {**look, **rest, **dict(zip(POSE, self.pose, strict=True)), **moods}

    @property
    def asked(self) -> list[str]:
        """Names of the fields by which something is asked for."""
        usual = Controls()
        names = [field.name for field in dataclasses.fields(self)]
        return [name for name in names if getattr(self, name) != getattr(usual, name)]

    @property
    def n_tracked(self) -> int:
        """Frames of the tracks; 0 where there are none."""
        return len(next(iter(self.tracks.values()), ()))

    def facts(self) -> dict[str, Any]:
        """What provenance and manifests state: values; of tracks their names, their length and a digest."""
        known = dataclasses.asdict(self)
        if self.tracks:
            digest = hashlib.sha256(json.dumps(known["tracks"], sort_keys=True).encode()).hexdigest()
            known["tracks"] = {"columns": sorted(self.tracks), "frames": self.n_tracked, "sha256": digest}
        return known


def _check(name: str, values: tuple[float, ...], bounds: tuple[float, float]) -> None:
    for frame, value in enumerate(values):
        if not bounds[0] <= value <= bounds[1]:
            where = f" in row {frame}" if len(values) > 1 else ""
            raise InputError(f"{name} = {value:g}{where}; {bounds[0]:g} to {bounds[1]:g} is allowed")


def read_tracks(path: Path) -> dict[str, tuple[float, ...]]:
    """Values frame by frame from a CSV or parquet file: one row a frame at the clip's rate, columns of `RANGES`.

    `frame` and `time_s` may stand beside them; a single row holds for every frame.

    Raises:
        InputError: unreadable, no rows, an unknown or missing column, or a value that is no number.
    """
    table = _table(path).drop(columns=list(_ALONGSIDE), errors="ignore")
    unknown = [str(name) for name in table.columns if name not in RANGES]
    if unknown or not len(table.columns):
        what = f"has a column {unknown[0]!r}" if unknown else "asks for nothing"
        raise InputError(f"{path} {what}; columns: {', '.join(RANGES)} (and {', '.join(_ALONGSIDE)})")
    lone = [name for name in _TOGETHER if name in table]
    if len(lone) == 1:
        raise InputError(f"{path} has {lone[0]} alone; {' and '.join(_TOGETHER)} go together")
    if table.empty:
        raise InputError(f"{path} has no rows; one a frame is needed, or a single one for all frames")
    tracks = {}
    for name in table.columns:
        values = pd.to_numeric(table[name], errors="coerce").to_numpy(np.float64)
        if not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values))[0])
            raise InputError(f"{path}: {name} in row {row} is no number; fill it in, or leave the column out")
        tracks[str(name)] = tuple(values.tolist())
    return tracks


def _table(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"controls {path} do not exist; give a CSV or parquet file")
    try:
        return pd.read_parquet(path) if path.suffix.lower() == ".parquet" else pd.read_csv(path)
    except (OSError, ValueError, UnicodeDecodeError) as error:  # pandas' and pyarrow's errors are ValueErrors
        raise InputError(f"{path}: not a readable table; give a CSV or parquet file with a row a frame") from error
