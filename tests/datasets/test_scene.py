import collections

import pytest

from tellbench.datasets.scene import PEOPLE, plan_scenes
from tellbench.errors import InputError


def test_people_and_speech_are_distinct():
    scenes = plan_scenes(20, takes=3, languages=("en", "de"), seed=1)
    assert len({s.identity_id for s in scenes}) == 20
    assert len({s.speech_id for s in scenes}) == len({s.scene_id for s in scenes}) == 60
    assert {s.language for s in scenes} == {"en", "de"}


def test_people_that_trained_the_landmarks_are_never_shown():
    from tellbench.datasets.faces.fit import TRAIN_SEED, VAL_SEED

    shown = {scene.identity_seed for scene in plan_scenes(2000, seed=3)}
    assert max(shown) < PEOPLE <= min(TRAIN_SEED, VAL_SEED)


def test_plan_follows_the_seed():
    assert plan_scenes(5, seed=1) == plan_scenes(5, seed=1) != plan_scenes(5, seed=2)


def test_every_clip_has_one_length():
    assert {s.n_frames for s in plan_scenes(4, seconds=2.0, fps=30)} == {60}


@pytest.mark.parametrize(
    "bad",
    [
        {"people": 2},
        {"takes": 0},
        {"seconds": 0.5},
        {"size": 255},
        {"fps": 0},
        {"fps": ()},
        {"languages": ()},
        {"languages": ("en", "xx")},
        {"roles": ("shouting",)},
        {"emotions": ("hungry",)},
        {"styles": ()},
    ],
)
def test_numbers_out_of_range_are_named(bad):
    with pytest.raises(InputError, match=next(iter(bad))[:4]):
        plan_scenes(**{"people": 5, **bad})


def test_what_varies_is_dealt_evenly_and_independently():
    scenes = plan_scenes(
        24,
        roles=("talking", "listening"),
        emotions=("neutral", "happy", "sad"),
        styles=("photo", "drawn"),
        fps=(24, 30),
    )
    counts = collections.Counter((s.role, s.style) for s in scenes)
    assert len(counts) == 4 and collections.Counter(s.role for s in scenes)["listening"] == 12
    assert {s.n_frames for s in scenes} == {120, 150}
    assert all((s.intensity > 0) == (s.emotion != "neutral") for s in scenes)


def test_variety_changes_neither_people_nor_words():
    plain, varied = plan_scenes(6, seed=2), plan_scenes(6, seed=2, roles=("listening",), styles=("statue",))
    assert [(s.identity_seed, s.seed) for s in plain] == [(s.identity_seed, s.seed) for s in varied]
    assert {(s.role, s.emotion, s.style) for s in plain} == {("talking", "neutral", "photo")}
