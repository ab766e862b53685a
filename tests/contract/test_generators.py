"""What every registered generator keeps. Adding one to the registry adds its tests."""

import numpy as np
import pandas as pd
import pytest

from tellbench.datasets.scene import Scene
from tellbench.errors import InputError
from tellbench.eval.speed import studio_request
from tellbench.generator.base import Generator
from tellbench.generator.controls import Controls
from tellbench.registry import GENERATORS

SCENE = Scene(scene_id="contract", identity_seed=11, seed=5, language="en", size=192, fps=25.0, n_frames=30)


@pytest.fixture(scope="module")
def request_():
    return studio_request(SCENE)


@pytest.fixture(scope="module", params=list(GENERATORS))
def generator(request):
    return GENERATORS.create(request.param)


@pytest.fixture(scope="module")
def made(generator, request_):
    return list(generator.animate(request_))


def _frames(chunks):
    return np.concatenate([chunk.frames for chunk in chunks])


def test_is_a_generator_with_name_and_version(generator):
    assert isinstance(generator, Generator)
    assert generator.name in GENERATORS
    assert generator.version


def test_frames_have_the_portrait_s_size_and_the_asked_number(made, request_):
    frames = _frames(made)
    assert frames.dtype == np.uint8
    assert frames.shape == (request_.n_frames, *request_.portrait.shape)


def test_comes_in_chunks_so_that_memory_stays_flat(made):
    assert max(len(chunk.frames) for chunk in made) <= 32


def test_labels_come_with_the_frames(made, request_):
    tracks = pd.concat([chunk.tracks for chunk in made], ignore_index=True)
    assert len(tracks) == request_.n_frames
    numbers = tracks.select_dtypes("number")
    assert np.isfinite(numbers.to_numpy()).all()


def test_same_seed_gives_the_same_frames(generator, made, request_):
    assert np.array_equal(_frames(generator.animate(request_)), _frames(made))


def test_something_moves(made):
    frames = _frames(made).astype(int)
    assert np.abs(frames[15] - frames[0]).mean() > 0.1


def test_inputs_are_left_alone(generator, request_):
    portrait, samples = request_.portrait.copy(), request_.speech.samples.copy()
    next(generator.animate(request_))
    assert np.array_equal(portrait, request_.portrait)
    assert np.array_equal(samples, request_.speech.samples)


def test_unknown_dial_is_refused_with_the_known_ones(generator, request_):
    import dataclasses

    odd = dataclasses.replace(request_, controls=Controls(dials={"no_such_dial": 1.0}))
    with pytest.raises(InputError, match="no dial 'no_such_dial'"):
        generator.check(odd)


WISHES = {
    "gaze": (5.0, 0.0),
    "distance": 0.9,
    "emotion": {"happy": 0.5},
    "pose": (5.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    "replace_pose": True,
    "head_motion": 0.5,
    "expressiveness": 0.5,
    "solver": "ddim",
    "tracks": {"yaw": (1.0,)},
}


@pytest.mark.parametrize("name", WISHES)
def test_a_control_is_heeded_or_refused(generator, name):
    controls = Controls(**{name: WISHES[name]})
    if name in generator.honours:
        generator.check_controls(controls)
    else:
        with pytest.raises(InputError, match=f"'{generator.name}' cannot honour {name}"):
            generator.check_controls(controls)


def test_too_few_rows_of_controls_are_refused(generator, request_):
    import dataclasses

    short = dataclasses.replace(request_, controls=Controls(tracks={"yaw": (1.0, 2.0)}))
    with pytest.raises(InputError, match="2 frames, the clip has 30" if "tracks" in generator.honours else "tracks"):
        generator.check(short)
