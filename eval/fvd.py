"""FVD of each generator: the Frechet distance of its clips' windows from those of pristine clips, beside a control.

The extractor is our own and has a name (`looks.extractor`): a value compares with rows of the same extractor alone,
never with FVDs by I3D that papers print.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tellbench.datasets.clip import PRISTINE, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.eval.frechet import Floats, Sums, frechet_distance
from tellbench.eval.looks import WIDTH
from tellbench.eval.rows import person

CONTROL: Final = "pristine"
"""Name of the row of pristine clips."""
FEWEST: Final = 2 * WIDTH
"""Windows that each side needs: twice the numbers of a window (assumption), so that no covariance is singular."""
DRAWS: Final = 500
"""Resamples of people, and splits of them into halves."""


@dataclasses.dataclass(frozen=True)
class Fvd:
    """One distance."""

    fvd: float | None
    """None where `fvd_note` says why."""
    fvd_low: float | None
    """Lower end of the 95% interval over people; None where there are too few of them."""
    fvd_high: float | None
    n_windows: int
    """Of this row's own clips."""
    fvd_note: str = ""


def fvd_rows(clips: Corpus, windows: Mapping[str, npt.NDArray[np.generic]], seed: int = 0) -> dict[str, Fvd]:
    """The distance of each generator's clips from the pristine ones, and that of pristine people from each other.

    Intervals are percentiles over resamples of people, who bring their pristine and forged windows together. The
    control is the mean over random splits of the pristine people into halves, and its interval that of the splits: it
    is what strangers differ by, where half as many are on either side. A generator's people are the same as on the
    pristine side, so that one which changes nothing is at 0.

    Args:
        clips: labelled clips of either class.
        windows: by clip id, (W, WIDTH) each; clips without an entry are left out.
        seed: same seed, same intervals.
    """
    seen = [clip for clip in clips if len(windows.get(clip.clip_id, ()))]
    people = sorted({person(clip) for clip in clips})
    makers = list(dict.fromkeys(maker_of(clip) for clip in clips))
    sums = {
        maker: Sums.of(_by_person([clip for clip in seen if maker_of(clip) == maker], people, windows), WIDTH)
        for maker in makers
    }
    if not people:
        return {}
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(len(people), np.full(len(people), 1 / len(people)), DRAWS).astype(float)
    rows = {}
    for maker in makers:
        if maker == CONTROL:
            rows[maker] = _control(sums[maker], rng)
        elif CONTROL in sums:
            rows[maker] = _generator(sums[maker], sums[CONTROL], draws)
        else:
            rows[maker] = Fvd(None, None, None, int(sums[maker].counts.sum()), "no pristine clips to compare with")
    for maker, row in rows.items():
        if row.fvd_note:
            logging.getLogger(__name__).warning("no FVD of %s: %s", maker, row.fvd_note)
    return rows


def maker_of(clip: Clip) -> str:
    """Name of the row that a clip belongs to."""
    return CONTROL if clip.label == PRISTINE else clip.generator


def _by_person(
    clips: Sequence[Clip], people: Sequence[str], windows: Mapping[str, npt.NDArray[np.generic]]
) -> list[list[Floats]]:
    own: dict[str, list[Floats]] = {name: [] for name in people}
    for clip in clips:
        own[person(clip)].append(np.asarray(windows[clip.clip_id], np.float64))
    return list(own.values())


def _generator(forged: Sums, pristine: Sums, draws: Floats) -> Fvd:
    n, beside = int(forged.counts.sum()), int(pristine.counts.sum())
    if min(n, beside) < FEWEST:
        return Fvd(None, None, None, n, f"{n} forged and {beside} pristine windows; {FEWEST} of each are needed")
    value = _distances(forged, np.ones_like(draws[:1]), pristine, np.ones_like(draws[:1]))[0]
    resampled = _distances(forged, draws, pristine, draws) if draws.shape[1] > 1 else np.zeros(0)
    return Fvd(float(value), *_ends(resampled), n)


def _control(pristine: Sums, rng: np.random.Generator) -> Fvd:
    people, n = len(pristine.counts), int(pristine.counts.sum())
    present = pristine.counts > 0
    halves = np.zeros((DRAWS, people))
    for half in halves:
        half[rng.permutation(np.flatnonzero(present))[: present.sum() // 2]] = 1
    found = _distances(pristine, halves, pristine, present - halves)
    if not len(found):
        note = f"{n} pristine windows of {present.sum()} people; {FEWEST} in each half of the people are needed"
        return Fvd(None, None, None, n, note)
    return Fvd(float(found.mean()), *_ends(found), n)


def _distances(first: Sums, weights: Floats, second: Sums, others: Floats) -> Floats:
    """Of draws of people (B, I) on either side; draws with too few windows are left out."""
    enough = np.minimum(first.n(weights), second.n(others)) >= FEWEST
    return frechet_distance(first.gaussians(weights[enough]), second.gaussians(others[enough]))


def _ends(values: Floats) -> tuple[float | None, float | None]:
    if len(values) < 2:
        return None, None
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
