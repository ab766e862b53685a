"""Speech: synthetic voices that talk and sing with phoneme times, acoustics, and a transcript-free mouth driver."""

from tellbench.datasets.speech.acoustics import Acoustics
from tellbench.datasets.speech.driver import SpeechDriver, SpeechTracks
from tellbench.datasets.speech.espeak import speak
from tellbench.datasets.speech.phonemes import VISEMES
from tellbench.datasets.speech.singing import sing, song
from tellbench.datasets.speech.texts import LANGUAGES, sentence
from tellbench.datasets.speech.utterance import SILENCE, Phoneme, Utterance
from tellbench.datasets.speech.voices import Voice

__all__ = [
    "LANGUAGES",
    "SILENCE",
    "VISEMES",
    "Acoustics",
    "Phoneme",
    "SpeechDriver",
    "SpeechTracks",
    "Utterance",
    "Voice",
    "sentence",
    "sing",
    "song",
    "speak",
]
