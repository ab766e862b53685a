"""People already filmed, kept as bytes on the training device, and the pairs that are drawn from them.

Files are written by as many processes as are given, one person each, and kept: a resumed run, or a training on another
machine, films nobody twice. The bank takes in what has appeared whenever it is asked to.

`python -m tellbench.generator.vasa.data.bank --out BANK --people 720000:720400 --workers 2` films beforehand.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from tellbench.datasets.files import atomic_path
from tellbench.datasets.processes import process_pool
from tellbench.errors import InputError, run
from tellbench.generator.vasa.data.acting import GROUP
from tellbench.generator.vasa.data.studio import Recipe, film
from tellbench.generator.vasa.frames import FaceFrames, Pairs

Film = Callable[[int, Recipe], FaceFrames]
EDITION: Final = 2
"""Of the films: to be raised when people, grids or windows come out differently, so that no bank mixes them."""
_MAPS: Final = ("canonical", "surface", "depth", "labels")


def stored(frames: FaceFrames) -> dict[str, Tensor]:
    """Frames as they are kept: bytes and half precision, about a third of their size."""
    whole = {field.name: getattr(frames, field.name) for field in dataclasses.fields(frames)}
    known = {name: value.cpu() for name, value in whole.items() if value is not None and name != "surface"}
    known["image"] = (known["image"] * 255).round().byte()
    for name in known.keys() & {"canonical", "depth"}:
        known[name] = known[name].half()
    return {name: value.contiguous() for name, value in known.items()}


def restored(kept: dict[str, Tensor]) -> FaceFrames:
    """What `stored` keeps, as frames; without maps where there are none."""
    known = {name: value.float() if value.dtype == torch.half else value for name, value in kept.items()}
    known["image"] = known["image"].float() / 255
    if "labels" in known:
        known["surface"] = (known["labels"] > 0).float()
    return FaceFrames(**known)


def path_of(folder: Path, seed: int, recipe: Recipe) -> Path:
    """File of a person filmed by a recipe."""
    sizes = "x".join(str(getattr(recipe, field.name)) for field in dataclasses.fields(recipe))
    return folder / f"{sizes}_{EDITION}" / f"person_{seed}.safetensors"


def film_to(folder: Path, seed: int, recipe: Recipe, film_one: Film = film) -> None:
    """Film a person into `folder`, unless that has been done."""
    path = path_of(folder, seed, recipe)
    if not path.exists():
        with atomic_path(path) as part:
            safetensors.torch.save_file(stored(film_one(seed, recipe)), part)


@contextmanager
def filming(folder: Path, seeds: range, recipe: Recipe, workers: int) -> Iterator[list[Future[None]]]:
    """Processes that film people in the order of their seeds while the block runs; whoever is left is dropped then.

    With no workers, only what is in the folder already is used. What went wrong in a process is raised at the end.
    """
    if workers == 0:
        yield []
        return
    waiting = [seed for seed in seeds if not path_of(folder, seed, recipe).exists()]
    with process_pool(workers) as pool:
        jobs = [pool.submit(film_to, folder, seed, recipe) for seed in waiting]
        yield jobs
        for job in jobs:
            if job.done():
                job.result()


class Bank:
    """Filmed people on one device, never more than fit into `gigabytes`.

    Args:
        folder: Where films are.
        seeds: The people; a new one takes the place of the one that has been in longest once the bank is full.
        recipe: How they were filmed.
        device: Where they are kept.
        gigabytes: Bound of the memory that they take; 128-pixel windows of a grid of 50 take 4.3 MB a person.

    Raises:
        InputError: not one group fits.
    """

    def __init__(
        self, folder: Path, seeds: range, recipe: Recipe, device: str | torch.device = "cpu", gigabytes: float = 4.0
    ) -> None:
        self.folder, self.seeds, self.recipe, self.device = folder, seeds, recipe, torch.device(device)
        self.capacity = min(len(seeds), int(gigabytes * 1e9 / bytes_of(recipe)))
        if self.capacity < GROUP:
            raise InputError(
                f"a bank of {gigabytes} GB holds no group of people; give it {2 * bytes_of(recipe) / 1e9:.2f}"
            )
        self.people: list[int] = []
        """Who is in, row by row."""
        self._seen: set[int] = set()
        self._rows: dict[str, Tensor] = {}
        self.mates = torch.empty(0, dtype=torch.long)
        """The row of the other person of the group, of each row; its own where there is none."""

    def __len__(self) -> int:
        return len(self.people)

    @property
    def n_met(self) -> int:
        """How many people have been in so far."""
        return len(self._seen)

    def take_in(self) -> int:
        """Load whoever has been filmed since; returns how many they are."""
        folder = path_of(self.folder, self.seeds.start, self.recipe).parent
        there = {int(path.stem.removeprefix("person_")) for path in folder.glob("person_*.safetensors")}
        new = sorted(seed for seed in there - self._seen if seed in self.seeds)
        for seed in new:
            self._add(seed, _read(path_of(self.folder, seed, self.recipe)))
        if new:
            groups = torch.tensor(self.people) // GROUP
            same = (groups[:, None] == groups) & ~torch.eye(len(groups), dtype=torch.bool)
            self.mates = torch.where(same.any(1), same.int().argmax(1), torch.arange(len(groups)))
        return len(new)

    def _add(self, seed: int, kept: dict[str, Tensor]) -> None:
        if not self._rows:
            self._rows = {
                name: torch.zeros(self.capacity, *value.shape, dtype=value.dtype, device=self.device)
                for name, value in kept.items()
            }
        row = len(self._seen) % self.capacity
        for name, value in kept.items():
            self._rows[name][row] = value.to(self.device)
        self._seen.add(seed)
        self.people[row : row + 1] = [seed]

    def frames(self, person: Tensor, row: Tensor, maps: bool = True) -> FaceFrames:
        """Frames at rows (N,) of the grids of the bank's people (N,), with or without their maps."""
        index = person.to(self.device), row.to(self.device)
        wanted = (name for name in self._rows if maps or name not in _MAPS)
        return restored({name: self._rows[name][index] for name in wanted})

    def grid(self, person: int) -> FaceFrames:
        """The whole grid of the person in a row of the bank, pose by pose, without maps."""
        rows = torch.arange(self.recipe.poses * self.recipe.expressions)
        return self.frames(torch.full_like(rows, person), rows, maps=False)

    def put(self, name: str, person: int, values: Tensor) -> None:
        """Replace what is known of all frames of the person in a row of the bank; in memory, not in its file."""
        self._rows[name][person] = values.to(self._rows[name])

    def draw(self, count: int, random: torch.Generator, crossed: float = 0.5, portraits: float = 0.5) -> Pairs:
        """Random training pairs, half of them mirrored.

        Args:
            count: How many.
            random: On the CPU; the same draws on every device.
            crossed: Share of the drivers who are the other person of the group.
            portraits: Share of the sources who are at rest and nearly frontal, as portraits are; the rest do anything.

        Raises:
            InputError: nobody has been filmed.
        """
        if not self.people:
            raise InputError(f"{self.folder}: nobody filmed yet; film with `python -m {__spec__.name}` or give workers")
        poses, expressions = self.recipe.poses, self.recipe.expressions

        def pick(below: int) -> Tensor:
            return torch.randint(below, (count,), generator=random)

        person, pose, face = pick(len(self.people)), pick(poses), pick(expressions)
        source = torch.zeros_like(person) if portraits >= 1 else pick(poses * expressions)
        if 0 < portraits < 1:  # all or none draw nothing more, so that pairs that were measured stay the same
            source[torch.rand(count, generator=random) < portraits] = 0
        who = [torch.where(torch.rand(count, generator=random) < crossed, self.mates[person], person) for _ in "pd"]
        mirror = (torch.rand(count, generator=random) < 0.5).to(self.device)
        return Pairs(
            self.frames(person, source).mirrored(mirror),
            self.frames(person, pose * expressions + face).mirrored(mirror),
            self.frames(who[0], pose * expressions + pick(expressions), maps=False).mirrored(mirror),
            self.frames(who[1], pick(poses) * expressions + face, maps=False).mirrored(mirror),
        )


