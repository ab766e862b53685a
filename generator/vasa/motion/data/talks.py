"""Talks of the studio's people as motion and sound, acted but not rendered: a quarter of a second of CPU time each.

`python -m tellbench.generator.vasa.motion.data.talks --out TALKS --people 760000:761000` acts them beforehand.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from tellbench.datasets.audio import RATE as SAMPLES
from tellbench.datasets.audio import Audio
from tellbench.datasets.files import atomic_path
from tellbench.datasets.processes import process_pool
from tellbench.datasets.speech import LANGUAGES, SILENCE, Phoneme, Utterance, Voice, song
from tellbench.datasets.speech.acoustics import Acoustics
from tellbench.datasets.studio.behaviour import Habits, perform
from tellbench.datasets.studio.behaviour.signals import RATE as STEPS
from tellbench.errors import InputError, run
from tellbench.generator.controls import MOODS
from tellbench.generator.vasa.data.bank import people_of
from tellbench.generator.vasa.frames import rig_of
from tellbench.generator.vasa.motion.frontends import LOG_MEL, Frontend, Kind, LogMel, frontend_of
from tellbench.generator.vasa.motion.hearing import features
from tellbench.generator.vasa.motion.script import FARTHEST_LOOK, Script
from tellbench.generator.vasa.motion.space import RATE, joined

PEOPLE: Final = range(760_000, 780_000)
"""Seeds of the talks that may be learned from, each of another person."""
HELD_OUT: Final = 830_000
"""Seeds from here on are measured on."""
SECONDS: Final = 8
EDITION: Final = 1
"""Of the talks: to be raised when they come out differently, so that no folder mixes them."""
_SUNG, _WORDLESS, _LATE, _SHORT = 0.12, 0.05, 0.3, 0.3
"""Shares of talks that are sung, have no voice at all, begin after a silence, end before the clip (assumption)."""
_DRY = 0.15  # share without room, noise and codec (assumption)
_NEUTRAL = 0.35  # share without an emotion (assumption)
_ASIDE, _TURNING = 0.6, 0.3  # share of partners beside the camera, and of those who change their place (assumption)
_NOISE_RMS = 1e-3


@dataclasses.dataclass(frozen=True)
class Talk:
    """T frames of somebody who talks, at 25 frames a second."""

    motion: Tensor
    """(T, 60)."""
    heard: Tensor
    """(T, steps, numbers): features of the recording."""
    script: Script
    """T frames of what it would have been asked for; the distance is that of the studio, 1."""


@dataclasses.dataclass(frozen=True)
class Scene:
    """What a talk is acted from."""

    mood: str
    intensity: float
    utterance: Utterance
    partner: npt.NDArray[np.float64]
    """Where the partner is, degrees right and up, (N, 2) at 100 Hz."""
    recording: Audio
    """The utterance in its room, through its codec."""

    @classmethod
    def of(cls, seed: int) -> Scene:
        """The scene of a seed."""
        random = np.random.default_rng([seed, 0x7A1])
        mood, intensity = _mood(random)
        utterance = _utterance(seed, random, mood, intensity)
        place = _partner(random)
        return cls(mood, intensity, utterance, place, _recorded(utterance, seed, random))


def act_talk(seed: int, frontend: Frontend | None = None) -> Talk:
    """The talk of a seed: person, language, words, mood, partner's place, room and codec."""
    scene = Scene.of(seed)
    mood, intensity, place = scene.mood, scene.intensity, scene.partner
    habits = Habits.sample(seed)
    played = perform(scene.utterance, SECONDS * RATE, RATE, seed, habits, "talking", mood, intensity, place)
    pose, coefficients, gaze = (torch.from_numpy(x) for x in (played.pose, played.coefficients, played.gaze))
    middles = ((np.arange(SECONDS * RATE) + 0.5) / RATE * STEPS).astype(int)
    emotion = torch.zeros(len(MOODS))
    if mood in MOODS:
        emotion[MOODS.index(mood)] = intensity
    script = Script.of(torch.from_numpy(place[middles]), 1.0, emotion)
    heard = features(scene.recording, frontend or LogMel())
    return Talk(joined(pose, rig_of(coefficients, gaze)), heard, script)


def _mood(random: np.random.Generator) -> tuple[str, float]:
    if random.random() < _NEUTRAL:
        return "neutral", 0.0
    return str(random.choice(MOODS)), float(random.uniform(0.3, 1.0))


