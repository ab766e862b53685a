"""Training of the motion model, on any device or several: `tellbench fit-generator motion`."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from tellbench.datasets.faces.storage import follow
from tellbench.errors import InputError
from tellbench.generator.vasa.motion.data.bank import TalkBank, Windows
from tellbench.generator.vasa.motion.data.talks import Talk
from tellbench.generator.vasa.motion.frontends import LOG_MEL, frontend_of
from tellbench.generator.vasa.motion.hearing import Recording
from tellbench.generator.vasa.motion.model import MotionModel
from tellbench.generator.vasa.motion.network import Conditions
from tellbench.generator.vasa.motion.panels import panel
from tellbench.generator.vasa.motion.schedule import mixture, noise_in
from tellbench.generator.vasa.motion.sizes import AHEAD, BEFORE, SIZES, WINDOW
from tellbench.generator.vasa.motion.space import N_MOTION, N_POSE, motion_columns
from tellbench.generator.vasa.motion.stream import Performer
from tellbench.generator.vasa.panels import write_panel
from tellbench.generator.vasa.run import Run, RunPlan
from tellbench.generator.vasa.sizes import size_named

WEIGHTS: Final = "motion.safetensors"
"""File of a run with the averaged model in half precision."""
_WINDOWS: Final = (WINDOW, WINDOW, WINDOW, 25, BEFORE)
"""Lengths of windows, one for each batch: shorter ones are for streaming (assumption)."""
_DROP: Final = 0.1
_DROP_BEFORE: Final = 0.5
"""How often a condition, and the previous window, is left out (VASA-1, section 3.2)."""
_DROP_END: Final = 0.1
"""How often the last frames of sound are not heard; the paper drops "the last few", giving no number (assumption)."""
_SMOOTH: Final = 2.0
"""Weight of the error of the steps from frame to frame, that into the window included (assumption)."""
_COUNTS: Final = (
    (range(N_POSE), 4.0),
    (motion_columns("jawOpen"), 4.0),
    (motion_columns("eyeBlink"), 16.0),
    (range(N_MOTION - 2, N_MOTION), 8.0),
)
"""What shows most counts more than the other columns: pose and jaw, lids, gaze (assumption)."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan(RunPlan):
    """What is trained, and how long; a batch is windows."""

    size: str = "small"
    hearing: str = LOG_MEL.name
    """Front end (`frontends.NAMES`)."""


Parts = dict[str, Tensor]


class Lesson(nn.Module):
    """The loss of a batch: one module, so that DDP sees one forward pass.

    Args:
        model: what is trained.
    """

    def __init__(self, model: MotionModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, windows: Windows, random: torch.Generator) -> tuple[Tensor, Parts]:
        """Total and its parts; `random` is on the CPU."""
        model, count = self.model, len(windows.motion)
        clean = model.standardised(windows.motion)
        known = windows.known
        known = dataclasses.replace(
            known, before=model.standardised(known.before), audio=model.standardised_sound(known.audio)
        )
        known = dropped(known, random)
        time = (torch.rand(1, generator=random) + torch.arange(count) / count) % 1  # spread evenly: less variance
        noise = torch.randn(clean.shape, generator=random).to(clean)
        time = time.to(clean)
        made = model.denoiser(noise_in(clean, time, noise), time, known)
        weight = weights(time)
        frames = (weight * (made - clean).square()).mean()
        steps = (weight * (_steps(made, known) - _steps(clean, known)).square()).mean()
        return frames + _SMOOTH * steps, {"frames": frames.detach(), "steps": steps.detach()}


def weights(time: Tensor) -> Tensor:
    """Of squared errors, (B, 1, 60): what the network says counts alike at all times (B,), though little of it is used.

    Columns that show most count more than the others.
    """
    columns = time.new_ones(N_MOTION)
    for places, weight in _COUNTS:
        columns[list(places)] = weight
    most, used = mixture(torch.ones_like(time))[1], mixture(time)[1]
    return (most / used).square()[:, None, None] * (columns / columns.mean())


