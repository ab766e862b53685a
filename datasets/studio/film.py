"""A scene on the studio's floor: its portrait, its voice, and its frames with ground truth."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from tellbench.datasets.audio import RATE, Audio
from tellbench.datasets.scene import Scene
from tellbench.datasets.speech import Utterance, Voice
from tellbench.datasets.speech.acoustics import Acoustics
from tellbench.datasets.studio.behaviour import Habits, perform
from tellbench.datasets.studio.identity import Identity
from tellbench.datasets.studio.renderer import Person, Shot, Studio

Frames = npt.NDArray[np.uint8]

_CHUNK = 8
"""Frames rendered at once: enough to fill two cores, small enough to stay in cache (measured)."""

_PORTRAIT_FRAME = 1 << 20
"""Sensor-noise index of the portrait: a photograph apart from every frame of the clip."""


class Take:
    """Films one scene. Building the person takes seconds; frames come chunk by chunk."""

    def __init__(self, scene: Scene, device: str = "cpu") -> None:
        self.scene = scene
        self.identity = Identity.sample(scene.identity_seed)
        self.utterance = utter(scene, self.identity)
        self._studio = Studio(Person(self.identity, device=device), scene.seed, scene.size, device=device)

    @functools.cached_property
    def speech(self) -> Audio:
        """The voice as the scene's room, microphone and codec leave it; exactly as long as the clip."""
        dry = self.utterance.audio.fitted(round(self.scene.duration * RATE))
        return Acoustics.sample(self.scene.seed).apply(dry, self.scene.seed)

    def portrait(self) -> Frames:
        """The person at rest, eyes open, in the light and framing of the clip; RGB of shape (S, S, 3)."""
        rng = np.random.default_rng((self.scene.seed, 1))
        pose = np.zeros((1, 6), np.float32)
        pose[0, :3] = rng.normal(size=3) * (5.0, 2.5, 1.5)  # people never sit square to the camera (assumption)
        gaze = np.stack([-pose[:, 0], pose[:, 1]], 1)  # they look at it all the same
        shot = self._studio.render(np.zeros((1, 52), np.float32), pose, gaze, first_frame=_PORTRAIT_FRAME)
        return np.asarray(shot.frames[0])

    def frames(self) -> Iterator[tuple[Frames, pd.DataFrame]]:
        """Frames of shape (T, S, S, 3) and one row of ground truth for each, chunk by chunk."""
        scene = self.scene
        habits = Habits.sample(scene.identity_seed)
        played = perform(self.utterance, scene.n_frames, scene.fps, scene.seed, habits)
        for start in range(0, scene.n_frames, _CHUNK):
            now = slice(start, start + _CHUNK)
            shot = self._studio.render(played.coefficients[now], played.pose[now], played.gaze[now], first_frame=start)
            yield shot.frames, pd.concat([played.tracks.iloc[now].reset_index(drop=True), _truth(shot)], axis=1)


def utter(scene: Scene, identity: Identity) -> Utterance:
    """Enough sentences in the person's own voice to fill the scene, dry.

    Raises:
        InputError: no sentences in the scene's language.
    """
    voice = Voice.sample(identity.seed, identity.sex, identity.age)
    return voice.talk(scene.language, scene.seed, scene.duration)


def _truth(shot: Shot) -> pd.DataFrame:
    """Ground truth that only the renderer knows, one row a frame."""
    columns = {
        "aperture_right": shot.aperture[:, 0],
        "aperture_left": shot.aperture[:, 1],
        **{
            f"iris_{axis}_{side}": shot.iris[:, i, j]
            for i, side in enumerate(("right", "left"))
            for j, axis in enumerate("xy")
        },
        **{f"landmark_{axis}{k:02d}": shot.landmarks[:, k, j] for k in range(68) for j, axis in enumerate("xy")},
    }
    return pd.DataFrame(columns, dtype=np.float32)
