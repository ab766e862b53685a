"""Rows that a leaderboard must carry so that the others can be read: constant, random, oracle."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from pathlib import Path
from typing import ClassVar, Self

from tellbench.datasets.clip import UNLABELLED, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.scores import ScoreTable
from tellbench.detectors.base import Detector, Evidence
from tellbench.detectors.storage import read_detector, save_detector


class Untrained(Detector):
    """A detector that learns nothing and never opens the video."""

    sanity: ClassVar[bool] = True
    meaning: ClassVar[str]
    """What the score is, for the evidence."""

    @abstractmethod
    def clip_score(self, clip: Clip) -> float:
        """The score of one clip, NaN where there is none."""

    def fit(self, train: Corpus, val: Corpus) -> Self:
        """Return self; nothing is learnt."""
        return self

    def score(self, clips: Corpus) -> ScoreTable:
        """One score a clip."""
        scores = {clip.clip_id: self.clip_score(clip) for clip in clips}
        return ScoreTable(scores, raw=scores)

    def save(self, folder: Path) -> None:
        """Write the configuration."""
        save_detector(self, folder, {})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            InputError: the description is missing, broken or of another detector.
        """
        return read_detector(cls, folder).detector

    def evidence(self, clip: Clip) -> Evidence:
        """The score and where it comes from."""
        score = self.clip_score(clip)
        return Evidence(self.name, None if score != score else score, {"score is": self.meaning})


class Constant(Untrained):
    """Says 0.5 of everything: AUC must be exactly 0.5."""

    name = "constant"
    meaning = "0.5 for every clip"

    def clip_score(self, clip: Clip) -> float:
        """0.5."""
        return 0.5


class Random(Untrained):
    """Uniform noise from the seed and the clip id: AUC must be 0.5 within its interval."""

    name = "random"
    meaning = "uniform noise from the seed and the clip id"

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def clip_score(self, clip: Clip) -> float:
        """First eight bytes of a hash, as a fraction."""
        digest = hashlib.sha256(f"{self.seed}:{clip.clip_id}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64


class Oracle(Untrained):
    """Reads the label: the upper bound, AUC 1, that shows whether the harness keeps ids and polarity."""

    name = "oracle"
    meaning = "the label itself, as an upper bound; it looks at no frame"

    def clip_score(self, clip: Clip) -> float:
        """The label as a score; NaN where the clip has none."""
        return float("nan") if clip.label == UNLABELLED else float(clip.label)
