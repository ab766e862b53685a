"""`tellbench fit-generator motion`: from what was asked for to a training run."""

from __future__ import annotations

import dataclasses
import math
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tellbench.errors import InputError
from tellbench.generator.vasa.data.video import recordings
from tellbench.generator.vasa.model import SHIPPED, FaceModel
from tellbench.generator.vasa.motion.data.bank import TalkBank
from tellbench.generator.vasa.motion.data.talks import PEOPLE, Talk, acting, path_of, read_talk
from tellbench.generator.vasa.motion.train import Plan, Trainer
from tellbench.generator.vasa.run import check_seeds

STUDIO: Final = "studio"
"""Name of the data that needs none."""
SHOWN: Final = 839_999
"""Talk of the panels, neither trained nor measured on."""
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
        InputError: no data, seeds of talks that are kept for measuring, or `out` holds another run.
    """
    check_seeds(data.people, PEOPLE)
    rank = int(os.environ.get("LOCAL_RANK", "0"))
    place = f"cuda:{rank}" if device == "cuda" else device
    (shown,) = _acted(data, range(SHOWN, SHOWN + 1))
    talks = (talk for name in data.names for talk in _talks(name, data, place))
    trainer = Trainer(plan, TalkBank(talks, place), shown, out, device)
    on_step(trainer.step)
    return trainer.run(on_step, minutes)


def _talks(name: str, data: Data, device: str) -> Iterator[Talk]:
    """Talks of one of the data's names."""
    if name == STUDIO:
        return _acted(data, data.people)
    if not Path(name).is_dir():
        raise InputError(f"data {name!r}; allowed: {STUDIO}, or a folder with a corpus or with people's videos")
    from tellbench.datasets.faces.finder import FaceFinder
    from tellbench.datasets.faces.landmarks import load_landmarker
    from tellbench.generator.vasa.motion.data.clips import StageOne, prepare

    reader = StageOne(FaceModel.load(data.reader or SHIPPED), device)
    return prepare(recordings(Path(name)), data.talks, FaceFinder(), load_landmarker("network"), reader)


def _acted(data: Data, seeds: range) -> Iterator[Talk]:
    """Talks of the studio, acted first where they are not there; one process of a machine acts for all.

    Raises:
        InputError: one is missing, and nobody acts.
    """
    if int(os.environ.get("LOCAL_RANK", "0")) == 0:
        with acting(data.talks, seeds, data.workers) as jobs:
            for job in jobs:
                job.result()
    for seed in seeds:
        path, end = path_of(data.talks, seed), time.monotonic() + (_PATIENCE_S if data.workers else 0.0)
        while not path.exists():
            if time.monotonic() > end:
                raise InputError(f"{path} does not exist; give --workers 1, or --people that were acted")
            time.sleep(1)
        yield read_talk(path)
