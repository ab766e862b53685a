"""Many people talk and listen, and an observer takes notes: the raw material of the table of simulated behaviour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from tellbench.datasets.speech import Utterance, speak
from tellbench.datasets.speech.texts import passage
from tellbench.datasets.studio.behaviour import observe
from tellbench.datasets.studio.behaviour.act import act
from tellbench.datasets.studio.behaviour.habits import Habits
from tellbench.datasets.studio.behaviour.scene import ROLES, Scene, listen
from tellbench.datasets.studio.behaviour.signals import FloatArray
from tellbench.errors import InputError

CLIP_SECONDS: Final = 120.0
"""Length of one talk; every person gives some, and hears some."""
TALKS: Final = (
    *(("en", "en-us+f2"), ("en", "en-gb+m3"), ("de", "de+f1"), ("fr", "fr-fr+m1")),
    *(("es", "es+f3"), ("it", "it+m2"), ("pl", "pl+f4"), ("nl", "nl+m5")),
)
"""Language and voice of the talks that all people share; pitch tracking would take longest otherwise."""

Notes = Mapping[str, FloatArray]
"""All that was measured on one person in one role: one number a clip or a movement, by name."""
Person = Mapping[str, Notes]
"""Notes by role."""

_SENTENCES = 40


def take_census(
    people: int = 50, minutes: float = 30.0, seed: int = 0, advance: Callable[[int], None] = lambda steps: None
) -> list[Person]:
    """Simulate people at 100 Hz and measure them.

    Args:
        people: how many; their identity seeds follow `seed`.
        minutes: of each person, half of them talking and half listening.
        seed: of everything.
        advance: called with 1 after each person.

    Raises:
        InputError: fewer than two people, or less than one talk and one listening each.
    """
    clips = int(minutes * 60 / CLIP_SECONDS / len(ROLES))
    if people < 2 or clips < 1:
        least = len(ROLES) * CLIP_SECONDS / 60
        raise InputError(f"{people} people for {minutes:g} minutes; give at least 2 people and {least:g} minutes")
    talks = [_talk(language, voice, k) for k, (language, voice) in enumerate(TALKS[: people * clips])]
    scenes = {role: [listen(talk, CLIP_SECONDS, role) for talk in talks] for role in ROLES}
    census: list[Person] = []
    for person in range(people):
        habits = Habits.sample(seed + person)
        first = person * clips
        census.append({role: _observe(talks, scenes[role], habits, (seed, first), clips) for role in ROLES})
        advance(1)
    return census


def _talk(language: str, voice: str, words: int) -> Utterance:
    """Enough sentences for a clip."""
    for n_sentences in range(_SENTENCES, 20 * _SENTENCES, _SENTENCES):
        said = speak(passage(language, words, n_sentences), voice)
        if said.audio.duration >= CLIP_SECONDS:
            return said
    raise AssertionError("unreachable: hundreds of sentences last longer than a talk")


def _observe(talks: list[Utterance], scenes: list[Scene], habits: Habits, seed: tuple[int, int], clips: int) -> Notes:
    """Everything measured on one person in one role, over all clips."""
    notes: dict[str, list[FloatArray]] = {}
    for clip in range(seed[1], seed[1] + clips):
        scene, talk = scenes[clip % len(scenes)], talks[clip % len(scenes)]
        played = act(scene, habits, seed[0] * 1_000_003 + clip)
        measured = {**observe.blinks(played), **observe.gaze(played), **observe.breathing(played)}
        if scene.talking.any():
            measured |= {**observe.brows(played), **observe.mouth(played, talk.phonemes), **observe.head(played)}
        for name, value in measured.items():
            notes.setdefault(name, []).append(np.atleast_1d(np.asarray(value, np.float64)))
    return {name: np.concatenate(values) for name, values in notes.items()}
