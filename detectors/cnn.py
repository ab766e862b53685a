"""Any timm image model on face crops, frame by frame, averaged over the clip."""

from __future__ import annotations

import difflib
from typing import Any, ClassVar, Final

import numpy as np
import timm
import torch
from torch import Tensor, nn

from tellbench.datasets.clip import Clip
from tellbench.detectors.augment import augment
from tellbench.detectors.base import Evidence, Picture, Plot
from tellbench.detectors.crops import COUNT, Crops, face_crops
from tellbench.detectors.cues import Cues, check_backend, extract
from tellbench.detectors.devices import torch_device
from tellbench.detectors.fitting import Floats, logistic
from tellbench.detectors.network import Indices, NetworkDetector
from tellbench.detectors.saliency import overlay, saliency, to_pixels
from tellbench.detectors.windows import crop_tensor, fixed_windows, model_input, random_windows
from tellbench.errors import InputError

SHOWN: Final = 4
"""Frames of the evidence in which the model's gaze is shown."""


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


def _firsts(crops: Crops, count: int) -> Indices:
    """The frame that each of `count` images or runs of crops begins with, (count,)."""
    return crops.indices[:: len(crops.indices) // count]


class Cnn(NetworkDetector):
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

    def evidence(self, clip: Clip) -> Evidence:
        """Score of each sampled frame over time, where the model looks, and the size of the face box."""
        try:
            cues = extract(clip, self.backend, self.device)
            crops = self.crops(clip, cues)
        except InputError as error:
            return Evidence(self.name, None, {"problem": str(error)})
        images = self.images(crops)
        scored = _firsts(crops, len(images))
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
        logits = self.log_odds(self.fitted.model, images)
        frames = logistic(logits, self.fitted.temperature)
        score = float(logistic(float(logits.mean()), self.fitted.temperature))
        facts[f"{self.unit}s above 0.5"] = int((frames > 0.5).sum())
        label = "score, higher = more likely forged"
        plot = Plot(f"Score of each {self.unit}", "time, s", label, times, {self.unit: frames})
        return Evidence(self.name, score, facts, (plot, box), self.looks(self.fitted.model, images, times, frames))

    def build(self) -> nn.Module:
        """The untrained model."""
        return build_model(self.backbone, self.size)

    def pieces(self, clip: Clip) -> Tensor:
        """What the model scores one by one, uint8 (N, C, S, S).

        Raises:
            InputError: unreadable, or no face.
        """
        return self.images(self.crops(clip, extract(clip, self.backend, self.device)))

    def starts(self, clip: Clip, count: int) -> Indices:
        """The frame of each image, or the first of each run."""
        return _firsts(self.crops(clip, extract(clip, self.backend, self.device)), count)

    def batch(self, pieces: list[Tensor], labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Windows at random places, changed at random."""
        windows = random_windows(pieces, self.size, generator).to(torch_device(self.device))
        return model_input(augment(windows.float() / 255, generator), self.residual), labels

    @torch.inference_mode()
    def log_odds(self, model: nn.Module, pieces: Tensor, quick: bool = False) -> Floats:
        """Of each image (N, C, S, S), the mean over its windows, or of the middle one alone: (N,)."""
        windows = fixed_windows(pieces, self.size)[: 1 if quick else None].to(next(model.parameters()).device)
        inputs = model_input(windows.flatten(0, 1).float() / 255, self.residual)  # (W * N, C, size, size)
        logits = model.eval()(inputs)[:, 0].double().view(len(windows), -1)  # (W, N)
        return np.asarray(logits.mean(0).cpu().numpy())

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
