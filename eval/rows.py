"""One row of the leaderboard: a score table against pristine clips and one generator's forged clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from tellbench.datasets.clip import FORGED, PRISTINE, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.scores import ScoreTable
from tellbench.errors import InputError
from tellbench.eval import metrics
from tellbench.eval.bootstrap import RESAMPLES, auc_interval
from tellbench.eval.results import ScoreRow

NULL: Final = "null"
"""The generator that changes nothing: every detector must be at chance on it."""
OUTSIDE: Final = ", outside portraits"
"""Follows a generator's name where its clips show portraits that have no pristine twin."""
OUTSIDE_PROTOCOL: Final = "outside-portraits"
MISSING: Final = 0.5
"""What a missing score counts as: the detector knows nothing."""


def evaluate(
    table: ScoreTable,
    clips: Corpus,
    *,
    detector: str,
    train_on: Sequence[str],
    test_on: str,
    seed: int = 0,
    n_boot: int = RESAMPLES,
    named: str = "",
    condition: str = "",
    dose: float | None = None,
) -> ScoreRow:
    """One row of the leaderboard: a score table against the pristine clips and one generator's forged clips.

    A clip that the table lacks, or scores NaN, counts as 0.5 and is counted in `n_missing`.

    Args:
        table: scores by clip id.
        clips: the test clips.
        detector: name on the leaderboard.
        train_on: generators that the detector was trained on.
        test_on: generator whose forged clips are compared with the pristine ones.
        seed: of the resampling.
        n_boot: resamples of the interval.
        named: the protocol; found by `protocol` where empty.
        condition: what was done to the clips or asked of the generator.
        dose: the number in the condition.

    Raises:
        InputError: the clips lack a class, or the table scores none of them.
    """
    view = clips.against(test_on)
    labels = view.labels
    raw = table.series.reindex(labels.index)
    if len(labels) and not labels.index.isin(table.series.index).any():
        raise InputError(f"the scores of {detector!r} name none of the {len(labels)} test clips; score this corpus")
    y, s = labels.to_numpy(), raw.fillna(MISSING).to_numpy(np.float64)
    interval = auc_interval(y, s, [person(clip) for clip in view], n_boot=n_boot, seed=seed)
    return ScoreRow(
        detector=detector,
        protocol=named or protocol(train_on, test_on),
        train_on=tuple(train_on),
        test_on=test_on,
        n_pristine=int((y == PRISTINE).sum()),
        n_forged=int((y == FORGED).sum()),
        n_missing=int(raw.isna().sum()),
        auc=metrics.auc(y, s),
        auc_low=interval.low,
        auc_high=interval.high,
        ap=metrics.average_precision(y, s),
        eer=metrics.eer(y, s),
        tpr_at_fpr_1=metrics.tpr_at_fpr(y, s, 0.01),
        brier=metrics.brier(y, s),
        ece=metrics.ece(y, s),
        condition=condition,
        dose=dose,
        prevalence=metrics.prevalence(y),
        partial_auc=metrics.partial_auc(y, s),
        tpr_at_fpr_0_1=metrics.tpr_at_fpr(y, s, 0.001),
        aurc=metrics.aurc(y, s),
        **_of_frames(table, view, n_boot=n_boot, seed=seed),
    )


def _of_frames(table: ScoreTable, view: Corpus, *, n_boot: int, seed: int) -> dict[str, Any]:
    """AUC of the frames of some clips with its interval over people; nothing where a class has no frame."""
    of = {clip.clip_id: clip for clip in view}
    frames = table.frames.dropna()
    frames = frames[frames["clip_id"].isin(of)]
    clips = [of[clip_id] for clip_id in frames["clip_id"]]
    y, s = np.array([clip.label for clip in clips], int), frames["score"].to_numpy(np.float64)
    if len(set(y.tolist())) < 2:
        return {}
    interval = auc_interval(y, s, [person(clip) for clip in clips], n_boot=n_boot, seed=seed)
    ends = {"frame_auc_low": interval.low, "frame_auc_high": interval.high}
    return {"frame_auc": metrics.auc(y, s), **ends, "n_frames": len(y)}


def protocol(train_on: Sequence[str], test_on: str) -> str:
    """Name of the protocol: `null`, `outside-portraits`, `within-generator`, or `unseen-generator`."""
    if test_on == NULL:
        return "null"
    if test_on.endswith(OUTSIDE):
        return OUTSIDE_PROTOCOL
    return "within-generator" if test_on in train_on else "unseen-generator"


def alone(clips: Corpus) -> frozenset[str]:
    """Ids of forged clips without a pristine twin in a corpus that has pairs: they differ in more than the forgery."""
    paired = any(clip.pair_id for clip in clips)
    return frozenset(clip.clip_id for clip in clips if paired and clip.label == FORGED and not clip.pair_id)


def person(clip: Clip) -> str:
    """What must be resampled together: a person, else a pair, else the clip alone."""
    return clip.identity_id or clip.pair_id or clip.clip_id
