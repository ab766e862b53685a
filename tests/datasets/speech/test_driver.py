import numpy as np
import pytest
import safetensors.numpy
import soxr

from tellbench.datasets.audio import RATE, Audio, read_audio
from tellbench.datasets.speech import VISEMES, SpeechDriver, speak
from tellbench.datasets.speech.driver import WEIGHTS, speech_features
from tellbench.datasets.speech.features import prosody
from tellbench.datasets.speech.phonemes import CLOSE, JAW, is_sealed
from tellbench.datasets.speech.visemes import viseme_tracks
from tellbench.errors import InputError

UNSEEN = "Pam bought a big van, but Fiona prefers to move by foot whenever she may."


@pytest.fixture(scope="module")
def driver():
    return SpeechDriver.load()


@pytest.fixture(scope="module")
def spoken():
    """A sentence and a voice that took no part in fitting."""
    return speak(UNSEEN, "en-us+m6", rate=150)


def test_tracks_follow_unseen_speech(driver, spoken):
    heard = driver(spoken.audio).visemes
    wanted = viseme_tracks(spoken.phonemes, len(heard))
    correlation = {name: np.corrcoef(heard[:, i], wanted[:, i])[0, 1] for i, name in enumerate(VISEMES)}
    assert correlation["jaw"] > 0.8
    assert correlation["close"] > 0.7
    assert correlation["voice"] > 0.85
    assert min(correlation.values()) > 0.4


def test_most_closures_are_found(driver, spoken):
    heard = driver(spoken.audio).visemes[:, CLOSE]
    sealed = [p for p in spoken.phonemes if is_sealed(p.name)]
    found = [heard[max(0, int(p.start * 100) - 3) : int(p.end * 100) + 4].max() > 0.7 for p in sealed]
    assert np.mean(found) > 0.75


def test_shapes_range_and_silence(driver, spoken):
    tracks = driver(spoken.audio)
    n_frames = len(spoken.audio.samples) // (RATE // 100)
    assert tracks.visemes.shape == (n_frames, len(VISEMES))
    assert tracks.loudness_db.shape == tracks.f0_hz.shape == (n_frames,)
    assert tracks.visemes.min() >= 0
    assert tracks.visemes.max() <= 1
    quiet = Audio(np.pad(spoken.audio.samples, (RATE, RATE)))
    assert driver(quiet).visemes[10:80, JAW].max() < 0.15


def test_loudness_of_the_recording_does_not_matter(driver, spoken):
    soft = driver(Audio(spoken.audio.samples * np.float32(0.05))).visemes
    np.testing.assert_allclose(soft, driver(spoken.audio).visemes, atol=0.02)


def test_band_limit_and_noise_are_survived(driver, spoken):
    telephone = soxr.resample(soxr.resample(spoken.audio.samples, RATE, 8000), 8000, RATE)
    noise = np.random.default_rng(0).normal(size=len(telephone)) * 0.1 * spoken.audio.rms
    worn = driver(Audio((telephone + noise).astype(np.float32))).visemes[:, JAW]
    clean = driver(spoken.audio).visemes[: len(worn), JAW]
    assert np.corrcoef(worn[: len(clean)], clean)[0, 1] > 0.7


def test_long_recordings_are_processed_in_blocks_without_seams(driver, spoken):
    whole = Audio(np.tile(spoken.audio.samples[: RATE * 2], 25))
    tracks = driver(whole).visemes
    assert len(tracks) == 5000
    np.testing.assert_allclose(tracks[3960:4040], tracks[1960:2040], atol=0.02)


def test_shipped_weights_are_small():
    assert WEIGHTS.stat().st_size <= 300_000
    assert (WEIGHTS.parent / "README.md").is_file()


def test_unusable_weights_are_explained(tmp_path):
    with pytest.raises(InputError, match="no readable speech driver"):
        SpeechDriver.load(tmp_path / "absent.safetensors")
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"not weights")
    with pytest.raises(InputError, match="no readable speech driver"):
        SpeechDriver.load(damaged)
    other = tmp_path / "other.safetensors"
    safetensors.numpy.save_file({"mean": np.zeros(3, np.float32)}, other)
    with pytest.raises(InputError, match="other features"):
        SpeechDriver.load(other)


def test_features_of_a_tiny_recording():
    assert speech_features(Audio(np.full(5, 0.1, np.float32))).shape[0] == 1


@pytest.mark.parametrize("name", ["en_jfk.flac", "en_lj001-0001.wav", "en_lj001-0003.wav"])
def test_real_recordings_jaw_moves_with_the_voice_at_once(driver, shared_assets, name):
    """Jaw and loudness agree on recordings of people, best within one frame at 25 fps."""
    audio = read_audio(shared_assets / "speech" / name)
    jaw, envelope = driver(audio).visemes[:, JAW], prosody(audio).envelope
    jaw, envelope = (track[: len(track) // 4 * 4].reshape(-1, 4).mean(1) for track in (jaw, envelope))
    correlation = {lag: np.corrcoef(jaw[5 + lag : len(jaw) - 5 + lag], envelope[5:-5])[0, 1] for lag in range(-4, 5)}
    assert correlation[0] >= 0.5
    assert max(correlation, key=correlation.get) in (0, 1, -1)
