"""Talks in memory, and the windows that are drawn from them for training."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from tellbench.errors import InputError
from tellbench.generator.vasa.motion.data.talks import Talk
from tellbench.generator.vasa.motion.frontends import LOG_MEL, N_HEARD, Kind
from tellbench.generator.vasa.motion.network import Conditions
from tellbench.generator.vasa.motion.script import DISTANCE_UNIT, DISTANCES
from tellbench.generator.vasa.motion.sizes import AHEAD, BEFORE, WINDOW
from tellbench.generator.vasa.motion.space import mirrored

_FLOOR = 1e-6
"""Power that the bands have in silence (`features.log_mel`)."""
_GAIN_DB, _TILT_DB = 8.0, 6.0
"""Random loudness of a window, and colour of its bands from the lowest to the highest, either way (assumption)."""
_DISTANCE = 2
"""Column of the distance in `Script.conditions`."""


class Windows:
    """A batch of B windows of W frames, in the units of the space.

    Not a dataclass: wrappers of mixed precision would try to rewrite its fields.

    Args:
        motion: (B, W, 60): to be learned, about the place that is asked for (`Script.place`).
        known: all that is known of them, not standardised.
    """

    def __init__(self, motion: Tensor, known: Conditions) -> None:
        self.motion, self.known = motion, known


class TalkBank:
    """Talks one after the other on one device.

    Args:
        talks: to learn from; shorter ones than a window are left out.
        device: where they are kept.
        kind: features of their sound.

    Raises:
        InputError: none is long enough.
    """

    def __init__(self, talks: Iterable[Talk], device: str | torch.device = "cpu", kind: Kind = LOG_MEL) -> None:
        kept = [talk for talk in talks if len(talk.motion) >= WINDOW]
        if not kept:
            raise InputError(f"no talk of {WINDOW} frames or more to learn from; give longer clips")
        self.device, self.kind = torch.device(device), kind
        self._lengths = torch.tensor([len(talk.motion) for talk in kept])
        padded = self._lengths + BEFORE + AHEAD
        self._starts = padded.cumsum(0) - padded + BEFORE
        self._motion = torch.cat([_padded(talk.motion - talk.script.place) for talk in kept]).half().to(self.device)
        self._heard = torch.cat([_padded(talk.heard) for talk in kept]).half().to(self.device)
        self._asked = torch.cat([_padded(talk.script.conditions) for talk in kept]).half().to(self.device)

    def __len__(self) -> int:
        return len(self._lengths)

    def everything(self) -> tuple[Tensor, Tensor]:
        """Motion (N, 60) and sound (M, numbers) of all talks, for statistics."""
        inside = torch.cat(
            [s + torch.arange(n) for s, n in zip(self._starts.tolist(), self._lengths.tolist(), strict=True)]
        )
        motion, heard = self._motion[inside.to(self.device)], self._heard[inside.to(self.device)]
        return motion.float(), heard.float().flatten(0, 1)

    def draw(self, count: int, window: int, random: torch.Generator) -> Windows:
        """Random windows: half of them mirrored; log-mel features of random loudness and colour of sound.

        Args:
            count: how many.
            window: frames of each.
            random: on the CPU; the same draws on every device.
        """
        talk = torch.randint(len(self), (count,), generator=random)
        first = (torch.rand(count, generator=random) * (self._lengths[talk] - window + 1)).long()
        span = torch.arange(-BEFORE, window + AHEAD)
        rows = ((self._starts[talk] + first)[:, None] + span).to(self.device)
        motion, asked = self._motion[rows].float(), self._asked[rows[:, BEFORE : BEFORE + window]].float()
        heard = self._heard[rows].float()
        asked[..., _DISTANCE] += _anywhere(count, random).to(self.device)
        mirror = (torch.rand(count, generator=random) < 0.5).to(self.device)
        motion = torch.where(mirror[:, None, None], mirrored(motion), motion)
        asked[..., 0] = torch.where(mirror[:, None], -asked[..., 0], asked[..., 0])
        known = Conditions(
            before=motion[:, :BEFORE],
            follows=(first >= BEFORE).to(self.device),
            audio=_recoloured(heard, random) if self.kind == LOG_MEL else heard,
            heard=torch.ones_like(rows, dtype=torch.bool),
            asked=asked,
            minded=torch.ones(count, 3, dtype=torch.bool, device=self.device),
        )
        return Windows(motion[:, BEFORE : BEFORE + window], known)


def _anywhere(count: int, random: torch.Generator) -> Tensor:
    """Distances to ask for, (B, 1) as `Script.conditions`: the studio's people behave alike at all of them.

    A third stays where it is.
    """
    span = (max(DISTANCES) - 1) / DISTANCE_UNIT
    away = torch.empty(count, 1).uniform_(-span, span, generator=random)
    return away * (torch.rand(count, 1, generator=random) < 2 / 3)


def _padded(track: Tensor) -> Tensor:
    """A track (T, ...) with its ends held: a window before the beginning is never used, sound after the end is."""
    return torch.cat([track[:1].expand(BEFORE, *track.shape[1:]), track, track[-1:].expand(AHEAD, *track.shape[1:])])


def _recoloured(heard: Tensor, random: torch.Generator) -> Tensor:
    """Sound (B, N, 4, 28) at another loudness and through another filter; pitch stays."""
    count, bands = len(heard), N_HEARD - 2
    gain = torch.empty(count, 1).uniform_(-_GAIN_DB, _GAIN_DB, generator=random)
    tilt = torch.empty(count, 1).uniform_(-_TILT_DB, _TILT_DB, generator=random)
    decibels = (gain + tilt * torch.linspace(-1, 1, bands)).to(heard.device)[:, None, None]
    power = (heard[..., :bands].exp() - _FLOOR).clamp(min=0) * 10 ** (decibels / 10) + _FLOOR
    return torch.cat([power.log(), heard[..., bands:]], -1)
