"""Detectors that are torch models: trained in epochs from scratch, stopped and calibrated on validation clips."""

from __future__ import annotations

import copy
import dataclasses
import logging
from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from tellbench.datasets.clip import FORGED, PRISTINE, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.scores import ScoreTable
from tellbench.detectors.base import Detector
from tellbench.detectors.devices import torch_device
from tellbench.detectors.fitting import (
    Floats,
    Labels,
    calibrated,
    check_classes,
    fit_temperature,
    has_both,
    log_loss,
    logistic,
)
from tellbench.detectors.storage import broken, read_detector, save_detector
from tellbench.errors import InputError

Indices = npt.NDArray[np.int64]
BATCH: Final = 32
LEARNING_RATE: Final = 2e-3
"""Peak of the one-cycle schedule of AdamW; small models from scratch (assumption)."""
WEIGHT_DECAY: Final = 0.02
PATIENCE: Final = 6
"""Epochs without a better validation loss after which the second half of the training stops."""


@dataclasses.dataclass(frozen=True)
class Examples:
    """Clips with the pieces that stand for them."""

    clips: list[Clip]
    pieces: list[Tensor]
    """(N, ...) each."""

    @property
    def labels(self) -> Labels:
        """Of the clips."""
        return np.array([clip.label for clip in self.clips], np.int64)

    def where(self, kept: Iterable[bool]) -> Examples:
        """Those that are kept."""
        pairs = [pair for pair, keep in zip(zip(self.clips, self.pieces, strict=True), kept, strict=True) if keep]
        return Examples([clip for clip, _ in pairs], [pieces for _, pieces in pairs])


@dataclasses.dataclass(frozen=True)
class Fit:
    """What training left behind."""

    model: nn.Module
    temperature: float
    facts: dict[str, Any]
    """Epochs, losses and counts of clips."""


