import dataclasses

import numpy as np
import pytest

from tellbench.datasets.emotion import EMOTIONS
from tellbench.datasets.speech import LANGUAGES, Voice
from tellbench.datasets.speech.espeak import variant_names
from tellbench.datasets.speech.features import prosody
from tellbench.datasets.speech.phonemes import is_vowel
from tellbench.datasets.speech.voices import _MOODS, FEMALE, MALE, stretched
from tellbench.errors import InputError


def measured_f0(utterance):
    return float(np.nanmedian(prosody(utterance.audio).f0_hz))


@pytest.fixture(scope="module")
def talks():
    """Sixteen people of either sex, each in another language."""
    languages = list(LANGUAGES)
    return {
        sex: [
            (voice := Voice.sample(seed, sex, 20 + 3 * seed), voice.talk(languages[seed % len(languages)], seed, 3))
            for seed in range(16)
        ]
        for sex in ("female", "male")
    }


def test_every_variant_exists_and_none_is_both():
    assert set(FEMALE) | set(MALE) <= variant_names()
    assert not set(FEMALE) & set(MALE)
    assert len(FEMALE) + len(MALE) >= 40


def test_pitch_fits_the_sex_and_the_person(talks):
    for sex, low, high in (("female", 180, 235), ("male", 105, 140)):
        heard = np.array([measured_f0(said) for _, said in talks[sex]])
        meant = np.array([voice.f0_hz for voice, _ in talks[sex]])
        assert low < np.median(heard) < high
        assert np.abs(12 * np.log2(heard / meant)).mean() < 1.5


def test_people_speak_at_natural_rates(talks):
    rates = [
        sum(is_vowel(p.name) for p in said.phonemes) / sum(p.end - p.start for p in said.phonemes if p.name != "_")
        for group in talks.values()
        for _, said in group
    ]
    assert 4.5 < np.median(rates) < 7
    assert 3 < min(rates) < max(rates) < 10
    assert np.std(rates) > 0.5


def test_a_person_keeps_the_voice_and_people_differ():
    assert Voice.sample(7, "male", 40) == Voice.sample(7, "male", 40)
    assert len({Voice.sample(seed, "female", 40) for seed in range(30)}) == 30
    voice = Voice.sample(7, "male", 40)
    takes = [voice.talk("en", seed, 3) for seed in range(3)]
    assert len({take.voice for take in takes}) == 1
    assert len({take.text for take in takes}) == 3
    pitches = [measured_f0(take) for take in takes]
    assert max(pitches) / min(pitches) < 1.2


def test_age_moves_the_pitch_of_the_sexes_apart_and_slows_both():
    for sex, sign in (("female", -1), ("male", 1)):
        young, old = Voice.sample(3, sex, 25), Voice.sample(3, sex, 75)
        assert sign * (old.f0_hz - young.f0_hz) > 3
        assert old.rate < young.rate


def test_talk_fills_the_time_and_repeats_bit_for_bit():
    voice = Voice.sample(1, "female", 30)
    first, again = voice.talk("fr", 5, 9), voice.talk("fr", 5, 9)
    assert 9 <= first.audio.duration < 25
    assert first.audio.samples.tobytes() == again.audio.samples.tobytes()
    assert first.phonemes == again.phonemes
    assert first.language == "fr"


def test_a_longer_tract_lowers_formants_but_not_the_pitch():
    short, long = (Voice("m3", 110, 170, tract=tract) for tract in (0.94, 1.06))
    said = [voice.speak("A long aaah, a long oooh.", "en") for voice in (short, long)]
    assert measured_f0(said[0]) == pytest.approx(measured_f0(said[1]), rel=0.08)
    assert said[0].audio.duration == pytest.approx(said[1].audio.duration, rel=0.08)
    spectra = [np.abs(np.fft.rfft(u.audio.samples, 1 << 17)) for u in said]
    centroid = [float((s * np.arange(len(s))).sum() / s.sum()) for s in spectra]
    assert centroid[0] > 1.03 * centroid[1]


def test_stretched_moves_the_phonemes_with_the_sound():
    said = Voice("m1", 110, 170).speak("Mama", "en")
    slow = stretched(said, 1.2)
    assert slow.audio.duration == pytest.approx(1.2 * said.audio.duration, abs=1e-3)
    assert slow.phonemes[1].start == pytest.approx(1.2 * said.phonemes[1].start)
    assert slow.phonemes[-1].end <= slow.audio.duration


def test_moods_are_heard():
    voice = Voice.sample(4, "female", 35)
    happy, calm, sad = (voice.talk("en", 2, 5, mood, 1.0) for mood in ("happy", "neutral", "sad"))
    assert measured_f0(happy) > 1.06 * measured_f0(calm)
    assert measured_f0(sad) < 0.96 * measured_f0(calm)
    assert sad.audio.duration > 1.08 * calm.audio.duration
    with pytest.raises(InputError, match=r"'bored'.*neutral, happy"):
        voice.talk("en", 2, 5, "bored", 1.0)


def test_every_emotion_has_a_tone_of_voice():
    assert set(EMOTIONS) == set(_MOODS)


def test_unknown_language_is_explained():
    with pytest.raises(InputError, match="'xx'"):
        Voice.sample(1, "male", 30).talk("xx", 1, 3)


def test_accents_are_a_persons_own():
    voices = [
        dataclasses.replace(Voice("m1", 110, 170), accent=accent).speak("Hello", "en").voice for accent in (0, 0.99)
    ]
    assert voices == ["en-us+m1", "en-us-nyc+m1"]
