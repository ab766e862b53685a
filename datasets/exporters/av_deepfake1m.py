"""AV-Deepfake1M: a score table as `file;score` lines without a header, the form of its predictions."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tellbench.datasets.corpus import Corpus
from tellbench.datasets.exporters.base import Exporter
from tellbench.datasets.files import atomic_path
from tellbench.datasets.scores import ScoreTable
from tellbench.errors import InputError

FILE: Final = "prediction.txt"
UNKNOWN: Final = 0.5
"""Written for a clip that could not be scored, as our own metrics count it."""


class AvDeepfake1m(Exporter):
    """Predictions in the form of AV-Deepfake1M(++): higher = more likely forged, as everywhere here.

    Args:
        scores: CSV of `clip_id,score`, such as `tellbench evaluate` writes.

    Raises:
        InputError: no table is named.
    """

    name = "av-deepfake1m"

    def __init__(self, scores: Path | None = None) -> None:
        if scores is None:
            raise InputError(
                "av-deepfake1m is made of scores; name a table with --scores, as `tellbench evaluate` writes"
            )
        self.scores = scores

    def write(self, corpus: Corpus, out: Path, on_clip: Callable[[], None]) -> tuple[str, ...]:
        """One line for each clip that the table names, with its file as the corpus manifest has it."""
        table = ScoreTable.read_csv(self.scores).series
        files = {clip.clip_id: str(clip.row(corpus.root)["file_name"]) for clip in corpus}
        lines = []
        for clip_id, score in table.items():
            if clip_id not in files:
                raise InputError(f"{self.scores}: clip {clip_id!r} is not in {corpus.root}; give that corpus's scores")
            file = files[str(clip_id)]
            if ";" in file or "\n" in file:
                raise InputError(f"file name {file!r} holds a separator of the format; rename it")
            lines.append(f"{file};{UNKNOWN if math.isnan(score) else score:.9g}\n")
            on_clip()
        with atomic_path(out / FILE) as part:
            part.write_text("".join(lines), encoding="utf-8")
        missing = int(table.isna().sum())
        counted = f", {missing} of them without a score and written as {UNKNOWN}" if missing else ""
        return (f"{len(lines)} lines{counted}: {out / FILE}",)
