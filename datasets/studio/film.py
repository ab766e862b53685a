"""A scene on the studio's floor: its portrait, its voice, and its frames with ground truth."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from tellbench.datasets.audio import RATE, Audio
from tellbench.datasets.clip import Clip
from tellbench.datasets.scene import Scene, identity_seed
from tellbench.datasets.speech import Utterance, Voice, song
from tellbench.datasets.speech.acoustics import Acoustics
from tellbench.datasets.studio.behaviour import Habits, perform
from tellbench.datasets.studio.camera.camera import Camera
from tellbench.datasets.studio.camera.refilm import Refilm
from tellbench.datasets.studio.camera.setting import Setting
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.renderer import Person, Shot, Studio
from tellbench.datasets.studio.styles.style import style
from tellbench.datasets.studio.truth import truth_of
from tellbench.datasets.video import CRF, VideoWriter

Frames = npt.NDArray[np.uint8]

_CHUNK = 8
"""Frames rendered at once: enough to fill two cores, small enough to stay in cache (measured)."""

PORTRAIT_FRAME: Final = 1 << 20
"""Number of the frame that the portrait is: a photograph apart from every frame of the clip."""
_ANY_SKIN: Final = (0.5, 0.4, 0.3)
"""Whoever it was metered for: a camera that films again counts exposures against the portrait's."""


class Take:
    """Films one scene. Building the person takes seconds; frames come chunk by chunk."""

    def __init__(self, scene: Scene, device: str = "cpu") -> None:
        self.scene = scene
        self.identity = Identity.sample(scene.identity_seed)
        self.utterance = utter(scene, self.identity)
        self._person, self._device = Person(self.identity, device=device), device
        self._studio = self._set_up()

    def _set_up(self, **overrides: float) -> Studio:
        scene = self.scene
        return Studio(
            self._person, scene.seed, scene.size, self._device, overrides=overrides, fps=scene.fps, style=scene.style
        )

    @functools.cached_property
    def speech(self) -> Audio:
        """The voice as the scene's room, microphone and codec leave it; exactly as long as the clip."""
        dry = self.utterance.audio.fitted(round(self.scene.duration * RATE))
        return Acoustics.sample(self.scene.seed).apply(dry, self.scene.seed)

    def portrait(self) -> Frames:
        """The person at rest, eyes open, in the light and framing of the clip; RGB of shape (S, S, 3).

        A photograph without grain: what is made from it is to be grainy frame by frame (`refilm_of`), not once for all.
        """
        rng = np.random.default_rng((self.scene.seed, 1))
        pose = np.zeros((1, 6), np.float32)
        pose[0, :3] = rng.normal(size=3) * (5.0, 2.5, 1.5)  # people never sit square to the camera (assumption)
        gaze = np.stack([-pose[:, 0], pose[:, 1]], 1)  # they look at it all the same
        shot = self._set_up(iso=0.0).render(np.zeros((1, 52), np.float32), pose, gaze, first_frame=PORTRAIT_FRAME)
        return np.asarray(shot.frames[0])

    def shots(self) -> Iterator[tuple[Shot, pd.DataFrame]]:
        """Frames with masks and depth, and one row of ground truth (`truth.TRUTH`) for each, chunk by chunk."""
        scene = self.scene
        played = perform(
            self.utterance,
            scene.n_frames,
            scene.fps,
            scene.seed,
            Habits.sample(scene.identity_seed),
            role="listening" if scene.role == "listening" else "talking",
            emotion=scene.emotion,
            intensity=scene.intensity,
        )
        for start in range(0, scene.n_frames, _CHUNK):
            now = slice(start, start + _CHUNK)
            shot = self._studio.render(played.coefficients[now], played.pose[now], played.gaze[now], first_frame=start)
            log = self._studio.camera.log(start, len(shot.frames))
            yield shot, truth_of(shot, played.tracks.iloc[now], log)

    def frames(self) -> Iterator[tuple[Frames, pd.DataFrame]]:
        """Frames of shape (T, S, S, 3) and their ground truth, chunk by chunk."""
        return ((shot.frames, truth) for shot, truth in self.shots())


def write_clip(scene: Scene, path: Path, crf: int = CRF, on_frames: Callable[[int], object] = lambda n: None) -> None:
    """Film one scene to an MP4 with its sound; `on_frames` hears how many frames each chunk had."""
    take = Take(scene)
    with VideoWriter(path, scene.size, scene.size, scene.fps, take.speech, crf) as out:
        for frames, _ in take.frames():
            out.write(frames)
            on_frames(len(frames))


def refilm_of(clip: Clip) -> Refilm:
    """The camera of a studio clip, to film pictures with that were made from the clip's portrait."""
    cpu = torch.device("cpu")
    setting = Setting.sample(clip.seed, style(clip.style, clip.seed, clip.width, cpu).overrides)
    return Refilm(Camera(setting, clip.width, _ANY_SKIN, clip.seed, cpu, clip.fps), PORTRAIT_FRAME)


def scene_of(clip: Clip) -> Scene:
    """The scene that a pristine studio clip was filmed from: all of it stands in the manifest."""
    return Scene(
        scene_id=clip.pair_id,
        identity_seed=identity_seed(clip.identity_id),
        seed=clip.seed,
        language=clip.language,
        size=clip.width,
        fps=clip.fps,
        n_frames=clip.n_frames,
        role=clip.role,
        emotion=clip.emotion,
        intensity=clip.intensity,
        style=clip.style,
    )


def utter(scene: Scene, identity: Identity) -> Utterance:
    """Enough sentences to fill the scene, dry: in the person's own voice, sung by it, or in another's to listen to.

    Raises:
        InputError: no sentences in the scene's language.
    """
    if scene.role == "listening":
        rng = np.random.default_rng((scene.seed, 3))
        voice = Voice.sample(int(rng.integers(2**31)), str(rng.choice(["female", "male"])), float(rng.uniform(20, 70)))
    else:
        voice = Voice.sample(identity.seed, identity.sex, identity.age)
    if scene.role == "singing":
        return song(voice, scene.language, scene.seed, scene.duration)
    return voice.talk(scene.language, scene.seed, scene.duration, scene.emotion, scene.intensity)
