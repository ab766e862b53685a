"""Train the agreement networks: `python -m tellbench.datasets.agreement.fit --talks FOLDER [--out FOLDER]`.

Studio people talk; their landmarks are projected, blurred as the landmark network blurs them, and have to be matched
with their sound. Talks that were acted before are kept in the folder.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tellbench.datasets.agreement.judge import judge
from tellbench.datasets.agreement.network import MARGIN, WEIGHTS, WINDOW, Capp, SyncNet, Twins
from tellbench.datasets.agreement.scores import about_median, usable_windows
from tellbench.datasets.agreement.talks import HELD_OUT, PEOPLE, Talk, act_person, groups, path_of
from tellbench.datasets.processes import process_pool
from tellbench.errors import run

_LENGTH: Final = 64
"""Moments of a talk in a batch of `SyncNet`, all of them rivals."""
_TALKS_SYNC, _TALKS_CAPP, _WINDOWS = 16, 40, 4
"""Talks in a batch, and windows of each in one of `Capp`."""
_RATE: Final = 3e-3
_HEARING_NOISE: Final = 0.2
"""Noise on sound, in its own units (assumption)."""

# what the landmark network does to the studio's true points, measured on 28 rendered clips of 256 pixels at CRF 23
_MOUTH_ERROR: Final = 0.0085
_ANGLE_ERROR: Final = torch.tensor([0.62, 0.92, 0.28])  # degrees
_MEMORY: Final = 0.65  # correlation of the error from frame to frame
_MOUTH_GAIN: Final = (0.45, 1.15)
_ANGLE_GAIN: Final = (0.8, 1.2)
_UNEVEN: Final = 0.15  # spread of the gains of a clip's numbers, log
_WORSE: Final = (0.3, 3.0)  # other sizes and codecs: times as much error (assumption)

log = logging.getLogger(__name__)


class Bank:
    """Talks of equal length in memory."""

    def __init__(self, talks: Sequence[Talk]) -> None:
        self.mouth = torch.from_numpy(np.stack([about_median(talk.moves.mouth) for talk in talks]))
        self.angles = torch.from_numpy(np.stack([talk.moves.angles for talk in talks]))
        self.heard = torch.from_numpy(np.stack([talk.heard.features for talk in talks]))
        self.usable = torch.from_numpy(np.stack([usable_windows(talk.moves, talk.heard) for talk in talks]))

    def __len__(self) -> int:
        return len(self.mouth)


def fit(talks: Sequence[Talk], steps: int, seed: int = 0) -> tuple[SyncNet, Capp]:
    """Train both networks on talks."""
    bank, random = Bank(talks), torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    sync, capp = SyncNet(), Capp()
    sync.moves.standardise(bank.mouth.flatten(0, 1))
    still = bank.angles - bank.angles.mean(1, keepdim=True)
    capp.moves.standardise(torch.cat([still, 2 * torch.randn(still.shape, generator=random)], -1).flatten(0, 1))
    for network in (sync, capp):
        network.sound.standardise(bank.heard.flatten(0, 1))
    _train(sync, lambda: _lips_lost(sync, bank, random), steps)
    _train(capp, lambda: _heads_lost(capp, bank, random), steps)
    return sync.eval(), capp.eval()


def blurred(track: Tensor, error: float | Tensor, gains: tuple[float, float], random: torch.Generator) -> Tensor:
    """Tracks (B, T, C) about 0 as a landmark network would find them: damped or exaggerated, with noise that lasts."""
    count, length, width = track.shape
    low, high = (float(np.log(g)) for g in gains)
    gain = torch.empty(count, 1, 1).uniform_(low, high, generator=random)
    gain = (gain + _UNEVEN * torch.randn(count, 1, width, generator=random)).exp()
    level = torch.empty(count, 1, 1).uniform_(*np.log(_WORSE), generator=random).exp()
    white = torch.randn(count, length, width, generator=random)
    kept = [white[:, 0]]
    for row in white.unbind(1)[1:]:
        kept.append(_MEMORY * kept[-1] + (1 - _MEMORY**2) ** 0.5 * row)
    return track * gain + torch.stack(kept, 1) * level * error


def _lips_lost(network: SyncNet, bank: Bank, random: torch.Generator) -> Tensor:
    """Every moment's lips have to find their sound among all sounds of the batch, and the other way round."""
    rows, first = _drawn(bank, _TALKS_SYNC, _LENGTH + 2 * MARGIN, random)
    mouth = blurred(bank.mouth[rows[:, :1], first], _MOUTH_ERROR, _MOUTH_GAIN, random)
    lips, sound = network(mouth, _noisy(bank.heard[rows[:, :1], first], network, random))
    usable = bank.usable[rows[:, :1], first[:, :_LENGTH]]
    return _rivalry(lips[usable], sound[usable], network)


