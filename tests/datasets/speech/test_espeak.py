import time

import numpy as np
import pytest

from tellbench.datasets.audio import RATE
from tellbench.datasets.speech import SILENCE, speak
from tellbench.datasets.speech.espeak import voice_files
from tellbench.datasets.speech.features import prosody
from tellbench.errors import InputError

TEXT = "Maybe my mum bought five balloons. Yes, really."


def test_speech_is_audible_and_phonemes_tile_it():
    utterance = speak(TEXT)
    assert 2 < utterance.audio.duration < 6
    assert 0.05 < np.abs(utterance.audio.samples).max() <= 1
    starts = np.array([p.start for p in utterance.phonemes])
    ends = np.array([p.end for p in utterance.phonemes])
    assert starts[0] == 0
    np.testing.assert_array_equal(starts[1:], ends[:-1])
    assert ends[-1] == pytest.approx(utterance.audio.duration, abs=0.002)
    names = [p.name for p in utterance.phonemes]
    assert names[:4] == ["m", "eɪ", "b", "iː"]
    assert names.count("b") == 3
    assert any(p.stressed for p in utterance.phonemes)


def test_pauses_are_quiet():
    utterance = speak(TEXT)
    pause = next(p for p in utterance.phonemes if p.name == SILENCE and p.end - p.start > 0.2)
    inside = utterance.audio.cut(pause.start + 0.08, pause.end - 0.05)
    assert inside.rms < 0.05 * utterance.audio.rms


@pytest.mark.parametrize("voice", ["en-us", "en-us+f2", "en-us+whisper", "en-us+m6", "tr", "en-gb+klatt2"])
def test_same_call_gives_same_bytes_whatever_was_said_before(voice):
    first = speak(TEXT, voice)
    for other in ("fr-fr+f3", "en-us+m7", "pl"):
        speak("Something quite different? Oh, no!", other, rate=220, pitch=80)
    again = speak(TEXT, voice)
    assert first.audio.samples.tobytes() == again.audio.samples.tobytes()
    assert first.phonemes == again.phonemes


def test_the_clock_changes_nothing():
    """espeak-ng seeds its breath noise by the second when it starts; two calls a second apart once differed."""
    first = speak(TEXT, "en-gb+f3")
    time.sleep(1.1)
    assert first.audio.samples.tobytes() == speak(TEXT, "en-gb+f3").audio.samples.tobytes()


def test_variant_rate_and_pitch_are_heard():
    plain = speak(TEXT, "en-us+m1")
    assert speak(TEXT, "en-us+m1", rate=250).audio.duration < 0.8 * plain.audio.duration
    assert not np.array_equal(speak(TEXT, "en-us+f2").audio.samples[:RATE], plain.audio.samples[:RATE])


def test_every_advertised_language_code_can_speak():
    files = voice_files()
    assert files["en-gb"] == files["en"] != files["en-us"]
    for code in ("en-gb", "fr-fr", "pt-br", "nl", "ja"):
        assert speak("ma ma ma", code).audio.duration > 0.3


def test_sounds_that_espeak_misnames_are_put_right():
    assert "ɨ" in {p.name for p in speak("ты был", "ru").phonemes}
    assert "y" not in {p.name for p in speak("ты был", "ru").phonemes}
    assert "y" in {p.name for p in speak("tu", "fr-fr").phonemes}


def test_a_range_of_zero_is_monotone():
    flat, lively = (prosody(speak(TEXT, "en-us+m3", pitch_range=r).audio).f0_hz for r in (0, 80))
    spread = [np.nanpercentile(f0, 90) / np.nanpercentile(f0, 10) for f0 in (flat, lively)]
    assert spread[0] < 1.06 < 1.3 < spread[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": "  "}, "empty"),
        ({"text": "..."}, "nothing to pronounce"),
        ({"text": "a", "voice": "en-uss"}, "near names: en-us"),
        ({"text": "a", "voice": "en-us+f9"}, "no variant 'f9'"),
        ({"text": "a", "voice": "en-us+"}, "no variant ''"),
        ({"text": "a", "rate": 1}, "80 to 450"),
        ({"text": "a", "pitch": 101}, "0 to 100"),
        ({"text": "a", "pitch_range": -1}, "pitch range -1 .* 0 to 100"),
    ],
)
def test_unusable_requests_are_explained(arguments, message):
    with pytest.raises(InputError, match=message) as caught:
        speak(**arguments)
    assert "\n" not in str(caught.value)
