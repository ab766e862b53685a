"""Breathing: steady at rest, in quick gulps before phrases while talking."""

from __future__ import annotations

import dataclasses

import numpy as np

from tellbench.datasets.studio.behaviour.habits import Habits
from tellbench.datasets.studio.behaviour.scene import Scene
from tellbench.datasets.studio.behaviour.signals import RATE, FloatArray, pulses

# All times are assumptions; textbooks give 40% of a quiet breath to inhaling and about half a second before a phrase.
_REST_INHALE = 0.4
_REST_EXHALE = 0.5
_GULP = (0.30, 0.55)  # s
_GULP_PAUSE = 0.25  # s of silence that a gulp needs
_LEAST_APART = 1.8  # s
_JITTER = 0.15  # of a resting breath


@dataclasses.dataclass(frozen=True)
class Breaths:
    """Breaths of a clip, arrays of shape (B,), in order."""

    start: FloatArray
    """Start of inhaling, seconds; may lie before the clip."""
    inhale: FloatArray
    """Seconds."""
    exhale: FloatArray
    """Seconds; long while talking, as speech is made of it."""
    gulp: FloatArray
    """1 where the breath is for a phrase, 0 at rest."""

    def volume(self, n_steps: int) -> FloatArray:
        """Air in the lungs above rest, 0 to 1, shape (n_steps,)."""
        return np.clip(pulses(n_steps, self.start, self.inhale, 0.0, self.exhale, add=True), 0, 1)


def plan_breaths(scene: Scene, habits: Habits, random: np.random.Generator) -> Breaths:
    """Draw the breaths: one in each pause that is long enough, and a steady tide wherever nothing is said for long."""
    gulps, lengths = _gulps(scene, random)
    period = 60 / habits.breath_rate
    bounds = np.concatenate([[-period * random.random()], gulps, [scene.n_steps / RATE]])
    rests = [
        _tide(scene, bounds[k], bounds[k + 1], period, first=k == 0, random=random) for k in range(len(bounds) - 1)
    ]
    rest = np.concatenate(rests)
    start = np.concatenate([gulps, rest])
    inhale = np.concatenate([lengths, np.full(len(rest), _REST_INHALE * period)])
    order = np.argsort(start)
    start, inhale, gulp = start[order], inhale[order], np.isin(order, np.arange(len(gulps))).astype(np.float64)
    until_next = np.diff(start, append=start[-1] + period if len(start) else 0.0) - inhale
    exhale = np.clip(np.where(gulp > 0, until_next, np.minimum(until_next, _REST_EXHALE * period)), 0.3, 12)
    return Breaths(start, inhale, exhale, gulp)


def _gulps(scene: Scene, random: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Starts and lengths of the breaths that end as a phrase begins."""
    starts, pauses = scene.phrase_starts, scene.pauses
    starts, pauses = starts[pauses >= _GULP_PAUSE], pauses[pauses >= _GULP_PAUSE]
    length = np.minimum(random.uniform(*_GULP, len(starts)), pauses)
    kept, last = [], -np.inf
    for k, moment in enumerate(starts):
        if moment - last > _LEAST_APART:
            kept.append(k)
            last = moment
    return (starts - length)[kept], length[kept]


def _tide(
    scene: Scene, begin: float, end: float, period: float, *, first: bool, random: np.random.Generator
) -> FloatArray:
    """Resting breaths between two others, wherever the person is silent."""
    count = max(0, int((end - begin) / period))
    steps = np.arange(0 if first else 1, count + 1) * period * np.exp(random.normal(0, _JITTER / np.sqrt(count + 1)))
    times = begin + steps + random.normal(0, _JITTER, len(steps)) * period * 0.5
    times = times[(times < end - 0.6 * period) & (times > begin - period)]
    index = np.clip((times * RATE).astype(int), 0, scene.n_steps - 1)
    return np.asarray(times[~scene.speaking[index]])
