import numpy as np
import pytest

from tellbench.datasets.speech import Voice, sing, song
from tellbench.datasets.speech.features import prosody
from tellbench.datasets.speech.phonemes import CLOSE, is_sealed, is_vowel
from tellbench.datasets.speech.visemes import viseme_tracks

TEXT = "Many a moon, my lonely boat, above a blue bay."


@pytest.fixture(scope="module")
def singer():
    return Voice.sample(11, "female", 35)


@pytest.fixture(scope="module")
def sung(singer):
    return sing(TEXT, "en", singer, 4)


def test_vowels_are_held_and_consonants_keep_their_length(singer, sung):
    spoken = singer.speak(TEXT, "en", monotone=True)
    assert [p.name for p in sung.phonemes] == [p.name for p in spoken.phonemes]
    for note, said in zip(sung.phonemes, spoken.phonemes, strict=True):
        if is_vowel(note.name):
            assert 0.28 <= note.end - note.start <= 1.1
        else:
            assert note.end - note.start == pytest.approx(said.end - said.start)
    starts, ends = np.array([(p.start, p.end) for p in sung.phonemes]).T
    np.testing.assert_allclose(starts[1:], ends[:-1])
    assert ends[-1] == pytest.approx(sung.audio.duration, abs=0.002)


def test_notes_stand_still_but_for_vibrato_and_the_melody_moves(sung):
    f0 = prosody(sung.audio).f0_hz
    held = [f0[int(p.start * 100) + 12 : int(p.end * 100) - 8] for p in sung.phonemes if is_vowel(p.name)]
    notes = np.array([12 * np.log2(np.nanmedian(note)) for note in held if np.isfinite(note).mean() > 0.8])
    inside = [np.nanstd(12 * np.log2(note)) for note in held if np.isfinite(note).mean() > 0.8]
    assert len(notes) >= 8
    assert np.median(inside) < 0.7
    assert 2 < np.ptp(notes) <= 15
    assert len(set(np.round(notes - notes[0]))) >= 3
    assert np.nanmax(f0) < 420


def test_sound_and_phonemes_stay_together(sung):
    """Stops are quieter than the vowels after them, which they would not be if the time map slipped."""
    level = prosody(sung.audio).loudness_db
    pairs = [
        (a, b)
        for a, b in zip(sung.phonemes, sung.phonemes[1:], strict=False)
        if a.name in ("b", "p", "t", "d") and is_vowel(b.name)
    ]
    assert len(pairs) >= 3
    for stop, vowel in pairs:
        assert level[int(stop.start * 100) : int(stop.end * 100)].min() < level[int(vowel.start * 100 + 5)] - 3


def test_lips_seal_in_song(sung):
    tracks = viseme_tracks(sung.phonemes, int(sung.audio.duration * 100))
    for phoneme in sung.phonemes:
        if is_sealed(phoneme.name):
            assert tracks[int((phoneme.start + phoneme.end) * 50), CLOSE] == pytest.approx(1)


def test_the_same_seed_sings_the_same_song(singer, sung):
    again = sing(TEXT, "en", singer, 4)
    assert again.audio.samples.tobytes() == sung.audio.samples.tobytes()
    assert again.phonemes == sung.phonemes
    assert sing(TEXT, "en", singer, 5).phonemes != sung.phonemes


def test_a_song_fills_its_time():
    sung = song(Voice.sample(2, "male", 50), "it", 1, 12)
    assert 12 <= sung.audio.duration < 40
    assert sung.language == "it"
    assert np.abs(sung.audio.samples).max() <= 1
