"""Scores of a detector from outside, as its own tools write them, joined to the clips of a corpus.

Read are `clip_id,score`, any CSV with a column of names and one of scores, `file;score` lines without a header
(AV-Deepfake1M's form), and scores of single frames (`.../071_054/012.png`, as DeepfakeBench names them), which are
averaged by clip.
"""

from __future__ import annotations

import csv
import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

import pandas as pd

from tellbench.datasets.corpus import Corpus
from tellbench.datasets.pictures import SUFFIXES
from tellbench.datasets.scores import FRAMES, ScoreTable
from tellbench.errors import InputError

NAMES: Final = (
    "clip_id",
    "file_name",
    "file",
    "filename",
    "video",
    "video_name",
    "path",
    "img_path",
    "image",
    "name",
    "id",
)
SCORES: Final = ("score", "prob", "probability", "pred", "prediction", "fake_prob", "p_fake")
"""Headings of a column of names and of one of scores, in order of preference, in any case."""
_IN_BETWEEN: Final = ("videos", "frames")
"""Folders that one tool puts between a corpus and its clips and another does not."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class OutsideScores:
    """A score table, with what did not fit."""

    table: ScoreTable
    missing: tuple[str, ...]
    """Clips without a score; each counts as 0.5."""
    extra: tuple[str, ...]
    """Names in the file that are no clip of the corpus."""
    n_elsewhere: int
    """Scored clips of the corpus that are not asked for, such as those of its train split."""
    n_averaged: int
    """Clips whose score is the mean over frames."""

    def score(self, clips: Corpus) -> ScoreTable:
        """As a detector would: one score a clip."""
        ids = clips.labels.index
        frames = self.table.frames
        return ScoreTable(self.table.series.reindex(ids), frames=frames[frames["clip_id"].isin(ids)])


def read_outside(path: Path, corpus: Corpus, wanted: Corpus) -> OutsideScores:
    """Read scores of outside.

    Args:
        path: the file of scores, each in [0, 1], higher = more likely forged.
        corpus: all clips that names may stand for.
        wanted: those that need a score.

    Raises:
        InputError: the file cannot be read, a score is no number or outside [0, 1], a clip is scored twice, a name
            fits several clips, or no name fits any.
    """
    index = _Index(corpus)
    found: dict[str, list[float]] = {}
    whole: set[str] = set()
    extra: list[str] = []
    for number, name, text in _rows(path):
        clip_id, is_frame = index.find(name, f"{path}:{number}")
        if clip_id is None:
            extra.append(name)
            continue
        if clip_id in found and not (is_frame and clip_id not in whole):
            raise InputError(f"{path}:{number}: clip {clip_id!r} is scored twice; one score a clip is allowed")
        if not is_frame:
            whole.add(clip_id)
        found.setdefault(clip_id, []).append(_number(text, f"{path}:{number}"))
    if not found:
        raise InputError(f"{path}: none of its {len(extra)} names is a clip of {corpus.root}, such as {extra[:1]}")
    ids = list(wanted.labels.index)
    asked = set(ids)
    means = {clip_id: _mean(scores) for clip_id, scores in found.items() if clip_id in asked}
    table = ScoreTable(means, frames=_frames({clip_id: found[clip_id] for clip_id in means if clip_id not in whole}))
    given = table.series.dropna().index
    return OutsideScores(
        table=table,
        missing=tuple(sorted(asked - set(given))),
        extra=tuple(extra),
        n_elsewhere=len(found) - len(means),
        n_averaged=sum(clip_id not in whole for clip_id in means),
    )


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    """Line number, name and score of each row."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = [(number, line) for number, line in enumerate(stream, 1) if line.strip()]
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable text ({error}); give CSV or file;score lines") from error
    if not lines:
        raise InputError(f"{path}: is empty; give CSV or file;score lines")
    first = lines[0][1]
    mark = max(";,\t", key=first.count)
    cells = [(number, next(csv.reader([line], delimiter=mark))) for number, line in lines]
    name, score, start = _columns(cells[0][1], path)
    for number, row in cells[start:]:
        if len(row) <= max(name, score):
            raise InputError(f"{path}:{number}: {','.join(row)!r} lacks a name or a score")
        yield number, row[name].strip(), row[score].strip()


def _columns(first: Sequence[str], path: Path) -> tuple[int, int, int]:
    """Index of the column of names, of scores, and of the first row of data."""
    heads = [cell.strip().lower() for cell in first]
    name = next((heads.index(head) for head in NAMES if head in heads), None)
    score = next((heads.index(head) for head in SCORES if head in heads), None)
    if name is not None and score is not None:
        return name, score, 1
    if len(first) == 2 and _is_number(first[1]):
        return 0, 1, 0
    raise InputError(
        f"{path}: columns {', '.join(heads)}; one of {', '.join(NAMES)} and one of {', '.join(SCORES)} are needed"
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(text: str, where: str) -> float:
    if text and not _is_number(text):
        raise InputError(f"{where}: score {text!r} is no number; leave it empty where there is none")
    return float(text) if text else float("nan")


def _frames(found: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """Scores of frames, numbered as they come; those without one are left out."""
    rows = [(clip_id, i, score) for clip_id, scores in found.items() for i, score in enumerate(scores)]
    return pd.DataFrame(rows, columns=list(FRAMES)).dropna()


def _mean(scores: Sequence[float]) -> float:
    """Mean of those that are given, NaN for none."""
    given = [score for score in scores if score == score]
    return sum(given) / len(given) if given else float("nan")


class _Index:
    """Clips by id, and by every ending of their path that no other clip shares."""

    def __init__(self, corpus: Corpus) -> None:
        self._ids = set(corpus.labels.index)
        self._by_end: dict[tuple[str, ...], str] = {}
        counts: Counter[tuple[str, ...]] = Counter()
        for clip in corpus:
            parts = _parts(clip.path.relative_to(corpus.root).as_posix())
            for length in range(1, len(parts) + 1):
                counts[parts[-length:]] += 1
                self._by_end[parts[-length:]] = clip.clip_id
        self._shared = {end for end, n in counts.items() if n > 1}

    def find(self, name: str, where: str) -> tuple[str | None, bool]:
        """The clip that a name stands for, None for none, and whether it names a frame of it.

        Raises:
            InputError: it fits several clips.
        """
        if name in self._ids:
            return name, False
        parts = _parts(name)
        picture = PurePosixPath(name.replace("\\", "/")).suffix.lower() in SUFFIXES
        shared = False
        for known, is_frame in ((parts, False), *(((parts[:-1], True),) if picture else ())):
            for length in range(len(known), 0, -1):
                end = known[-length:]
                if end in self._by_end and end not in self._shared:
                    return self._by_end[end], is_frame
                shared |= end in self._shared
        if len(parts) == 1 and parts[0] in self._ids:
            return parts[0], False
        if shared:
            raise InputError(f"{where}: {name!r} fits several clips; give clip ids, or paths with more folders")
        return None, False


def _parts(name: str) -> tuple[str, ...]:
    """The folders and the stem of a path."""
    path = PurePosixPath(name.replace("\\", "/"))
    suffix = path.suffix if not path.suffix[1:].isdigit() else ""
    plain = path.with_name(path.name.removesuffix(suffix)) if path.name else path
    return tuple(part for part in plain.parts if part not in (*_IN_BETWEEN, "/", "."))