def filmed(folder: Path, seeds: range, recipe: Recipe, workers: int, device: str) -> Bank:
    """A bank of all of some people; whoever is missing is filmed first, if there are workers."""
    with filming(folder, seeds, recipe, workers) as jobs:
        for job in jobs:
            job.result()
    bank = Bank(folder, seeds, recipe, device)
    bank.take_in()
    return bank


def bytes_of(recipe: Recipe) -> int:
    """Bytes that a person takes in a bank."""
    return recipe.poses * recipe.expressions * (3 * recipe.side**2 + 9 * recipe.maps**2 + 1000)


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return dict(safetensors.torch.load_file(path))
    except (OSError, safetensors.SafetensorError) as error:
        raise InputError(f"{path}: not a filmed person ({error}); delete it, it will be filmed anew") from error


def people_of(text: str) -> range:
    """A range of seeds from `FIRST:END`.

    Raises:
        InputError: it is none.
    """
    first, _, end = text.partition(":")
    if not (first.isdigit() and end.isdigit() and int(first) < int(end)):
        raise InputError(f"people {text!r}; give two seeds, the first and one beyond the last, as 720000:720400")
    return range(int(first), int(end))


def main() -> None:
    """Film people beforehand."""
    parser = argparse.ArgumentParser(description="Film people for VASA's training.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--people", type=people_of, default="720000:720400", help="FIRST:END, seeds")
    parser.add_argument("--workers", type=int, default=1)
    for field in dataclasses.fields(Recipe):
        parser.add_argument(f"--{field.name}", type=int, default=field.default)
    given = parser.parse_args()
    recipe = Recipe(**{field.name: getattr(given, field.name) for field in dataclasses.fields(Recipe)})
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    with filming(given.out, given.people, recipe, given.workers) as jobs:
        for done, job in enumerate(jobs):
            job.result()
            logging.getLogger(__name__).info("filmed %d of %d", done + 1, len(jobs))


if __name__ == "__main__":
    run(main)
