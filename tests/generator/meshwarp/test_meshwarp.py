import itertools
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tellbench.datasets.audio import RATE, Audio
from tellbench.errors import InputError
from tellbench.generator.base import Request
from tellbench.generator.controls import Controls
from tellbench.generator.meshwarp import MeshWarp

N_FRAMES = 20


@pytest.fixture(scope="module")
def speech():
    t = np.arange(RATE) / RATE
    return Audio((0.3 * np.sin(2 * np.pi * 140 * t) * (1 + np.sin(2 * np.pi * 4 * t)) / 2).astype(np.float32))


@pytest.fixture(scope="module")
def generator(portrait):
    return MeshWarp(landmarks=lambda frames: portrait.truth, threads=1)


def _request(of, speech, **changes):
    return Request(**{"portrait": of.picture, "speech": speech, "n_frames": N_FRAMES, "seed": 7, **changes})


@pytest.fixture(scope="module")
def chunks(generator, portrait, speech):
    return list(generator.animate(_request(portrait, speech)))


def test_chunks_add_up(chunks, portrait):
    assert [len(c.frames) for c in chunks] == [16, 4]
    assert all(c.frames.shape[1:] == portrait.picture.shape for c in chunks)
    tracks = pd.concat([c.tracks for c in chunks], ignore_index=True)
    assert tracks["frame"].tolist() == list(range(N_FRAMES))
    assert np.isfinite(tracks.select_dtypes("number").to_numpy()).all()


def test_starts_near_the_portrait_and_never_freezes(chunks, portrait):
    frames = np.concatenate([c.frames for c in chunks]).astype(int)
    first = np.abs(frames[0] - portrait.picture).mean()
    assert 0 < first < 6
    assert all((a != b).any() for a, b in itertools.pairwise(frames))


def test_same_request_same_bytes(generator, chunks, portrait, speech):
    again = np.concatenate([c.frames for c in generator.animate(_request(portrait, speech))])
    assert np.array_equal(again, np.concatenate([c.frames for c in chunks]))


def test_odd_sides_and_bad_dials_are_refused(generator, portrait, speech):
    with pytest.raises(InputError, match="even sides"):
        next(generator.animate(_request(portrait, speech, portrait=portrait.picture[:-1])))
    with pytest.raises(InputError, match="has no dial 'charm'"):
        next(generator.animate(_request(portrait, speech, controls=Controls(dials={"charm": 1.0}))))
    with pytest.raises(InputError, match="head_gain"):
        next(generator.animate(_request(portrait, speech, controls=Controls(dials={"head_gain": 9.0}))))


def test_importing_the_package_loads_no_numba_torch_or_scipy():
    code = (
        "import sys, tellbench.generator.meshwarp as m; "
        "print(sorted({'numba', 'torch', 'scipy'} & set(sys.modules)), 'MeshWarp' in m.__all__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] True"
