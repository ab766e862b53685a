"""How well clips talk, forged beside pristine: sync, CAPP-style score, pose variation, identity, FVD.

`python -m tellbench.eval.quality CORPUS` prints one row for each generator. The networks were trained here, on the
studio: values compare clips with one another and with the pristine control, not with published tables.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from tellbench.datasets.agreement.hearing import Heard
from tellbench.datasets.agreement.measures import Moves
from tellbench.datasets.agreement.scores import capp_of, pose_variation, sync_of
from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.detectors.behaviour import face_of
from tellbench.detectors.voice import hear
from tellbench.errors import InputError, run
from tellbench.eval.fvd import CONTROL, Fvd, fvd_rows, maker_of
from tellbench.eval.likeness import likeness
from tellbench.eval.looks import Looks, extractor, look
from tellbench.eval.results import QualityRow

_FVD: Final = ("fvd", "fvd_low", "fvd_high")
_MEANS: Final = ("sync_confidence", "sync_distance", "in_time", "capp", "delta_p", "identity", *_FVD)
"""Fields of a row that may be unknown."""


@dataclasses.dataclass(frozen=True)
class Quality:
    """One clip; NaN where something cannot be measured."""

    sync_confidence: float
    """Median less minimum of the distances of lips and sound over offsets of 15 frames either way."""
    sync_distance: float
    """The minimum."""
    sync_offset: float
    """Frames of 40 ms by which lips come after their sound."""
    capp: float
    """Mean cosine of head and sound over windows of 3 s."""
    delta_p: float
    """Mean change of yaw, pitch and roll from frame to frame at 25 frames a second, degrees."""


def quality_of(moves: Moves, heard: Heard | None) -> Quality:
    """Quality of a face with its voice, or without one."""
    blank = Quality(np.nan, np.nan, np.nan, np.nan, pose_variation(moves))
    if heard is None:
        return blank
    try:
        sync = sync_of(moves, heard)
        blank = dataclasses.replace(
            blank, sync_confidence=sync.confidence, sync_distance=sync.distance, sync_offset=float(sync.offset)
        )
        return dataclasses.replace(blank, capp=capp_of(moves, heard))
    except InputError as error:
        logging.getLogger(__name__).info("not all of a clip can be judged: %s", error)
        return blank


def clip_quality(clip: Clip, backend: str = "network", device: str = "auto") -> Quality:
    """Quality of one clip; what needs sound is NaN where there is none.

    Raises:
        InputError: unreadable, a face in too few frames, or too short.
    """
    _, moves = face_of(clip, backend, device)
    try:
        heard = hear(clip, len(moves))
    except InputError as error:
        logging.getLogger(__name__).info("%s", error)
        return quality_of(moves, None)
    return quality_of(moves, heard)


def clip_table(
    clips: Iterable[Clip], backend: str = "network", device: str = "auto", on_clip: Callable[[], None] = lambda: None
) -> pd.DataFrame:
    """One row a clip that can be measured: `generator`, `pair_id` and the fields of `Quality`."""
    rows = {}
    for clip in clips:
        on_clip()
        try:
            found = dataclasses.asdict(clip_quality(clip, backend, device))
        except InputError as error:
            logging.getLogger(__name__).warning("clip %s cannot be judged: %s", clip.clip_id, error)
            continue
        rows[clip.clip_id] = {"generator": maker_of(clip), "pair_id": clip.pair_id, **found}
    fields = [field.name for field in dataclasses.fields(Quality)]
    return pd.DataFrame.from_dict(rows, orient="index", columns=["generator", "pair_id", *fields])


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each generator, pristine first: means over its clips, and how many of them kept their lips in time.

    `confidence_ratio` and `delta_p_ratio` are over the pristine clips' means; `in_time` is the share of clips with an
    offset of at most one frame. `judged` counts the clips with a sync confidence.
    """
    groups = table.groupby("generator", sort=False)
    means = groups[["sync_confidence", "sync_distance", "sync_offset", "capp", "delta_p"]].mean()
    judged = groups["sync_confidence"].count()
    in_time = table["sync_offset"].abs().le(1).groupby(table["generator"]).sum() / judged
    rows = means.assign(in_time=in_time, clips=groups.size(), judged=judged)
    order = sorted(rows.index, key=lambda name: name != CONTROL)
    rows = rows.loc[order]
    if CONTROL in rows.index:
        control = rows.loc[CONTROL]
        rows["confidence_ratio"] = rows["sync_confidence"] / control["sync_confidence"]
        rows["delta_p_ratio"] = rows["delta_p"] / control["delta_p"]
    return rows


def quality_rows(clips: Corpus, device: str = "auto", on_clip: Callable[[], None] = lambda: None) -> list[QualityRow]:
    """One row for each generator of labelled clips, pristine first."""
    _, rows = judged(clips, device=device, on_clip=on_clip)
    return [_row(str(name), row) for name, row in rows.iterrows()]


def judged(
    clips: Corpus, backend: str = "network", device: str = "auto", on_clip: Callable[[], None] = lambda: None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What `clip_table` says of each clip, and `summary` of each generator, with `identity`, and FVD for generators."""
    looks = _looks(clips, backend, device, on_clip)
    table = clip_table(clips, backend, device)
    table["identity"] = pd.Series(likeness(clips, {name: seen.faces for name, seen in looks.items()}), dtype=float)
    rows = summary(table).assign(identity=table.groupby("generator")["identity"].mean())
    distances = fvd_rows(clips, {name: seen.windows for name, seen in looks.items()})
    fields = [field.name for field in dataclasses.fields(Fvd)]
    return table, rows.join(pd.DataFrame.from_dict(distances, orient="index", columns=fields))


def _looks(clips: Corpus, backend: str, device: str, on_clip: Callable[[], None]) -> dict[str, Looks]:
    """What each clip that can be read looks like, by clip id."""
    looks = {}
    for clip in clips:
        on_clip()
        try:
            looks[clip.clip_id] = look(clip, backend, device)
        except InputError as error:
            logging.getLogger(__name__).info("%s", error)
    return looks


def _row(name: str, row: pd.Series[float]) -> QualityRow:
    known = {key: None if pd.isna(row[key]) else float(row[key]) for key in _MEANS}
    return QualityRow(
        generator=name,
        n_clips=int(row["clips"]),
        n_judged=int(row["judged"]),
        n_windows=int(row["n_windows"]),
        fvd_note=str(row["fvd_note"]),
        fvd_extractor=extractor(),
        **known,
    )


def main() -> None:
    """Print the rows of a corpus, or of single videos."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path, nargs="+", help="a corpus folder, or videos with sound")
    parser.add_argument("--split", help="only these clips of a corpus: train, val or test")
    parser.add_argument("--csv", type=Path, help="write the table of all clips as well")
    parser.add_argument("--backend", default="network")
    parser.add_argument("--device", default="auto")
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    if given.path[0].is_dir():
        corpus = Corpus.open(given.path[0])
        table, rows = judged(corpus.split(given.split) if given.split else corpus, given.backend, given.device)
        shown = rows.drop(columns="fvd_note")  # has been said
    else:
        table = clip_table([Clip.from_file(path) for path in given.path], given.backend, given.device)
        shown = table.drop(columns=["generator", "pair_id"])
    sys.stdout.write(shown.to_string(float_format=lambda value: f"{value:.3f}") + "\n")
    if "fvd" in shown:
        sys.stdout.write(f"FVD by {extractor(given.backend)}: compare it with rows of the same extractor alone\n")
    if given.csv:
        table.to_csv(given.csv, index_label="clip_id")


if __name__ == "__main__":
    run(main)
