"""One small studio portrait with its true landmarks, so that nothing here depends on a landmark network."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from tellbench.datasets.faces.landmarks import Landmarks
from tellbench.datasets.speech.driver import SpeechTracks
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.person import Person
from tellbench.datasets.studio.renderer import Studio
from tellbench.generator.meshwarp.fit import fit_head
from tellbench.generator.meshwarp.head import HeadModel
from tellbench.generator.meshwarp.puppet import Puppet
from tellbench.generator.meshwarp.voice import hear


@pytest.fixture(scope="session")
def model():
    return HeadModel.load()


@pytest.fixture(scope="session")
def shots():
    """The same person at rest and turned by 12 degrees, with truth."""
    poses = np.zeros((2, 6), np.float32)
    poses[1, :3] = 12, -3, 2
    studio = Studio(Person(Identity.sample(12)), seed=12, size=192)
    return studio.render(np.zeros((2, 52), np.float32), poses, np.zeros((2, 2), np.float32))


@pytest.fixture(scope="session")
def portrait(shots):
    """Picture and true landmarks."""
    truth = Landmarks(*(getattr(shots, k)[:1].astype(np.float32) for k in ("landmarks", "iris", "aperture")))
    return SimpleNamespace(picture=shots.frames[0], truth=truth)


@pytest.fixture(scope="session")
def puppet(model, portrait):
    fit = fit_head(model, portrait.truth.points[0], portrait.picture.shape[:2])
    return Puppet(model, fit, portrait.picture, portrait.truth.iris[0])


@pytest.fixture(scope="session")
def pool():
    with ThreadPoolExecutor(1) as threads:
        yield threads


@pytest.fixture(scope="session")
def voice():
    """Forty seconds of speech-like tracks: syllables at 4 Hz, a pitch that rises every 1.7 s, a pause every 5 s."""
    t = np.arange(4000) / 100
    speaking = (t % 5) < 4.2
    syllable = np.clip(np.sin(2 * np.pi * 4 * t), 0, 1) * speaking
    visemes = np.zeros((len(t), 8), np.float32)
    visemes[:, 0] = visemes[:, 7] = syllable
    loudness = np.where(speaking, -30 + 15 * syllable, -80).astype(np.float32)
    f0 = np.where(speaking, 120 * (1 + 0.3 * np.clip(np.sin(2 * np.pi * t / 1.7), 0, 1) ** 4), np.nan)
    return hear(SpeechTracks(visemes, loudness, f0.astype(np.float32)), len(t))
