"""Train the landmark network on studio renders: `python -m tellbench.datasets.faces.fit --out landmarks.safetensors`.

Everything is resumable: persons already filmed are kept in the cache, and training goes on from its last checkpoint.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import safetensors.torch
import torch

from tellbench.datasets.faces.accuracy import VISIBLE, measure
from tellbench.datasets.faces.augment import Augmenter, Batch
from tellbench.datasets.faces.geometry import fit_similarity
from tellbench.datasets.faces.landmarks import GROUPS, N_POINTS
from tellbench.datasets.faces.network import (
    CROP_MARGIN,
    N_OUT,
    LandmarkNet,
    NetworkLandmarker,
    Reading,
    read_weights,
)
from tellbench.datasets.faces.sittings import Crops, load_cache, render_cache
from tellbench.datasets.faces.storage import follow, write_weights
from tellbench.datasets.files import atomic_path
from tellbench.errors import run

Tensor = torch.Tensor

TRAIN_SEED: Final = 700_000
"""Studio persons from this seed on are learned from; benchmark corpora use other seeds."""
VAL_SEED: Final = 800_000
_WEIGHTS: Final[Mapping[str, float]] = {"jaw": 0.4, "brows": 1.6, "nose": 0.8, "eyes": 2.5, "mouth": 1.3}
"""Jaw points lie anywhere along the contour, lids decide a blink: importances, an assumption."""
_IRIS_WEIGHT: Final = 10.0
"""Irises move by a pixel or two only: with less, the network is content to answer the middle of the eye."""
_APERTURE_WEIGHT: Final = 60.0
"""Pixels of point error that weigh as much as an aperture error of 1."""
_BROW_WEIGHT: Final = 12.0
"""The same for how far brows are raised."""


_HALF_IS_FAST: Final = bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
"""Where the processor has no instructions for it, bfloat16 takes ten times as long as float32."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to train."""

    people: int = 210
    """Persons to film for training; a twelfth as many more are held out for validation."""
    frames: int = 24
    """Frames of each person."""
    steps: int = 6800
    batch: int = 32
    rate: float = 1.5e-3
    """Peak learning rate of AdamW."""
    seed: int = 0
    check_every: int = 500
    """Steps between validations and checkpoints."""
    workers: int = 1
    """Processes that prepare batches beside the one that trains."""

    def rate_at(self, step: int) -> float:
        """Warm-up over 200 steps, flat, then linear to nearly zero over the last 40 % (trapezoid)."""
        warm = min(1.0, (step + 1) / 200)
        cool = min(1.0, (self.steps - step) / (0.4 * self.steps))
        return self.rate * warm * max(cool, 0.01)


class Lessons(torch.utils.data.Dataset[Batch]):
    """The batch of every step; a step's batch depends on the seed and the step alone, so training can resume."""

    def __init__(self, data: Crops, shape: Tensor, recipe: Recipe) -> None:
        self.data, self.shape, self.recipe = data, shape, recipe

    def __getitem__(self, step: int) -> Batch:
        """The batch of one step."""
        augmenter = Augmenter(self.shape, self.recipe.seed * 1_000_003 + step)
        index = torch.randint(len(self.data), (self.recipe.batch,), generator=augmenter.random).numpy()
        fields = (getattr(self.data, f.name)[index] for f in dataclasses.fields(Crops))
        return augmenter(*(torch.as_tensor(array) for array in fields))

    def since(self, step: int) -> torch.utils.data.DataLoader[Batch]:
        """The batches from `step` to the end."""
        workers = self.recipe.workers
        return torch.utils.data.DataLoader(
            self,
            batch_size=None,
            sampler=range(step, self.recipe.steps),
            num_workers=workers,
            prefetch_factor=4 if workers else None,
        )


