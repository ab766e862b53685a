"""Train the identity network: `python -m tellbench.datasets.faces.identity_fit --out identity.safetensors`.

Half of the people, and more besides, are learned; the other half must be told apart. Each person is filmed in several
takes that differ in light, room, camera, pose and expression; a pair of the same person is always of two takes.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from tellbench.datasets.faces.augment import blur, quantise_blocks
from tellbench.datasets.faces.identity import SIDE, WIDTH, Embedder, IdentityNet, align, inner_only
from tellbench.datasets.faces.sittings import random_sitting
from tellbench.datasets.faces.storage import follow, write_weights
from tellbench.datasets.files import atomic_path
from tellbench.errors import run

Tensor = torch.Tensor

_SCALE: Final = 24.0
_MARGIN: Final = 0.3
"""Scale and margin of the cosine loss (CosFace; Wang et al., CVPR 2018); the margin as there, the scale for 128-d."""
_DECAY: Final = 0.05
"""Weight decay of the network: people are few, and without it the last layer learns them by heart."""
_MORE_SEED: Final = 710_000
"""Studio persons from this seed on are learned besides; benchmark corpora and judges use other seeds."""
_JITTER: Final = 1.5
"""Standard deviation in pixels of landmarks against the truth: what a landmarker errs by (assumption)."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to train."""

    first: int = 750_000
    """Seed of the first person."""
    people: int = 200
    """The first half is learned, the second verified."""
    more: int = 300
    """People learned besides the first half."""
    takes: int = 3
    frames: int = 5
    """Frames of each take."""
    size: int = 256
    steps: int = 1600
    batch: int = 48
    rate: float = 5e-3
    """Peak learning rate of AdamW."""
    seed: int = 0

    def rate_at(self, step: int) -> float:
        """Warm-up over 50 steps, then half a cosine to nought."""
        return self.rate * min(1.0, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * step / self.steps))


@dataclasses.dataclass(frozen=True)
class Album:
    """Aligned faces of many people."""

    faces: npt.NDArray[np.uint8]
    """Shape (N, 3, SIDE, SIDE)."""
    people: npt.NDArray[np.int64]
    """Who it is, shape (N,)."""
    takes: npt.NDArray[np.int64]
    """Which take of the person, shape (N,)."""


def keep_faces(path: Path, frames: npt.NDArray[np.uint8], points: Any, takes: npt.NDArray[np.int64], seed: int) -> None:
    """Write the aligned faces of one person to `path`; landmarks err as a landmarker's would."""
    rng = np.random.default_rng((seed, 3))
    unit = np.linalg.norm(points[:, 36] - points[:, 45], axis=-1)[:, None, None] / 45  # of a face at SIDE pixels
    faces = align(frames, points + rng.normal(size=points.shape) * _JITTER * unit)
    with atomic_path(path) as part, part.open("wb") as stream:
        np.savez(stream, faces=faces.round().byte().numpy(), takes=takes)


def film(folder: Path, seeds: Sequence[int], recipe: Recipe) -> None:
    """Film every person once; people already in `folder` are kept, so an interrupted run resumes."""
    from tellbench.datasets.studio import Identity, Person, Studio

    for seed in seeds:
        path = folder / f"faces_{seed}.npz"
        if path.exists():
            continue
        person = Person(Identity.sample(seed))
        sitting = random_sitting(seed, recipe.takes * recipe.frames)
        takes = np.arange(recipe.takes).repeat(recipe.frames)
        shots = []
        for take in range(recipe.takes):
            now = takes == take
            studio = Studio(person, seed * 1000 + take, recipe.size)
            shots.append(studio.render(sitting.coefficients[now], sitting.pose[now], sitting.gaze[now]))
        frames, points = (np.concatenate([getattr(shot, name) for shot in shots]) for name in ("frames", "landmarks"))
        keep_faces(path, frames, points, takes, seed)
        logging.getLogger(__name__).info("filmed person %d", seed)


