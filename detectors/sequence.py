"""Sequence forms of the blink and brow detectors: a small convolutional network on the track itself, not on statistics.

What no statistic was made for, such as the shape of a closure or what follows what, is left to the network to find.
"""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tellbench.datasets.agreement.measures import RATE, at_rate
from tellbench.datasets.clip import Clip
from tellbench.detectors.base import Evidence, Plot
from tellbench.detectors.behaviour import about, checked
from tellbench.detectors.brow import steady_brows
from tellbench.detectors.cues import Cues, check_backend, extract
from tellbench.detectors.events import closure
from tellbench.detectors.fitting import Floats, logistic
from tellbench.detectors.network import NetworkDetector
from tellbench.detectors.voice import listen
from tellbench.errors import InputError

WINDOW: Final = 8 * RATE
"""Frames of 40 ms that are scored together: at 26 blinks a minute three or four fall into 8 s."""
STRIDE: Final = 2 * RATE
"""Frames from one window to the next."""
GAIN: Final = 0.15
"""Largest relative change of the size of movements in training, as landmarks of other faces vary (assumption)."""
BROW_GAIN: Final = 20.0
"""Brings brow heights, hundredths of the outer eye distance, to about unit size."""
_SIDES: Final = 2
"""The first two channels are the subject's right and left."""


_BESIDE: Final = {"known": "0 or 1", "speech": "0 or 1", "pitch": "standard deviations"}
"""Channels that every track has beside those of the two sides, with their units."""


