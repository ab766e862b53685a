import dataclasses
import fnmatch

import numpy as np
import pandas as pd
import pytest

from tellbench.datasets.audio import RATE
from tellbench.datasets.scene import Scene
from tellbench.datasets.studio.film import Take, utter
from tellbench.datasets.studio.people.identity import Identity
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


def test_a_person_talks_and_sings_in_one_voice_and_listens_to_others():
    person = Identity.sample(SCENE.identity_seed)
    said = {
        role: utter(dataclasses.replace(SCENE, role=role, seed=seed), person)
        for seed, role in enumerate(("talking", "singing", "listening"))
    }
    assert said["talking"].voice == said["singing"].voice
    others = {utter(dataclasses.replace(SCENE, role="listening", seed=seed), person).voice for seed in range(5)}
    assert len(others - {said["talking"].voice}) >= 2
    assert all(utterance.audio.duration >= SCENE.duration for utterance in said.values())


def test_the_microphone_hears_what_was_said_when_it_was_said(take):
    dry, heard = take.utterance.audio.fitted(RATE).samples, take.speech.samples
    assert not np.array_equal(dry, heard)
    levels = [np.abs(sound[: RATE // 160 * 160]).reshape(-1, 160).mean(1) for sound in (dry, heard)]
    centred = [level - level.mean() for level in levels]
    lag = int(np.correlate(centred[1], centred[0], "full").argmax()) - (len(levels[0]) - 1)
    assert abs(lag) <= 2  # steps of 10 ms: a room smears energy later