def load_album(folder: Path, seeds: Sequence[int]) -> Album:
    """The faces of those people of `seeds` that have been filmed."""
    faces, people, takes = [], [], []
    for seed in seeds:
        path = folder / f"faces_{seed}.npz"
        if path.exists():
            with np.load(path, allow_pickle=False) as arrays:
                faces.append(arrays["faces"])
                takes.append(arrays["takes"])
            people.append(np.full(len(takes[-1]), seed))
    return Album(np.concatenate(faces), np.concatenate(people), np.concatenate(takes))


class CosineLoss(nn.Module):
    """Cross-entropy over cosines to one vector a person, that of the right one lowered by a margin (CosFace)."""

    def __init__(self, people: int) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.randn(people, WIDTH))

    def forward(self, vectors: Tensor, people: Tensor) -> Tensor:
        """Loss of unit vectors (B, WIDTH) of people (B,)."""
        cosines = vectors @ functional.normalize(self.centres).T
        margin = _MARGIN * functional.one_hot(people, len(self.centres))
        return functional.cross_entropy(_SCALE * (cosines - margin), people)


def vary(faces: Tensor, random: torch.Generator) -> Tensor:
    """Pictures as other cameras would give them: mirror, place, scale, grade, blur, noise, blocks, a covered patch.

    Mild on purpose: with twice as strong ones 20 new people had an equal error rate of 12.0 % instead of 10.1 % after
    the same four minutes of training.
    """
    count = len(faces)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=random)

    faces = torch.where((uniform(count) < 0.5)[:, None, None, None], faces.flip(-1), faces)
    angle, scale = (uniform(count) - 0.5) * 0.2, 1 + (uniform(count) - 0.5) * 0.12
    shift = (uniform(count, 2) - 0.5) * 0.1
    cos, sin = angle.cos() * scale, angle.sin() * scale
    theta = torch.stack([torch.stack([cos, -sin, shift[:, 0]], -1), torch.stack([sin, cos, shift[:, 1]], -1)], 1)
    grid = functional.affine_grid(theta, list(faces.shape), align_corners=False)
    faces = functional.grid_sample(faces, grid, padding_mode="border", align_corners=False)
    gains = torch.exp((uniform(count, 3, 1, 1) - 0.5) * 0.3 + (uniform(count, 1, 1, 1) - 0.5) * 0.4)
    faces = 255 * (faces / 255).clamp(1e-3, 1) ** torch.exp((uniform(count, 1, 1, 1) - 0.5) * 0.4) * gains
    if float(uniform(1)) < 0.2:
        faces = blur(faces, 0.4 + float(uniform(1)))
    if float(uniform(1)) < 0.15:
        faces = quantise_blocks(faces, 1 + 4 * uniform(count, 1, 1, 1))
    faces = faces + torch.randn(faces.shape, generator=random) * 5 * uniform(count, 1, 1, 1)
    return cover(faces, uniform(count, 4)).clamp(0, 255)


def cover(faces: Tensor, place: Tensor) -> Tensor:
    """Cover a patch of some faces with grey; `place` (B, 4) in [0, 1]: x, y, size, and whether at all (below 0.1)."""
    axis = (torch.arange(SIDE) + 0.5) / SIDE
    half = 0.06 + 0.12 * place[:, 2, None]
    across = (axis - place[:, :1]).abs() < half
    down = (axis - place[:, 1:2]).abs() < half
    patch = down[:, None, :, None] & across[:, None, None, :] & (place[:, 3] < 0.1)[:, None, None, None]
    return torch.where(patch, 128.0, faces)


