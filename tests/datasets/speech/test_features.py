import numpy as np
import pytest

from tellbench.datasets.audio import RATE, Audio
from tellbench.datasets.speech import speak
from tellbench.datasets.speech.features import BANDS, log_mel, n_frames, prosody

TIME = np.arange(RATE) / RATE


def sawtooth(frequency, level=0.3):
    return Audio((level * (2 * (TIME * frequency % 1) - 1)).astype(np.float32))


@pytest.mark.parametrize("frequency", [85.0, 120.0, 210.0, 333.0])
def test_pitch_of_a_known_tone(frequency):
    heard = prosody(sawtooth(frequency))
    inner = heard.f0_hz[5:-5]
    assert np.isfinite(inner).all()
    np.testing.assert_allclose(inner, frequency, rtol=0.01)


def test_noise_and_silence_are_unvoiced():
    noise = np.random.default_rng(0).normal(size=RATE) * 0.1
    assert prosody(Audio(noise.astype(np.float32))).voiced.mean() < 0.1
    assert not prosody(Audio(np.zeros(RATE, np.float32))).voiced.any()


def test_loudness_is_decibels_of_rms():
    loud, soft = prosody(sawtooth(120, 0.5)).loudness_db, prosody(sawtooth(120, 0.05)).loudness_db
    np.testing.assert_allclose(loud - soft, 20, atol=0.1)
    assert loud[50] == pytest.approx(20 * np.log10(0.5 / np.sqrt(3)), abs=0.3)


def test_mel_band_of_a_tone():
    low = log_mel(Audio((0.3 * np.sin(2 * np.pi * 300 * TIME)).astype(np.float32)))[50]
    high = log_mel(Audio((0.3 * np.sin(2 * np.pi * 5000 * TIME)).astype(np.float32)))[50]
    assert low.shape == (BANDS,)
    assert low.argmax() < 5 < 20 < high.argmax()


def test_frames_are_the_same_however_long_the_recording():
    """Blocks join without a seam."""
    samples = np.random.default_rng(1).normal(size=RATE * 25).astype(np.float32) * 0.1
    long, short = log_mel(Audio(samples)), log_mel(Audio(samples[: RATE * 3]))
    assert len(long) == n_frames(Audio(samples)) == 2500
    np.testing.assert_allclose(long[:290], short[:290], atol=1e-5)
    assert len(log_mel(Audio(samples[:7]))) == 1


def test_voiced_phonemes_are_voiced():
    utterance = speak("My mum may allow more, and we all run.", "en-us+m3")
    heard = prosody(utterance.audio)
    vowels = [p for p in utterance.phonemes if p.name[0] in "aeV3" and p.end - p.start > 0.06]
    middle = [int((p.start + p.end) * 50) for p in vowels]
    assert heard.voiced[middle].mean() > 0.8
    assert 60 < np.nanmedian(heard.f0_hz) < 180
