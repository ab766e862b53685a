import numpy as np
import pytest

from tellbench.datasets.audio import RATE as SAMPLES
from tellbench.datasets.audio import Audio
from tellbench.datasets.clip import PRISTINE, Clip
from tellbench.datasets.video import VideoWriter
from tellbench.detectors import voice
from tellbench.detectors.voice import Voice, listen


def song(f0) -> Audio:
    """Ten harmonics of a pitch in Hz at 100 Hz; silence where it is 0."""
    f0 = np.repeat(np.asarray(f0, float), SAMPLES // 100)
    phase = np.cumsum(2 * np.pi * f0 / SAMPLES)
    sound = sum(np.sin(k * phase) / k for k in range(1, 11)) * (f0 > 0) * 0.2
    return Audio((sound + np.random.default_rng(0).normal(0, 1e-3, len(sound))).astype(np.float32))


def spoken() -> np.ndarray:
    """3 s: a pause from 1.3 to 1.9 s; pitch rises at about 0.55 s and 2.25 s."""
    times = np.arange(300) / 100
    f0 = 120 + 30 * np.exp(-(((times - 0.8) / 0.12) ** 2)) + 30 * np.exp(-(((times - 2.5) / 0.12) ** 2))
    f0[130:190] = 0
    return f0


def write(path, audio) -> Clip:
    with VideoWriter(path, 32, 32, 25.0, audio) as video:
        video.write(np.zeros((75, 32, 32, 3), np.uint8))
    return Clip(clip_id=path.stem, path=path, label=PRISTINE)


@pytest.fixture
def heard(tmp_path, monkeypatch) -> Voice:
    monkeypatch.setenv("TELLBENCH_CACHE", str(tmp_path / "cache"))
    return listen(write(tmp_path / "voice.mp4", song(spoken())), 3.0)


def test_pitch_pauses_and_rises_are_heard(heard):
    assert len(heard.times) == pytest.approx(300, abs=2)
    assert np.nanmedian(heard.f0_hz[20:50]) == pytest.approx(121, abs=3)
    assert not heard.speaking[145:175].any() and heard.speaking[20:110].all()
    assert heard.pitch[75:85].mean() > 1 and heard.pitch[20:40].mean() < 0
    assert len(heard.rises) == 2
    np.testing.assert_allclose(heard.rises, [0.55, 2.25], atol=0.15)
    assert heard.at(np.array([0.8, 1.6]), heard.speaking).tolist() == [1.0, 0.0]


def test_other_sound_is_measured_anew_and_the_same_is_not(heard, tmp_path, monkeypatch):
    calm = write(tmp_path / "calm.mp4", song(np.full(300, 200.0)))
    assert np.nanmedian(listen(calm, 3.0).f0_hz) == pytest.approx(200, abs=3)
    monkeypatch.setattr(voice, "prosody", None)
    assert np.nanmedian(listen(calm, 3.0).f0_hz) == pytest.approx(200, abs=3)


@pytest.mark.parametrize("audio", [None, Audio(np.zeros(3 * SAMPLES, np.float32))])
def test_no_sound_is_no_voice(tmp_path, monkeypatch, audio):
    monkeypatch.setenv("TELLBENCH_CACHE", str(tmp_path / "cache"))
    mute = write(tmp_path / "mute.mp4", audio)
    assert listen(mute, 3.0) is None
    assert listen(mute, 3.0) is None  # also from the cache


def test_too_little_voice_has_no_contour():
    quiet = Voice(np.full(100, -60.0), np.full(100, np.nan), np.zeros(100, bool))
    assert not quiet.has_pitch and not quiet.pitch.any() and not len(quiet.rises)
