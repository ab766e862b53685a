import pytest

from tellbench.datasets.speech import VOICES, sentence, speak
from tellbench.datasets.speech.phonemes import is_known
from tellbench.datasets.speech.texts import SENTENCES, passage
from tellbench.errors import InputError


def test_every_language_has_sentences_and_voices_of_both_sexes():
    assert set(SENTENCES) == set(VOICES) >= {"en", "de", "fr", "es", "it", "pt", "pl", "tr"}
    for voices in VOICES.values():
        assert set(voices) == {"female", "male"}
        assert all("+f" in v for v in voices["female"])
        assert all("+m" in v for v in voices["male"])


def test_same_seed_same_sentence_and_seeds_differ():
    assert sentence("de", 3) == sentence("de", 3)
    assert len({sentence("en", seed) for seed in range(40)}) > 10
    assert len(set(passage("en", 0, 24).split(". "))) > 10


def test_unknown_language_names_the_known_ones():
    with pytest.raises(InputError, match=r"'xx'.*en, de"):
        sentence("xx", 0)


@pytest.mark.parametrize("language", sorted(SENTENCES))
def test_every_sound_of_every_sentence_has_a_mouth_shape(language):
    for base in sorted({voice.split("+")[0] for voice in VOICES[language]["male"]}):
        utterance = speak(" ".join(SENTENCES[language]), base)
        unknown = {p.name for p in utterance.phonemes if not is_known(p.name)}
        assert not unknown, base


def test_advertised_voices_speak():
    for language in SENTENCES:
        for voices in VOICES[language].values():
            assert speak("mama", voices[-1]).audio.rms > 0.005
