"""`tellbench fit-generator face`: from what was asked for to a training run."""

from __future__ import annotations

import dataclasses
import math
import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Protocol

import torch
from torch import nn

from tellbench.errors import InputError
from tellbench.generator.vasa.card import Part, outside_about, write_model_card
from tellbench.generator.vasa.data.bank import EDITION, Bank, filming
from tellbench.generator.vasa.data.randomise import Randomiser
from tellbench.generator.vasa.data.studio import Recipe
from tellbench.generator.vasa.data.video import ClipBank, Sampling, prepare, recordings
from tellbench.generator.vasa.frames import Pairs
from tellbench.generator.vasa.run import check_seeds
from tellbench.generator.vasa.sizes import SIZES, size_named
from tellbench.generator.vasa.train import WEIGHTS, PairSource, Plan, Trainer

STUDIO: Final = "studio"
"""Name of the data that needs none."""
PEOPLE: Final = range(720_000, 740_000)
"""Seeds of the virtual people that may be trained on."""
_SHOWN: Final = range(819_990, 819_992)
"""People of the panels, neither trained nor measured on."""
_FIRST: Final = 8
"""People who must have been filmed before training begins."""
_PATIENCE: Final = 2.0
"""Hours to wait for them where somebody films."""
_LOOK_EVERY: Final = 50
"""Batches from one look for newly filmed people to the next."""
_FACENET: Final = "20180402-114759-vggface2.pt"
CARD: Final = Part(
    title="Face model of `vasa`",
    weights=WEIGHTS,
    does="It puts the face of a portrait into other poses and expressions.",
    measured_by="python -m tellbench.generator.vasa.measure --model face.safetensors --judge J --films DIR --out DIR",
    unknown="fidelity to a face, how far eyes, lips and heads follow what is asked, likeness, other people, paintings",
)


class Drawn(Protocol):
    """A bank of frames."""

    def draw(self, count: int, random: torch.Generator) -> Pairs:
        """Random pairs."""


class RandomPairs:
    """Pairs drawn from a bank in random looks, the same for the same index while the bank is the same.

    Args:
        bank: where frames are.
        device: of the frames.
        seed: of all draws.
        refresh: called now and then, to let new people in.
    """

    def __init__(self, bank: Drawn, device: str, seed: int, refresh: Callable[[], object] = lambda: None) -> None:
        self._bank, self._device, self._seed, self._refresh = bank, device, seed, refresh

    def batch(self, index: int, count: int) -> Pairs:
        """Batch number `index`."""
        if index % _LOOK_EVERY == 0:
            self._refresh()
        seed = self._seed * 1_000_003 + index
        pairs = self._bank.draw(count, torch.Generator().manual_seed(seed))
        return Randomiser(seed, self._device)(pairs)