def _steps(motion: Tensor, known: Conditions) -> Tensor:
    """Differences from frame to frame (B, W, 60), the first from the window before where there is one."""
    into = (motion[:, :1] - known.before[:, -1:]) * known.follows[:, None, None]
    return torch.cat([into, motion.diff(dim=1)], 1)


def dropped(known: Conditions, random: torch.Generator) -> Conditions:
    """Conditions of which some are left out at random, each window by itself."""
    count, frames = known.heard.shape

    def chance(share: float, *shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=random) < share

    ends = torch.where(chance(_DROP_END), torch.randint(BEFORE, frames - AHEAD, (count,), generator=random), frames)
    heard = (torch.arange(frames) < ends[:, None]) & ~chance(_DROP, 1)
    device = known.heard.device
    return dataclasses.replace(
        known,
        follows=known.follows & ~chance(_DROP_BEFORE).to(device),
        heard=known.heard & heard.to(device),
        minded=known.minded & ~chance(_DROP, 3).to(device),
    )


class Trainer(Run[Plan, Parts]):
    """One run: model, its running average, and optimiser.

    Args:
        plan: what is trained.
        bank: talks to learn from.
        shown: another talk, for the panels.
        out: folder of the run; a run found there goes on.
        device: `cpu` or `cuda`; under `torchrun` every process takes its own.

    Raises:
        InputError: `out` holds a run of another plan, or the weights to start from are of another size or hearing.
    """

    def __init__(self, plan: Plan, bank: TalkBank, shown: Talk, out: Path, device: str) -> None:
        super().__init__(plan, out, device)
        self.bank, self.shown = bank, shown
        model = _begun(plan, bank)
        self.average = copy.deepcopy(model).requires_grad_(False).to(self.fabric.device)
        first = torch.optim.AdamW(model.parameters(), lr=plan.rate, betas=(0.9, 0.98), weight_decay=1e-2)
        self.lesson, self.optimiser = self.fabric.setup(Lesson(model), first)
        self.model = model
        self.step = self.resume()

    def advance(self) -> Parts:
        """One step."""
        plan = self.plan
        index = self.step * self.fabric.world_size + self.fabric.global_rank
        random = torch.Generator().manual_seed(plan.seed * 1_000_003 + index)
        window = _WINDOWS[self.step % len(_WINDOWS)]
        for group in self.optimiser.param_groups:
            group["lr"] = plan.rate_at(self.step)
        total, parts = self.lesson(self.bank.draw(plan.batch, window, random), random)
        self.descend(total, self.lesson, self.optimiser)
        self.step += 1
        follow(self.average, self.model, self.pull)
        assert isinstance(parts, dict)
        return parts

    def logged(self, outcome: Parts) -> Mapping[str, Tensor]:
        """Losses of a step by name."""
        return outcome

    def show(self, board: SummaryWriter) -> None:
        """Tracks that the averaged model makes to a talk's sound, beside the talk's own."""
        talk = self.shown
        performer = Performer(self.average, talk.script, seed=0)
        made = torch.cat([part.motion for part in performer.ready(Recording(talk.heard, frontend_of(self.model.kind)))])
        picture = panel({"studio": talk.motion, "made": made}, talk.heard)
        write_panel(self.out / "panels" / f"{self.step:07d}.png", picture)
        board.add_image("panel", picture, self.step)

    def ship(self) -> None:
        """Write the averaged model."""
        self.average.save(self.out / WEIGHTS)

    def modules(self) -> Mapping[str, nn.Module]:
        """Model and average."""
        return {"model": self.model, "average": self.average}

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """Of the model."""
        return {"first": self.optimiser.optimizer}


def _begun(plan: Plan, bank: TalkBank) -> MotionModel:
    """A new model with the statistics of the talks, or the one to start from with its own."""
    if not plan.start:
        model = MotionModel(size_named(SIZES, plan.size), bank.kind)
        model.learn_statistics(*bank.everything())
        return model
    model = MotionModel.load(Path(plan.start))
    if (model.size.name, model.kind) != (plan.size, bank.kind):
        raise InputError(
            f"{plan.start}: size {model.size.name!r}, hears {model.kind.name}; give --size {model.size.name} and "
            f"--hearing {model.kind.name}"
        )
    return model.requires_grad_(True).train()
