"""A toy video with known moves is read as a performance against its frame nearest to rest."""

import numpy as np
import pytest

from tellbench.datasets.expression import INDEX
from tellbench.errors import InputError
from tellbench.generator.vasa.reading import read_acted

from .motion.data.test_clips import FPS, TIME, T, Tools, _moves, people  # noqa: F401  (a fixture)


@pytest.fixture
def tools():
    return Tools()


def test_moves_jaw_and_sound_are_read(people, tools):  # noqa: F811
    acted = read_acted(people / "talks" / "clip.mp4", tools.finder, tools.landmarker, tools)
    assert (len(acted.motion), acted.fps) == (T, FPS)
    yaw = _moves()[:, 0].numpy()
    rest = int(np.abs(acted.motion.pose).sum(1).argmin())
    assert np.abs(acted.motion.pose[:, 0] - (yaw - yaw[rest])).max() < 1.5
    jaw = acted.motion.coefficients[:, INDEX["jawOpen"]]
    assert np.diff(jaw).mean() == pytest.approx(1 / T, rel=0.05)
    assert jaw[rest] == pytest.approx(0, abs=0.02)
    assert acted.portrait.mean() == pytest.approx(20 + 2 * rest, abs=2)
    assert acted.speech.duration == pytest.approx(float(TIME[-1]) + 0.5 / FPS, abs=1e-3)


def test_a_clip_without_sound_is_silent(people, tools):  # noqa: F811
    acted = read_acted(people / "mute" / "clip.mp4", tools.finder, tools.landmarker, tools)
    assert acted.speech.rms == 0
    assert np.isnan(acted.motion.f0_hz).all()


def test_a_clip_without_a_face_is_refused(people, tools):  # noqa: F811
    with pytest.raises(InputError, match="a face in 0 of 90 frames"):
        read_acted(people / "talks" / "clip.mp4", lambda batch: [[] for _ in batch], tools.landmarker, tools)
