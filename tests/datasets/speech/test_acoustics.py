import dataclasses

import numpy as np
import pyloudnorm
import pytest
from scipy.signal import correlate

from tellbench.datasets.audio import RATE, Audio
from tellbench.datasets.speech import Acoustics, Voice
from tellbench.datasets.speech.acoustics import CODECS, NOISES, _coded, _impulse, _noise
from tellbench.errors import InputError

SECONDS = 3
PLAIN = Acoustics(
    room=(4, 3, 2.5),
    rt60=0.0,
    distance=0.5,
    noise="none",
    snr_db=30,
    band_hz=(50, 7600),
    drift_db=0.0,
    clipped=0.0,
    loudness_lufs=-23,
    codec="",
    bit_rate=0,
)


@pytest.fixture(scope="module")
def dry():
    return Voice.sample(3, "female", 30).talk("en", 1, SECONDS).audio.fitted(SECONDS * RATE + 7)


def lag(late, reference):
    """Samples by which one signal is behind the other."""
    return int(correlate(late, reference, "full", "fft").argmax()) - len(reference) + 1


@pytest.mark.parametrize("codec", CODECS)
def test_no_codec_moves_the_sound(dry, codec):
    for bit_rate in CODECS[codec].bit_rates:
        heard = _coded(dry.samples.astype(float), CODECS[codec], bit_rate)
        assert len(heard) == len(dry.samples)
        assert abs(lag(heard, dry.samples)) <= RATE // 1000
        similar = np.corrcoef(heard, dry.samples)[0, 1]
        assert 0.8 < similar < 0.99999  # it is the same voice, and it is coded


@pytest.mark.parametrize("seed", range(4))
def test_the_direct_sound_of_a_room_comes_first_and_at_once(seed):
    impulse = _impulse((5, 4, 2.6), 0.5, 0.6, seed)
    assert impulse[0] == 1
    assert np.abs(impulse).max() < 3
    energy = np.cumsum(impulse[::-1] ** 2)[::-1]
    decay = 10 * np.log10(energy[int(0.05 * RATE)] / energy[int(0.20 * RATE)])
    assert 0.15 * 60 / 0.9 < decay < 0.15 * 60 / 0.25  # 60 dB in 0.25 to 0.9 s


def test_filters_do_not_delay(dry):
    for band in ((180, 7600), (50, 3800)):
        heard = dataclasses.replace(PLAIN, band_hz=band, drift_db=2.0).apply(dry, 1)
        assert lag(heard.samples, dry.samples) == 0


def test_any_situation_keeps_length_range_and_sync(dry):
    for seed in range(12):
        heard = Acoustics.sample(seed).apply(dry, seed)
        assert len(heard.samples) == len(dry.samples)
        assert np.abs(heard.samples).max() <= 1
        envelopes = [
            np.convolve(np.abs(a.samples), np.ones(160) / 160, "same")[::16] for a in (heard, dry)
        ]  # 10 ms, every ms
        centred = [envelope - envelope.mean() for envelope in envelopes]
        assert abs(lag(*centred)) <= 20  # a room smears energy later, no more


def test_same_seed_same_bytes_and_seeds_differ(dry):
    assert Acoustics.sample(5) == Acoustics.sample(5)
    busy = dataclasses.replace(PLAIN, rt60=0.4, noise="babble", snr_db=10, codec="opus", bit_rate=16_000)
    first, again, other = busy.apply(dry, 1), busy.apply(dry, 1), busy.apply(dry, 2)
    assert first.samples.tobytes() == again.samples.tobytes()
    assert first.samples.tobytes() != other.samples.tobytes()


def test_situations_vary():
    drawn = [Acoustics.sample(seed) for seed in range(200)]
    assert {a.codec for a in drawn} == {"", *CODECS}
    assert {a.noise for a in drawn} == set(NOISES)
    assert 0.35 < np.median([a.rt60 for a in drawn if a.rt60]) < 0.5
    assert np.ptp([a.loudness_lufs for a in drawn]) > 10


@pytest.mark.parametrize("kind", sorted(set(NOISES) - {"none"}))
def test_noise_lies_as_far_under_the_voice_as_asked(dry, kind):
    quiet = dataclasses.replace(PLAIN, band_hz=(30, 7900), loudness_lufs=-26)
    clean, noisy = quiet.apply(dry, 3).samples, dataclasses.replace(quiet, noise=kind, snr_db=12).apply(dry, 3).samples
    scale = np.dot(clean, noisy) / np.dot(clean, clean)
    snr = 20 * np.log10(np.linalg.norm(scale * clean) / np.linalg.norm(noisy - scale * clean))
    assert snr == pytest.approx(12, abs=3.5)  # the microphone takes some of the low noise
    assert np.sqrt(np.mean(_noise(kind, 8000, np.random.default_rng(0)) ** 2)) == pytest.approx(1)


def test_loudness_is_as_asked(dry):
    for target in (-18, -30):
        heard = dataclasses.replace(PLAIN, loudness_lufs=target).apply(dry)
        assert pyloudnorm.Meter(RATE).integrated_loudness(heard.samples.astype(float)) == pytest.approx(target, abs=0.3)


def test_clipping_flattens_the_loudest_samples(dry):
    heard = dataclasses.replace(PLAIN, clipped=0.003).apply(dry).samples
    assert np.mean(np.abs(heard) > 0.999 * np.abs(heard).max()) == pytest.approx(0.003, rel=0.2)


def test_very_short_voices_pass_and_silent_ones_are_refused():
    tone = Audio(np.sin(np.arange(500) / 5).astype(np.float32))
    assert len(dataclasses.replace(PLAIN, codec="aac", bit_rate=32_000).apply(tone).samples) == 500
    with pytest.raises(InputError, match=r"silent \(1\.0 s of zeros\)"):
        PLAIN.apply(Audio(np.zeros(RATE, np.float32)))
