"""The denoiser: a transformer over the frames before a window, the window, and the sound shortly after it.

As in VASA-1 (Xu et al., NeurIPS 2024, section 3.2) it predicts clean motion from noised motion and C = [previous
motion, previous sound; sound, gaze, distance, emotion]. What is asked for may differ from frame to frame, so it is
added to each frame; what is missing is replaced by a learned null token. What little noise there is, is taken away
(`schedule.mixture`): the paper does not say how it keeps small moves.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Final

import torch
from torch import Tensor, nn

from tellbench.generator.vasa.motion.frontends import LOG_MEL, Kind
from tellbench.generator.vasa.motion.schedule import mixture
from tellbench.generator.vasa.motion.script import N_ASKED
from tellbench.generator.vasa.motion.sizes import AHEAD, BEFORE, WINDOW, Size
from tellbench.generator.vasa.motion.space import N_MOTION

CONDITIONS: Final = ("audio", "gaze", "distance", "emotion")
"""What can be left out and guided by, besides the previous window."""
_ASKED: Final = CONDITIONS[1:]
_PERIODS: Final = 32
"""Sines and cosines that tell the noise level."""


@dataclasses.dataclass(frozen=True)
class Conditions:
    """What a batch of B windows of W frames is made from, standardised."""

    before: Tensor
    """(B, 10, 60): motion before the window."""
    follows: Tensor
    """(B,) bool: whether there is any; without it, the sound before is not heard either."""
    audio: Tensor
    """(B, 10 + W + 6, steps, numbers): sound before, in and after the window."""
    heard: Tensor
    """(B, 10 + W + 6) bool: frames of which the sound is known."""
    asked: Tensor
    """(B, W, 10): `Script.conditions`."""
    minded: Tensor
    """(B, 3) bool: which of gaze, distance and emotion are asked for."""

    def __len__(self) -> int:
        return len(self.before)

    @property
    def window(self) -> int:
        """Frames W."""
        return self.asked.shape[1]

    def without(self, name: str) -> Conditions:
        """The same with one of `CONDITIONS` left out."""
        if name == "audio":
            return dataclasses.replace(self, heard=torch.zeros_like(self.heard))
        minded = self.minded.clone()
        minded[:, _ASKED.index(name)] = False
        return dataclasses.replace(self, minded=minded)

    @classmethod
    def join(cls, parts: list[Conditions]) -> Conditions:
        """All windows of all parts."""
        return cls(*(torch.cat([getattr(part, f.name) for part in parts]) for f in dataclasses.fields(cls)))

    def to(self, device: torch.device | str) -> Conditions:
        """The same on another device."""
        return Conditions(*(getattr(self, f.name).to(device) for f in dataclasses.fields(self)))


class Ear(nn.Module):
    """Audio encoder: sound (B, N, steps, numbers) to one vector a frame, (B, N, D)."""

    def __init__(self, size: Size, kind: Kind) -> None:
        super().__init__()
        self.null = nn.Parameter(torch.zeros(kind.steps, kind.numbers))
        self.layers = nn.Sequential(
            nn.Conv1d(kind.numbers, size.ear, 5, padding=2),
            nn.GELU(),
            nn.Conv1d(size.ear, size.width, kind.steps, stride=kind.steps),
            nn.GELU(),
            nn.Conv1d(size.width, size.width, 3, padding=1),
        )

    def forward(self, audio: Tensor, heard: Tensor) -> Tensor:
        """Encode; frames that are not heard are the null frame."""
        sound = torch.where(heard[:, :, None, None], audio, self.null)
        encoded: Tensor = self.layers(sound.flatten(1, 2).mT)  # (B, D, N)
        return encoded.mT


class Denoiser(nn.Module):
    """Clean motion (B, W, 60) from noised motion, its noise level, and conditions."""

    places: Tensor

    def __init__(self, size: Size, kind: Kind = LOG_MEL) -> None:
        super().__init__()
        width = size.width
        self.ear = Ear(size, kind)
        self.before, self.noised = nn.Linear(N_MOTION, width), nn.Linear(N_MOTION, width)
        self.wishes = nn.ModuleList(nn.Linear(count, width) for count in N_ASKED)
        self.null_before, self.null_ahead = (nn.Parameter(0.02 * torch.randn(width)) for _ in range(2))
        self.null_wishes = nn.Parameter(0.02 * torch.randn(len(N_ASKED), width))
        self.level = nn.Sequential(nn.Linear(2 * _PERIODS, width), nn.GELU(), nn.Linear(width, width))
        self.register_buffer("places", _places(BEFORE + WINDOW + AHEAD, width), persistent=False)
        layer = nn.TransformerEncoderLayer(
            width, size.heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.body = nn.TransformerEncoder(layer, size.layers, nn.LayerNorm(width), enable_nested_tensor=False)
        self.out = nn.Linear(width, N_MOTION)

    def forward(self, noised: Tensor, time: Tensor, known: Conditions) -> Tensor:
        """Denoise.

        Args:
            noised: (B, W, 60).
            time: (B,) from 0 (clean) to 1 (noise).
            known: of the B windows.
        """
        count, window = noised.shape[:2]
        follows = known.follows[:, None]
        before = torch.where(follows[..., None], self.before(known.before), self.null_before)  # (B, 10, D)
        ahead = self.null_ahead.expand(count, AHEAD, -1)
        tokens = torch.cat([before, self.noised(noised) + self._wished(known), ahead], 1)  # (B, N, D)
        heard = torch.cat([known.heard[:, :BEFORE] & follows, known.heard[:, BEFORE:]], 1)
        tokens = tokens + self.ear(known.audio, heard) + self.level(_waves(time))[:, None]
        hidden = self.body(tokens + self.places[: tokens.shape[1]])
        kept, added = (share[:, None, None] for share in mixture(time))
        clean: Tensor = kept * noised + added * self.out(hidden[:, BEFORE : BEFORE + window])
        return clean

    def _wished(self, known: Conditions) -> Tensor:
        """What is asked of each frame, (B, W, D)."""
        parts = zip(
            self.wishes,
            known.asked.split_with_sizes(N_ASKED, -1),
            self.null_wishes,
            known.minded.unbind(1),
            strict=True,
        )
        wished = [torch.where(minded[:, None, None], layer(part), null) for layer, part, null, minded in parts]
        return torch.stack(wished).sum(0)


def _waves(time: Tensor) -> Tensor:
    """Noise levels (B,) as sines and cosines (B, 64)."""
    rates = torch.exp(torch.linspace(0, math.log(1000.0), _PERIODS, device=time.device))
    angles = time[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)


def _places(length: int, width: int) -> Tensor:
    """Sinusoidal positions (length, width) (Vaswani et al. 2017)."""
    rates = torch.exp(-math.log(10_000.0) * torch.arange(0, width, 2) / width)
    angles = torch.arange(length)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :width]
