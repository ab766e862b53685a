import numpy as np

from tellbench.datasets.agreement.hearing import N_HEARD, Heard
from tellbench.datasets.audio import RATE, Audio


def test_frames_cover_the_clip_and_loudness_follows(voice):
    heard = Heard.of(voice, 30)
    assert heard.features.shape == (30, N_HEARD)
    assert heard.loudness[:24].mean() > heard.loudness[27:].mean() + 1
    assert heard.speaking[:24].all()
    assert not heard.speaking[28:].any()


def test_noise_is_no_voice():
    noise = np.random.default_rng(0).normal(0, 0.05, 2 * RATE).astype(np.float32)
    assert not Heard.of(Audio(noise), 50).speaking.any()


def test_louder_sounds_the_same(voice):
    louder = Audio(voice.samples * 2)
    np.testing.assert_allclose(Heard.of(louder, 25).features, Heard.of(voice, 25).features, atol=0.02)
