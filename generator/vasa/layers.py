"""Building blocks that the encoders and the decoder share."""

from __future__ import annotations

from typing import Final

from torch import Tensor, nn
from torch.nn import functional

_GROUP: Final = 8
"""Channels of a group of the group norms."""


def conv(channels_in: int, channels_out: int, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    """A convolution that keeps the side, divided by the stride."""
    return nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2)


def norm(channels: int) -> nn.GroupNorm:
    """Group norm: unlike batch norm it does the same alone as in a batch."""
    return nn.GroupNorm(channels // _GROUP, channels)


def mlp(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Three linear layers."""
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, outputs)
    )


def zeroed(layer: nn.Module) -> None:
    """Let a layer answer nought until it learns better."""
    assert isinstance(layer, nn.Linear | nn.Conv2d) and layer.bias is not None
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)


class Residual(nn.Module):
    """Two convolutions around a shortcut; with a code, their norms are scaled and shifted by it (AdaGN).

    Dhariwal & Nichol, NeurIPS 2021, section 3.1.
    """

    def __init__(self, channels: int, code: int = 0) -> None:
        super().__init__()
        self.norms = nn.ModuleList([norm(channels), norm(channels)])
        self.convs = nn.ModuleList([conv(channels, channels), conv(channels, channels)])
        self.steer = nn.Linear(code, 4 * channels) if code else None
        zeroed(self.convs[1])

    def forward(self, x: Tensor, code: Tensor | None = None) -> Tensor:
        """Maps (N, C, H, W), and a code (N, code) where there is one, to (N, C, H, W)."""
        steering = None if self.steer is None or code is None else self.steer(code)[:, :, None, None].chunk(4, 1)
        y = x
        for i in range(2):
            y = self.norms[i](y)
            if steering is not None:
                y = y * (1 + steering[2 * i]) + steering[2 * i + 1]
            y = self.convs[i](functional.silu(y))
        return x + y


class Stage(nn.Module):
    """Residual blocks in a row."""

    def __init__(self, blocks: int, channels: int, code: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Residual(channels, code) for _ in range(blocks)])

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """Maps (N, C, H, W) and a code (N, code) to (N, C, H, W)."""
        for block in self.blocks:
            x = block(x, code)
        return x


def down(channels_in: int, channels_out: int, kernel: int = 3) -> nn.Sequential:
    """Half the side."""
    return nn.Sequential(conv(channels_in, channels_out, kernel, 2), norm(channels_out), nn.SiLU())


def standardised(pictures: Tensor) -> Tensor:
    """Each picture (N, C, H, W) to zero mean and unit deviation, so that exposure and contrast do not matter."""
    centred = pictures - pictures.mean((1, 2, 3), keepdim=True)
    deviation = centred.square().mean((1, 2, 3), keepdim=True).sqrt()
    return centred / (deviation + 0.02)
