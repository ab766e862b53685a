import dataclasses

import numpy as np

from tellbench.datasets.studio.behaviour import Habits
from tellbench.datasets.studio.behaviour.breath import plan_breaths


def breaths_of(scene, habits=None):
    return plan_breaths(scene, habits or Habits(), np.random.default_rng(0))


def test_listeners_breathe_steadily(listening):
    breaths = breaths_of(listening)
    assert 12 < len(breaths.start) / 3 < 18
    assert not breaths.gulp.any()
    apart = np.diff(breaths.start)
    assert 2 < apart.min() < apart.max() < 7
    slow = dataclasses.replace(Habits(), breath_rate=8.0)
    assert len(breaths_of(listening, slow).start) < 0.7 * len(breaths.start)


def test_talkers_gulp_before_phrases(three_minutes):
    breaths = breaths_of(three_minutes)
    gulps = breaths.gulp > 0
    assert gulps.mean() > 0.7
    ends = (breaths.start + breaths.inhale)[gulps]
    assert np.abs(ends[:, None] - three_minutes.phrase_starts).min(1).max() < 1e-6
    assert breaths.inhale[gulps].max() < 0.6 < breaths.exhale[gulps].mean()


def test_volume_is_a_volume(three_minutes):
    volume = breaths_of(three_minutes).volume(three_minutes.n_steps)
    assert 0 <= volume.min() < 0.05
    assert 0.95 < volume.max() <= 1
    assert np.abs(np.diff(volume)).max() < 0.12
