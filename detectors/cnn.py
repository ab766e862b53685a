"""Any timm image model on face crops, frame by frame, averaged over the clip."""

from __future__ import annotations

import copy
import dataclasses
import difflib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

from tellbench.datasets.clip import FORGED, PRISTINE, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.scores import ScoreTable
from tellbench.detectors.augment import augment
from tellbench.detectors.base import Detector, Evidence, Picture, Plot
from tellbench.detectors.crops import COUNT, Crops, face_crops
from tellbench.detectors.cues import Cues, check_backend, extract
from tellbench.detectors.devices import torch_device
from tellbench.detectors.fitting import Floats, check_classes, fit_temperature, has_both, log_loss, logistic
from tellbench.detectors.saliency import overlay, saliency, to_pixels
from tellbench.detectors.storage import broken, read_detector, save_detector
from tellbench.detectors.windows import crop_tensor, fixed_windows, model_input, random_windows, spread_labels
from tellbench.errors import InputError

BATCH: Final = 32
LEARNING_RATE: Final = 2e-3
"""Peak of the one-cycle schedule of AdamW; small models from scratch (assumption)."""
WEIGHT_DECAY: Final = 0.02
SHOWN: Final = 4
"""Frames of the evidence in which the model's gaze is shown."""
PATIENCE: Final = 6
"""Epochs without a better validation loss after which the second half of the training stops."""


def check_backbone(backbone: str) -> str:
    """The name itself where timm knows it.

    Raises:
        InputError: it does not; near names are offered.
    """
    if backbone not in timm.list_models():
        near = difflib.get_close_matches(backbone, timm.list_models(), n=3, cutoff=0.4)
        hint = f"did you mean {', '.join(near)}?" if near else "see timm.list_models()"
        raise InputError(f"backbone {backbone!r} is no timm model; {hint}")
    return backbone


