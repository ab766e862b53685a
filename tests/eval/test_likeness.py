"""Whose face it is, against the pristine twin: who is compared with whom."""

from pathlib import Path

import numpy as np
import pytest

from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.eval.likeness import likeness

COUNT = 9
FACES = {
    "a": np.eye(4)[[0] * COUNT],  # never changes
    "a-same": np.eye(4)[[1] + [0] * (COUNT - 1)],  # its own first frame does not count
    "a-other": np.eye(4)[[2] * COUNT],
    "b-forged": np.eye(4)[[3] * COUNT],  # its twin has no face
    "b": np.zeros((0, 1)),
    "alone": np.eye(4)[[0] * COUNT],
}


@pytest.fixture
def clips():
    def clip(name):
        pair = "" if name == "alone" else name[0]
        return Clip(clip_id=name, path=Path(f"/nowhere/{name}.mp4"), label=int("-" in name), pair_id=pair)

    return Corpus([clip(name) for name in FACES], Path("/nowhere"))


def test_faces_are_compared_with_the_first_of_their_twin(clips):
    assert likeness(clips, FACES) == {"a": 1.0, "a-same": 1.0, "a-other": 0.0}


def test_a_clip_that_could_not_be_read_has_no_face(clips):
    assert likeness(clips, {}) == {}