def _utterance(seed: int, random: np.random.Generator, mood: str, intensity: float) -> Utterance:
    """What is said or sung, with silence before and after."""
    if random.random() < _WORDLESS:
        quiet = random.normal(0, _NOISE_RMS, SECONDS * SAMPLES).astype(np.float32)
        return Utterance(Audio(quiet), (Phoneme(SILENCE, 0, SECONDS),))
    voice = Voice.sample(seed, str(random.choice(["female", "male"])), float(random.uniform(18, 80)))
    language = str(random.choice(list(LANGUAGES)))
    sung = random.random() < _SUNG
    late = random.uniform(0.1, 2.0) if random.random() < _LATE else 0.0
    length = random.uniform(0.3, 0.9) if random.random() < _SHORT else 1.0
    seconds = (SECONDS - late) * length
    said = song(voice, language, seed, seconds) if sung else voice.talk(language, seed, seconds, mood, intensity)
    return _placed(said, late, late + seconds)


def _placed(said: Utterance, start: float, end: float) -> Utterance:
    """An utterance that begins at `start` and is over by the word that reaches `end`, with silence around."""
    moved = [dataclasses.replace(p, start=p.start + start, end=p.end + start) for p in said.phonemes]
    kept = [p for p in moved if p.end <= end]
    last = kept[-1].end if kept else start
    lead = [Phoneme(SILENCE, 0.0, start)] if start else []
    rest = [Phoneme(SILENCE, last, float(SECONDS))] if last < SECONDS else []
    samples = said.audio.fitted(max(1, round((last - start) * SAMPLES))).samples
    audio = Audio(np.pad(samples, (round(start * SAMPLES), 0))).fitted(SECONDS * SAMPLES)
    return dataclasses.replace(said, audio=audio, phonemes=(*lead, *kept, *rest))


def _partner(random: np.random.Generator) -> npt.NDArray[np.float64]:
    """Where the partner is, degrees right and up, (N, 2) at 100 Hz."""
    places = random.uniform(-1, 1, (2, 2)) * FARTHEST_LOOK * (random.random() < _ASIDE)
    change = int(random.uniform(0.2, 0.8) * SECONDS * STEPS) if random.random() < _TURNING else SECONDS * STEPS
    return np.asarray(places[(np.arange(SECONDS * STEPS) >= change).astype(int)])


def _recorded(utterance: Utterance, seed: int, random: np.random.Generator) -> Audio:
    if random.random() < _DRY:
        return utterance.audio
    if not utterance.audio.samples.any():
        return utterance.audio
    return Acoustics.sample(seed).apply(utterance.audio, seed)


def path_of(folder: Path, seed: int, kind: Kind = LOG_MEL) -> Path:
    """File of a talk."""
    heard = "" if kind == LOG_MEL else f"_{kind.name}_{kind.weights[:12]}"
    return folder / f"talk{SECONDS}_{EDITION}{heard}" / f"talk_{seed}.safetensors"


def act_to(folder: Path, seed: int, kind: Kind = LOG_MEL) -> None:
    """Act a talk into `folder`, unless that has been done.

    Raises:
        InputError: the front end's weights are not at hand.
    """
    path = path_of(folder, seed, kind)
    if not path.exists():
        write_talk(path, act_talk(seed, frontend_of(kind)))


def write_talk(path: Path, talk: Talk) -> None:
    """Keep a talk in half precision."""
    parts = {"motion": talk.motion, "heard": talk.heard}
    parts |= {field.name: getattr(talk.script, field.name) for field in dataclasses.fields(Script)}
    with atomic_path(path) as part:
        safetensors.torch.save_file({name: value.half().contiguous() for name, value in parts.items()}, part)


def read_talk(path: Path) -> Talk:
    """What `write_talk` kept.

    Raises:
        InputError: the file is no talk.
    """
    try:
        kept = {name: value.float() for name, value in safetensors.torch.load_file(path).items()}
        return Talk(kept.pop("motion"), kept.pop("heard"), Script(**kept))
    except (OSError, KeyError, TypeError, safetensors.SafetensorError) as error:
        raise InputError(f"{path}: not a talk ({error}); delete it, it will be made anew") from error


@contextmanager
def acting(folder: Path, seeds: range, workers: int, kind: Kind = LOG_MEL) -> Iterator[list[Future[None]]]:
    """Processes that act talks in the order of their seeds while the block runs; what is left is dropped then."""
    if workers == 0:
        yield []
        return
    with process_pool(workers) as pool:
        missing = [seed for seed in seeds if not path_of(folder, seed, kind).exists()]
        jobs = [pool.submit(act_to, folder, seed, kind) for seed in missing]
        yield jobs
        for job in jobs:
            if job.done():
                job.result()


def main() -> None:
    """Act talks beforehand."""
    parser = argparse.ArgumentParser(description="Act talks for the training of VASA's motion.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--people", type=people_of, default="760000:761000", help="FIRST:END, seeds")
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    with acting(given.out, given.people, given.workers) as jobs:
        for done, job in enumerate(jobs):
            job.result()
            if done % 100 == 99:
                logging.getLogger(__name__).info("acted %d of %d", done + 1, len(jobs))


if __name__ == "__main__":
    run(main)
