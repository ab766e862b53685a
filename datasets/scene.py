"""What is to be filmed: one person saying one thing, decided before anything is rendered."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

import numpy as np

from tellbench.errors import InputError

MAX_SECONDS: Final = 600
PEOPLE: Final = 700_000
"""Identity seeds from here on belong to the training of the landmark network; corpora never show those people."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scene:
    """One studio take. Two equal scenes give the same frames and the same sound."""

    scene_id: str
    """Unique in its plan; names the files."""
    identity_seed: int
    seed: int
    """Words, voice, behaviour, light and camera."""
    language: str
    size: int
    """Width and height in pixels."""
    fps: float
    n_frames: int

    @property
    def identity_id(self) -> str:
        """The virtual human; the same seed is the same person in every corpus."""
        return f"studio-{self.identity_seed:06d}"

    @property
    def speech_id(self) -> str:
        """The utterance; no two scenes share one."""
        return f"espeak-{self.seed:010d}"

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.n_frames / self.fps


def plan_scenes(
    people: int,
    *,
    takes: int = 1,
    seconds: float = 5.0,
    size: int = 256,
    fps: float = 25.0,
    languages: Sequence[str] = ("en",),
    seed: int = 0,
) -> tuple[Scene, ...]:
    """`takes` scenes of each of `people` different virtual humans, all of the same length, size and rate.

    Raises:
        InputError: a number is out of range.
    """
    _check(people, takes, seconds, size, fps)
    if not languages:
        raise InputError("no language given; name at least one, such as en")
    rng = np.random.default_rng(seed)
    identities = rng.choice(PEOPLE, people, replace=False)
    seeds = rng.choice(2**31, (people, takes), replace=False)
    return tuple(
        Scene(
            scene_id=f"{person:04d}-{take}",
            identity_seed=int(identities[person]),
            seed=int(seeds[person, take]),
            language=languages[(person * takes + take) % len(languages)],
            size=size,
            fps=fps,
            n_frames=round(seconds * fps),
        )
        for person in range(people)
        for take in range(takes)
    )


def _check(people: int, takes: int, seconds: float, size: int, fps: float) -> None:
    rules = [
        ("people", people, people >= 3, "at least 3, so that train, val and test each get one"),
        ("takes", takes, takes >= 1, "at least 1"),
        ("seconds", seconds, 1 <= seconds <= MAX_SECONDS, f"1 to {MAX_SECONDS}"),
        ("size", size, 64 <= size <= 2048 and size % 2 == 0, "even, 64 to 2048"),
        ("fps", fps, 10 <= fps <= 120, "10 to 120"),
    ]
    for name, value, fine, allowed in rules:
        if not fine:
            raise InputError(f"{name} {value:g}; allowed: {allowed}")
