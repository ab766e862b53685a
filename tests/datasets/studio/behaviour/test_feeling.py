import dataclasses

import numpy as np
import pytest

from tellbench.datasets.emotion import EMOTIONS
from tellbench.datasets.studio.behaviour import Habits
from tellbench.datasets.studio.behaviour.feeling import FACTORS, SHIFTS, feel, in_mood

STEPS = 30_000  # five minutes


def felt(emotion="happy", intensity=0.8, seed=0, habits=None):
    return feel(STEPS, habits or Habits(), emotion, intensity, np.random.default_rng(seed))


def test_a_mood_rises_and_breathes_within_its_intensity():
    levels = [felt(seed=seed).level for seed in range(12)]
    for level in levels:
        assert 0 <= level.min() < level.max() <= 0.8
        assert np.abs(np.diff(level)).max() < 0.05  # an onset takes about half a second
    assert 0.35 < np.mean(levels) < 0.65
    assert 1 <= sum(level[0] == 0 for level in levels) <= 7  # some set in before our eyes


def test_smiles_take_half_a_second_to_set_in():
    smile = felt("neutral", 0.0, habits=dataclasses.replace(Habits(), smile_rate=4.0)).smile
    high = smile > 0.4 * smile.max()
    starts = np.flatnonzero(np.diff(high.astype(int)) > 0)
    assert 10 < len(starts) < 30
    assert 0.5 < high.sum() / 100 / len(starts) < 4.5  # felt expressions: 0.67 to 4 s


def test_micro_expressions_are_rare_and_brief():
    micro = felt("neutral", 0.0).micro.max(1) > 0.01
    edges = np.flatnonzero(np.diff(np.concatenate([[False], micro, [False]]).astype(int)))
    lengths = (edges[1::2] - edges[::2]) / 100
    assert 1 <= len(lengths) <= 6
    assert lengths.max() < 0.5


def test_tables_name_emotions_and_habits():
    assert set(FACTORS) == set(SHIFTS) == set(EMOTIONS) - {"neutral"}
    for emotion in EMOTIONS:
        assert in_mood(Habits(), emotion, 1.0).blink_rate > 0


def test_no_intensity_changes_nothing():
    assert in_mood(Habits(), "sad", 0.0) == Habits()
    assert felt("sad", 0.0).level.max() == 0


@pytest.mark.parametrize(("emotion", "field", "more"), [("sad", "gaze_away", True), ("angry", "blink_rate", False)])
def test_moods_change_habits_by_degrees(emotion, field, more):
    values = [getattr(in_mood(Habits(), emotion, intensity), field) for intensity in (0.0, 0.5, 1.0)]
    assert (values == sorted(values, reverse=not more)) and len(set(values)) == 3
