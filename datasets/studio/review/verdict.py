"""What the outside judges say about the studio's people, as one Markdown table, and the frames they liked least."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from tellbench.datasets.studio.review.exam import Exam
from tellbench.datasets.studio.review.sheets import Sheet

WORST: Final = 12
"""Frames named and drawn."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One row of the table."""

    what: str
    result: str
    wanted: str
    frames: int
    passed: bool | None
    """None where nothing is asked."""

    def row(self) -> str:
        """As a row of Markdown."""
        mark = {True: "yes", False: "**no**", None: ""}[self.passed]
        return f"| {self.what} | {self.result} | {self.wanted} | {mark} | {self.frames} |"


def findings(table: pd.DataFrame) -> list[Finding]:
    """The figures of an exam, in the order of the table."""
    rows = [_found(table, "mtcnn", "MTCNN finds exactly one face")]
    if "mediapipe" not in table:
        return rows
    rows.append(_found(table, "mediapipe", "MediaPipe, up to four faces, finds exactly one"))
    own = table.assign(own=(table.mediapipe >= 1).astype(int))
    rows.append(_found(own, "own", "MediaPipe, one face at most as by default, finds the person"))
    rows += [_distance(table, *part) for part in _PARTS]
    rows += _follows(table, "eyeBlink", "blink_score", -table.aperture, "lid aperture")
    return rows + _follows(table, "jawOpen", "jaw_score", table.jaw_open, "coefficient")


_INTRODUCTION: Final = """# What outside judges see in the studio's people

Made by `{command}`.

{people} people whom no landmark network was trained on and nothing was tuned on (seeds {first} to {last}), {frames}
frames: each at rest at every yaw and pitch below, then coefficients and emotions at full strength, lids and jaw in
steps, in random poses and gazes, in three settings of light, room and camera. MTCNN (facenet-pytorch) and MediaPipe's
FaceLandmarker look at whole frames at their makers' thresholds; MediaPipe may see up to four faces, and one seen twice
counts once.

Distances are means over frames, in units of the true distance of the outer eye corners. Where MediaPipe's mesh and
iBUG place points of one line at different shares of its length (brows, bridge of the nose), the mesh's line is spaced
as the mean annotation of 300-W is; the plain vertices are given as well. The jaw is held against the outline of the
mesh, for its rim is hidden behind the cheek of a turned face. Correlations are Pearson's.
"""


def markdown(table: pd.DataFrame, command: str) -> str:
    """The whole page: table of findings, distances by pose, and the worst frames by name."""
    seeds = table.seed.unique()
    facts = {"people": len(seeds), "first": seeds.min(), "last": seeds.max(), "frames": len(table), "command": command}
    lines = [_INTRODUCTION.format(**facts), "| what | measured | wanted | met | frames |", "|---|---|---|---|---|"]
    lines += [finding.row() for finding in findings(table)]
    if "inner" in table:
        lines += ["", "Inner 51 points / jaw, % of the outer eye distance, by yaw and pitch in degrees:", ""]
        lines += _by_pose(table)
    lines += ["", "Frames that were missed, and those with the largest distance:", ""]
    lines += [f"- {_name(row)}" for row in worst(table).to_dict("records")]
    return "\n".join(lines) + "\n"


def worst(table: pd.DataFrame, count: int = WORST) -> pd.DataFrame:
    """Frames in which a judge did not find one face, then those whose inner points lie farthest off."""
    missed = table.mtcnn != 1
    distance = pd.Series(0.0, table.index)
    if "mediapipe" in table:
        missed |= table.mediapipe != 1
        distance = table.inner.fillna(np.inf)
    return table.assign(missed=missed, distance=distance).sort_values(["missed", "distance"], ascending=False)[:count]


def worst_sheet(table: pd.DataFrame, size: int, every: int = 1, columns: int = 6) -> Sheet:
    """The worst frames, filmed again; `size` and `every` as in the exam."""
    rows = worst(table).to_dict("records")
    pictures = [Exam.of(int(r["seed"]), every).film_one(int(r["seed"]), size, int(r["frame"])) for r in rows]
    pages = range(0, len(rows), columns)
    names = ["; ".join(_name(row) for row in rows[i : i + columns]) for i in pages]
    return Sheet([pictures[i : i + columns] for i in pages], names)


_PARTS: Final = (
    ("inner_spaced", "MediaPipe to truth: inner 51 points, spaced along brows and bridge as iBUG spaces them", 0.03),
    ("inner", "the same by the mesh's vertices in common use", None),
    ("brows", "brows", None),
    ("nose", "nose", None),
    ("eyes", "eyes", None),
    ("mouth", "mouth", None),
    ("iris", "irises (lids open)", None),
    ("jaw", "jaw, point to the outline of MediaPipe's mesh", 0.05),
)
"""Column, words and largest mean allowed."""


def _found(table: pd.DataFrame, judge: str, words: str) -> Finding:
    hits = int((table[judge] == 1).sum())
    share = hits / len(table)
    return Finding(words, f"{hits} of {len(table)} ({100 * share:.2f} %)", "≥ 99.9 %", len(table), share >= 0.999)


def _distance(table: pd.DataFrame, part: str, words: str, limit: float | None) -> Finding:
    values = table[part].dropna()
    result = f"{100 * values.mean():.2f} % (median {100 * values.median():.2f}, 95th {100 * values.quantile(0.95):.2f})"
    wanted = "" if limit is None else f"≤ {100 * limit:.0f} %"
    return Finding(words, result, wanted, len(values), None if limit is None else bool(values.mean() <= limit))


def _follows(table: pd.DataFrame, name: str, score: str, truth: pd.Series, words: str) -> list[Finding]:
    """How a score goes with the truth (which grows with it): in sweeps, in every frame, and person by person."""
    table = table.assign(truth=truth)[table[score].notna()]
    sweep = table[table.expression.str.startswith(f"{name} ")]
    alone = [part[score].corr(part.truth) for _, part in sweep.groupby("seed")]
    what = f"MediaPipe's {name} against the true {words}"
    rows = []
    for part, where in ((sweep, "sweeps"), (table, "all frames")):
        r = part[score].corr(part.truth)
        rows.append(Finding(f"{what}, {where}", f"r = {r:.3f}", "≥ 0.9", len(part), bool(r >= 0.9)))
    median = f"r = {float(np.nanmedian(alone)):.3f}"
    return [*rows, Finding(f"{what}, within a person (median)", median, "", len(sweep), None)]


def _by_pose(table: pd.DataFrame) -> list[str]:
    means = table.groupby(["pitch", "yaw"])[["inner", "jaw"]].mean() * 100
    yaws = sorted(table.yaw.unique())
    lines = ["| pitch \\ yaw | " + " | ".join(f"{yaw:+.0f}" for yaw in yaws) + " |", "|---" * (len(yaws) + 1) + "|"]
    for pitch in sorted(table.pitch.unique()):
        cells = (f"{means.inner[pitch, yaw]:.1f} / {means.jaw[pitch, yaw]:.1f}" for yaw in yaws)
        lines.append(f"| {pitch:+.0f} | " + " | ".join(cells) + " |")
    return lines


def _name(row: Mapping[Hashable, Any]) -> str:
    """A frame in words."""
    words = f"{row['seed']}, {row['expression']}, yaw {row['yaw']:+.0f}, pitch {row['pitch']:+.0f}"
    if row["missed"]:
        return f"{words}: faces {row['mtcnn']} (MTCNN), {row.get('mediapipe', '-')} (MediaPipe)"
    return f"{words}: {100 * row['distance']:.1f} %"
