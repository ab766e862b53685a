"""Mouth tracks from sound alone: a small network fitted (`fit.py`) on synthetic speech of known phoneme times."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import safetensors.numpy
from safetensors import SafetensorError
from scipy.ndimage import binary_dilation, gaussian_filter1d

from tellbench.datasets.audio import Audio
from tellbench.datasets.speech.features import BANDS, log_mel, prosody, voicing
from tellbench.datasets.speech.phonemes import CLOSE, TUCK, VISEMES
from tellbench.errors import InputError

FloatArray = npt.NDArray[np.float32]

WEIGHTS: Final = Path(__file__).parent / "weights" / "driver.safetensors"
"""The fitted network that ships with Tellbench."""

CONTEXT: Final = np.array([-16, -11, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 11, 16])
"""Frames of 10 ms the network sees around the present one: lips move up to about 150 ms before their sound."""
FEATURES: Final = BANDS + 3
"""Normalised log-mel bands, level, its slope, voicing."""

_DECISIVE: Final = ((CLOSE, 0.2, 0.8), (TUCK, 0.2, 0.9))
"""Lips seal or they do not: these tracks are stretched from the network's hedged (low, high) to 0 and 1."""

_LEVEL_REACH = 3.0  # natural-log units of power under the loud frames that still count as speech in the normalisation
_ANTICIPATION = 10  # frames before and after the voice in which the mouth may move: 0.1 s (Chandrasekaran 2009)
_BLOCK = 4000  # frames at a time, so memory stays flat


@dataclasses.dataclass(frozen=True)
class SpeechTracks:
    """What a recording's mouth does, at 100 Hz; frame i is centred at (i + 0.5) / 100 s."""

    visemes: FloatArray
    """Shape (N, 8) in [0, 1], columns `VISEMES`."""
    loudness_db: FloatArray
    """Shape (N,), dB re full scale."""
    f0_hz: FloatArray
    """Shape (N,), NaN where unvoiced."""


class SpeechDriver:
    """A two-hidden-layer perceptron over normalised log-mel context, in numpy.

    Args:
        weights: arrays `mean`, `scale` of shape (17 * 29,) and `weight0..2`, `bias0..2`.
    """

    def __init__(self, weights: dict[str, FloatArray]) -> None:
        self._weights = weights

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> SpeechDriver:
        """Read fitted weights.

        Raises:
            InputError: the file is absent, damaged, or made for other features.
        """
        try:
            weights = safetensors.numpy.load_file(path)
        except (OSError, SafetensorError) as error:
            hint = "run `python -m tellbench.datasets.speech.fit`"
            raise InputError(f"{path}: no readable speech driver ({error}); {hint}") from error
        if (found := weights.get("mean", np.zeros(0)).size) != (wanted := len(CONTEXT) * FEATURES):
            raise InputError(f"{path}: made for other features ({found} inputs, not {wanted}); fit the driver again")
        return cls(weights)

    def __call__(self, audio: Audio) -> SpeechTracks:
        """Tracks of a recording of any length; louder or softer, near or far makes little difference."""
        features = speech_features(audio)
        blocks = [
            self._forward(with_context(features, start, start + _BLOCK)) for start in range(0, len(features), _BLOCK)
        ]
        heard = prosody(audio)
        near_speech = binary_dilation(heard.speaking, iterations=_ANTICIPATION)
        rest = gaussian_filter1d(near_speech.astype(np.float32), 3)[:, None]  # 0 in pauses
        return SpeechTracks(np.concatenate(blocks) * rest, heard.loudness_db, heard.f0_hz)

    def _forward(self, inputs: FloatArray) -> FloatArray:
        """Inputs (N, 493) to tracks (N, 8)."""
        w = self._weights
        hidden = np.asarray((inputs - w["mean"]) / w["scale"], np.float32)
        hidden = _gelu(hidden @ w["weight0"].T + w["bias0"])
        hidden = _gelu(hidden @ w["weight1"].T + w["bias1"])
        tracks = hidden @ w["weight2"].T + w["bias2"]  # (N, 8)
        for column, low, high in _DECISIVE:
            tracks[:, column] = (tracks[:, column] - low) / (high - low)
        return np.asarray(np.clip(tracks, 0, 1), np.float32)


def speech_features(audio: Audio) -> FloatArray:
    """Inputs of the network before context, shape (N, 29); insensitive to gain, tilt and room colour.

    Each band is standardised over the loud frames of the recording (cepstral mean and variance normalisation's cousin).
    """
    audio = _at_usual_level(audio)
    bands = log_mel(audio)
    level = np.log(np.exp(bands).sum(1))
    loud = np.percentile(level, 95)
    active = level > loud - 2 * _LEVEL_REACH
    normal = np.clip((bands - bands[active].mean(0)) / (bands[active].std(0) + 0.3), -3.5, 3.0)
    relative = np.clip((level - loud) / _LEVEL_REACH, -3, 1)
    slope = np.gradient(relative) * 5 if len(relative) > 1 else np.zeros(1)
    return np.column_stack([normal, relative, slope, voicing(audio)]).astype(np.float32)


def with_context(features: FloatArray, start: int = 0, end: int | None = None) -> FloatArray:
    """Frames start..end beside their neighbours, shape (N, 17 * 29); ends repeat."""
    frames = np.arange(start, min(end or len(features), len(features)))
    near = np.clip(frames[:, None] + CONTEXT, 0, len(features) - 1)
    return np.asarray(features[near].reshape(len(frames), -1))


def _at_usual_level(audio: Audio) -> Audio:
    """-22 dBFS, so the features' power floor means the same for every recording."""
    return Audio(audio.samples * np.float32(0.08 / max(audio.rms, 1e-6)))


def _gelu(x: FloatArray) -> FloatArray:
    """GELU in its tanh form (Hendrycks & Gimpel 2016), as `torch.nn.GELU("tanh")`."""
    return np.asarray(0.5 * x * (1 + np.tanh(0.79788456 * (x + 0.044715 * x**3))), np.float32)


__all__ = [
    "CONTEXT",
    "FEATURES",
    "VISEMES",
    "WEIGHTS",
    "SpeechDriver",
    "SpeechTracks",
    "speech_features",
    "with_context",
]
