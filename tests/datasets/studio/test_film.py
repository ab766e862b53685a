import fnmatch

import numpy as np
import pandas as pd
import pytest

from tellbench.datasets.audio import RATE
from tellbench.datasets.scene import Scene
from tellbench.datasets.studio.film import Take
from tellbench.datasets.studio.truth import TRUTH

SCENE = Scene(
    scene_id="film",
    identity_seed=11,
    seed=5,
    language="en",
    size=64,
    fps=24.0,
    n_frames=24,
    emotion="sad",
    intensity=0.5,
)


@pytest.fixture(scope="module")
def take():
    return Take(SCENE)


@pytest.fixture(scope="module")
def filmed(take):
    chunks = list(take.frames())
    return np.concatenate([frames for frames, _ in chunks]), pd.concat([t for _, t in chunks], ignore_index=True)


def test_every_frame_has_its_row_and_the_sound_its_length(take, filmed):
    frames, truth = filmed
    assert frames.shape == (24, 64, 64, 3) and len(truth) == 24
    assert len(take.speech.samples) == RATE
    assert max(len(chunk) for chunk, _ in take.frames()) <= 8, "chunks, so that memory stays flat"


def test_the_table_of_columns_is_the_truth(filmed):
    names = list(filmed[1].columns)
    for pattern in TRUTH:
        assert fnmatch.filter(names, pattern), f"{pattern} is promised but absent"
    for name in names:
        assert any(fnmatch.fnmatch(name, pattern) for pattern in TRUTH), f"{name} is not explained"
    assert len(fnmatch.filter(names, "coef_*")) == 52 and len(fnmatch.filter(names, "landmark_*")) == 136


def test_numbers_are_finite_but_for_unvoiced_pitch(filmed):
    numbers = filmed[1].drop(columns="f0_hz").select_dtypes("number")
    assert np.isfinite(numbers.to_numpy(np.float64)).all()
    assert (filmed[1]["emotion"] == "sad").all()


def test_the_same_scene_gives_the_same_bytes(filmed):
    again = list(Take(SCENE).frames())
    assert np.array_equal(np.concatenate([frames for frames, _ in again]), filmed[0])
    pd.testing.assert_frame_equal(pd.concat([t for _, t in again], ignore_index=True), filmed[1], check_exact=True)


def test_a_portrait_shows_the_person_and_no_frame_of_the_clip(take, filmed):
    portrait = take.portrait()
    assert portrait.shape == (64, 64, 3) and portrait.dtype == np.uint8
    assert min(np.abs(portrait.astype(int) - frame).mean() for frame in filmed[0]) > 1