class Training:
    """Network, its running average and optimiser: all that a checkpoint holds."""

    def __init__(self, recipe: Recipe, mean_shape: Tensor, start: LandmarkNet | None = None) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.network = (start or LandmarkNet()).to(memory_format=torch.channels_last)
        self.network.mean_shape.copy_(mean_shape)
        self.average = copy.deepcopy(self.network)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=recipe.rate, weight_decay=1e-3)
        self.step = 0

    def advance(self, batch: Batch) -> float:
        """One step; returns the loss in pixels."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.rate_at(self.step)
        with torch.autocast("cpu", torch.bfloat16, enabled=_HALF_IS_FAST):
            reading = self.network(batch.crops.contiguous(memory_format=torch.channels_last))
        value = loss(reading, batch)
        self.optimiser.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 20.0)
        self.optimiser.step()
        self.step += 1
        follow(self.average, self.network, max(10 / (self.step + 10), 1 / 300))  # over about 300 steps, fewer at first
        return float(value.detach())

    def save(self, path: Path) -> None:
        """Write a checkpoint atomically (safetensors)."""
        tensors = {f"network.{k}": v for k, v in self.network.state_dict().items()}
        tensors |= {f"average.{k}": v for k, v in self.average.state_dict().items()}
        for i, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{i}.{k}": v for k, v in state.items()}
        tensors = {k: v.detach().contiguous().clone() for k, v in tensors.items()}
        with atomic_path(path) as part:
            safetensors.torch.save_file(tensors, part, {"step": str(self.step)})

    def load(self, path: Path) -> None:
        """Go on from a checkpoint."""
        tensors = safetensors.torch.load_file(path)
        self.network.load_state_dict(_under("network.", tensors))
        self.average.load_state_dict(_under("average.", tensors))
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in _under("optimiser.", tensors).items():
            index, name = key.split(".")
            state.setdefault(int(index), {})[name] = value
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": state})
        with safetensors.safe_open(path, "pt") as file:
            self.step = int(file.metadata()["step"])


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def loss(reading: Reading, batch: Batch) -> Tensor:
    """Weighted mean distance of the points in pixels plus aperture and brow errors; irises behind lids count little."""
    distance = (reading.points - batch.points).norm(dim=-1)  # (B, N_OUT)
    seen = torch.where(batch.apertures > VISIBLE, 1.0, 0.2)
    weights = point_weights() * torch.cat([torch.ones(len(seen), N_POINTS), seen], 1)
    aperture = (reading.apertures - batch.apertures).abs().mean()
    brow = (reading.brows - batch.brows).abs().mean()
    total: Tensor = (distance * weights).mean() + _APERTURE_WEIGHT * aperture + _BROW_WEIGHT * brow
    return total


def point_weights() -> Tensor:
    """Importance of each of the N_OUT points."""
    weights = torch.full((N_OUT,), _IRIS_WEIGHT)
    for name, group in GROUPS.items():
        weights[group] = _WEIGHTS[name]
    return weights


def mean_shape(points: Tensor, rounds: int = 5) -> Tensor:
    """Mean of the 68 points (N, 68, 2) after similarity alignment, upright, in [-1, 1] of the aligned crop."""
    shape = points[0]
    for _ in range(rounds):
        shape = _upright(shape)
        frames = fit_similarity(shape, points)
        inverse = torch.linalg.inv(frames[:, :, :2])
        shape = ((points - frames[:, None, :, 2]) @ inverse.mT).mean(0)
    return _upright(shape)


def _upright(shape: Tensor) -> Tensor:
    """Centre, level the eyes, and scale to the height the aligned crop wants."""
    across = shape[42:48].mean(0) - shape[36:42].mean(0)
    cos, sin = across / across.norm()
    shape = shape @ torch.stack([torch.stack([cos, -sin]), torch.stack([sin, cos])])
    low, high = shape.amin(0), shape.amax(0)
    return (shape - (low + high) / 2) * (2 / CROP_MARGIN / (high - low)[1])


def total_error(found: Mapping[str, float]) -> float:
    """What the kept weights are best at: inner points, visible irises, apertures and brows on held-out persons."""
    return found["inner"] + found["iris"] + found["aperture_mae"] + 0.1 * found["brow_mae"]


def fit(
    recipe: Recipe, train: Crops, val: Crops, out: Path, work: Path, start: LandmarkNet | None = None
) -> dict[str, float]:
    """Train, keep the weights of the best validation in `out`, and return its errors.

    With a network to start from, fewer steps and a lower rate adapt it to new looks; the mean shape is the data's.
    """
    log = logging.getLogger(__name__)
    training = Training(recipe, mean_shape(torch.as_tensor(train.points[:, :N_POINTS])), start)
    checkpoint, best_file = work / "checkpoint.safetensors", work / "best.json"
    if checkpoint.exists():
        training.load(checkpoint)
    best: dict[str, float] = json.loads(best_file.read_text()) if best_file.exists() else {}
    running = 0.0
    for batch in Lessons(train, training.network.mean_shape, recipe).since(training.step):
        running += training.advance(batch)
        if training.step % recipe.check_every and training.step < recipe.steps:
            continue
        found = measure(NetworkLandmarker(copy.deepcopy(training.average)), val)
        log.info(
            "step %d loss %.3f %s",
            training.step,
            running / recipe.check_every,
            {k: round(v, 4) for k, v in found.items()},
        )
        running = 0.0
        training.save(checkpoint)
        if not best or total_error(found) < total_error(best):
            best = found
            write_weights(out, training.average)
            best_file.write_text(json.dumps({"step": training.step, **best}))
    return best


def main() -> None:
    """Film, train and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    defaults = Recipe()
    for field in dataclasses.fields(Recipe):
        value = getattr(defaults, field.name)
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=type(value), default=value)
    parser.add_argument("--out", type=Path, required=True, help="safetensors file to write")
    parser.add_argument("--work", type=Path, default=Path("landmark_training"), help="cache of crops and checkpoints")
    parser.add_argument("--from", type=Path, dest="start", help="weights to start from instead of random ones")
    parser.add_argument("--film-only", action="store_true", help="fill the cache and stop")
    options = vars(parser.parse_args())
    out, work, film_only, start = (options.pop(name) for name in ("out", "work", "film_only", "start"))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    recipe = Recipe(**options)
    held_out = range(VAL_SEED, VAL_SEED + max(2, recipe.people // 12))
    people = range(TRAIN_SEED, TRAIN_SEED + recipe.people)
    for seeds in (held_out, people):
        render_cache(work / "crops", seeds, recipe.frames)
    if not film_only:
        train, val = load_cache(work / "crops", people), load_cache(work / "crops", held_out)
        fit(recipe, train, val, out, work, read_weights(start) if start else None)


if __name__ == "__main__":
    run(main)
