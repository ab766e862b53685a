"""A training run: its loop, where its state lies, and how a killed one goes on; whatever is trained."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Generic, Literal, TypeVar

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from tellbench.datasets.files import atomic_path
from tellbench.datasets.processes import cpu_name
from tellbench.errors import InputError
from tellbench.generator.vasa.card import Session, Training
from tellbench.generator.vasa.state import load_state, save_state

STATE, PLAN = "state.safetensors", "plan.json"
"""Files of a run: all of its state, and what was asked for."""
_CLIP: Final = 1.0
_AVERAGE: Final = 0.999
"""Norm of the gradients, and share of the running average that stays (assumption: usual values)."""
_LOG_EVERY: Final = 20

Precision = Literal["32-true", "16-mixed", "bf16-mixed"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunPlan:
    """How long is trained, how fast, and how often that is seen."""

    steps: int = 20_000
    batch: int = 4
    """Items a step on each device."""
    rate: float = 8e-4
    seed: int = 0
    precision: Precision = "32-true"
    """`bf16-mixed` suits recent GPUs."""
    start: str = ""
    """File of weights to train on from."""
    save_every: int = 500
    panel_every: int = 1000

    def rate_at(self, step: int) -> float:
        """Warm-up over 200 steps, then half a cosine to a fiftieth."""
        fall = 0.5 + 0.5 * math.cos(math.pi * min(1.0, step / self.steps))
        return self.rate * min(1.0, (step + 1) / 200) * (0.02 + 0.98 * fall)


_Plan = TypeVar("_Plan", bound=RunPlan)
_Outcome = TypeVar("_Outcome")


class Run(ABC, Generic[_Plan, _Outcome]):
    """One run; what is trained, and how, is a subclass's.

    Args:
        plan: what is trained.
        out: folder of the run; a run found there goes on.
        device: `cpu` or `cuda`; under `torchrun` every process takes its own.
    """

    step: int
    """Steps done."""
    sessions: tuple[Session, ...] = ()
    """Stretches of training so far, those before a kill up to what was saved."""

    def __init__(self, plan: _Plan, out: Path, device: str) -> None:
        self.plan, self.out = plan, out
        self.fabric = _launched(device, plan.precision)
        torch.manual_seed(plan.seed)

    def run(
        self,
        on_step: Callable[[int], object] = lambda n: None,
        minutes: float = math.inf,
        on_save: Callable[[], object] = lambda: None,
    ) -> bool:
        """Train to the plan's end, or for some minutes; whether the end was reached.

        Args:
            on_step: called with 1 after each step.
            minutes: after which it stops, to go on another time.
            on_save: called by the first process whenever the weights were written.
        """
        began, plan, before, first = time.monotonic(), self.plan, self.sessions, self.step

        def save() -> None:
            if self.step > first:
                self.sessions = (*before, self._session(first, time.monotonic() - began))
            self.save()
            if self.fabric.is_global_zero:
                on_save()

        with SummaryWriter(str(self.out / "tensorboard")) as board:
            while self.step < plan.steps and time.monotonic() - began < 60 * minutes:
                outcome = self.advance()
                on_step(1)
                if self.step % _LOG_EVERY == 0 and self.fabric.is_global_zero:
                    for name, value in self.logged(outcome).items():
                        board.add_scalar(f"loss/{name}", float(value), self.step)
                    board.add_scalar("rate", plan.rate_at(self.step), self.step)
                if self.step % plan.panel_every == 0 and self.fabric.is_global_zero:
                    self.show(board)
                if self.step % plan.save_every == 0:
                    save()
            save()
        return self.step >= plan.steps

    def training(self, learned: Sequence[str], outside: bool) -> Training:
        """How the model was trained so far, for its card.

        Args:
            learned: one line for each source of data.
            outside: whether any is not the studio.
        """
        plan, trained = dataclasses.asdict(self.plan), self.modules()["average"]
        return Training(
            plan=plan,
            step=self.step,
            parameters=sum(parameter.numel() for parameter in trained.parameters()),
            sessions=self.sessions,
            learned=learned,
            outside=outside,
        )

    def _session(self, first: int, seconds: float) -> Session:
        cuda = self.fabric.device.type == "cuda"
        return Session(
            device=torch.cuda.get_device_name(self.fabric.device) if cuda else f"{cpu_name()} (CPU)",
            processes=self.fabric.world_size,
            torch=torch.__version__,
            first=first,
            last=self.step,
            seconds=round(seconds, 1),
        )

    def save(self) -> None:
        """Write the whole state, and the averaged model as it would be shipped; by the first process alone."""
        if self.fabric.is_global_zero:
            counters = {"step": self.step, "sessions": [dataclasses.asdict(session) for session in self.sessions]}
            save_state(self.out / STATE, self.modules(), self.optimisers(), counters)
            self.ship()
        self.fabric.barrier()

    @abstractmethod
    def advance(self) -> _Outcome:
        """One step; raises `step` by one."""

    @abstractmethod
    def logged(self, outcome: _Outcome) -> Mapping[str, Tensor]:
        """Losses of a step by name, for the log."""

    @abstractmethod
    def show(self, board: SummaryWriter) -> None:
        """Something to look at."""

    @abstractmethod
    def ship(self) -> None:
        """Write the averaged model."""

    @abstractmethod
    def modules(self) -> Mapping[str, nn.Module]:
        """Everything with weights."""

    @abstractmethod
    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """All optimisers."""

    @property
    def pull(self) -> float:
        """Share of the way that the running average goes to the weights; faster in the first thousand steps."""
        return max(1 - _AVERAGE, 9 / (self.step + 9))

    def descend(self, loss: Tensor, module: Any, optimiser: Any) -> None:
        """One step of an optimiser, gradients clipped."""
        optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        self.fabric.clip_gradients(module, optimiser, max_norm=_CLIP, error_if_nonfinite=False)
        optimiser.step()

    def resume(self) -> int:
        """Go on with the run in `out`, or begin one there; the step to start with.

        Raises:
            InputError: `out` holds a run of another plan.
        """
        asked = json.loads(json.dumps(dataclasses.asdict(self.plan)))
        path = self.out / PLAN
        if path.is_file() and json.loads(path.read_text(encoding="utf-8")) != asked:
            raise InputError(f"{self.out} holds a run of another plan ({PLAN}); choose another --out or delete it")
        if (self.out / STATE).is_file():
            counters = load_state(self.out / STATE, self.modules(), self.optimisers())
            self.sessions = tuple(Session(**session) for session in counters.get("sessions", ()))
            return int(counters["step"])
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


def check_seeds(people: range, allowed: range) -> None:
    """Refuse to train on people who are kept for measuring.

    Raises:
        InputError: some of `people` are not `allowed`.
    """
    if people.start < allowed.start or people.stop > allowed.stop:
        raise InputError(
            f"people {people.start}:{people.stop}; allowed: {allowed.start} to {allowed.stop}, the others are "
            "measured on"
        )
