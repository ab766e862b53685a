"""How noise is taken away: guidance, and a sampler of few steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Final, Literal

import torch
from torch import Tensor

from tellbench.errors import InputError
from tellbench.generator.vasa.motion.network import Conditions
from tellbench.generator.vasa.motion.schedule import signal

Solver = Literal["ddim", "dpm"]
Denoise = Callable[[Tensor, Tensor, Conditions], Tensor]

_START: Final = 0.999
"""Where sampling begins: at 1 nothing of the motion is left, and half-log-odds are infinite."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sampling:
    """How motion is drawn: what the benchmark turns."""

    steps: int = 10
    """Evaluations of the guided network for each window."""
    solver: Solver = "dpm"
    """`ddim` (Song et al. 2021, no noise added), or `dpm`: DPM-Solver++ 2M (Lu et al. 2022)."""
    audio: float = 1.0
    gaze: float = 1.0
    distance: float = 0.0
    emotion: float = 0.0
    """Scales of guidance; VASA-1's are 0.5 for audio and 1 for gaze. Each that is not 0 costs one more pass a step.

    With 1 for audio lips and heads go with the voice better than with 0.5, at no cost (`weights/README.md`).
    """

    def __post_init__(self) -> None:
        """Numbers are in range.

        Raises:
            InputError: they are not.
        """
        if not 1 <= self.steps <= 1000:
            raise InputError(f"{self.steps} sampler steps; allowed: 1 to 1000")
        for name, scale in self.scales.items():
            if not 0 <= scale <= 10:
                raise InputError(f"guidance {name} = {scale:g}; allowed: 0 to 10")

    @property
    def scales(self) -> dict[str, float]:
        """Guidance by condition."""
        return {name: getattr(self, name) for name in ("audio", "gaze", "distance", "emotion")}


def guided(denoise: Denoise, noised: Tensor, time: Tensor, known: Conditions, scales: dict[str, float]) -> Tensor:
    """Classifier-free guidance for each condition by itself, all passes in one batch.

    (1 + sum of scales) H(C) - sum over c of scale_c H(C without c): VASA-1, equation 2.
    """
    used = {name: scale for name, scale in scales.items() if scale}
    every = Conditions.join([known, *(known.without(name) for name in used)])
    copies = 1 + len(used)
    full, *lacking = denoise(noised.repeat(copies, 1, 1), time.repeat(copies), every).chunk(copies)
    return full + sum((scale * (full - part) for part, scale in zip(lacking, used.values(), strict=True)), 0 * full)


def sample(denoise: Denoise, noise: Tensor, known: Conditions, sampling: Sampling) -> Tensor:
    """Motion (B, W, 60), standardised, out of noise of that shape."""
    times = torch.linspace(_START, 0, sampling.steps + 1, device=noise.device)
    alphas, sigmas = signal(times)
    odds = (alphas / sigmas.clamp(min=1e-6)).log()
    noised, last = noise, None
    for i in range(sampling.steps):
        clean = guided(denoise, noised, times[i].expand(len(noise)), known, sampling.scales)
        ahead = clean
        if sampling.solver == "dpm" and last is not None and i + 1 < sampling.steps:
            ahead = clean + 0.5 * (odds[i + 1] - odds[i]) / (odds[i] - odds[i - 1]) * (clean - last)
        shrink = sigmas[i + 1] / sigmas[i]
        noised, last = shrink * noised + (alphas[i + 1] - alphas[i] * shrink) * ahead, clean
    return noised