class Alternating:
    """Several sources that take turns."""

    def __init__(self, sources: Sequence[PairSource]) -> None:
        self._sources = sources

    def batch(self, index: int, count: int) -> Pairs:
        """Batch number `index`."""
        return self._sources[index % len(self._sources)].batch(index // len(self._sources), count)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Data:
    """What is learned from, and where it is kept."""

    names: tuple[str, ...] = (STUDIO,)
    """`studio`, or folders of video."""
    people: range = PEOPLE
    """Virtual people."""
    films: Path
    """Folder of what was filmed or cut from video."""
    workers: int = 1
    """Processes that film while training runs; with 0 only what has been filmed is used."""
    gigabytes: float = 4.0
    """Memory of the frames of each name, on the training device."""


def fit_face(
    plan: Plan,
    data: Data,
    out: Path,
    device: str,
    minutes: float = math.inf,
    on_step: Callable[[int], object] = lambda n: None,
) -> bool:
    """Train a face model, or go on training the one in `out`; whether the plan's end was reached.

    Raises:
        InputError: no data, seeds of people who are kept for measuring, or `out` holds another run.
    """
    check_seeds(data.people, PEOPLE)
    recipe = Recipe.for_windows(size_named(SIZES, plan.size).window)
    rank = int(os.environ.get("LOCAL_RANK", "0"))
    workers = data.workers if rank == 0 else 0
    with ExitStack() as stack:
        stack.enter_context(filming(data.films, _SHOWN, recipe, min(workers, 1)))
        hours = _PATIENCE if data.workers else 0.0
        shown_bank = _waited(Bank(data.films, _SHOWN, recipe), len(_SHOWN), hours)
        shown = shown_bank.draw(4, torch.Generator().manual_seed(0))
        if STUDIO in data.names:
            stack.enter_context(filming(data.films, data.people, recipe, workers))
        place = f"cuda:{rank}" if device == "cuda" else device
        sources = [_source(name, plan, data, recipe, place) for name in data.names]
        trainer = Trainer(plan, Alternating([one.pairs for one in sources]), shown, out, device, identity_network())
        on_step(trainer.step)

        def note() -> None:
            learned = [*(one.about() for one in sources), f"Identities were compared by {_identity_name()}."]
            write_model_card(out, CARD, trainer.training(learned, outside=set(data.names) != {STUDIO}))

        return trainer.run(on_step, minutes, note)


@dataclasses.dataclass(frozen=True)
class _Source:
    """One of the data's names."""

    pairs: PairSource
    about: Callable[[], str]
    """One line on what was learned from so far."""


def _source(name: str, plan: Plan, data: Data, recipe: Recipe, device: str) -> _Source:
    if name == STUDIO:
        bank = Bank(data.films, data.people, recipe, device, data.gigabytes)
        _waited(bank, min(_FIRST, len(data.people)), _PATIENCE if data.workers else 0.0)
        return _Source(RandomPairs(bank, device, plan.seed, bank.take_in), lambda: _studio_about(bank))
    if not Path(name).is_dir():
        raise InputError(f"data {name!r}; allowed: {STUDIO}, or a folder with a corpus or with people's videos")
    from tellbench.datasets.faces.finder import FaceFinder
    from tellbench.datasets.faces.landmarks import load_landmarker

    sampling = Sampling(side=recipe.side)
    clips = prepare(recordings(Path(name)), data.films, sampling, FaceFinder(), load_landmarker("network"))
    kept = ClipBank(clips, device, data.gigabytes)
    about = outside_about(Path(name), f"{len(kept)} clips of {len(set(kept.people))} people")
    return _Source(RandomPairs(kept, device, plan.seed), lambda: about)


def _studio_about(bank: Bank) -> str:
    recipe, seeds = bank.recipe, bank.seeds
    return (
        f"This project's studio: {bank.n_met} virtual people (of seeds {seeds.start} to {seeds.stop - 1}), "
        f"{recipe.poses} poses and {recipe.expressions} expressions each, edition {EDITION}, in random looks."
    )


def _waited(bank: Bank, people: int, hours: float) -> Bank:
    """The bank once so many people are in, within some hours.

    Raises:
        InputError: they do not come.
    """
    end = time.monotonic() + 3600 * hours
    bank.take_in()
    while len(bank) < people:
        if time.monotonic() > end:
            raise InputError(f"{bank.folder}: {len(bank)} people filmed, {people} are needed; give --workers 1 or more")
        time.sleep(1)
        bank.take_in()
    return bank


def _identity_name() -> str:
    if _facenet().is_file():
        return "facenet-pytorch's FaceNet, which learned from the photographs of VGGFace2"
    return "this project's own network"


def _facenet() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints" / _FACENET


def identity_network() -> nn.Module:
    """Aligned faces (N, 3, 112, 112) in 0 to 255 to unit vectors: FaceNet where its weights are at hand, else ours.

    Nothing is downloaded: facenet-pytorch's InceptionResnetV1 is used when its VGGFace2 weights lie in torch's cache.
    """
    from tellbench.datasets.faces.identity import Embedder

    network: nn.Module = FaceNet(_facenet()) if _facenet().is_file() else Embedder.load().network
    return network.eval().requires_grad_(False)


class FaceNet(nn.Module):
    """facenet-pytorch's InceptionResnetV1, fed with our aligned faces."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        from facenet_pytorch import InceptionResnetV1

        self.net = InceptionResnetV1(num_classes=8631)
        self.net.load_state_dict(torch.load(path, weights_only=True), strict=False)

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        """Faces (N, 3, 112, 112) in 0 to 255 to unit vectors (N, 512)."""
        large = nn.functional.interpolate(faces, size=(160, 160), mode="bilinear", align_corners=False)
        vectors: torch.Tensor = self.net((large - 127.5) / 128)
        return vectors
