"""Clip id to score, and to scores of its frames where there are any: the only thing that metrics read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from tellbench.datasets.files import atomic_path
from tellbench.errors import InputError

FRAMES: Final = ("clip_id", "frame", "score")
"""Columns of the scores of frames."""


class ScoreTable:
    """One score a clip, in [0, 1]; higher = more likely forged; NaN = the detector could not score the clip.

    Args:
        scores: of each clip id, calibrated where the detector can.
        frames: where frames, or runs of them, are scored one by one: columns `FRAMES`, a row for each, `frame` the
            index of its first.
        raw: what each clip's score was before calibration, on any scale that ranks alike, log odds where there are any.

    Raises:
        InputError: a clip id occurs twice, or a score lies outside [0, 1].
    """

    def __init__(
        self,
        scores: Mapping[str, float] | pd.Series[float],
        *,
        frames: pd.DataFrame | None = None,
        raw: Mapping[str, float] | pd.Series[float] | None = None,
    ) -> None:
        series = pd.Series(scores, dtype=np.float64, name="score")
        series.index = series.index.astype(str)
        series.index.name = "clip_id"
        if series.index.has_duplicates:
            twice = series.index[series.index.duplicated()][0]
            raise InputError(f"score table: clip {twice!r} occurs twice; one score a clip is allowed")
        _check_range(series)
        self._series = series
        given = pd.DataFrame(columns=list(FRAMES)) if frames is None else frames[list(FRAMES)]
        self._frames = given.astype({"clip_id": str, "frame": np.int64, "score": np.float64})
        _check_range(self._frames.set_index("clip_id")["score"])
        self._raw = None if raw is None else pd.Series(raw, dtype=np.float64).rename(index=str).reindex(series.index)

    def __len__(self) -> int:
        """How many clips have a row, scored or not."""
        return len(self._series)

    def __repr__(self) -> str:
        return f"ScoreTable({len(self)} clips, {self.n_missing} missing)"

    @property
    def series(self) -> pd.Series[float]:
        """A copy of the scores, indexed by clip id."""
        return self._series.copy()

    @property
    def frames(self) -> pd.DataFrame:
        """A copy of the scores of frames, columns `FRAMES`; empty where clips are scored as a whole."""
        return self._frames.copy()

    @property
    def raw(self) -> pd.Series[float] | None:
        """A copy of the scores before calibration, indexed by clip id; None where they are not known."""
        return None if self._raw is None else self._raw.copy()

    @property
    def n_missing(self) -> int:
        """Clips that could not be scored."""
        return int(self._series.isna().sum())

    def write_csv(self, path: Path) -> None:
        """Write `clip_id,score` atomically, `raw` where it is known, and scores of frames beside it (`frames/NAME`)."""
        beside = frames_file(path)
        if len(self._frames):
            with atomic_path(beside) as part:
                self._frames.to_csv(part, index=False, float_format="%.9g")
        else:
            beside.unlink(missing_ok=True)
        table = self._series.to_frame() if self._raw is None else self._series.to_frame().assign(raw=self._raw)
        with atomic_path(path) as part:
            table.to_csv(part, float_format="%.9g")

    @classmethod
    def read_csv(cls, path: Path) -> ScoreTable:
        """Read `clip_id,score`, an empty score is missing; `raw` and the scores of frames where they are there.

        Raises:
            InputError: a file cannot be read as CSV or lacks a column.
        """
        table = _read(path, ("clip_id", "score"))
        beside = frames_file(path)
        table = table.set_index("clip_id")
        return cls(table["score"], frames=_read(beside, FRAMES) if beside.is_file() else None, raw=table.get("raw"))


def frames_file(path: Path) -> Path:
    """Where the scores of frames lie that belong to a score table: a folder beside it."""
    return path.parent / "frames" / path.name


def _read(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype={"clip_id": str})
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a readable CSV ({error}); expected columns {','.join(columns)}") from error
    for column in columns:
        if column not in table.columns:
            raise InputError(f"{path}: column {column!r} is missing; columns are {', '.join(table.columns)}")
    return table


def _check_range(scores: pd.Series[float]) -> None:
    """Refuse scores, indexed by clip id, that are no probabilities."""
    outside = scores[(scores < 0) | (scores > 1)]
    if len(outside):
        raise InputError(
            f"score table: clip {outside.index[0]!r} has score {outside.iloc[0]:g}; scores lie in [0, 1], "
            "higher = more likely forged (map raw scores with a logistic first)"
        )
