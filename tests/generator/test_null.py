import numpy as np
import pytest

from tellbench.datasets.audio import Audio
from tellbench.errors import InputError
from tellbench.generator.base import Request
from tellbench.generator.null import Null

FRAMES = np.random.default_rng(0).integers(0, 256, (50, 8, 8, 3), dtype=np.uint8)


def _request(n_frames, pristine):
    return Request(portrait=FRAMES[0], speech=Audio(np.ones(100, np.float32)), n_frames=n_frames, pristine=pristine)


def _pristine():
    yield FRAMES[:32]
    yield FRAMES[32:]


@pytest.mark.parametrize("n_frames", [50, 40, 32, 1])
def test_frames_pass_through_unchanged(n_frames):
    chunks = list(Null().animate(_request(n_frames, _pristine)))
    assert np.array_equal(np.concatenate([c.frames for c in chunks]), FRAMES[:n_frames])
    assert [f for c in chunks for f in c.tracks["frame"]] == list(range(n_frames))


def test_too_few_pristine_frames_are_refused():
    with pytest.raises(InputError, match="50 frames; 60 are needed"):
        list(Null().animate(_request(60, _pristine)))


def test_needs_pristine_frames():
    with pytest.raises(InputError, match="pristine"):
        next(Null().animate(_request(5, None)))