class SequenceModel(nn.Module):
    """Convolutions over time, halving its rate three times, then the mean and the largest of each feature.

    Args:
        channels: of the track.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        widths = (channels, 24, 32, 48)
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            layers += [nn.Conv1d(before, after, 7, stride=2, padding=3), nn.BatchNorm1d(after), nn.ReLU()]
        self.features = nn.Sequential(*layers, nn.Dropout(0.2))
        self.head = nn.Linear(2 * widths[-1], 1)

    def forward(self, windows: Tensor) -> Tensor:
        """Windows (B, C, T) to log odds (B, 1)."""
        found = self.features(windows)
        odds: Tensor = self.head(torch.cat([found.mean(2), found.amax(2)], 1))
        return odds


class SequenceDetector(NetworkDetector):
    """Windows of a track at 25 frames a second -> log odds; the clip's score is the logistic of their mean.

    Args:
        epochs: passes over all clips, at most.
        seed: initial weights, order and augmentation.
        backend: landmark source.
        device: `auto`, `cpu` or `cuda`.
    """

    unit: ClassVar[str] = "window"
    channels: ClassVar[Mapping[str, str]]
    """Name to unit of each channel; the two sides of the face first."""

    def __init__(self, epochs: int = 120, seed: int = 0, backend: str = "network", device: str = "auto") -> None:
        if epochs < 1:
            raise InputError(f"{self.name} epochs {epochs}; at least 1 is needed")
        self.epochs = epochs
        self.seed = seed
        self.backend = check_backend(backend)
        self.device = device

    @abstractmethod
    def sides(self, cues: Cues) -> Floats:
        """What both sides of the face do, about unit size, right and left, (T, 2), NaN where unknown."""

    def track(self, clip: Clip) -> tuple[Cues, Tensor]:
        """Cues, and the track (C, T) at 25 frames a second: sides, whether they are known, then the voice.

        Raises:
            InputError: unreadable, or a face in too few frames.
        """
        cues = checked(extract(clip, self.backend, self.device), clip)
        sides = at_rate(self.sides(cues).astype(np.float32), cues.fps)  # (T, 2)
        known = np.isfinite(sides).all(1)
        rows = [*np.where(known, sides.T, 0.0), known.astype(float), *self._voice(clip, cues, len(sides))]
        return cues, torch.from_numpy(np.stack(rows)).float()

    def _voice(self, clip: Clip, cues: Cues, length: int) -> Floats:
        """Speech (0 or 1) and pitch in standard deviations, (2, T); zeros without sound."""
        voice = listen(clip, cues.duration_s)
        if voice is None:
            return np.zeros((2, length))
        times = (np.arange(length) + 0.5) / RATE
        return np.stack([voice.at(times, voice.speaking), voice.at(times, voice.pitch)])

    def build(self) -> nn.Module:
        """The untrained model."""
        return SequenceModel(len(self.channels))

    def pieces(self, clip: Clip) -> Tensor:
        """The whole track as one piece, (1, C, T).

        Raises:
            InputError: unreadable, or a face in too few frames.
        """
        return self.track(clip)[1][None]

    def batch(self, pieces: list[Tensor], labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """A window of each track at a random place, movements somewhat larger or smaller, half of them mirrored."""
        draws = torch.rand(len(pieces), 3, generator=generator)
        windows = []
        for piece, (place, gain, mirrored) in zip(pieces, draws.tolist(), strict=True):
            start = int(place * (max(0, piece.shape[1] - WINDOW) + 1))
            window = _padded(piece[:, start : start + WINDOW]).clone()
            window[:_SIDES] *= 1 + GAIN * (2 * gain - 1)
            windows.append(torch.cat([window[:_SIDES].flip(0), window[_SIDES:]]) if mirrored < 0.5 else window)
        return torch.stack(windows), labels

    @torch.inference_mode()
    def log_odds(self, model: nn.Module, pieces: Tensor, quick: bool = False) -> Floats:
        """Of each window of a track (1, C, T), (N,)."""
        track = _padded(pieces[0])
        windows = track.unfold(1, WINDOW, STRIDE).movedim(1, 0)  # (N, C, WINDOW)
        last = track[None, :, -WINDOW:]  # so that the end is seen
        seen = windows if (track.shape[1] - WINDOW) % STRIDE == 0 else torch.cat([windows, last])
        device = next(model.parameters()).device
        return np.asarray(model.eval()(seen.to(device))[:, 0].double().cpu().numpy())

    def evidence(self, clip: Clip) -> Evidence:
        """The track, and the score of each window at its middle."""
        try:
            cues, track = self.track(clip)
        except InputError as error:
            return Evidence(self.name, None, {"problem": str(error)})
        times = (np.arange(track.shape[1]) + 0.5) / RATE
        known = track[_SIDES].numpy() > 0
        series = {name: np.where(known, track[i].double().numpy(), np.nan) for i, name in enumerate(self.channels)}
        shown = {name: series[name] for name in list(self.channels)[:_SIDES]}
        plot = Plot("Track", "time, s", next(iter(self.channels.values())), times, shown)
        if self.fitted is None:
            return Evidence(self.name, None, about(cues), (plot,))
        logits = self.log_odds(self.fitted.model, track[None])
        facts = {**about(cues), "windows of 8 s": len(logits)}
        scores = logistic(logits, self.fitted.temperature)
        starts = np.minimum(np.arange(len(logits)) * STRIDE, max(0, len(times) - WINDOW))
        middles = (starts + min(WINDOW, len(times)) / 2) / RATE
        label = "score, higher = more likely forged"
        windows = Plot("Score of each window", "time of its middle, s", label, middles, {"window": scores})
        score = float(logistic(float(logits.mean()), self.fitted.temperature))
        return Evidence(self.name, score, facts, (windows, plot))


class BlinkSequence(SequenceDetector):
    """A network on the closure of both lids and the pauses of the voice."""

    name = "blink-sequence"
    channels: ClassVar[Mapping[str, str]] = {
        "right lid": "closure (1 = shut)",
        "left lid": "closure (1 = shut)",
        **_BESIDE,
    }

    def sides(self, cues: Cues) -> Floats:
        """Closure against each lid's own open level."""
        return np.where(cues.found[:, None], closure(cues.aperture, cues.fps), np.nan)


class BrowSequence(SequenceDetector):
    """A network on the height of both brows, and the voice that they go with."""

    name = "brow-sequence"
    version = 2
    channels: ClassVar[Mapping[str, str]] = {
        "right brow": "height about its median, 0.05 outer eye distances",
        "left brow": "height about its median, 0.05 outer eye distances",
        **_BESIDE,
    }

    def sides(self, cues: Cues) -> Floats:
        """Heights about the clip's median, so that nobody's face tells."""
        heights = steady_brows(cues)
        return np.asarray(BROW_GAIN * (heights - np.nanmedian(heights, 0)))


def _padded(track: Tensor) -> Tensor:
    """A track (C, T) continued with unknown frames to `WINDOW`."""
    return functional.pad(track, (0, max(0, WINDOW - track.shape[1])))