def build_model(backbone: str, size: int, outputs: int = 1) -> nn.Module:
    """A timm model for `size` x `size` input, from scratch: no weights are downloaded.

    Args:
        backbone: name of the model.
        size: side of its input in pixels.
        outputs: numbers that it gives for a picture; 0 for its features.

    Raises:
        InputError: timm has no such model, or it cannot take the size.
    """
    settings: dict[str, Any] = {"pretrained": False, "num_classes": outputs}
    check_backbone(backbone)
    try:
        try:
            model: nn.Module = timm.create_model(backbone, img_size=size, **settings)  # transformers need it
        except TypeError:
            model = timm.create_model(backbone, **settings)
        with torch.no_grad():
            output = model.eval()(torch.zeros(1, 3, size, size))
    except (TypeError, ValueError, RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise InputError(
            f"backbone {backbone!r} cannot take {size} x {size} crops ({reason}); change size or backbone"
        ) from error
    if output.ndim != 2 or outputs not in (0, output.shape[1]):
        raise InputError(f"backbone {backbone!r} gives no single score; choose an image classifier")
    return model


@dataclasses.dataclass(frozen=True)
class _Examples:
    """Clips with the crops that stand for them."""

    clips: list[Clip]
    images: list[Tensor]
    """uint8 (N, C, S, S) each."""

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        return np.array([clip.label for clip in self.clips], np.int64)


@dataclasses.dataclass(frozen=True)
class Fit:
    """What training left behind."""

    model: nn.Module
    temperature: float
    facts: dict[str, Any]
    """Epochs, losses and counts of clips."""


def _first_of_each(crops: Crops, count: int) -> npt.NDArray[np.int64]:
    """Index of the first frame of each of the frames, or runs of frames, that are scored, (count,)."""
    return crops.indices[:: len(crops.indices) // count]


class Cnn(Detector):
    """Frame scores of a convolutional or other timm model; the clip's score is the logistic of their mean log odds.

    Trained from scratch on windows of the face crops with augmentation; the epoch of least validation loss is kept.
    Memory grows with the number of clips (1 to 2 MB each at the defaults), not with their length.

    Args:
        backbone: any timm model.
        size: side of the windows in pixels.
        frames: crops a clip.
        epochs: passes over all crops, at most.
        residual: show the model the high-pass residual instead of the picture; with thousands of clips, or time, the
            picture itself may do better.
        seed: initial weights, order and augmentation.
        backend: landmark source of the face boxes.
        device: `auto`, `cpu` or `cuda`.
    """

    name = "cnn"
    unit: ClassVar[str] = "frame"
    """What is scored one by one."""

    def __init__(
        self,
        backbone: str = "test_byobnet",
        size: int = 112,
        frames: int = COUNT,
        epochs: int = 12,
        residual: bool = True,
        seed: int = 0,
        backend: str = "network",
        device: str = "auto",
    ) -> None:
        for name, value, least in (("size", size, 32), ("frames", frames, 1), ("epochs", epochs, 1)):
            if value < least:
                raise InputError(f"{self.name} {name} {value}; at least {least} is needed")
        self.backbone = check_backbone(backbone)
        self.size = size
        self.frames = frames
        self.epochs = epochs
        self.residual = residual
        self.seed = seed
        self.backend = check_backend(backend)
        self.device = device
        self.fitted: Fit | None = None

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
            facts = self._train(model, seen, judges)
        logits = np.array([float(self._logits(model, images).mean()) for images in judges.images])
        temperature = fit_temperature(logits, judges.labels) if len(logits) else 1.0
        counts = {"train": len(seen.clips), "val": len(judges.clips)}
        missing = {"train_unusable": len(train) - len(seen.clips), "val_unusable": len(val) - len(judges.clips)}
        self.fitted = Fit(model, temperature, {**facts, "clips": {**counts, **missing}})
        return self

    def score(self, clips: Corpus) -> ScoreTable:
        """One score a clip, and one a frame; NaN where no face can be found or the video cannot be read.

        Raises:
            InputError: the detector is not fitted.
        """
        fit = self._fit()
        scores = dict.fromkeys((clip.clip_id for clip in clips), float("nan"))
        frames = []
        for clip, crops in self._crops(clips):
            logits = self._logits(fit.model, self.images(crops))
            scores[clip.clip_id] = float(logistic(float(logits.mean()), fit.temperature))
            each = {"frame": _first_of_each(crops, len(logits)), "score": logistic(logits, fit.temperature)}
            frames.append(pd.DataFrame({"clip_id": clip.clip_id, **each}))
        return ScoreTable(scores, pd.concat(frames) if frames else None)

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

    def evidence(self, clip: Clip) -> Evidence:
        """Score of each sampled frame over time, where the model looks, and the size of the face box."""
        try:
            cues = extract(clip, self.backend, self.device)
            crops = self.crops(clip, cues)
        except InputError as error:
            return Evidence(self.name, None, {"problem": str(error)})
        images = self.images(crops)
        scored = _first_of_each(crops, len(images))
        times = scored / cues.fps
        facts: dict[str, float | int | str] = {
            "backbone": self.backbone,
            "frames seen": len(crops.indices),
            "crop side, pixels": crops.side,
            "input side, pixels": self.size,
        }
        sides = cues.boxes[scored, 2:] - cues.boxes[scored, :2]  # (N, 2)
        box = Plot("Face box", "time, s", "longer side, pixels", times, {"box": sides.max(1).astype(float)})
        if self.fitted is None:
            return Evidence(self.name, None, facts, (box,))
        logits = self._logits(self.fitted.model, images)
        frames = logistic(logits, self.fitted.temperature)
        score = float(logistic(float(logits.mean()), self.fitted.temperature))
        facts[f"{self.unit}s above 0.5"] = int((frames > 0.5).sum())
        label = "score, higher = more likely forged"
        plot = Plot(f"Score of each {self.unit}", "time, s", label, times, {self.unit: frames})
        return Evidence(self.name, score, facts, (plot, box), self.looks(self.fitted.model, images, times, frames))

    def build(self) -> nn.Module:
        """The untrained model."""
        return build_model(self.backbone, self.size)

    def crops(self, clip: Clip, cues: Cues) -> Crops:
        """What is seen of a clip.

        Raises:
            InputError: no face can be seen.
        """
        return face_crops(clip, cues, self.frames)

    def images(self, crops: Crops) -> Tensor:
        """What the model scores one by one, uint8 (N, C, S, S)."""
        return crop_tensor(crops, self.size)

    def looks(self, model: nn.Module, images: Tensor, times: Floats, frames: Floats) -> tuple[Picture, ...]:
        """Where the model looks in the middle of the frames that seem most forged."""
        rows = np.sort(np.argsort(-frames, kind="stable")[:SHOWN])
        windows = fixed_windows(images[torch.from_numpy(rows)], self.size)[0].float() / 255
        heat = saliency(model, model_input(windows.to(next(model.parameters()).device), self.residual))
        if heat is None:
            return ()
        return tuple(
            Picture(f"{times[row]:.1f} s, score {frames[row]:.2f}", to_pixels(overlay(window, warm)))
            for row, window, warm in zip(rows, windows, heat.cpu(), strict=True)
        )

    def _fit(self) -> Fit:
        if self.fitted is None:
            raise InputError(
                f"detector {self.name!r} is not trained; call fit or load a trained one (`tellbench train`)"
            )
        return self.fitted

    def _crops(self, clips: Corpus) -> Iterator[tuple[Clip, Crops]]:
        """Clips with a face and their crops; the others are logged."""
        for clip in clips:
            try:
                yield clip, self.crops(clip, extract(clip, self.backend, self.device))
            except InputError as error:
                logging.getLogger(__name__).warning("%s cannot measure clip %s: %s", self.name, clip.clip_id, error)

    def _examples(self, clips: Corpus) -> _Examples:
        found = [(clip, self.images(crops)) for clip, crops in self._crops(clips)]
        return _Examples([clip for clip, _ in found], [images for _, images in found])

    def _train(self, model: nn.Module, seen: _Examples, judges: _Examples) -> dict[str, Any]:
        """Fit the model in place, keep its best epoch, and say how it went."""
        images = [image for crops in seen.images for image in crops]  # M of (C, S, S)
        labels = spread_labels(seen.labels, seen.images)  # (M,)
        share = float((labels == FORGED).float().mean())
        weights = torch.where(labels == FORGED, 0.5 / share, 0.5 / (1 - share))
        generator = torch.Generator().manual_seed(self.seed)
        steps = max(1, len(images) // BATCH)
        optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=self.epochs * steps)
        judged = has_both(judges.labels)
        best, best_loss, best_epoch, epoch = copy.deepcopy(model.state_dict()), float("inf"), 0, 0
        for epoch in range(1, self.epochs + 1):
            model.train()
            order = torch.randperm(len(images), generator=generator)
            for start in range(0, steps * BATCH, BATCH):
                rows = order[start : start + BATCH]
                windows = random_windows([images[row] for row in rows], self.size, generator)
                self._step(model, optimiser, windows, labels[rows], weights[rows], generator)
                schedule.step()
            if not judged:
                continue
            logits = np.array([float(self._logits(model, crops, 1).mean()) for crops in judges.images])
            loss = log_loss(logistic(logits), judges.labels)
            if loss < best_loss:
                best, best_loss, best_epoch = copy.deepcopy(model.state_dict()), loss, epoch
            if epoch - max(best_epoch, self.epochs // 2) >= PATIENCE:
                break
        if judged:
            model.load_state_dict(best)
        model.eval()
        return {"epochs": epoch, "best_epoch": best_epoch, "val_log_loss": best_loss if judged else None}

    def _step(
        self,
        model: nn.Module,
        optimiser: torch.optim.Optimizer,
        windows: Tensor,
        labels: Tensor,
        weights: Tensor,
        generator: torch.Generator,
    ) -> None:
        """One update from windows (B, C, size, size)."""
        device = next(model.parameters()).device
        inputs = model_input(augment(windows.to(device).float() / 255, generator), self.residual)
        logits = model(inputs)[:, 0]  # (B,)
        losses = functional.binary_cross_entropy_with_logits(logits, labels.to(device), reduction="none")
        optimiser.zero_grad(set_to_none=True)
        (losses * weights.to(device)).mean().backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    @torch.inference_mode()
    def _logits(self, model: nn.Module, images: Tensor, count: int = 5) -> Floats:
        """Log odds of each image (N, C, S, S), the mean over its first `count` windows: (N,)."""
        model.eval()
        windows = fixed_windows(images, self.size)[:count].to(next(model.parameters()).device)  # (W, N, C, size, size)
        inputs = model_input(windows.flatten(0, 1).float() / 255, self.residual)
        logits = model(inputs)[:, 0].double().view(len(windows), -1)  # (W, N)
        return np.asarray(logits.mean(0).cpu().numpy())
