import numpy as np
import pytest

from tellbench.datasets.speech import VISEMES, Phoneme, speak
from tellbench.datasets.speech.phonemes import (
    CLOSE,
    JAW,
    PART,
    ROUND,
    TUCK,
    WIDE,
    is_known,
    is_sealed,
    is_vowel,
    mouth_shape,
)
from tellbench.datasets.speech.texts import passage
from tellbench.datasets.speech.visemes import RATE, phoneme_names, viseme_tracks


def said(*names, each=0.1):
    return tuple(Phoneme(name, i * each, (i + 1) * each) for i, name in enumerate(names))


@pytest.mark.parametrize(("language", "voice"), [("en", "en-us"), ("de", "de+f2"), ("tr", "tr+m3")])
def test_every_m_b_p_is_sealed_even_at_25_fps(language, voice):
    utterance = speak(passage(language, 1, 6), voice, rate=190)
    tracks = viseme_tracks(utterance.phonemes, int(utterance.audio.duration * RATE))
    closures = [p for p in utterance.phonemes if is_sealed(p.name)]
    assert len(closures) > 8
    for phoneme in closures:
        middle = (phoneme.start + phoneme.end) / 2
        around = slice(max(0, int((middle - 0.02) * RATE)), int((middle + 0.02) * RATE) + 1)
        assert tracks[around, CLOSE].max() == pytest.approx(1, abs=1e-6)
        frame = tracks[max(0, int(middle * 25)) * 4 : (int(middle * 25) + 1) * 4, CLOSE]
        assert frame.max() > 0.999


def test_lips_open_between_closures_and_jaw_follows_vowels():
    tracks = viseme_tracks(said("m", "ɑː", "m", "iː"), 40)
    assert tracks[5, CLOSE] == tracks[25, CLOSE] == 1
    assert tracks[5, JAW] < 0.05
    assert tracks[5, PART] == 0
    assert tracks[15, CLOSE] < 0.01
    assert tracks[15, JAW] > 0.5 > tracks[36, JAW] > 0.05


def test_rounding_spreads_through_consonants_but_not_through_spread_vowels():
    """Coarticulation: the t of "too" is rounded, the t of "tea" is not."""
    too, tea = viseme_tracks(said("t", "uː"), 20), viseme_tracks(said("t", "iː"), 20)
    assert too[7, ROUND] > 0.3 > 0.05 > tea[7, ROUND]
    assert tea[7, WIDE] > 0.2
    assert too[7, ROUND] > too[1, ROUND]


def test_f_tucks_the_lip_without_sealing():
    tracks = viseme_tracks(said("a", "f", "a"), 30)
    assert tracks[15, TUCK] == 1
    assert tracks[15, CLOSE] == 0


def test_tracks_are_bounded_smooth_and_close_after_the_end():
    utterance = speak(passage("en", 2, 4))
    tracks = viseme_tracks(utterance.phonemes, int(utterance.audio.duration * RATE) + 100)
    assert tracks.shape[1] == len(VISEMES)
    assert tracks.min() >= 0
    assert tracks.max() <= 1
    assert np.abs(np.diff(tracks[:, JAW])).max() < 0.3
    assert np.abs(tracks[-1]).max() < 1e-3
    assert viseme_tracks((), 5).sum() == 0


def test_long_silence_after_the_end_stays_closed():
    tracks = viseme_tracks(said("m", "a"), 100_000)
    assert np.isfinite(tracks).all()
    assert np.abs(tracks[200:]).max() < 1e-3


def test_diphthong_moves_from_its_first_to_its_second_shape():
    tracks = viseme_tracks(said("_", "aɪ", "_", each=0.2), 60)
    assert tracks[25, JAW] > tracks[36, JAW] + 0.2


def test_ipa_is_read_with_length_nasality_and_palatality():
    assert mouth_shape("oʊ").begin == mouth_shape("o").begin
    assert mouth_shape("oʊ").end == mouth_shape("ʊ").end
    assert mouth_shape("ɔ̃ː") == mouth_shape("ɔ")
    assert mouth_shape("ä") == mouth_shape("a")
    assert mouth_shape("ç") != mouth_shape("c")
    assert mouth_shape("tʃʲ") == mouth_shape("tʃ")
    assert mouth_shape("kh") == mouth_shape("k")
    assert mouth_shape("ʔo") == mouth_shape("o")
    assert mouth_shape("pf").begin[TUCK] == 1
    assert is_sealed("m")
    assert is_sealed("bʲ")
    assert is_sealed("ph")
    assert not is_sealed("β")
    assert not is_sealed("pf")
    assert is_vowel("ɜː")
    assert is_vowel("ʔœ")
    assert not is_vowel("m")
    assert not is_vowel("ja")
    assert not is_known("1")


def test_names_by_time():
    names = phoneme_names(said("m", "a"), np.array([0.05, 0.15, 0.25]))
    assert names == ["m", "a", "_"]
