"""Clip id to score: the only thing that metrics read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from tellbench.datasets.files import atomic_path
from tellbench.errors import InputError


class ScoreTable:
    """One score a clip, in [0, 1]; higher = more likely forged; NaN = the detector could not score the clip.

    Raises:
        InputError: a clip id occurs twice, or a score lies outside [0, 1].
    """

    def __init__(self, scores: Mapping[str, float] | pd.Series[float]) -> None:
        series = pd.Series(scores, dtype=np.float64, name="score")
        series.index = series.index.astype(str)
        series.index.name = "clip_id"
        if series.index.has_duplicates:
            twice = series.index[series.index.duplicated()][0]
            raise InputError(f"score table: clip {twice!r} occurs twice; one score a clip is allowed")
        outside = series[(series < 0) | (series > 1)]
        if len(outside):
            raise InputError(
                f"score table: clip {outside.index[0]!r} has score {outside.iloc[0]:g}; scores lie in [0, 1], "
                "higher = more likely forged (map raw scores with a logistic first)"
            )
        self._series = series

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
    def n_missing(self) -> int:
        """Clips that could not be scored."""
        return int(self._series.isna().sum())

    def write_csv(self, path: Path) -> None:
        """Write `clip_id,score` atomically."""
        with atomic_path(path) as part:
            self._series.to_csv(part, float_format="%.9g")

    @classmethod
    def read_csv(cls, path: Path) -> ScoreTable:
        """Read `clip_id,score`; an empty score is missing.

        Raises:
            InputError: the file cannot be read as CSV or lacks a column.
        """
        try:
            table = pd.read_csv(path, dtype={"clip_id": str})
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: not a readable CSV ({error}); expected columns clip_id,score") from error
        for column in ("clip_id", "score"):
            if column not in table.columns:
                raise InputError(f"{path}: column {column!r} is missing; columns are {', '.join(table.columns)}")
        return cls(table.set_index("clip_id")["score"])
