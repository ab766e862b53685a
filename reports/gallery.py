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
from tellbench.detectors.base import Detector
from tellbench.eval.rows import MISSING
from tellbench.reports.charts import Chart
from tellbench.reports.evidence import Finding, examine
from tellbench.reports.tracks import Tracks, measure, strips

POSTER_QUALITY: Final = 85


@dataclasses.dataclass(frozen=True)
class Exhibit:
    """One clip as shown: its files relative to the site, what was measured, and what detectors said."""

    clip: Clip
    name: str
    """Plain name of its files, without a folder."""
    scores: Mapping[str, float | None]
    """Detector to score; None where it could not score the clip."""
    tracks: Tracks | None
    """None where the face could not be followed."""
    findings: Sequence[Finding]
    """Evidence of every trained detector at hand."""

    @property
    def kind(self) -> str:
        """`pristine` or `forged`."""
        return "pristine" if self.clip.label == PRISTINE else "forged"

    @property
    def video(self) -> str:
        """The clip itself."""
        return f"media/{self.name}.mp4"

    @property
    def poster(self) -> str:
        """A frame from its middle."""
        return f"media/{self.name}.jpg"

    @property
    def page(self) -> str:
        """Its own page."""
        return f"clips/{self.name}.html"

    @property
    def strips(self) -> tuple[Chart, ...]:
        """Its tracks alone."""
        return strips({self.kind: self.tracks})


@dataclasses.dataclass(frozen=True)
class Pair:
    """A pristine clip and a forged one made from the same identity and speech."""

    generator: str
    pristine: Exhibit
    forged: Exhibit

    @property
    def strips(self) -> tuple[Chart, ...]:
        """The tracks of both, in one chart a cue."""
        return strips({"pristine": self.pristine.tracks, "forged": self.forged.tracks})


def choose(
    corpus: Corpus, clips: pd.DataFrame, detector: str | None, generator: str, n: int
) -> list[tuple[Clip, Clip]]:
    """Up to `n` test pairs of a generator, spread evenly from the most to the least suspicious forged clip.

    Args:
        corpus: where the clips are; folders of pictures and corrupt files cannot be shown.
        clips: scores of a run, as `read_scores` gives them; without scores, manifest order decides.
        detector: whose score orders the pairs.
        generator: who made the forged clips.
        n: pairs wanted.
    """
    test = corpus.split("test").where(lambda clip: clip.status == "ok" and clip.path.is_file())
    pristine = {clip.pair_id: clip for clip in test if clip.label == PRISTINE and clip.pair_id}
    forged = [c for c in test if c.label == FORGED and c.generator == generator and c.pair_id in pristine]
    if detector in clips.columns:
        forged.sort(key=lambda clip: -_order(_score(clips, clip, str(detector))))
    places = np.linspace(0, len(forged) - 1, min(n, len(forged))).round().astype(int)
    return [(pristine[forged[i].pair_id], forged[i]) for i in dict.fromkeys(places.tolist())]


def exhibit(
    pairs: Sequence[tuple[Clip, Clip]],
    clips: pd.DataFrame,
    named: Sequence[str],
    detectors: Sequence[Detector],
    site: Path,
) -> list[Pair]:
    """Copy the clips into `site/media` under plain names, with a poster each; a clip of two pairs is copied once.

    Args:
        pairs: pristine and forged, as `choose` gives them.
        clips: scores of the run.
        named: detectors whose scores are shown.
        detectors: trained detectors that give evidence.
        site: folder of the site.

    Raises:
        InputError: a clip cannot be read.
    """
    (site / "media").mkdir(exist_ok=True)
    shown: dict[str, Exhibit] = {}
    for clip in (clip for pair in pairs for clip in pair):
        if clip.clip_id not in shown:
            kind = "pristine" if clip.label == PRISTINE else "forged"
            scores = {name: _score(clips, clip, name) for name in named}
            shown[clip.clip_id] = _shown(clip, f"clip-{len(shown) + 1:02d}-{kind}", scores, detectors, site)
    return [Pair(forged.generator, shown[pristine.clip_id], shown[forged.clip_id]) for pristine, forged in pairs]


def _shown(
    clip: Clip, name: str, scores: Mapping[str, float | None], detectors: Sequence[Detector], site: Path
) -> Exhibit:
    stem = site / "media" / name
    shutil.copyfile(clip.path, stem.with_suffix(".mp4"))
    middle = probe(clip.path).n_frames // 2
    Image.fromarray(read_frames(clip.path, [middle])[0]).save(stem.with_suffix(".jpg"), quality=POSTER_QUALITY)
    return Exhibit(clip, name, scores, measure(clip), examine(clip, detectors, site, f"media/{name}"))


def _order(score: float | None) -> float:
    return MISSING if score is None else score


def _score(clips: pd.DataFrame, clip: Clip, detector: str) -> float | None:
    """A detector's score of a clip; None where it has none."""
    if detector not in clips.columns or clip.clip_id not in clips.index:
        return None
    score: Any = clips[detector][clip.clip_id]
    return None if pd.isna(score) else float(score)
