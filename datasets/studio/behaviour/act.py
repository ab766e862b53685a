"""All behaviours of one clip together, at 100 Hz."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from tellbench.datasets.studio.behaviour.blink import Blinks, lid_closure, plan_blinks
from tellbench.datasets.studio.behaviour.breath import plan_breaths
from tellbench.datasets.studio.behaviour.brow import Brows, move_brows
from tellbench.datasets.studio.behaviour.face import compose
from tellbench.datasets.studio.behaviour.feeling import Feeling, feel, in_mood
from tellbench.datasets.studio.behaviour.gaze import Glances, eye_in_head, gaze_direction, plan_glances, vergence
from tellbench.datasets.studio.behaviour.habits import Habits
from tellbench.datasets.studio.behaviour.head import head_pose
from tellbench.datasets.studio.behaviour.pauses import fill_pauses
from tellbench.datasets.studio.behaviour.scene import Scene
from tellbench.datasets.studio.behaviour.signals import RATE, FloatArray


@dataclasses.dataclass(frozen=True)
class Act:
    """What a person does, N steps at 100 Hz."""

    scene: Scene
    """What they react to."""
    blinks: Blinks
    glances: Glances
    brows: Brows
    feeling: Feeling
    breath: FloatArray
    """Air in the lungs above rest, shape (N,) in [0, 1]."""
    closure: FloatArray
    """Of the lids by blinks, left and right, shape (N, 2) in [0, 1]."""
    target: FloatArray
    """Where they look, degrees right and up of the camera, shape (N, 2)."""
    pose: FloatArray
    """Yaw, pitch, roll in degrees, x, y, z in mm, shape (N, 6)."""
    gaze: FloatArray
    """Turn of the eyes in the head, degrees right and up, shape (N, 2)."""
    face: FloatArray
    """Coefficients, shape (N, 52) in [0, 1]."""


def act(
    scene: Scene,
    habits: Habits,
    seed: int,
    emotion: str = "neutral",
    intensity: float = 0.0,
    partner: npt.ArrayLike = (0.0, 0.0),
) -> Act:
    """Act out a scene; every behaviour draws from a stream of chance of its own.

    Args:
        scene: what they react to.
        habits: the person's.
        seed: chance of this clip.
        emotion: see `perform`.
        intensity: see `perform`.
        partner: where the face is that they look at, degrees right and up of the camera, (2,) or, over time, (N, 2).

    Raises:
        InputError: the emotion is unknown or the intensity outside [0, 1].
    """
    habits = in_mood(habits, emotion, intensity)
    eyes, lids, forehead, head, mood, lungs, mouth = (np.random.default_rng([seed, stream]) for stream in range(7))
    breaths = plan_breaths(scene, habits, lungs)
    glances = _towards(plan_glances(scene, habits, eyes), np.asarray(partner, np.float64))
    blinks = plan_blinks(scene, habits, lids, glances)
    brows = move_brows(scene, habits, forehead)
    feeling = feel(scene.n_steps, habits, emotion, intensity, mood)
    closure = lid_closure(blinks, scene.times)
    target = gaze_direction(scene, glances)
    pose = head_pose(scene, target, breaths, habits, head)
    gaze = eye_in_head(target, pose, closure)
    between = fill_pauses(scene, breaths, habits, mouth)
    return Act(
        scene=scene,
        blinks=blinks,
        glances=glances,
        brows=brows,
        feeling=feeling,
        breath=breaths.volume(scene.n_steps),
        closure=closure,
        target=target,
        pose=pose,
        gaze=gaze,
        face=compose(scene, between, feeling, brows, closure, gaze, vergence(scene, glances), habits),
    )


def _towards(glances: Glances, partner: FloatArray) -> Glances:
    """Glances at and beside a partner who may be elsewhere than the camera; noticed at the next fixation."""
    if partner.ndim > 1:
        partner = partner[np.clip(glances.start * RATE, 0, len(partner) - 1).astype(int)]
    return dataclasses.replace(glances, spot=glances.spot + partner)
