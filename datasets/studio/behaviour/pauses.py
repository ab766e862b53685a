"""What the mouth does between phrases: it draws breath, gets ready for a sound, swallows, and presses its lips."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_opening, gaussian_filter1d

from tellbench.datasets.expression import COEFFICIENTS, columns
from tellbench.datasets.studio.behaviour.breath import Breaths
from tellbench.datasets.studio.behaviour.habits import Habits
from tellbench.datasets.studio.behaviour.scene import Scene
from tellbench.datasets.studio.behaviour.signals import RATE, FloatArray, poisson_times, pulses

# Shapes and durations are assumptions.
_GULP = {"jawOpen": 1.0, "mouthLowerDown": 0.8, "mouthUpperUp": 0.4}  # times `breath_mouth`
_GULP_CLOSES = 0.2  # s
_READY = {"jawOpen": 0.07, "mouthLowerDown": 0.12, "mouthUpperUp": 0.06}
_READY_PAUSE = 0.25  # s of silence after which the mouth opens ahead of the sound
_READY_LEAD_SD = 0.03  # s
_SWALLOW = {"mouthPress": 0.35, "mouthShrugLower": 0.22, "mouthRollLower": 0.1}
_SWALLOW_SECONDS = (0.25, 0.15, 0.4)  # rise, hold, fall
_PRESS = {"mouthPress": 0.4, "mouthRollLower": 0.3, "mouthRollUpper": 0.25}
_PRESS_RISE, _PRESS_HOLD, _PRESS_FALL = 0.2, (0.15, 0.8), 0.3
_PRESS_HEIGHT = (0.5, 1.0)
_LEAST_PAUSE = 0.6  # s of silence that a swallow or a press needs


def fill_pauses(scene: Scene, breaths: Breaths, habits: Habits, random: np.random.Generator) -> FloatArray:
    """Coefficients at 100 Hz that speech leaves room for, shape (N, 52) in [0, 1]."""
    gulps = breaths.gulp > 0
    n_steps = scene.n_steps
    ready = _readiness(scene, habits, random)
    gulp = pulses(n_steps, breaths.start[gulps], 0.6 * breaths.inhale[gulps], 0.4 * breaths.inhale[gulps], _GULP_CLOSES)
    swallow = _at_rest(scene, habits.swallow_rate, random)
    press = _at_rest(scene, habits.press_rate, random)
    silent = 1 - gaussian_filter1d(scene.speaking.astype(np.float64), 4)
    pressing = pulses(
        n_steps,
        press,
        _PRESS_RISE,
        random.uniform(*_PRESS_HOLD, len(press)),
        _PRESS_FALL,
        random.uniform(*_PRESS_HEIGHT, len(press)),
    )
    face = np.zeros((n_steps, len(COEFFICIENTS)))
    for track, shape in (
        (ready, _READY),
        (gulp * habits.breath_mouth, _GULP),
        (pulses(n_steps, swallow, *_SWALLOW_SECONDS) * silent, _SWALLOW),
        (pressing * silent, _PRESS),
    ):
        for name, height in shape.items():
            face[:, columns(name)] = np.maximum(face[:, columns(name)], height * track[:, None])
    return face


def _readiness(scene: Scene, habits: Habits, random: np.random.Generator) -> FloatArray:
    """1 as a phrase begins, from `mouth_lead_ms` before its first sound, shape (N,)."""
    starts = scene.phrase_starts[scene.pauses >= _READY_PAUSE]
    lead = np.clip(random.normal(habits.mouth_lead_ms / 1000, _READY_LEAD_SD, len(starts)), 0.1, 0.3)
    return pulses(scene.n_steps, starts - lead, lead, 0.0, 0.15)


def _at_rest(scene: Scene, per_minute: float, random: np.random.Generator) -> FloatArray:
    """Times of movements that need a longer silence, seconds."""
    still = binary_opening(~scene.speaking, np.ones(int(_LEAST_PAUSE * RATE)))
    return poisson_times(random, np.where(still, per_minute / 60, 0.0), apart=2.0)
