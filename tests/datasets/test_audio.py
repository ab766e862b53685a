import wave

import numpy as np
import pytest

from tellbench.datasets.audio import RATE, Audio, read_audio, resample, write_wav
from tellbench.errors import InputError


def _write_raw(path, samples, rate, channels=1):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.asarray(samples) * 32767).astype("<i2").tobytes())


def test_wav_round_trip_keeps_the_sound(tmp_path, voice):
    write_wav(tmp_path / "a.wav", voice)
    again = read_audio(tmp_path / "a.wav")
    assert len(again.samples) == len(voice.samples)
    assert np.abs(again.samples - voice.samples).max() < 1 / 30000


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_any_rate_becomes_16_khz_with_pitch_kept(tmp_path, rate):
    t = np.arange(rate) / rate
    _write_raw(tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * 440 * t), rate)
    audio = read_audio(tmp_path / "a.wav")
    spectrum = np.abs(np.fft.rfft(audio.samples))
    assert abs(audio.duration - 1) < 0.01
    assert abs(spectrum.argmax() / audio.duration - 440) < 2


def test_stereo_is_averaged(tmp_path):
    t = np.arange(RATE) / RATE
    left = 0.5 * np.sin(2 * np.pi * 300 * t)
    _write_raw(tmp_path / "a.wav", np.stack([left, np.zeros_like(left)], 1).ravel(), RATE, channels=2)
    assert np.allclose(read_audio(tmp_path / "a.wav").samples, left / 2, atol=1e-3)


def test_silence_is_refused_with_its_length(tmp_path):
    _write_raw(tmp_path / "quiet.wav", np.zeros(RATE), RATE)
    with pytest.raises(InputError, match=r"quiet\.wav: silent \(1\.0 s"):
        read_audio(tmp_path / "quiet.wav")


def test_zero_seconds_are_refused(tmp_path):
    _write_raw(tmp_path / "none.wav", [], RATE)
    with pytest.raises(InputError, match=r"none\.wav"):
        read_audio(tmp_path / "none.wav")


def test_text_named_wav_is_refused(tmp_path):
    (tmp_path / "a.wav").write_text("hello")
    with pytest.raises(InputError, match="not a readable audio"):
        read_audio(tmp_path / "a.wav")


def test_absent_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone\.wav does not exist"):
        read_audio(tmp_path / "gone.wav")


def test_float_wav_with_nan_is_refused(tmp_path):
    from scipy.io import wavfile

    samples = np.full(RATE, 0.1, np.float32)
    samples[100] = np.nan
    wavfile.write(tmp_path / "nan.wav", RATE, samples)
    with pytest.raises(InputError, match="NaN"):
        read_audio(tmp_path / "nan.wav")


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros((4, 2)), np.array([0.0, np.inf])])
def test_audio_checks_its_samples(samples):
    with pytest.raises(InputError):
        Audio(samples.astype(np.float32))


def test_fitted_cuts_and_pads(voice):
    assert np.array_equal(voice.fitted(100).samples, voice.samples[:100])
    longer = voice.fitted(RATE + 50)
    assert len(longer.samples) == RATE + 50
    assert not longer.samples[RATE:].any()


def test_resample_stays_in_range():
    square = np.sign(np.sin(np.arange(44100) / 20)).astype(np.float32)
    assert np.abs(resample(square, 44100)).max() <= 1


@pytest.mark.parametrize("rate", [0, -16000, 1000, 1e9, float("nan"), float("inf")])
def test_unusable_sampling_rates_are_refused(rate):
    with pytest.raises(InputError, match="4000 to 768000 Hz"):
        resample(np.ones(100, np.float32), rate)


def test_a_file_of_an_unusable_rate_is_named(tmp_path):
    _write_raw(tmp_path / "slow.wav", np.sin(np.arange(2000) / 3), 1000)
    with pytest.raises(InputError, match=r"slow\.wav: sampling rate 1000 Hz"):
        read_audio(tmp_path / "slow.wav")


def test_flac_recording_is_read(shared_assets):
    audio = read_audio(shared_assets / "speech" / "en_jfk.flac")
    assert abs(audio.duration - 11.0) < 0.05
    assert audio.rms > 0.05
