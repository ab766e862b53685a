"""The motion model: the denoiser with the statistics of motion and sound, saved and loaded as one."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import torch
from torch import Tensor, nn

from tellbench.generator.vasa.motion.frontends import LOG_MEL, Kind
from tellbench.generator.vasa.motion.network import Denoiser
from tellbench.generator.vasa.motion.sizes import SIZES, Size
from tellbench.generator.vasa.motion.space import N_MOTION, N_POSE, motion_columns
from tellbench.generator.vasa.sizes import size_named
from tellbench.generator.vasa.state import read_weights, write_weights

SHIPPED: Final = Path(__file__).parents[1] / "weights" / "motion.safetensors"
"""Weights that come with Tellbench."""
_LEAST_SCALE: Final = (0.5, 0.05, 0.2)
"""Degrees or mm, coefficients, and units of pitch and log power: what moves less counts less (assumption)."""
_LEAST_LIDS: Final = 0.3
"""Of lids: they hardly move but for blinks, and what lies many spreads off is told from noise in the first step of
sampling or never (assumption)."""
_EDITION: Final = 2
"""Of what the denoiser's output means: 2 since `schedule.mixture`."""
_REMEDY: Final = "train one with `tellbench fit-generator motion`"


class MotionModel(nn.Module):
    """Denoiser and statistics.

    Args:
        size: of the denoiser.
        kind: features of sound that it hears.
    """

    motion_mean: Tensor
    motion_scale: Tensor
    sound_mean: Tensor
    sound_scale: Tensor

    def __init__(self, size: Size, kind: Kind = LOG_MEL) -> None:
        super().__init__()
        self.size, self.kind = size, kind
        self.denoiser = Denoiser(size, kind)
        for name, count in (("motion", N_MOTION), ("sound", kind.numbers)):
            self.register_buffer(f"{name}_mean", torch.zeros(count))
            self.register_buffer(f"{name}_scale", torch.ones(count))

    @torch.no_grad()
    def learn_statistics(self, motion: Tensor, sound: Tensor) -> None:
        """Take mean and spread from motion (N, 60) and sound (N, numbers)."""
        least = motion.new_full((N_MOTION,), _LEAST_SCALE[1])
        least[:N_POSE] = _LEAST_SCALE[0]
        least[motion_columns("eyeBlink")] = _LEAST_LIDS
        self.motion_mean.copy_(motion.mean(0))
        self.motion_scale.copy_(motion.std(0).maximum(least))
        self.sound_mean.copy_(sound.mean(0))
        self.sound_scale.copy_(sound.std(0).clamp(min=_LEAST_SCALE[2]))

    def standardised(self, motion: Tensor) -> Tensor:
        """Motion (..., 60) as the denoiser has it."""
        return (motion - self.motion_mean) / self.motion_scale

    def restored(self, motion: Tensor) -> Tensor:
        """What `standardised` did, undone."""
        return motion * self.motion_scale + self.motion_mean

    def standardised_sound(self, sound: Tensor) -> Tensor:
        """Features (..., numbers) as the denoiser has them."""
        return (sound - self.sound_mean) / self.sound_scale

    def save(self, path: Path) -> None:
        """Write weights in half precision and statistics in full, with size and kind of hearing, as safetensors."""
        half = {name: value.half() for name, value in self.denoiser.state_dict(prefix="denoiser.").items()}
        facts = {"edition": _EDITION, "size": self.size.name, "hears": dataclasses.asdict(self.kind)}
        write_weights(path, {**self.state_dict(), **half}, facts)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote; on the CPU, ready to use.

        Raises:
            InputError: the file is missing or holds something else.
        """
        return read_weights(path, cls._of, "a motion model", _REMEDY).requires_grad_(False)

    @classmethod
    def _of(cls, facts: Mapping[str, Any]) -> Self:
        if facts.get("edition", 1) != _EDITION:
            raise ValueError(f"edition {facts.get('edition', 1)}, this version reads {_EDITION}")
        return cls(size_named(SIZES, facts["size"]), Kind(**facts.get("hears", {})))