def _heads_lost(network: Capp, bank: Bank, random: torch.Generator) -> Tensor:
    """Every window's head has to find its sound; other windows of the same talk are rivals too."""
    length = bank.angles.shape[1]
    rows = torch.randint(len(bank), (_TALKS_CAPP,), generator=random).repeat_interleave(_WINDOWS)[:, None]
    room = (length - WINDOW) / _WINDOWS
    start = torch.arange(_WINDOWS).repeat(_TALKS_CAPP) * room + torch.rand(len(rows), generator=random) * room
    places = start.long()[:, None] + torch.arange(WINDOW)
    angles = blurred(bank.angles[rows, places], _ANGLE_ERROR, _ANGLE_GAIN, random)
    mirror = torch.where(torch.rand(len(rows), 1, 1, generator=random) < 0.5, -1.0, 1.0)
    angles = torch.where(torch.tensor([True, False, True]), angles * mirror, angles)
    head, voice = network(angles, _noisy(bank.heard[rows, places], network, random))
    return _rivalry(head, voice, network)


def _drawn(bank: Bank, count: int, length: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Talks (B, 1) and frames (B, length) of random crops."""
    rows = torch.randperm(len(bank), generator=random)[:count, None]
    room = bank.mouth.shape[1] - length + 1
    return rows, torch.randint(room, (len(rows), 1), generator=random) + torch.arange(length)


def _noisy(heard: Tensor, network: Twins, random: torch.Generator) -> Tensor:
    return heard + _HEARING_NOISE * network.sound.scale * torch.randn(heard.shape, generator=random)


def _rivalry(one: Tensor, other: Tensor, network: Twins) -> Tensor:
    """Symmetric cross entropy of unit vectors (N, 32) over all pairs (InfoNCE; Radford et al. 2021)."""
    alike = network.sharpness.exp().clamp(max=60) * one @ other.mT
    own = torch.arange(len(one))
    return (functional.cross_entropy(alike, own) + functional.cross_entropy(alike.mT, own)) / 2


def _train(network: Twins, loss: Callable[[], Tensor], steps: int) -> None:
    """AdamW with one cosine cycle."""
    optimiser = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps)
    network.train()
    for step in range(steps):
        lost = loss()
        optimiser.zero_grad()
        lost.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        if step % 100 == 99:
            log.info("%s step %d: loss %.3f", network.name, step + 1, float(lost.detach()))


def acted(folder: Path, seeds: range, workers: int) -> list[Talk]:
    """Talks of the seeds, acted where they are missing."""
    with process_pool(workers) as pool:
        for job in [pool.submit(act_person, folder, group) for group in groups(seeds)]:
            job.result()
    return [Talk.read(path_of(folder, seed)) for seed in seeds]


def main() -> None:
    """Act, train, write the weights, and judge them on talks held out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--talks", type=Path, required=True, help="folder of acted talks; missing ones are acted")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--people", type=int, default=120, help="talks to learn from")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    talks = acted(given.talks, PEOPLE[: given.people], given.workers)
    start = time.process_time()
    sync, capp = fit(talks, given.steps, given.seed)
    log.info("trained in %.0f s of CPU time", time.process_time() - start)
    for network in (sync, capp):
        network.save(given.out / f"{network.name}.safetensors")
    held = [(talk.moves, talk.heard) for talk in acted(given.talks, HELD_OUT[:30], given.workers)]
    for name, value in judge(held, sync, capp).items():
        log.info("%-28s %.3f", name, value)


if __name__ == "__main__":
    run(main)
