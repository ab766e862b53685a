"""How near the cues come to the studio's truth: `python -m tellbench.detectors.cue_accuracy CORPUS [LAUNDERED ...]`.

Cues are scored by themselves, before any classifier sees them: on pristine studio clips as they are, as `tellbench
launder` leaves them (at the same frame rate), and by how far the head is turned. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from tellbench.datasets.clip import PRISTINE, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.detectors.behaviour import correlation
from tellbench.detectors.brow import smoothed
from tellbench.detectors.cues import Cues, extract
from tellbench.detectors.events import EventMatch, find_blinks, match_events, true_blinks
from tellbench.errors import InputError, run

Floats = npt.NDArray[np.float64]

YAWS: Final = {"yaw under 5": (0.0, 5.0), "yaw 5 to 10": (5.0, 10.0), "yaw over 10": (10.0, 90.0)}
"""Degrees that the head is turned by in rows of their own."""
SIDES: Final = ("right", "left")
ANGLES: Final = ("yaw", "pitch", "roll")
MEASURES: Final = {
    "frames": "",
    "blink F1": ".3f",
    "blink ms": ".0f",
    "aperture r": ".3f",
    "lids move r": ".3f",
    "brow r": ".3f",
    "yaw": ".2f",
    "pitch": ".2f",
    "roll": ".2f",
    "pose": ".2f",
    "pitch moves": ".2f",
    "gaze": ".2f",
    "gaze moves": ".2f",
}
"""Columns and how they are written. Correlations are over all frames; of brows, smoothed as the detector `brow` smooths
them, and where movements are named, about the median of each clip. Angles are mean absolute errors in degrees, of gaze
the length of the error."""


@dataclasses.dataclass(frozen=True)
class Compared:
    """Cues of one clip beside the truth, for T frames with a face."""

    blinks: EventMatch
    aperture: Floats
    """(T, 2): found and true, mean of both eyes."""
    brow: Floats
    """(T, 2): found height, smoothed, and true movement as the mean of the three coefficients of its parts."""
    pose: Floats
    """(T, 3): errors of yaw, pitch and roll, degrees."""
    gaze: Floats
    """(T, 2): errors to the right and up, degrees."""
    yaw: Floats
    """(T,): true, degrees."""


def compare(cues: Cues, tracks: pd.DataFrame) -> Compared:
    """Cues beside the ground truth of the same clip."""
    seen = cues.found & (np.arange(len(cues)) < len(tracks))
    truth = tracks.iloc[np.flatnonzero(seen)]
    lids = truth[[f"aperture_{side}" for side in SIDES]].to_numpy(float)
    brows = truth[["brow_inner", "brow_outer_left", "brow_outer_right"]].to_numpy(float) @ [0.5, 0.25, 0.25]
    return Compared(
        match_events(find_blinks(cues.aperture, cues.fps), true_blinks(tracks, cues.fps)),
        np.stack([cues.aperture[seen].mean(1), lids.mean(1)], 1),
        np.stack([smoothed(cues.brow.mean(1), cues.fps)[seen], brows], 1),
        cues.pose[seen] - truth[list(ANGLES)].to_numpy(float),
        cues.gaze[seen] - truth[["gaze_x", "gaze_y"]].to_numpy(float),
        truth["yaw"].to_numpy(float),
    )


def summarise(clips: Iterable[Compared], yaws: tuple[float, float] = (0.0, 360.0)) -> dict[str, float]:
    """The numbers of `MEASURES` over clips, in frames with the head turned within `yaws`; blinks count whole clips."""
    clips = list(clips)
    kept = [(np.abs(c.yaw) >= yaws[0]) & (np.abs(c.yaw) < yaws[1]) for c in clips]

    def joined(name: str, moves: bool = False) -> Floats:
        parts = [getattr(c, name) - (np.median(getattr(c, name), 0) if moves else 0) for c in clips]
        return np.concatenate([part[keep] for part, keep in zip(parts, kept, strict=True)])

    blinks = sum((c.blinks for c in clips), EventMatch(0, 0, 0, 0.0))
    pose = np.abs(joined("pose")).mean(0)
    return {
        "frames": int(sum(keep.sum() for keep in kept)),
        "blink F1": blinks.f1,
        "blink ms": blinks.mean_timing_error_s * 1000,
        "aperture r": correlation(*joined("aperture").T),
        "lids move r": correlation(*joined("aperture", moves=True).T),
        "brow r": correlation(*joined("brow", moves=True).T),
        **dict(zip(ANGLES, pose.tolist(), strict=True)),
        "pose": float(pose.mean()),
        "pitch moves": float(np.abs(joined("pose", moves=True)[:, 1]).mean()),
        "gaze": float(np.linalg.norm(joined("gaze"), axis=1).mean()),
        "gaze moves": float(np.linalg.norm(joined("gaze", moves=True), axis=1).mean()),
    }


def table(truth: Corpus, laundered: list[Corpus], backend: str) -> Iterator[tuple[str, dict[str, float]]]:
    """Name and numbers of every row: the corpus as it is, by yaw, and the laundered ones.

    Raises:
        InputError: a clip without ground truth.
    """
    for corpus in (truth, *laundered):
        found = [
            compare(extract(clip, backend), _tracks(truth[clip.clip_id])) for clip in corpus if clip.label == PRISTINE
        ]
        yield corpus.root.name, summarise(found)
        if corpus is truth:
            turned = np.abs(np.concatenate([one.yaw for one in found]))
            for name, (low, high) in YAWS.items():
                if ((turned >= low) & (turned < high)).any():
                    yield name, {**summarise(found, (low, high)), "blink F1": np.nan, "blink ms": np.nan}


def _tracks(clip: Clip) -> pd.DataFrame:
    if not clip.track_path.is_file():
        raise InputError(
            f"{clip.clip_id} has no ground truth; make a corpus with `tellbench generate --generator studio`"
        )
    return pd.read_parquet(clip.track_path)


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tellbench.detectors.cue_accuracy", description=__doc__)
    parser.add_argument("corpus", type=Path, help="studio clips with ground truth")
    parser.add_argument("laundered", type=Path, nargs="*", help="the same clips, laundered")
    parser.add_argument("--backend", default="network", help="landmark source")
    asked = parser.parse_args(arguments)
    write = sys.stdout.write
    write(f"| | {' | '.join(MEASURES)} |\n|---|{'---|' * len(MEASURES)}\n")
    for name, row in table(Corpus.open(asked.corpus), [Corpus.open(path) for path in asked.laundered], asked.backend):
        cells = (format(row[key], form) if np.isfinite(row[key]) else "–" for key, form in MEASURES.items())
        write(f"| {name} | {' | '.join(cells)} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    run(main)
