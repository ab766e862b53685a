"""Noise and time, and how clean motion is put together from noised motion and what the network says.

Time runs from 0 (clean) to 1 (noise); a noised x is alpha x + sigma noise with alpha^2 + sigma^2 = 1.
"""

from __future__ import annotations

import math
from typing import Final

from torch import Tensor

_OFFSET: Final = 0.008
"""Nichol & Dhariwal 2021, "Improved DDPM", equation 17."""
_SPREAD: Final = 0.5
"""Standard deviation of motion about what is known of it beforehand: Karras et al. 2022's sigma_data."""
_LEAST_SIGMA: Final = 0.02
"""Below it nothing is left to be taken away: errors would count without bounds."""


def signal(time: Tensor) -> tuple[Tensor, Tensor]:
    """Alpha and sigma at times: alpha is a cosine."""
    angle = (time + _OFFSET) / (1 + _OFFSET) * math.pi / 2
    first = math.cos(_OFFSET / (1 + _OFFSET) * math.pi / 2)
    alpha = (angle.cos() / first).clamp(0, 1)
    return alpha, (1 - alpha * alpha).sqrt()


def noise_in(clean: Tensor, time: Tensor, noise: Tensor) -> Tensor:
    """Clean motion (B, W, C) at times (B,)."""
    alpha, sigma = (part[:, None, None] for part in signal(time))
    return alpha * clean + sigma * noise


def mixture(time: Tensor) -> tuple[Tensor, Tensor]:
    """Shares of noised motion and of the network's output in clean motion, at times (B,).

    Where there is little noise the motion is kept and a little of it taken away, so that small quick moves, nods and
    saccades, are not drawn anew by a network whose errors are as large as they (Karras et al. 2022, "Elucidating the
    design space of diffusion-based generative models", table 1, for noised motion whose power stays 1).

    >>> import torch
    >>> [[round(float(share), 2) for share in at] for at in zip(*mixture(torch.tensor([0.0, 0.1, 1.0])))]
    [[1.0, 0.02], [0.91, 0.16], [0.0, 0.5]]
    """
    alpha, sigma = signal(time)
    sigma = sigma.clamp(min=_LEAST_SIGMA)
    whole = (alpha * _SPREAD).square() + sigma.square()
    return alpha * _SPREAD**2 / whole, sigma * _SPREAD / whole.sqrt()
