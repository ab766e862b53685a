"""What a corpus is to be made from, decided before anything is made."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from tellbench._version import __version__
from tellbench.datasets.card import SCHEMA
from tellbench.datasets.scene import Scene
from tellbench.datasets.video import CRF
from tellbench.errors import InputError
from tellbench.generator.controls import Controls
from tellbench.generator.outside import Outside
from tellbench.registry import GENERATORS


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that a corpus is made from. The same plan gives the same labels, frames and sound."""

    scenes: tuple[Scene, ...]
    generators: tuple[str, ...] = ()
    """Who makes a forged twin of every pristine clip; none for a corpus of pristine clips alone."""
    outside: tuple[Outside, ...] = ()
    """Portraits and recordings of the user's own: forged clips without a pristine twin, always in `test`."""
    controls: Controls = dataclasses.field(default_factory=Controls)
    crf: int = CRF
    seed: int = 0
    masks: bool = False
    """Whether pristine clips come with segmentation and depth."""

    def __post_init__(self) -> None:
        """Refuse twins that would not say the same thing."""
        silent = next((scene for scene in self.scenes if scene.role == "listening"), None)
        if self.generators and silent is not None:
            raise InputError(
                f"scene {silent.scene_id} listens, and {self.generators[0]!r} moves lips to the voice; "
                "ask for role talking or singing, or for --generator studio alone"
            )

    @property
    def jobs(self) -> tuple[Scene | Outside, ...]:
        """The units of work; each can be done or refused by itself."""
        return (*self.scenes, *self.outside)

    @property
    def clip_ids(self) -> list[str]:
        """Every clip that is to be made."""
        return [clip_id for job in self.jobs for clip_id in self.ids_of(job)]

    def ids_of(self, job: Scene | Outside) -> list[str]:
        """Clips of one job: pristine first, then one for each generator."""
        kinds = ("pristine", *self.generators) if isinstance(job, Scene) else self.forging_outside
        return [f"{job.scene_id}-{kind}" for kind in kinds]

    @property
    def forging_outside(self) -> tuple[str, ...]:
        """Generators that need nothing but a portrait and a voice."""
        return tuple(g for g in self.generators if not GENERATORS.load(g).needs_pristine)


def fingerprint(plan: Plan) -> dict[str, Any]:
    """The plan as JSON, with the version that carries it out."""
    return {"schema": SCHEMA, "tellbench": __version__, **json.loads(json.dumps(dataclasses.asdict(plan), default=str))}
