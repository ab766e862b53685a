"""Talks to learn agreement from: studio people act, and their landmarks are projected; nothing is rendered."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import safetensors.numpy
import torch
from torch import Tensor

from tellbench.datasets.agreement.hearing import Heard
from tellbench.datasets.agreement.measures import RATE, Moves
from tellbench.datasets.audio import RATE as SAMPLES
from tellbench.datasets.emotion import EMOTIONS
from tellbench.datasets.files import atomic_path
from tellbench.datasets.scene import Scene
from tellbench.datasets.speech.acoustics import Acoustics
from tellbench.datasets.speech.texts import LANGUAGES
from tellbench.datasets.studio.behaviour import Habits, perform
from tellbench.datasets.studio.expressions.blendshapes import ExpressionBasis
from tellbench.datasets.studio.expressions.posing import PIVOT, euler
from tellbench.datasets.studio.film import utter
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.landmarks import LEFT_EYE_CORNER, RIGHT_EYE_CORNER

Floats = npt.NDArray[np.float32]

PEOPLE: Final = range(770_000, 775_000)
"""Seeds that may be learned from."""
HELD_OUT: Final = range(838_000, 838_100)
"""Seeds that are measured on."""
SECONDS: Final = 8
EDITION: Final = 1
"""Of the talks: to be raised when they come out differently, so that no folder mixes them."""
_PEOPLE_SHARE: Final = 3
"""Talks of one person in a row: building a person costs as much as acting a talk."""
_SUNG, _NEUTRAL, _DRY = 0.1, 0.4, 0.15
"""Shares of talks that are sung, without emotion, without room and noise (assumption)."""
_DISTANCE: Final = (550.0, 2200.0)
"""Camera to the eyes, mm: from a phone to a studio (assumption)."""
_CHUNK: Final = 16
"""Frames posed at once: they stay in cache (measured)."""


@dataclasses.dataclass(frozen=True)
class Talk:
    """How somebody's face moved, and how it sounded, over the same frames."""

    moves: Moves
    heard: Heard

    def save(self, path: Path) -> None:
        """Write what `read` reads."""
        arrays = {"mouth": self.moves.mouth, "angles": self.moves.angles, "heard": self.heard.features}
        with atomic_path(path) as part:
            safetensors.numpy.save_file({**arrays, "speaking": self.heard.speaking}, part)

    @classmethod
    def read(cls, path: Path) -> Talk:
        """A talk that was kept."""
        arrays = safetensors.numpy.load_file(path)
        return cls(Moves(arrays["mouth"], arrays["angles"]), Heard(arrays["heard"], arrays["speaking"]))


class Sitter:
    """A studio person of whom only the skin is built."""

    def __init__(self, seed: int) -> None:
        from tellbench.datasets.studio.people.skin import Skin

        self.identity = Identity.sample(seed)
        self._skin = Skin(self.identity)
        self._basis = ExpressionBasis(self._skin)

    @torch.no_grad()
    def landmarks(self, coefficients: Tensor, pose: Tensor, distance: float) -> Floats:
        """68 points (T, 68, 2), y down, as a pinhole camera at `distance` mm sees them; lens and shake left out.

        Args:
            coefficients: (T, 52).
            pose: (T, 6), as `Studio.render` takes it.
            distance: camera to the eyes at rest.
        """
        parts = zip(torch.split(coefficients, _CHUNK), torch.split(pose, _CHUNK), strict=True)
        return np.concatenate([self._seen(face, head, distance) for face, head in parts])

    def _seen(self, coefficients: Tensor, pose: Tensor, distance: float) -> Floats:
        grid = self._basis.deform(coefficients)
        points = torch.cat([self._skin.landmarks(grid), self._skin.jaw.candidates(grid)], 1)  # (B, 68 + J, 3)
        pivot, turn = pose.new_tensor(PIVOT), euler(*pose[:, :3].unbind(1))
        placed = (points - pivot) @ turn.mT + pivot + pose[:, None, 3:]
        pixels = placed[..., :2] * placed.new_tensor([1, -1]) / (distance - placed[..., 2:]) * distance
        marks, jaw = pixels[:, :68], pixels[:, 68:]
        edge = self._skin.jaw.outermost(jaw, marks[:, LEFT_EYE_CORNER] - marks[:, RIGHT_EYE_CORNER])
        return torch.cat([edge, marks[:, edge.shape[1] :]], 1).numpy()


def act_talk(seed: int, sitter: Sitter) -> Talk:
    """The talk of a seed by a person: language, words, mood, room and codec."""
    random = np.random.default_rng([seed, 0xA62])
    scene = _scene(seed, sitter.identity.seed, random)
    utterance = utter(scene, sitter.identity)
    habits = Habits.sample(seed)
    played = perform(utterance, scene.n_frames, RATE, seed, habits, "talking", scene.emotion, scene.intensity)
    audio = utterance.audio.fitted(SECONDS * SAMPLES)
    if random.random() > _DRY:
        audio = Acoustics.sample(seed).apply(audio, seed)
    distance = float(np.exp(random.uniform(*np.log(_DISTANCE))))
    face, pose = torch.from_numpy(played.coefficients), torch.from_numpy(played.pose)
    return Talk(Moves.of(sitter.landmarks(face, pose, distance), RATE), Heard.of(audio, scene.n_frames))


def act_person(folder: Path, seeds: range) -> None:
    """Act those of a person's talks that are not in the folder."""
    missing = [seed for seed in seeds if not path_of(folder, seed).exists()]
    sitter = Sitter(seeds[0]) if missing else None
    for seed in missing:
        assert sitter is not None
        act_talk(seed, sitter).save(path_of(folder, seed))


def groups(seeds: range) -> list[range]:
    """Seeds of talks, person by person."""
    return [seeds[i : i + _PEOPLE_SHARE] for i in range(0, len(seeds), _PEOPLE_SHARE)]


def path_of(folder: Path, seed: int) -> Path:
    """File of a talk."""
    return folder / f"agreement{SECONDS}_{EDITION}" / f"talk_{seed}.safetensors"


def _scene(seed: int, identity: int, random: np.random.Generator) -> Scene:
    moods = [name for name in EMOTIONS if name != "neutral"]
    neutral = random.random() < _NEUTRAL
    return Scene(
        scene_id=str(seed),
        identity_seed=identity,
        seed=seed,
        language=str(random.choice(list(LANGUAGES))),
        size=256,
        fps=float(RATE),
        n_frames=SECONDS * RATE,
        role="singing" if random.random() < _SUNG else "talking",
        emotion="neutral" if neutral else str(random.choice(moods)),
        intensity=0.0 if neutral else float(random.uniform(0.3, 1.0)),
    )
