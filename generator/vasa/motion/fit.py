"""`tellbench fit-generator motion`: from what was asked for to a training run."""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from tellbench.datasets.files import sha256
from tellbench.errors import InputError
from tellbench.generator.vasa.card import Part, outside_about, write_model_card
from tellbench.generator.vasa.data.video import recordings
from tellbench.generator.vasa.model import SHIPPED, FaceModel
from tellbench.generator.vasa.motion.data.bank import TalkBank
from tellbench.generator.vasa.motion.data.talks import PEOPLE, Talk, acting, path_of, read_talk
from tellbench.generator.vasa.motion.frontends import Frontend, frontend_named
from tellbench.generator.vasa.motion.sizes import WINDOW
from tellbench.generator.vasa.motion.space import RATE
from tellbench.generator.vasa.motion.train import WEIGHTS, Plan, Trainer
from tellbench.generator.vasa.run import check_seeds

STUDIO: Final = "studio"
"""Name of the data that needs none."""
SHOWN: Final = 839_999
"""Talk of the panels, neither trained nor measured on."""
CARD: Final = Part(
    title="Motion model of `vasa`",
    weights=WEIGHTS,
    does="It moves head and face to a voice.",
    measured_by="python -m tellbench.generator.vasa.motion.measure --model motion.safetensors --talks TALKS --out DIR",
    unknown="agreement of lips and sound, blinks, gaze, how much heads move, seams between windows, other voices",
)
_PATIENCE_S: Final = 7200.0
"""To wait for talks where another process acts them."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Data:
    """What is learned from, and where it is kept."""

    names: tuple[str, ...] = (STUDIO,)
    """`studio`, or folders of video."""
    people: range = PEOPLE[:1000]
    """Seeds of the studio's talks."""
    talks: Path
    """Folder of what was acted or read from video."""
    workers: int = 1
    """Processes that act before training begins; with 0 only what is there is used."""
    reader: Path | None = None
    """Weights of the face model that reads motion from video; the shipped ones by default."""


def fit_motion(
    plan: Plan,
    data: Data,
    out: Path,
    device: str,
    minutes: float = math.inf,
    on_step: Callable[[int], object] = lambda n: None,
) -> bool:
    """Train a motion model, or go on training the one in `out`; whether the plan's end was reached.

    Raises:
        InputError: no data, seeds of talks that are kept for measuring, no weights to hear by, or `out` holds another
            run.
    """
    check_seeds(data.people, PEOPLE)
    frontend = frontend_named(plan.hearing)
    rank = int(os.environ.get("LOCAL_RANK", "0"))
    place = f"cuda:{rank}" if device == "cuda" else device
    (shown,) = _acted(data, range(SHOWN, SHOWN + 1), frontend)
    bank, learned = _bank(data, place, frontend)
    trainer = Trainer(plan, bank, shown, out, device)
    on_step(trainer.step)

    def note() -> None:
        write_model_card(out, CARD, trainer.training(learned, outside=set(data.names) != {STUDIO}))

    return trainer.run(on_step, minutes, note)


def _bank(data: Data, device: str, frontend: Frontend) -> tuple[TalkBank, list[str]]:
    """All talks, and a line on those of each name."""
    talks = {name: list(_talks(name, data, device, frontend)) for name in data.names}
    bank = TalkBank(itertools.chain.from_iterable(talks.values()), device, frontend.kind)
    return bank, [_about(name, data, found) for name, found in talks.items()]


def _about(name: str, data: Data, talks: Sequence[Talk]) -> str:
    """One line on what of a name is learned from."""
    used = [len(talk.motion) for talk in talks if len(talk.motion) >= WINDOW]
    kept = f"{len(used)} talks, {sum(used) / RATE / 60:.1f} minutes"
    if name == STUDIO:
        seeds = f"seeds {data.people.start} to {data.people.stop - 1}"
        return f"This project's studio, acted and not filmed, with espeak-ng's voices: {kept} ({seeds})."
    reader = "the shipped face model" if data.reader is None else f"a face model of sha256 `{sha256(data.reader)}`"
    return f"{outside_about(Path(name), kept)} Motion was read from it by {reader}."


def _talks(name: str, data: Data, device: str, frontend: Frontend) -> Iterator[Talk]:
    """Talks of one of the data's names."""
    if name == STUDIO:
        return _acted(data, data.people, frontend)
    if not Path(name).is_dir():
        raise InputError(f"data {name!r}; allowed: {STUDIO}, or a folder with a corpus or with people's videos")
    from tellbench.datasets.faces.finder import FaceFinder
    from tellbench.datasets.faces.landmarks import load_landmarker
    from tellbench.generator.vasa.motion.data.clips import StageOne, prepare

    reader = StageOne(FaceModel.load(data.reader or SHIPPED), device)
    return prepare(recordings(Path(name)), data.talks, FaceFinder(), load_landmarker("network"), reader, frontend)


def _acted(data: Data, seeds: range, frontend: Frontend) -> Iterator[Talk]:
    """Talks of the studio, acted first where they are not there; one process of a machine acts for all.

    Raises:
        InputError: one is missing, and nobody acts.
    """
    if int(os.environ.get("LOCAL_RANK", "0")) == 0:
        with acting(data.talks, seeds, data.workers, frontend.kind) as jobs:
            for job in jobs:
                job.result()
    for seed in seeds:
        path, end = path_of(data.talks, seed, frontend.kind), time.monotonic() + (_PATIENCE_S if data.workers else 0.0)
        while not path.exists():
            if time.monotonic() > end:
                raise InputError(f"{path} does not exist; give --workers 1, or --people that were acted")
            time.sleep(1)
        yield read_talk(path)
