"""Training of the face model, on any device or several: `tellbench fit-generator face`.

Every draw is a function of the seed and the step, and the state is written whole: a run that was killed goes on to the
very weights that it would have reached (on CUDA up to the order in which atomic additions happen to come, and while
people are still being filmed as far as the same people are there).
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

import torch
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from tellbench.datasets.faces.storage import follow
from tellbench.errors import InputError
from tellbench.generator.vasa import losses
from tellbench.generator.vasa.frames import Pairs
from tellbench.generator.vasa.model import FaceModel
from tellbench.generator.vasa.objective import LATE, Lesson, Objective, Verdict, Weights
from tellbench.generator.vasa.panels import panel, write_panel
from tellbench.generator.vasa.run import Run, RunPlan
from tellbench.generator.vasa.sizes import SIZES, size_named
from tellbench.generator.vasa.warps import resized

WEIGHTS: Final = "face.safetensors"
"""File of a run with the averaged model in half precision."""
_TAUGHT, _JOINT = 0.53, 0.82
"""Where the taught decoder and the joint training end, in shares of the steps with frames; then the adversary comes in
(assumption)."""
_NEW_JUDGE: Final = ("taught", "joint")
"""Stages that begin with the reader as it is then for a judge: not once it has been trained along with the frames."""
_LEAST_TEACHER: Final = 0.5
"""How often the known rig drives at least: dials and motion drive by rig, pictures by what is read."""


class PairSource(Protocol):
    """Where pairs come from."""

    def batch(self, index: int, count: int) -> Pairs:
        """Batch number `index`, the same whenever it is asked for."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan(RunPlan):
    """What is trained, and how long; a batch is pairs."""

    size: str = "tiny"
    off: tuple[str, ...] = ()
    """Losses that are left out."""
    reader_only: float = 0.15
    """Share of the steps in which the reader learns alone, first; they take a sixth of the time."""

    def __post_init__(self) -> None:
        """Shares are shares.

        Raises:
            InputError: they are not.
        """
        if not 0 <= self.reader_only <= 1:
            raise InputError(f"reader alone in {self.reader_only} of the steps; allowed: 0 to 1")

    @property
    def weights(self) -> Weights:
        """The losses' weights.

        Raises:
            InputError: a loss to be left out is unknown.
        """
        known = [field.name for field in dataclasses.fields(Weights)]
        for name in self.off:
            if name not in known:
                raise InputError(f"loss {name!r}; allowed: {', '.join(known)}")
        return Weights().without(*self.off)


@dataclasses.dataclass(frozen=True)
class Stage:
    """What a part of the training does."""

    name: str
    weights: Weights
    pictures: bool = True
    joint: bool = False
    """Whether read codes drive, too."""
    adversary: bool = False


def stage_at(plan: Plan, step: int) -> Stage:
    """First the reader alone, then the decoder under the teacher, then both, at last against an adversary."""
    weights, alone = plan.weights, plan.reader_only * plan.steps
    if step < alone:
        return Stage("reader", weights.without(*LATE), pictures=False)
    share = (step - alone) / (plan.steps - alone)
    if plan.start:  # its decoder has been taught
        share = _TAUGHT + (1 - _TAUGHT) * share
    if share < _TAUGHT:
        return Stage("taught", weights.without("transfer", "identity", "adversarial"))
    if share < _JOINT:
        return Stage("joint", weights.without("adversarial"), joint=True)
    return Stage("adversary", weights, joint=True, adversary=bool(weights.adversarial))


