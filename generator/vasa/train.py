"""Training of the face model, on any device or several: `tellbench fit-generator face`.

Every draw is a function of the seed and the step, and the state is written whole: a run that was killed goes on to the
very weights that it would have reached (on CUDA up to the order in which atomic additions happen to come, and while
people are still being filmed as far as the same people are there).
"""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from tellbench.datasets.faces.storage import follow
from tellbench.datasets.files import atomic_path
from tellbench.errors import InputError
from tellbench.generator.vasa import losses
from tellbench.generator.vasa.frames import Pairs
from tellbench.generator.vasa.model import FaceModel
from tellbench.generator.vasa.objective import LATE, Lesson, Objective, Verdict, Weights
from tellbench.generator.vasa.panels import panel, write_panel
from tellbench.generator.vasa.sizes import size_named
from tellbench.generator.vasa.state import load_state, save_state
from tellbench.generator.vasa.warps import resized

STATE, WEIGHTS, PLAN = "state.safetensors", "face.safetensors", "plan.json"
"""Files of a run: all of its state, the averaged model in half precision, and what was asked for."""
_READER_ONLY, _TAUGHT, _JOINT = 0.15, 0.6, 0.85
"""Where the reader alone, the taught decoder and the joint training end, in shares of the steps; then the adversary
comes in (assumption; the reader's steps cost a fifth of the others)."""
_NEW_JUDGE: Final = ("taught", "joint")
"""Stages that begin with the reader as it is then for a judge: not once it has been trained along with the frames."""
_LEAST_TEACHER: Final = 0.5
"""How often the known rig drives at least: dials and motion drive by rig, pictures by what is read."""
_CLIP: Final = 1.0
_AVERAGE: Final = 0.999
"""Norm of the gradients, and share of the running average that stays (assumption: usual values)."""
_LOG_EVERY: Final = 20


Precision = Literal["32-true", "16-mixed", "bf16-mixed"]


