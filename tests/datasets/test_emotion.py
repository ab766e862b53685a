import doctest

import numpy as np
import pytest

from tellbench.datasets import emotion
from tellbench.datasets.emotion import EMOTIONS, emotion_offset
from tellbench.datasets.expression import INDEX
from tellbench.errors import InputError


def test_emotions_are_distinct_expressions_within_range():
    vectors = np.stack(list(EMOTIONS.values()))
    assert vectors.shape == (8, 52)
    assert vectors.min() >= 0
    assert vectors.max() <= 1
    assert not EMOTIONS["neutral"].any()
    distance = np.linalg.norm(vectors[:, None] - vectors[None], axis=-1)
    assert distance[~np.eye(8, dtype=bool)].min() > 0.5


def test_only_contempt_has_a_side():
    for name, vector in EMOTIONS.items():
        uneven = [k for k, i in INDEX.items() if k.endswith("Left") and vector[i] != vector[INDEX[k[:-4] + "Right"]]]
        assert bool(uneven) == (name == "contempt"), name


def test_intensity_scales_and_never_changes_the_prototype():
    half = emotion_offset("sad", 0.5)
    assert np.allclose(2 * half, EMOTIONS["sad"])
    half += 1
    assert EMOTIONS["sad"].max() <= 1
    assert not emotion_offset("angry", 0.0).any()


def test_the_smile_of_the_happy_reaches_the_eyes():
    happy = EMOTIONS["happy"]
    assert happy[INDEX["mouthSmileLeft"]] > 0.5
    assert happy[INDEX["cheekSquintLeft"]] > 0.5


@pytest.mark.parametrize(("name", "intensity"), [("bored", 1.0), ("sad", 1.5), ("sad", -0.1), ("sad", float("nan"))])
def test_bad_input_is_named(name, intensity):
    with pytest.raises(InputError, match="emotion"):
        emotion_offset(name, intensity)


def test_docstring_examples():
    assert doctest.testmod(emotion).failed == 0