class NetworkDetector(Detector):
    """Pieces of a clip -> log odds of each by a torch model; the clip's score is the logistic of their mean.

    The epoch of least validation loss is kept. Memory grows with the number of clips, not with their length.
    """

    unit: ClassVar[str]
    """What is scored one by one."""
    epochs: int
    seed: int
    device: str
    fitted: Fit | None = None

    @abstractmethod
    def build(self) -> nn.Module:
        """The untrained model."""

    @abstractmethod
    def pieces(self, clip: Clip) -> Tensor:
        """What is seen of a clip, (N, ...).

        Raises:
            InputError: unreadable, or no face.
        """

    @abstractmethod
    def batch(self, pieces: list[Tensor], labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Inputs of the model and their labels for one step of training, changed at random.

        Args:
            pieces: B of them.
            labels: theirs, (B,).
            generator: on the CPU, so that every device draws the same.
        """

    @abstractmethod
    def log_odds(self, model: nn.Module, pieces: Tensor, quick: bool = False) -> Floats:
        """Log odds of each piece, (N,); `quick` may look less closely, to choose among epochs."""

    def lessons(self, seen: Examples) -> Examples:
        """The training clips that are learnt from: all."""
        return seen

    def fit(self, train: Corpus, val: Corpus) -> Self:
        """Train on `train`; stop and calibrate on `val`. The same seed on the same CPU gives the same scores.

        Raises:
            InputError: a class is missing among the training clips with a face.
        """
        check_classes(train, self.name)
        seen = self._examples(train)
        check_classes(seen.clips, self.name)
        judges = self._examples(val.where(lambda clip: clip.label in (PRISTINE, FORGED)))
        device = torch_device(self.device)
        with torch.random.fork_rng(devices=[0] if device == "cuda" else []):
            torch.manual_seed(self.seed)
            model = self.build().to(device)
            facts = self._train(model, self.lessons(seen), judges)
        logits = np.array([float(self.log_odds(model, pieces).mean()) for pieces in judges.pieces])
        temperature = fit_temperature(logits, judges.labels) if len(logits) else 1.0
        counts = {"train": len(seen.clips), "val": len(judges.clips)}
        missing = {"train_unusable": len(train) - len(seen.clips), "val_unusable": len(val) - len(judges.clips)}
        self.fitted = Fit(model, temperature, {**facts, "clips": {**counts, **missing}})
        return self

    def starts(self, clip: Clip, count: int) -> Indices:
        """Frame that each of the `count` pieces of a clip begins with, (count,); empty where pieces are no frames."""
        return np.zeros(0, np.int64)

    def score(self, clips: Corpus) -> ScoreTable:
        """One score a clip, and one a frame or run of frames; NaN where there is no face or the video is unreadable.

        Raises:
            InputError: the detector is not fitted.
        """
        fit = self._fit()
        logits, frames = dict.fromkeys((clip.clip_id for clip in clips), float("nan")), []
        for clip in clips:
            pieces = self._try(clip)
            if pieces is None:
                continue
            each = self.log_odds(fit.model, pieces)
            logits[clip.clip_id] = float(each.mean())
            starts = self.starts(clip, len(each))
            scores = logistic(each[: len(starts)], fit.temperature)
            frames.append(pd.DataFrame({"clip_id": clip.clip_id, "frame": starts, "score": scores}))
        return calibrated(logits, fit.temperature, pd.concat(frames) if frames else None)

    def save(self, folder: Path) -> None:
        """Write the fitted detector.

        Raises:
            InputError: not fitted, or the folder cannot be written.
        """
        fit = self._fit()
        arrays = {name: tensor.detach().cpu().numpy() for name, tensor in fit.model.state_dict().items()}
        save_detector(self, folder, {"temperature": fit.temperature, "facts": fit.facts}, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            InputError: a file is missing, broken or of another detector.
        """
        stored = read_detector(cls, folder)
        detector = stored.detector
        model = detector.build()
        try:
            model.load_state_dict({name: torch.from_numpy(array) for name, array in stored.arrays.items()})
            temperature, facts = float(stored.fitted["temperature"]), dict(stored.fitted["facts"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise broken(folder, error) from error
        if not temperature > 0:
            raise broken(folder, ValueError("temperature is not positive"))
        detector.fitted = Fit(model.to(torch_device(detector.device)).eval(), temperature, facts)
        return detector

    def _fit(self) -> Fit:
        if self.fitted is None:
            raise InputError(
                f"detector {self.name!r} is not trained; call fit or load a trained one (`tellbench train`)"
            )
        return self.fitted

    def _try(self, clip: Clip) -> Tensor | None:
        """The pieces of a clip, or None with a logged warning where there are none."""
        try:
            return self.pieces(clip)
        except InputError as error:
            logging.getLogger(__name__).warning("%s cannot measure clip %s: %s", self.name, clip.clip_id, error)
            return None

    def _examples(self, clips: Corpus) -> Examples:
        found = [(clip, pieces) for clip in clips if (pieces := self._try(clip)) is not None]
        return Examples([clip for clip, _ in found], [pieces for _, pieces in found])

    def _train(self, model: nn.Module, seen: Examples, judges: Examples) -> dict[str, Any]:
        pieces = [piece for clip in seen.pieces for piece in clip]
        labels = torch.from_numpy(np.repeat(seen.labels, [len(clip) for clip in seen.pieces])).float()
        generator = torch.Generator().manual_seed(self.seed)
        steps = max(1, len(pieces) // BATCH)
        optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=self.epochs * steps)
        weights, judged = _balance(labels), has_both(judges.labels)
        best, best_loss, best_epoch, epoch = copy.deepcopy(model.state_dict()), float("inf"), 0, 0
        for epoch in range(1, self.epochs + 1):
            model.train()
            order = torch.randperm(len(pieces), generator=generator)
            for start in range(0, steps * BATCH, BATCH):
                rows = order[start : start + BATCH]
                inputs, targets = self.batch([pieces[row] for row in rows], labels[rows], generator)
                _step(model, optimiser, inputs, targets, weights)
                schedule.step()
            if not judged:
                continue
            loss = self._val_loss(model.eval(), judges)
            if loss < best_loss:
                best, best_loss, best_epoch = copy.deepcopy(model.state_dict()), loss, epoch
            if epoch - max(best_epoch, self.epochs // 2) >= PATIENCE:
                break
        if judged:
            model.load_state_dict(best)
        model.eval()
        return {"epochs": epoch, "best_epoch": best_epoch, "val_log_loss": best_loss if judged else None}

    def _val_loss(self, model: nn.Module, judges: Examples) -> float:
        logits = np.array([float(self.log_odds(model, pieces, quick=True).mean()) for pieces in judges.pieces])
        return log_loss(logistic(logits), judges.labels)


def _balance(labels: Tensor) -> Tensor:
    """What each class counts, (2,), so that both count alike; 1 where all are of one class."""
    share = float((labels == FORGED).float().mean())
    return torch.tensor([1.0, 1.0] if share in (0, 1) else [0.5 / (1 - share), 0.5 / share])


def _step(model: nn.Module, optimiser: torch.optim.Optimizer, inputs: Tensor, labels: Tensor, weights: Tensor) -> None:
    """One update from inputs (B, ...) with labels (B,)."""
    device = next(model.parameters()).device
    logits = model(inputs.to(device))[:, 0]  # (B,)
    losses = functional.binary_cross_entropy_with_logits(logits, labels.to(device), reduction="none")
    optimiser.zero_grad(set_to_none=True)
    (losses * weights[labels.long()].to(device)).mean().backward()  # type: ignore[no-untyped-call]
    optimiser.step()
