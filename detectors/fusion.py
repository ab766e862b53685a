"""Several detectors as one: their log odds, stacked by a logistic regression on the validation clips (Wolpert 1992)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import numpy as np

from tellbench.datasets.clip import FORGED, PRISTINE, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.scores import ScoreTable
from tellbench.detectors.base import Detector, Evidence
from tellbench.detectors.cues import check_backend
from tellbench.detectors.fitting import EPSILON, Floats, Labels, calibrated, check_classes, has_both, logistic
from tellbench.detectors.storage import broken, load_detector, part_folder, read_detector, save_detector
from tellbench.errors import InputError
from tellbench.registry import DETECTORS

SEPARATOR: Final = "+"


@dataclasses.dataclass(frozen=True)
class Stack:
    """Fitted parts and how much each counts."""

    parts: tuple[Detector, ...]
    weights: Floats
    """Of the log odds of each part, (K,)."""
    bias: float
    """Log odds of a clip about which every part is undecided."""

    def log_odds(self, scores: Floats) -> Floats:
        """Scores (N, K) of the parts to log odds (N,); NaN where every part is NaN, a single NaN counts as 0.5."""
        fused = _log_odds(scores) @ self.weights + self.bias
        return np.asarray(np.where(np.isnan(scores).all(1), np.nan, fused))


class Fusion(Detector):
    """Trains its parts on `train` and stacks them on `val`.

    Parts that stop or choose on `val` look somewhat better there than they are, and may be trusted too much for it.
    Without both classes in `val` every part counts alike.

    Args:
        parts: names of detectors, joined by `+`.
        seed: of the parts.
        backend: landmark source of the parts.
        device: `auto`, `cpu` or `cuda`.
    """

    name = "fusion"

    def __init__(
        self, parts: str = "blink+spectrum", seed: int = 0, backend: str = "network", device: str = "auto"
    ) -> None:
        names = parts.split(SEPARATOR)
        for name in names:
            if DETECTORS.resolve(name)[0] == self.name or DETECTORS.load(DETECTORS.resolve(name)[0]).sanity:
                raise InputError(f"fusion part {name!r}; allowed: detectors that learn, and no other fusion")
        if len(names) < 2 or len(set(names)) < len(names):
            raise InputError(f"fusion parts {parts!r}; two or more different detectors are needed, such as blink+cnn")
        self.parts = parts
        self.seed = seed
        self.backend = check_backend(backend)
        self.device = device
        self.fitted: Stack | None = None

    def fit(self, train: Corpus, val: Corpus) -> Self:
        """Fit every part, then the weights.

        Raises:
            InputError: a class is missing among the training clips that a part can measure.
        """
        check_classes(train, self.name)
        parts = tuple(part.fit(train, val) for part in self._unfitted())
        judges = val.where(lambda clip: clip.label in (PRISTINE, FORGED))
        scores, labels = _table(parts, judges), np.array([clip.label for clip in judges], np.int64)
        seen = ~np.isnan(scores).all(1)
        self.fitted = Stack(parts, *_stacked(_log_odds(scores[seen]), labels[seen]))
        return self

    def score(self, clips: Corpus) -> ScoreTable:
        """One score a clip; NaN where no part can score it.

        Raises:
            InputError: the detector is not fitted.
        """
        stack = self._fit()
        logits = stack.log_odds(_table(stack.parts, clips)).tolist()
        return calibrated({clip.clip_id: logit for clip, logit in zip(clips, logits, strict=True)}, 1.0)

    def save(self, folder: Path) -> None:
        """Write the fitted detector, each part in a folder of its own within.

        Raises:
            InputError: not fitted, or the folder cannot be written.
        """
        stack = self._fit()
        arrays = {"weights": stack.weights, "bias": np.array([stack.bias])}
        save_detector(self, folder, {}, arrays, parts=stack.parts)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            InputError: a file is missing, broken or of another detector.
        """
        stored = read_detector(cls, folder)
        detector, arrays = stored.detector, stored.arrays
        names = detector.parts.split(SEPARATOR)
        parts = tuple(load_detector(part_folder(folder, i)) for i in range(len(names)))
        if [part.name for part in parts] != [DETECTORS.resolve(name)[0] for name in names]:
            raise broken(folder, ValueError(f"the parts are not {detector.parts}"))
        try:
            weights, bias = arrays["weights"], float(arrays["bias"][0])
        except (KeyError, IndexError, TypeError) as error:
            raise broken(folder, error) from error
        if weights.shape != (len(parts),) or not np.isfinite([*weights, bias]).all():
            raise broken(folder, ValueError("no finite weight for every part"))
        detector.fitted = Stack(parts, weights, bias)
        return detector

    def evidence(self, clip: Clip) -> Evidence:
        """What every part says, and its curves."""
        parts = self._unfitted() if self.fitted is None else list(self.fitted.parts)
        seen = [part.evidence(clip) for part in parts]
        plots = tuple(plot for one in seen for plot in one.plots)
        pictures = tuple(picture for one in seen for picture in one.pictures)
        if self.fitted is None:
            return Evidence(self.name, None, {"parts": self.parts}, plots)
        given = np.array([[np.nan if one.score is None else one.score for one in seen]])
        fused = float(logistic(self.fitted.log_odds(given))[0])
        if np.isnan(fused):
            return Evidence(self.name, None, {"problem": str(seen[0].facts.get("problem", "no part scores this clip"))})
        names = self.parts.split(SEPARATOR)
        said = {f"{name}, score": float(score) for name, score in zip(names, given[0], strict=True)}
        counts = {f"{name}, weight": float(w) for name, w in zip(names, self.fitted.weights, strict=True)}
        return Evidence(self.name, fused, {**said, **counts}, plots, pictures)

    def _unfitted(self) -> list[Detector]:
        settings = {"seed": self.seed, "backend": self.backend, "device": self.device}
        return [DETECTORS.create_with(name, **settings) for name in self.parts.split(SEPARATOR)]

    def _fit(self) -> Stack:
        if self.fitted is None:
            raise InputError("detector 'fusion' is not trained; call fit or load a trained one (`tellbench train`)")
        return self.fitted


def _table(parts: Sequence[Detector], clips: Corpus) -> Floats:
    """Scores (N, K) of K parts on N clips, NaN where one has none."""
    ids = [clip.clip_id for clip in clips]
    columns = [part.score(clips).series.reindex(ids).to_numpy(float) for part in parts]
    return np.asarray(np.stack(columns, 1).reshape(len(ids), len(parts)), np.float64)


def _log_odds(scores: Floats) -> Floats:
    """Of scores (N, K); 0 where one is missing."""
    p = np.clip(np.nan_to_num(scores, nan=0.5), EPSILON, 1 - EPSILON)
    return np.asarray(np.log(p / (1 - p)))


def _stacked(log_odds: Floats, labels: Labels) -> tuple[Floats, float]:
    """Weights (K,) and bias of a logistic regression on log odds (N, K), classes balanced; the mean without both."""
    if not has_both(labels):
        return np.full(log_odds.shape[1], 1 / log_odds.shape[1]), 0.0
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(class_weight="balanced").fit(log_odds, labels)
    return np.asarray(model.coef_[0], float), float(model.intercept_[0])
