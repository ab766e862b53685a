"""What is to be filmed: one person doing one thing, decided before anything is rendered."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final, TypeVar

import numpy as np

from tellbench.errors import InputError

MAX_SECONDS: Final = 600
PEOPLE: Final = 700_000
"""Identity seeds from here on belong to the training of the landmark network; corpora never show those people."""
ROLES: Final = ("talking", "listening", "singing")
STYLES: Final = ("photo", "painted", "drawn", "statue")
_INTENSITY: Final = (0.3, 0.9)
"""How strong an emotion gets at its apexes (assumption)."""

_STUDIO: Final = "studio-"

_Value = TypeVar("_Value")


def identity_name(seed: int) -> str:
    """The virtual human of a seed, as manifests call it: `studio-000011`."""
    return f"{_STUDIO}{seed:06d}"


def identity_seed(name: str) -> int:
    """The seed of a virtual human: the inverse of `identity_name`."""
    return int(name.removeprefix(_STUDIO))


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
    role: str = "talking"
    """What the person does, one of `ROLES`; a listener hears somebody else's voice."""
    emotion: str = "neutral"
    """One of `tellbench.datasets.emotion.EMOTIONS`."""
    intensity: float = 0.0
    """How strong the emotion gets, 0 to 1."""
    style: str = "photo"
    """How the picture is made, one of `STYLES`."""

    @property
    def identity_id(self) -> str:
        """The virtual human; the same seed is the same person in every corpus."""
        return identity_name(self.identity_seed)

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
    fps: float | Sequence[float] = 25.0,
    languages: Sequence[str] = ("en",),
    roles: Sequence[str] = ("talking",),
    emotions: Sequence[str] = ("neutral",),
    styles: Sequence[str] = ("photo",),
    seed: int = 0,
) -> tuple[Scene, ...]:
    """`takes` scenes of each of `people` different virtual humans, all of the same length and size.

    Languages take turns. Where several rates, roles, emotions or styles are named, each gets an equal share of the
    scenes, dealt independently of the others. The defaults are the plainest footage (talking, neutral, photo-like),
    so that pristine clips show nothing that forged ones cannot.

    Raises:
        InputError: a number is out of range or a name is unknown.
    """
    rates = (fps,) if isinstance(fps, int | float) else tuple(fps)
    _check(people, takes, seconds, size)
    _check_names(rates, languages, roles, emotions, styles)
    rng = np.random.default_rng(seed)
    identities = rng.choice(PEOPLE, people, replace=False)
    seeds = rng.choice(2**31, (people, takes), replace=False)
    n = people * takes
    dealt = [_deal(values, n, (seed, i)) for i, values in enumerate((rates, roles, emotions, styles))]
    strengths = np.random.default_rng((seed, len(dealt))).uniform(*_INTENSITY, n)
    return tuple(
        Scene(
            scene_id=f"{i // takes:04d}-{i % takes}",
            identity_seed=int(identities[i // takes]),
            seed=int(seeds[i // takes, i % takes]),
            language=languages[i % len(languages)],
            size=size,
            fps=float(rate),
            n_frames=round(seconds * rate),
            role=role,
            emotion=emotion,
            intensity=0.0 if emotion == "neutral" else round(float(strengths[i]), 3),
            style=style,
        )
        for i, (rate, role, emotion, style) in enumerate(zip(*dealt, strict=True))
    )


def _deal(values: Sequence[_Value], n: int, seed: tuple[int, int]) -> list[_Value]:
    """`n` values in random order, each equally often as far as `n` allows."""
    order = np.random.default_rng(seed).permutation(n)
    return [values[i % len(values)] for i in order]


def _check(people: int, takes: int, seconds: float, size: int) -> None:
    rules = [
        ("people", people, people >= 3, "at least 3, so that train, val and test each get one"),
        ("takes", takes, takes >= 1, "at least 1"),
        ("seconds", seconds, 1 <= seconds <= MAX_SECONDS, f"1 to {MAX_SECONDS}"),
        ("size", size, 64 <= size <= 2048 and size % 2 == 0, "even, 64 to 2048"),
    ]
    for name, value, fine, allowed in rules:
        if not fine:
            raise InputError(f"{name} {value:g}; allowed: {allowed}")


def _check_names(
    rates: Sequence[float],
    languages: Sequence[str],
    roles: Sequence[str],
    emotions: Sequence[str],
    styles: Sequence[str],
) -> None:
    """Refuse an empty list, a rate out of range, and names that are unknown."""
    from tellbench.datasets.emotion import EMOTIONS
    from tellbench.datasets.speech.texts import LANGUAGES

    if not rates:
        raise InputError("no fps given; name at least one, such as 25")
    for rate in rates:
        if not 10 <= rate <= 120:
            raise InputError(f"fps {rate:g}; allowed: 10 to 120")
    for name, values, known in (
        ("language", languages, tuple(LANGUAGES)),
        ("role", roles, ROLES),
        ("emotion", emotions, tuple(EMOTIONS)),
        ("style", styles, STYLES),
    ):
        if not values:
            raise InputError(f"no {name} given; name at least one of {', '.join(known)}")
        for value in values:
            if value not in known:
                raise InputError(f"{name} {value!r}; allowed: {', '.join(known)}")
