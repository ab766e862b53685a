"""How well a face and a sound agree: SyncNet's confidence and offset, and a CAPP-style score of the head."""

from __future__ import annotations

import dataclasses
import functools
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from tellbench.datasets.agreement.hearing import Heard
from tellbench.datasets.agreement.measures import RATE, Floats, Moves
from tellbench.datasets.agreement.network import MARGIN, WINDOW, Capp, SyncNet
from tellbench.errors import InputError

FARTHEST: Final = 15
"""Frames either way at which lips and sound are compared, as in SyncNet's evaluation."""
LEAST_WINDOWS: Final = RATE
"""Frames with lips, voice and all of their surroundings that a judgement needs: 1 s (assumption)."""
_STEP: Final = 5
"""Frames between windows of the head's score."""
_LEAST_SPOKEN: Final = 0.3
"""Share of a window of 3 s with a voice for its head to be judged (assumption)."""


@dataclasses.dataclass(frozen=True)
class Sync:
    """What lips and sound say of one another."""

    distances: npt.NDArray[np.float64]
    """(31,): mean distance of unit vectors, 0 to 2, with the lips from 15 frames early to 15 frames late."""
    n_windows: int
    """Frames that were judged."""

    @property
    def offset(self) -> int:
        """Frames of 40 ms by which the lips come after their sound; negative where they come before."""
        return int(np.argmin(self.distances)) - FARTHEST

    @property
    def distance(self) -> float:
        """Least distance over all offsets (SyncNet's S_D, in other units)."""
        return float(self.distances.min())

    @property
    def confidence(self) -> float:
        """Median less minimum of the distances over the offsets (SyncNet's S_C, in other units)."""
        return float(np.median(self.distances) - self.distances.min())


def sync_of(moves: Moves, heard: Heard, network: SyncNet | None = None) -> Sync:
    """Lips against sound of the same T frames, where there is a voice.

    Raises:
        InputError: less than a second can be judged.
    """
    lips, sound, usable = _embedded(moves, heard, network or sync_network())
    count = int(usable.sum())
    if count < LEAST_WINDOWS:
        raise InputError(f"lips and voice together in {count} windows of 0.5 s; at least {LEAST_WINDOWS} are needed")
    shifts = range(-FARTHEST, FARTHEST + 1)
    return Sync(np.array([_distance(lips, sound, usable, shift) for shift in shifts]), count)


def local_offsets(moves: Moves, heard: Heard, seconds: float = 2.0) -> npt.NDArray[np.int64]:
    """Offset of the lips in windows of some seconds, half overlapping; those without enough voice are left out."""
    length = round(seconds * RATE)
    lips, sound, usable = _embedded(moves, heard, sync_network())
    offsets = []
    for start in range(0, len(lips) - length + 1, length // 2):
        here = np.zeros_like(usable)
        here[start : start + length] = usable[start : start + length]
        if here.sum() >= length // 2:
            far = [_distance(lips, sound, here, shift) for shift in range(-FARTHEST, FARTHEST + 1)]
            offsets.append(int(np.argmin(far)) - FARTHEST)
    return np.array(offsets, np.int64)


def capp_of(moves: Moves, heard: Heard, network: Capp | None = None) -> float:
    """Mean cosine of head and sound over windows of 3 s, -1 to 1: the CAPP-style score, trained here.

    Raises:
        InputError: no window of 3 s with a face throughout and a voice in it.
    """
    head, spoken = moves.angles, heard.speaking
    starts = np.arange(0, len(head) - WINDOW + 1, _STEP)
    places = starts[:, None] + np.arange(WINDOW)
    known = np.isfinite(head[places]).all((1, 2)) & (spoken[places].mean(1) >= _LEAST_SPOKEN)
    if not known.any():
        raise InputError("no 3 s with a face throughout and a voice; longer clips are needed")
    places = places[known]
    with torch.no_grad():
        windows = (torch.from_numpy(head[places]), torch.from_numpy(heard.features[places]))
        moved, said = (network or capp_network())(*windows)
    return float((moved * said).sum(-1).mean())


def pose_variation(moves: Moves) -> float:
    """Mean change of yaw, pitch and roll from frame to frame at 25 frames a second, degrees (VASA-1's delta P)."""
    return float(np.nanmean(np.abs(np.diff(moves.angles, axis=0)))) if moves.seen.sum() > 1 else float("nan")


def about_median(mouth: Floats) -> Floats:
    """Mouths (T, 8) about their median, 0 where unknown: nothing is left of whose mouth it is but its size."""
    known = np.isfinite(mouth[:, 0])
    middle = np.median(mouth[known], 0) if known.any() else np.zeros(mouth.shape[1])
    return np.nan_to_num(mouth - middle).astype(np.float32)


def usable_windows(moves: Moves, heard: Heard) -> npt.NDArray[np.bool_]:
    """Which frames, but for the first and last 6, have a face all around them and a voice near them, (T - 12,)."""
    reach = np.ones(2 * MARGIN + 1)
    seen = np.convolve(moves.seen, reach, "valid") > 2 * MARGIN
    return np.asarray(seen & (np.convolve(heard.speaking, reach, "valid") > MARGIN))


@functools.cache
def sync_network() -> SyncNet:
    """The network of lips that ships, loaded once."""
    return SyncNet.load()


@functools.cache
def capp_network() -> Capp:
    """The network of heads that ships, loaded once."""
    return Capp.load()


def _embedded(moves: Moves, heard: Heard, network: SyncNet) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Unit vectors (T - 12, 32) of lips and sound, and which of them count."""
    if len(moves) <= 2 * MARGIN:
        return np.zeros((0, 1), np.float32), np.zeros((0, 1), np.float32), np.zeros(0, bool)
    with torch.no_grad():
        lips, sound = network(torch.from_numpy(about_median(moves.mouth))[None], torch.from_numpy(heard.features)[None])
    return lips[0].numpy(), sound[0].numpy(), usable_windows(moves, heard)


def _distance(lips: Floats, sound: Floats, usable: npt.NDArray[np.bool_], late: int) -> float:
    """Mean distance of usable lips from the sound `late` frames before them; NaN where there is none."""
    at = np.flatnonzero(usable)
    at = at[(at - late >= 0) & (at - late < len(sound))]
    return float(np.linalg.norm(lips[at] - sound[at - late], axis=1).mean()) if len(at) else float("nan")