class Trainer(Run[Plan, Verdict]):
    """One run: model, its running average, adversary, and optimisers.

    Args:
        plan: what is trained.
        pairs: what it learns from.
        shown: pairs of other people for the panels.
        out: folder of the run; a run found there goes on.
        device: `cpu` or `cuda`; under `torchrun` every process takes its own.
        identity: network of the identity loss, none leaves it out.

    Raises:
        InputError: `out` holds a run of another plan, or the weights to start from are none of this size.
    """

    def __init__(
        self, plan: Plan, pairs: PairSource, shown: Pairs, out: Path, device: str, identity: nn.Module | None = None
    ) -> None:
        super().__init__(plan, out, device)
        self.pairs, self.shown = pairs, shown
        model = _begun(plan)
        objective, discriminator = Objective(model, identity), losses.PatchDiscriminator()
        self.average = copy.deepcopy(model).requires_grad_(False).to(self.fabric.device)
        if identity is not None:
            identity.to(self.fabric.device)
        first = torch.optim.AdamW(model.parameters(), lr=plan.rate, betas=(0.9, 0.98), weight_decay=1e-3)
        second = torch.optim.AdamW(discriminator.parameters(), lr=plan.rate / 2, betas=(0.5, 0.98))
        self.objective, self.optimiser = self.fabric.setup(objective, first)
        self.discriminator, self.second = self.fabric.setup(discriminator, second)
        self.model = model
        self.step = self.resume()

    def advance(self) -> Verdict:
        """One step."""
        plan, world = self.plan, self.fabric.world_size
        stage = stage_at(plan, self.step)
        if self.step and stage.name in _NEW_JUDGE and stage_at(plan, self.step - 1).name != stage.name:
            self.objective.module.appoint_judge()
        index = self.step * world + self.fabric.global_rank
        pairs = self.pairs.batch(index, plan.batch).to(self.fabric.device)
        random = torch.Generator().manual_seed(plan.seed * 1_000_003 + index)
        for group in (*self.optimiser.param_groups, *self.second.param_groups):
            group["lr"] = plan.rate_at(self.step)
        adversary = self.discriminator if stage.adversary else None
        self.discriminator.requires_grad_(False)
        lesson = Lesson(pairs, stage.weights, self._teacher(stage), random, adversary, stage.pictures)
        total, verdict = self.objective(lesson)
        self.descend(total, self.objective, self.optimiser)
        if adversary is not None and verdict.image is not None:
            self.discriminator.requires_grad_(True)
            side = self.model.size.window
            made, truth = resized(verdict.image, side), resized(pairs.target.image, side)
            self.descend(losses.discriminator_loss(self.discriminator, made, truth), self.discriminator, self.second)
        self.step += 1
        follow(self.average, self.model, self.pull)
        assert isinstance(verdict, Verdict)
        return verdict

    def _teacher(self, stage: Stage) -> float | Tensor:
        """How often the truth drives: always at first, then less the better the reader reads."""
        if not stage.joint:
            return 1.0
        error: Tensor = self.objective.module.reader_error
        return (2 * error).clamp(_LEAST_TEACHER, 1.0)

    def logged(self, outcome: Verdict) -> Mapping[str, Tensor]:
        """Losses of a step by name."""
        return outcome.parts

    def show(self, board: SummaryWriter) -> None:
        """Panels of other people."""
        picture = panel(self.average, self.shown.to(self.fabric.device))
        write_panel(self.out / "panels" / f"{self.step:07d}.png", picture)
        board.add_image("panel", picture, self.step)

    def ship(self) -> None:
        """Write the averaged model."""
        self.average.save(self.out / WEIGHTS)

    def modules(self) -> Mapping[str, nn.Module]:
        """Model, average and adversary."""
        return {
            "objective": self.objective.module,
            "average": self.average,
            "discriminator": self.discriminator.module,
        }

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """Of the model and of the adversary."""
        return {"first": self.optimiser.optimizer, "second": self.second.optimizer}


def _begun(plan: Plan) -> FaceModel:
    """A new model, or the one to start from."""
    if not plan.start:
        return FaceModel(size_named(SIZES, plan.size))
    model = FaceModel.load(Path(plan.start))
    if model.size.name != plan.size:
        raise InputError(f"{plan.start}: weights of size {model.size.name!r}; give --size {model.size.name}")
    return model.train()
