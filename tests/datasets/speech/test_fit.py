import numpy as np
import pytest

from tellbench.datasets.speech import SpeechDriver, speak
from tellbench.datasets.speech import fit as fitting
from tellbench.datasets.speech.driver import WEIGHTS
from tellbench.datasets.speech.features import prosody
from tellbench.datasets.speech.phonemes import JAW


def test_held_out_lines_share_no_sentence_and_no_voice_with_the_fitted():
    fitted, held = list(fitting._lines(held_out=False)), list(fitting._lines(held_out=True))
    assert not {text for text, _ in fitted} & {text for text, _ in held}
    assert not {voice for _, voice in fitted} & {voice for _, voice in held}
    assert len({text for text, _ in held}) >= 18


def test_disturbed_phonemes_stay_on_their_sound():
    utterance = speak("Ma ma ma ma.", "en-us+m1", rate=120)
    random = np.random.default_rng(3)
    for _ in range(4):
        disturbed = fitting._disturb(utterance, random)
        heard = prosody(disturbed.audio).loudness_db
        vowels = [heard[int((p.start + p.end) * 50)] for p in disturbed.phonemes if p.name[0] in "aA@3"]
        ends = np.r_[heard[2:15], heard[-15:-2]]
        assert min(vowels) > ends.mean() + 6
        assert disturbed.phonemes[-1].end >= disturbed.audio.duration


def test_a_tiny_fit_learns_the_jaw(tmp_path):
    out = tmp_path / "driver.safetensors"
    lines = [(text, voice) for text, voice in fitting._lines(held_out=False) if voice == "en-us+f1"]
    data = fitting.examples(lines, 1, seed=0)
    weights = fitting._optimise(data, epochs=6, seed=0)
    again = fitting._optimise(data, epochs=1, seed=0), fitting._optimise(data, epochs=1, seed=0)
    np.testing.assert_array_equal(again[0]["weight0"], again[1]["weight0"])
    fitting.save(weights, out)
    utterance = speak("Please open the barn and feed five fat hens.", "en-us+f1")
    heard = SpeechDriver.load(out)(utterance.audio).visemes
    wanted = fitting.viseme_tracks(utterance.phonemes, len(heard))
    assert np.corrcoef(heard[:, JAW], wanted[:, JAW])[0, 1] > 0.5


def test_shipped_weights_hold_their_held_out_correlations():
    correlation = fitting.held_out_correlations(SpeechDriver.load(WEIGHTS), n_lines=24)
    floor = {
        "jaw": 0.85,
        "round": 0.65,
        "wide": 0.8,
        "close": 0.75,
        "tuck": 0.6,
        "part": 0.85,
        "tongue": 0.55,
        "voice": 0.9,
    }
    assert {name for name, least in floor.items() if correlation[name] < least} == set()


@pytest.mark.slow
def test_the_shipped_fit_can_be_repeated(tmp_path):
    correlation = fitting.fit(tmp_path / "driver.safetensors", repeats=4, epochs=6)
    assert correlation["jaw"] > 0.85
    assert correlation["close"] > 0.75
