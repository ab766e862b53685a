"""Pairs of clips to look at: the same person and speech, pristine beside forged, from easy to hard."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from PIL import Image

from tellbench.datasets.clip import FORGED, PRISTINE, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.video import probe, read_frames
from tellbench.eval.rows import MISSING

POSTER_QUALITY: Final = 85


@dataclasses.dataclass(frozen=True)
class Exhibit:
    """One clip as shown: its files relative to the page, and what detectors said."""

    clip: Clip
    video: str
    poster: str
    scores: Mapping[str, float | None]
    """Detector to score; None where it could not score the clip."""


@dataclasses.dataclass(frozen=True)
class Pair:
    """A pristine clip and a forged one made from the same identity and speech."""

    generator: str
    pristine: Exhibit
    forged: Exhibit


def choose(
    corpus: Corpus, clips: pd.DataFrame, detector: str | None, generator: str, n: int
) -> list[tuple[Clip, Clip]]:
    """Up to `n` test pairs of a generator, spread evenly from the most to the least suspicious forged clip.

    Args:
        corpus: where the clips are.
        clips: scores of a run, as `read_scores` gives them; without scores, manifest order decides.
        detector: whose score orders the pairs.
        generator: who made the forged clips.
        n: pairs wanted.
    """
    test = corpus.split("test")
    pristine = {clip.pair_id: clip for clip in test if clip.label == PRISTINE and clip.pair_id}
    forged = [c for c in test if c.label == FORGED and c.generator == generator and c.pair_id in pristine]
    if detector in clips.columns:
        forged.sort(key=lambda clip: -_order(_score(clips, clip, str(detector))))
    places = np.linspace(0, len(forged) - 1, min(n, len(forged))).round().astype(int)
    return [(pristine[forged[i].pair_id], forged[i]) for i in dict.fromkeys(places.tolist())]


def exhibit(
    pairs: Sequence[tuple[Clip, Clip]], clips: pd.DataFrame, detectors: Sequence[str], site: Path, prefix: str
) -> list[Pair]:
    """Copy the clips into `site/media` under plain names, with a poster each.

    Raises:
        InputError: a clip cannot be read.
    """
    (site / "media").mkdir(exist_ok=True)
    return [
        Pair(
            forged.generator,
            _copied(pristine, clips, detectors, site, f"media/{prefix}-{i:02d}-pristine"),
            _copied(forged, clips, detectors, site, f"media/{prefix}-{i:02d}-forged"),
        )
        for i, (pristine, forged) in enumerate(pairs, 1)
    ]


def _copied(clip: Clip, clips: pd.DataFrame, detectors: Sequence[str], site: Path, stem: str) -> Exhibit:
    shutil.copyfile(clip.path, site / f"{stem}.mp4")
    middle = probe(clip.path).n_frames // 2
    Image.fromarray(read_frames(clip.path, [middle])[0]).save(site / f"{stem}.jpg", quality=POSTER_QUALITY)
    scores = {name: _score(clips, clip, name) for name in detectors}
    return Exhibit(clip, f"{stem}.mp4", f"{stem}.jpg", scores)


def _order(score: float | None) -> float:
    return MISSING if score is None else score


def _score(clips: pd.DataFrame, clip: Clip, detector: str) -> float | None:
    """A detector's score of a clip; None where it has none."""
    if detector not in clips.columns or clip.clip_id not in clips.index:
        return None
    score: Any = clips[detector][clip.clip_id]
    return None if pd.isna(score) else float(score)