class PairSource(Protocol):
    """Where pairs come from."""

    def batch(self, index: int, count: int) -> Pairs:
        """Batch number `index`, the same whenever it is asked for."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """What is trained, and how long."""

    size: str = "tiny"
    steps: int = 20_000
    batch: int = 4
    """Pairs a step on each device."""
    rate: float = 8e-4
    seed: int = 0
    precision: Precision = "32-true"
    """`bf16-mixed` suits recent GPUs."""
    save_every: int = 500
    panel_every: int = 1000
    off: tuple[str, ...] = ()
    """Losses that are left out."""

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

    def rate_at(self, step: int) -> float:
        """Warm-up over 200 steps, then half a cosine to a fiftieth."""
        fall = 0.5 + 0.5 * math.cos(math.pi * min(1.0, step / self.steps))
        return self.rate * min(1.0, (step + 1) / 200) * (0.02 + 0.98 * fall)


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
    share, weights = step / plan.steps, plan.weights
    if share < _READER_ONLY:
        return Stage("reader", weights.without(*LATE), pictures=False)
    if share < _TAUGHT:
        return Stage("taught", weights.without("transfer", "identity", "adversarial"))
    if share < _JOINT:
        return Stage("joint", weights.without("adversarial"), joint=True)
    return Stage("adversary", weights, joint=True, adversary=bool(weights.adversarial))


class Trainer:
    """One run: model, its running average, adversary, optimisers, and where the state lies.

    Args:
        plan: what is trained.
        pairs: what it learns from.
        shown: pairs of other people for the panels.
        out: folder of the run; a run found there goes on.
        device: `cpu` or `cuda`; under `torchrun` every process takes its own.
        identity: network of the identity loss, none leaves it out.

    Raises:
        InputError: `out` holds a run of another plan.
    """

    def __init__(
        self, plan: Plan, pairs: PairSource, shown: Pairs, out: Path, device: str, identity: nn.Module | None = None
    ) -> None:
        self.plan, self.pairs, self.shown, self.out = plan, pairs, shown, out
        self.fabric = _launched(device, plan.precision)
        torch.manual_seed(plan.seed)
        model = FaceModel(size_named(plan.size))
        objective, discriminator = Objective(model, identity), losses.PatchDiscriminator()
        self.average = copy.deepcopy(model).requires_grad_(False).to(self.fabric.device)
        if identity is not None:
            identity.to(self.fabric.device)
        first = torch.optim.AdamW(model.parameters(), lr=plan.rate, betas=(0.9, 0.98), weight_decay=1e-3)
        second = torch.optim.AdamW(discriminator.parameters(), lr=plan.rate / 2, betas=(0.5, 0.98))
        self.objective, self.optimiser = self.fabric.setup(objective, first)
        self.discriminator, self.second = self.fabric.setup(discriminator, second)
        self.model = model
        self.step = self._resume()

    def run(self, on_step: Callable[[int], object] = lambda n: None, minutes: float = math.inf) -> bool:
        """Train to the plan's end, or for some minutes; whether the end was reached."""
        began, plan = time.monotonic(), self.plan
        with SummaryWriter(str(self.out / "tensorboard")) as board:
            while self.step < plan.steps and time.monotonic() - began < 60 * minutes:
                verdict = self._advance()
                on_step(1)
                if self.step % _LOG_EVERY == 0:
                    self._log(board, verdict)
                if self.step % plan.panel_every == 0:
                    self._show(board)
                if self.step % plan.save_every == 0:
                    self.save()
            self.save()
        return self.step >= plan.steps

    def save(self) -> None:
        """Write the whole state, and the averaged model as it would be shipped; by the first process alone."""
        if self.fabric.is_global_zero:
            save_state(self.out / STATE, self._modules(), self._optimisers(), {"step": self.step})
            self.average.save(self.out / WEIGHTS)
        self.fabric.barrier()

    def _advance(self) -> Verdict:
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
        self._descend(total, self.objective, self.optimiser)
        if adversary is not None and verdict.image is not None:
            self.discriminator.requires_grad_(True)
            side = self.model.size.window
            made, truth = resized(verdict.image, side), resized(pairs.target.image, side)
            self._descend(losses.discriminator_loss(self.discriminator, made, truth), self.discriminator, self.second)
        self.step += 1
        follow(self.average, self.model, max(1 - _AVERAGE, 9 / (self.step + 9)))  # faster in the first thousand steps
        assert isinstance(verdict, Verdict)
        return verdict

    def _descend(self, loss: Tensor, module: Any, optimiser: Any) -> None:
        optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        self.fabric.clip_gradients(module, optimiser, max_norm=_CLIP, error_if_nonfinite=False)
        optimiser.step()

    def _teacher(self, stage: Stage) -> float | Tensor:
        """How often the truth drives: always at first, then less the better the reader reads."""
        if not stage.joint:
            return 1.0
        error: Tensor = self.objective.module.reader_error
        return (2 * error).clamp(_LEAST_TEACHER, 1.0)

    def _log(self, board: SummaryWriter, verdict: Verdict) -> None:
        if self.fabric.is_global_zero:
            for name, value in verdict.parts.items():
                board.add_scalar(f"loss/{name}", float(value), self.step)
            board.add_scalar("rate", self.plan.rate_at(self.step), self.step)

    def _show(self, board: SummaryWriter) -> None:
        if self.fabric.is_global_zero:
            picture = panel(self.average, self.shown.to(self.fabric.device))
            write_panel(self.out / "panels" / f"{self.step:07d}.png", picture)
            board.add_image("panel", picture, self.step)

    def _modules(self) -> Mapping[str, nn.Module]:
        return {
            "objective": self.objective.module,
            "average": self.average,
            "discriminator": self.discriminator.module,
        }

    def _optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        return {"first": self.optimiser.optimizer, "second": self.second.optimizer}

    def _resume(self) -> int:
        """Go on with the run in `out`, or begin one there; the step to start with."""
        asked = json.loads(json.dumps(dataclasses.asdict(self.plan)))
        path = self.out / PLAN
        if path.is_file() and json.loads(path.read_text(encoding="utf-8")) != asked:
            raise InputError(f"{self.out} holds a run of another plan ({PLAN}); choose another --out or delete it")
        if (self.out / STATE).is_file():
            return int(load_state(self.out / STATE, self._modules(), self._optimisers())["step"])
        if self.fabric.is_global_zero:
            with atomic_path(path) as part:
                part.write_text(json.dumps(asked, indent=1), encoding="utf-8")
        return 0


def _launched(device: str, precision: Precision) -> Fabric:
    """Fabric on one device, or as one of the processes that `torchrun` started."""
    here, everywhere = (int(os.environ.get(name, "1")) for name in ("LOCAL_WORLD_SIZE", "WORLD_SIZE"))
    strategy: Any = DDPStrategy(find_unused_parameters=True) if everywhere > 1 else "auto"
    fabric = Fabric(
        accelerator=device, devices=here, num_nodes=everywhere // here, strategy=strategy, precision=precision
    )
    fabric.launch()
    return fabric
