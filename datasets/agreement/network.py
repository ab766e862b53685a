"""Twin networks: one tower for how the face moves, one for how it sounds; what belongs together comes out close.

`SyncNet` embeds every frame with 13 frames (0.52 s) about it, after Chung & Zisserman 2016 (ACCV workshops), with all
other moments as rivals, as in Chung, Chung & Kang 2019 (arXiv 1809.08001). `Capp` embeds windows of 3 s, as VASA-1's
CAPP does (arXiv 2404.10667, section 4). Both look at measurements, not at pixels, and were trained here: their values
are not comparable with those of the published networks.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Final, Self

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional

from tellbench.datasets.agreement.hearing import N_HEARD
from tellbench.datasets.agreement.measures import ANGLES, MOUTH, RATE
from tellbench.datasets.files import atomic_path
from tellbench.errors import InputError

WEIGHTS: Final = Path(__file__).parent / "weights"
"""Folder of the networks that ship, `NAME.safetensors`."""
MARGIN: Final = 6
"""Frames on either side of the one whose lips and sound are embedded."""
WINDOW: Final = 3 * RATE
"""Frames of a window of `Capp`."""
_WIDTH: Final = 56
_EMBEDDING: Final = 32
_KERNEL: Final = 5


class Tower(nn.Module):
    """Standardise, three convolutions over time without padding, a unit vector for each place that is left."""

    mean: Tensor
    scale: Tensor

    def __init__(self, n_in: int, stride: int = 1) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_in))
        self.register_buffer("scale", torch.ones(n_in))
        self.enter = nn.Conv1d(n_in, _WIDTH, 1)
        self.convolutions = nn.ModuleList(nn.Conv1d(_WIDTH, _WIDTH, _KERNEL, stride) for _ in range(3))
        self.leave = nn.Conv1d(_WIDTH, _EMBEDDING, 1)

    def standardise(self, examples: Tensor) -> None:
        """Take mean and spread from examples (N, C)."""
        self.mean.copy_(examples.mean(0))
        self.scale.copy_(examples.std(0).clamp(min=1e-3))

    def forward(self, track: Tensor) -> Tensor:
        """Tracks (B, T, C) to (B, T', 32), not of unit length yet."""
        hidden = functional.gelu(self.enter(((track - self.mean) / self.scale).mT))
        for convolution in self.convolutions:
            hidden = functional.gelu(convolution(hidden))
        left: Tensor = self.leave(hidden).mT
        return left


class Twins(nn.Module):
    """Two towers and the sharpness of their agreement."""

    name: ClassVar[str]
    n_moves: ClassVar[int]
    """Numbers of a frame of motion."""
    stride: ClassVar[int]
    """Of each convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.moves, self.sound = Tower(self.n_moves, self.stride), Tower(N_HEARD, self.stride)
        self.sharpness = nn.Parameter(torch.tensor(2.0))

    def forward(self, moves: Tensor, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Unit vectors of both."""
        raise NotImplementedError

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """The network that ships, or another file of its kind.

        Raises:
            InputError: the file is absent, damaged, or of another network.
        """
        path = path or WEIGHTS / f"{cls.name}.safetensors"
        network = cls()
        try:
            network.load_state_dict({k: v.float() for k, v in safetensors.torch.load_file(path).items()})
        except (OSError, RuntimeError, SafetensorError) as error:
            hint = "make it with `python -m tellbench.datasets.agreement.fit`"
            raise InputError(f"{path}: no readable {cls.name} network ({str(error)[:120]}); {hint}") from error
        return network.eval()

    def save(self, path: Path) -> None:
        """Write what `load` reads, in half precision."""
        state = {name: value.half().contiguous() for name, value in self.state_dict().items()}
        with atomic_path(path) as part:
            safetensors.torch.save_file(state, part, {"made_by": "tellbench.datasets.agreement.fit"})


class SyncNet(Twins):
    """Lips and sound, frame by frame."""

    name = "sync"
    n_moves = len(MOUTH)
    stride = 1

    def forward(self, moves: Tensor, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Unit vectors (B, T - 12, 32) of mouths (B, T, 8) about their median and of sound (B, T, 120)."""
        return functional.normalize(self.moves(moves), dim=-1), functional.normalize(self.sound(sound), dim=-1)


class Capp(Twins):
    """Head and sound, window by window."""

    name = "capp"
    n_moves = 2 * len(ANGLES)
    stride = 2

    def __init__(self) -> None:
        super().__init__()
        places = self.moves(torch.zeros(1, WINDOW, self.n_moves)).shape[1]
        self.join_moves, self.join_sound = (nn.Linear(places * _EMBEDDING, _EMBEDDING) for _ in range(2))

    def forward(self, moves: Tensor, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Unit vectors (B, 32) of head angles (B, 75, 3) and of sound (B, 75, 120)."""
        about = moves - moves.mean(1, keepdim=True)
        speed = functional.pad(moves.diff(dim=1), (0, 0, 1, 0)) * RATE / 10  # about the size of the angles
        head = self.join_moves(functional.gelu(self.moves(torch.cat([about, speed], -1))).flatten(1))
        voice = self.join_sound(functional.gelu(self.sound(sound)).flatten(1))
        return functional.normalize(head, dim=-1), functional.normalize(voice, dim=-1)
