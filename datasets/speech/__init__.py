"""Speech: synthetic utterances with phoneme times, and a transcript-free mouth driver for recordings."""

from tellbench.datasets.speech.driver import SpeechDriver, SpeechTracks
from tellbench.datasets.speech.espeak import speak
from tellbench.datasets.speech.phonemes import VISEMES
from tellbench.datasets.speech.texts import VOICES, sentence
from tellbench.datasets.speech.utterance import SILENCE, Phoneme, Utterance

__all__ = ["SILENCE", "VISEMES", "VOICES", "Phoneme", "SpeechDriver", "SpeechTracks", "Utterance", "sentence", "speak"]
