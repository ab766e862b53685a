import numpy as np
import pytest

from tellbench.datasets.speech import SpeechDriver, Voice, speak
from tellbench.datasets.speech import fit as fitting
from tellbench.datasets.speech.driver import WEIGHTS
from tellbench.datasets.speech.features import prosody
from tellbench.datasets.speech.phonemes import JAW, is_vowel
from tellbench.datasets.speech.texts import LANGUAGES


def test_judged_speech_shares_no_language_and_no_voice_with_the_fitted():
    fitted, held = (list(fitting.utterances(24, held_out=out, seed=0, degraded=0)) for out in (False, True))
    assert {u.language for u in held} == set(fitting.HELD_OUT_LANGUAGES) < set(LANGUAGES)
    assert not {u.language for u in fitted} & {u.language for u in held}
    assert not {u.voice.split("+")[1] for u in fitted} & {u.voice.split("+")[1] for u in held}


def test_degraded_phonemes_stay_on_their_sound():
    for utterance in fitting.utterances(4, held_out=False, seed=3, degraded=1.0, sung=0.5):
        heard = prosody(utterance.audio).loudness_db
        vowels = [heard[int((p.start + p.end) * 50)] for p in utterance.phonemes if is_vowel(p.name)]
        assert np.median(vowels) > np.median(heard[2:20]) + 3
        assert utterance.phonemes[0].end == pytest.approx(0.3)
        assert utterance.phonemes[-1].end >= utterance.audio.duration


def test_a_tiny_fit_learns_the_jaw(tmp_path):
    out = tmp_path / "driver.safetensors"
    voice = Voice("f1", 200, 165)
    said = [fitting._padded(voice.speak(fitting.sentence("en", seed), "en")) for seed in range(16)]
    data = fitting.examples(said)
    weights = fitting._optimise(data, epochs=6, seed=0)
    again = fitting._optimise(data, epochs=1, seed=0), fitting._optimise(data, epochs=1, seed=0)
    np.testing.assert_array_equal(again[0]["weight0"], again[1]["weight0"])
    fitting.save(weights, out)
    utterance = speak("Please open the barn and feed five fat hens.", "en-us+f1")
    heard = SpeechDriver.load(out)(utterance.audio).visemes
    wanted = fitting.viseme_tracks(utterance.phonemes, len(heard))
    assert np.corrcoef(heard[:, JAW], wanted[:, JAW])[0, 1] > 0.5


def test_shipped_weights_follow_unheard_languages_and_voices():
    judged = fitting.judge(SpeechDriver.load(WEIGHTS), n_utterances=12)
    floor = {
        "dry": {"jaw": 0.82, "round": 0.7, "wide": 0.8, "close": 0.78, "tuck": 0.75, "part": 0.85, "voice": 0.92},
        "degraded": {"jaw": 0.75, "round": 0.7, "wide": 0.78, "close": 0.55, "tuck": 0.35, "part": 0.75, "voice": 0.87},
        "sung": {"jaw": 0.78, "round": 0.7, "wide": 0.75, "close": 0.72, "part": 0.74, "voice": 0.8},
    }
    short = [(k, v) for k in floor for v, least in floor[k].items() if judged[k].correlation[v] < least]
    assert short == []
    assert judged["dry"].closures_found > 0.9
    assert judged["degraded"].closures_found > 0.8
    assert judged["dry"].false_closures < 0.08
    assert judged["dry"].onset_error_ms <= 20


@pytest.mark.slow
def test_the_shipped_fit_can_be_repeated(tmp_path):
    judged = fitting.fit(tmp_path / "driver.safetensors", n_utterances=400, epochs=6)
    assert judged["dry"].correlation["jaw"] > 0.8
    assert judged["dry"].closures_found > 0.85
