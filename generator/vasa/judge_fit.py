"""Train the judge: `python -m tellbench.generator.vasa.judge_fit --bank BANK --out judge.safetensors`.

Seven eighths of the people are learned, where the landmark network that it will use finds their faces; what the judge
reads on the rest is logged, and is the ceiling of what it can tell about a generator. On the same people its slopes are
set to one.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import math
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from tellbench.datasets.faces.landmarks import Landmarker, load_landmarker
from tellbench.datasets.faces.storage import write_weights
from tellbench.errors import run
from tellbench.generator.vasa.data.bank import Bank, filmed, people_of
from tellbench.generator.vasa.data.randomise import Randomiser
from tellbench.generator.vasa.data.studio import Recipe
from tellbench.generator.vasa.frames import RIG_NAMES, FaceFrames
from tellbench.generator.vasa.judge import Judge, RigNet, landmarks_in
from tellbench.generator.vasa.metrics import slope_and_r, slopes_to_one, turn_between

PEOPLE: Final = range(740_000, 740_160)
_HELD_OUT: Final = 8
"""One person of so many is not learned."""
_JITTER: Final = 0.006
"""Standard deviation, half widths, by which landmarks are moved beyond the network's own errors (assumption)."""
_TURN_WEIGHT: Final = 60.0
"""Weight of the turn's squared error in radians: two degrees count as a fifteenth of the rig (assumption)."""
_LEAST_VARIANCE: Final = 0.005
"""Rare coefficients count as if they varied at least so much."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lessons:
    """How to train."""

    steps: int = 3000
    batch: int = 32
    rate: float = 1.5e-3
    seed: int = 0

    def rate_at(self, step: int) -> float:
        """Warm-up over 100 steps, then half a cosine to nought."""
        return self.rate * min(1.0, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * step / self.steps))


def place(bank: Bank, landmarker: Landmarker) -> None:
    """Let faces of a bank lie where a landmarker finds them, with its errors, instead of where they are."""
    for person in range(len(bank)):
        frames = bank.grid(person)
        assert frames.pose is not None
        bank.put("landmarks", person, landmarks_in(frames.image, landmarker, frames.pose.cpu()))


def fit(bank: Bank, lessons: Lessons) -> RigNet:
    """Train on the people of a bank but every eighth; uncalibrated."""
    torch.manual_seed(lessons.seed)
    random, looks = torch.Generator().manual_seed(lessons.seed), Randomiser(lessons.seed, bank.device)
    network = RigNet().to(bank.device)
    optimiser = torch.optim.AdamW(network.parameters(), lr=lessons.rate, weight_decay=1e-2)
    learned = torch.tensor([row for row in range(len(bank)) if not _held_out(row)])
    variance = _variance(bank, learned).to(bank.device)
    for step in range(lessons.steps):
        for group in optimiser.param_groups:
            group["lr"] = lessons.rate_at(step)
        frames = _lesson(bank, learned, lessons.batch, random, looks)
        loss = _error(network, frames, variance, random)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        if step % 100 == 99:
            logging.getLogger(__name__).info("step %d loss %.3f", step + 1, float(loss.detach()))
    return network.eval()


@torch.no_grad()
def calibrate(judge: Judge, bank: Bank, count: int = 400) -> None:
    """Set the network's gains and offsets so that true renders of people who were not learned read true on average.

    Numbers that none of these people shows, or that are hardly read, stay as they are.
    """
    frames = _drawn(bank, _held(bank), count, torch.Generator().manual_seed(10))
    assert frames.rig is not None
    network, rig = judge.network, frames.rig.cpu()
    network.gain.fill_(1)
    network.offset.zero_()
    gain, offset = slopes_to_one(judge(frames.image, frames.pose).rig, rig)
    network.gain.copy_(gain)
    network.offset.copy_(offset)


@torch.no_grad()
def skill(network: RigNet, bank: Bank, count: int = 400) -> dict[str, float]:
    """On true renders of people who were not learned: correlation of each number of the rig, error of the turn.

    Numbers that none of these people shows are left out.
    """
    frames = _drawn(bank, _held(bank), count, torch.Generator().manual_seed(9))
    assert frames.landmarks is not None and frames.rig is not None and frames.pose is not None
    parts = zip(torch.split(frames.image, 50), torch.split(frames.landmarks, 50), strict=True)
    rigs, _, turns = zip(*(network(*part) for part in parts), strict=True)
    read = torch.cat(rigs)
    shown = [(i, name) for i, name in enumerate(RIG_NAMES) if float(frames.rig[:, i].std()) > 0]
    told = {name: slope_and_r(read[:, i], frames.rig[:, i])[1] for i, name in shown}
    return {**told, "turn_degrees": float(turn_between(torch.cat(turns), frames.pose).mean())}


def _held_out(row: int) -> bool:
    return row % _HELD_OUT == _HELD_OUT - 1


def _held(bank: Bank) -> Tensor:
    """Rows of the people who are not learned."""
    return torch.tensor([row for row in range(len(bank)) if _held_out(row)])


def _drawn(bank: Bank, people: Tensor, count: int, random: torch.Generator) -> FaceFrames:
    """Random frames of some people."""
    person = people[torch.randint(len(people), (count,), generator=random)]
    row = torch.randint(bank.recipe.poses * bank.recipe.expressions, (count,), generator=random)
    return bank.frames(person, row, maps=False)


def _lesson(bank: Bank, people: Tensor, count: int, random: torch.Generator, looks: Randomiser) -> FaceFrames:
    """Random frames in random looks, half of them mirrored."""
    mirror = torch.rand(count, generator=random) < 0.5
    frames = looks.together([_drawn(bank, people, count, random).mirrored(mirror.to(bank.device))])[0]
    return dataclasses.replace(frames, image=looks.grain(frames.image))


def _variance(bank: Bank, people: Tensor) -> Tensor:
    """Of each number of the rig and each lid, (56,)."""
    frames = _drawn(bank, people, 500, torch.Generator().manual_seed(1))
    assert frames.rig is not None and frames.lids is not None
    return torch.cat([frames.rig, frames.lids], 1).var(0).clamp(min=_LEAST_VARIANCE)


def _error(network: RigNet, frames: FaceFrames, variance: Tensor, random: torch.Generator) -> Tensor:
    """Mean squared error over variance: absolute errors would settle at the median of sparse coefficients, nought."""
    assert frames.landmarks is not None and frames.rig is not None and frames.lids is not None
    assert frames.pose is not None
    jitter = _JITTER * torch.randn(frames.landmarks.shape, generator=random).to(frames.landmarks.device)
    rig, lids, turn = network(frames.image, frames.landmarks + jitter)
    truth = torch.cat([frames.rig, frames.lids], 1)
    read: Tensor = ((torch.cat([rig, lids], 1) - truth).square() / variance).mean()
    turned: Tensor = (turn - frames.pose[:, :3]).square().mean()
    return read + _TURN_WEIGHT * turned


def main() -> None:
    """Film people where that has not been done, train, calibrate, say what the judge can tell, and write it."""
    parser = argparse.ArgumentParser(description="Train the judge of VASA's expressions.")
    parser.add_argument("--bank", type=Path, required=True, help="folder of films")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--people", type=people_of, default=PEOPLE)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--workers", type=int, default=0, help="processes that film whoever is missing")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=Lessons.steps)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    recipe = Recipe.for_windows(given.side)
    bank = filmed(given.bank, given.people, recipe, given.workers, given.device)
    logging.getLogger(__name__).info("%d people", len(bank))
    landmarker = load_landmarker("network", given.device)
    place(bank, landmarker)
    network = fit(bank, Lessons(steps=given.steps))
    calibrate(Judge(network, landmarker, given.device), bank)
    write_weights(given.out, network)
    for name, value in sorted(skill(network, bank).items(), key=lambda item: -item[1]):
        logging.getLogger(__name__).info("%-24s %.2f", name, value)


if __name__ == "__main__":
    run(main)