def fit(recipe: Recipe, album: Album) -> IdentityNet:
    """Train on an album; returns the running average of the weights."""
    torch.manual_seed(recipe.seed)
    _, labels = np.unique(album.people, return_inverse=True)
    network = IdentityNet().to(memory_format=torch.channels_last)
    loss = CosineLoss(int(labels.max()) + 1)
    average = copy.deepcopy(network)
    groups: list[dict[str, Any]] = [
        {"params": network.parameters()},
        {"params": loss.parameters(), "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=recipe.rate, weight_decay=_DECAY)
    random = torch.Generator().manual_seed(recipe.seed)
    running = 0.0
    for step in range(recipe.steps):
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate_at(step)
        index = torch.randint(len(labels), (recipe.batch,), generator=random).numpy()
        faces = inner_only(vary(torch.as_tensor(album.faces[index]).float(), random))
        vectors = network(faces.contiguous(memory_format=torch.channels_last))
        value = loss(vectors, torch.as_tensor(labels[index]))
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        follow(average, network, max(10 / (step + 10), 1 / 100))
        running += float(value.detach())
        if step % 100 == 99:
            logging.getLogger(__name__).info("step %d loss %.3f", step + 1, running / 100)
            running = 0.0
    return average


@dataclasses.dataclass(frozen=True)
class Verification:
    """How well pairs of the same person are told from pairs of two; a pair of the same person is of two takes."""

    eer: float
    """Equal error rate."""
    same: int
    """Pairs of the same person."""
    different: int


def verify(vectors: npt.NDArray[np.float32], album: Album) -> Verification:
    """Verification of unit vectors (N, WIDTH) of an album."""
    first, second = np.triu_indices(len(vectors), 1)
    cosines = (vectors @ vectors.T)[first, second]
    same = album.people[first] == album.people[second]
    other_take = album.takes[first] != album.takes[second]
    alike, apart = np.sort(cosines[same & other_take]), np.sort(cosines[~same])
    rejected = np.arange(len(alike)) / len(alike)  # at a threshold of each cosine of `alike`
    accepted = 1 - np.searchsorted(apart, alike) / len(apart)
    k = int(np.abs(rejected - accepted).argmin())
    return Verification(float((rejected[k] + accepted[k]) / 2), len(alike), len(apart))


def averaged(vectors: npt.NDArray[np.float32], album: Album, length: int) -> tuple[npt.NDArray[np.float32], Album]:
    """Unit means of so many frames in a row of one take, as a clip gives them; what is left over is dropped."""
    means, kept = [], []
    for person, take in sorted(set(zip(album.people.tolist(), album.takes.tolist(), strict=True))):
        of_take = np.flatnonzero((album.people == person) & (album.takes == take))
        for start in range(0, len(of_take) - length + 1, length):
            mean = vectors[of_take[start : start + length]].mean(0)
            means.append(mean / np.linalg.norm(mean))
            kept.append(of_take[start])
    return np.stack(means), Album(album.faces[kept], album.people[kept], album.takes[kept])


def embed_all(network: IdentityNet, album: Album, batch: int = 64) -> npt.NDArray[np.float32]:
    """Unit vectors (N, WIDTH) of an album."""
    embedder = Embedder(network)
    parts = [torch.as_tensor(album.faces[i : i + batch]) for i in range(0, len(album.faces), batch)]
    return np.concatenate([embedder.embed(part) for part in parts])


def main() -> None:
    """Film, train, verify and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    for field in dataclasses.fields(Recipe):
        name, value = f"--{field.name.replace('_', '-')}", field.default
        parser.add_argument(name, type=type(value), default=value)
    parser.add_argument("--out", type=Path, required=True, help="safetensors file to write")
    parser.add_argument("--work", type=Path, default=Path("identity_training"), help="aligned faces by person")
    options = vars(parser.parse_args())
    out, work = options.pop("out"), options.pop("work")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    recipe = Recipe(**options)
    half = recipe.first + recipe.people // 2
    learned = [*range(recipe.first, half), *range(_MORE_SEED, _MORE_SEED + recipe.more)]
    held_out = range(half, recipe.first + recipe.people)
    film(work, [*learned, *held_out], recipe)
    network = fit(recipe, load_album(work, learned))
    write_weights(out, network)
    unseen = load_album(work, held_out)
    vectors = embed_all(network, unseen)
    logging.info("people never seen: %s", verify(vectors, unseen))
    logging.info("the same, means of five frames: %s", verify(*averaged(vectors, unseen, 5)))


if __name__ == "__main__":
    run(main)
