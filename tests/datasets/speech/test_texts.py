import functools
import math
import re

import pytest

from tellbench.datasets.speech import LANGUAGES, sentence, speak
from tellbench.datasets.speech.phonemes import is_known
from tellbench.datasets.speech.texts import every_choice, passage, templates
from tellbench.errors import InputError


def n_sentences(language):
    return sum(
        math.prod(len(choice.split("|")) for choice in re.findall(r"\[([^]]*)\]", line)) for line in templates(language)
    )


def test_at_least_twenty_languages_with_thirty_sentences_each():
    assert len(LANGUAGES) >= 24
    assert {language: n_sentences(language) for language in LANGUAGES if n_sentences(language) < 30} == {}
    for language in LANGUAGES:
        assert len({sentence(language, seed) for seed in range(60)}) > 20, language


def test_same_seed_same_sentence_and_choices_are_resolved():
    assert sentence("de", 3) == sentence("de", 3)
    for language in LANGUAGES:
        assert not set("[]|") & set(passage(language, 1, 20)), language


def test_a_passage_repeats_a_line_only_when_all_are_used():
    lines = [re.escape(line) for line in templates("sw")]
    patterns = [re.compile(re.sub(r"\\\[(.*?)\\\]", r"(\1)", line).replace(r"\|", "|")) for line in lines]
    text = passage("sw", 5, len(lines))
    assert all(len(pattern.findall(text)) == 1 for pattern in patterns)


def test_every_choice_is_heard():
    assert list(every_choice("[a|b|c] and [d|e].")) == ["a and d.", "b and e.", "c and d."]
    assert list(every_choice("plain")) == ["plain"]


def test_unknown_language_names_the_known_ones():
    with pytest.raises(InputError, match=r"'xx'.*en, de"):
        sentence("xx", 0)


@functools.cache
def spoken(language, accent):
    return speak(" ".join(text for line in templates(language) for text in every_choice(line)), accent)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_sound_of_every_sentence_has_a_mouth_shape(language):
    for accent in LANGUAGES[language]:
        utterance = spoken(language, accent)
        assert not {p.name for p in utterance.phonemes if not is_known(p.name)}, accent
        assert len({p.name for p in utterance.phonemes}) > 20


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_espeak_reads_the_script_instead_of_spelling_it(language):
    """Letters that a voice cannot read are named one by one in English, at great length."""
    utterance = spoken(language, LANGUAGES[language][0])
    sounds = [p for p in utterance.phonemes if p.name != "_"]
    seconds_a_sentence = utterance.audio.duration / sum(len(list(every_choice(t))) for t in templates(language))
    assert seconds_a_sentence < 5
    assert max(p.end - p.start for p in sounds) < 0.6
