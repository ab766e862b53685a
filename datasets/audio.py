"""Sound: any usual file to 16 kHz mono float32, and back."""

from __future__ import annotations

import dataclasses
import wave
from pathlib import Path
from typing import Final

import av
import numpy as np
import numpy.typing as npt
import soxr

from tellbench.datasets.files import atomic_path
from tellbench.errors import InputError

RATE: Final = 16_000
"""Sampling rate of all speech in Tellbench, Hz."""

_SILENCE_RMS = 1e-4
"""-80 dBFS: below this a recording holds no usable voice (assumption; 16-bit noise floors lie near -90 dBFS)."""

_RATES = (4_000, 768_000)
"""Hz; below, nothing but the pitch is left of a voice, above lie no recorders (assumption)."""

_CUT_SHORT = 0.9
"""Containers round their stated length; less than this share of it means that the file is cut short (assumption)."""


@dataclasses.dataclass(frozen=True)
class Audio:
    """Mono sound at 16 kHz.

    Raises:
        InputError: samples are empty, not one-dimensional, or hold NaN or infinity.
    """

    samples: npt.NDArray[np.float32]
    """Shape (N,), values in [-1, 1]."""

    def __post_init__(self) -> None:
        """Check the samples and fix their type."""
        samples = np.ascontiguousarray(self.samples, np.float32)
        if samples.ndim != 1 or not len(samples):
            raise InputError(
                f"audio of shape {samples.shape} holds no sound; a mono signal of at least one sample is needed"
            )
        if not np.isfinite(samples).all():
            raise InputError("audio holds NaN or infinite samples; export it again as plain PCM")
        object.__setattr__(self, "samples", samples)

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / RATE

    @property
    def rms(self) -> float:
        """Root mean square level, full scale = 1."""
        return float(np.sqrt(np.mean(np.square(self.samples, dtype=np.float64))))

    def cut(self, start: float, end: float) -> Audio:
        """The part between two times in seconds, clamped to the recording."""
        return Audio(self.samples[max(0, round(start * RATE)) : max(1, round(end * RATE))])

    def fitted(self, n_samples: int) -> Audio:
        """The same sound cut, or continued with silence, to exactly `n_samples`."""
        kept = self.samples[:n_samples]
        return Audio(np.pad(kept, (0, n_samples - len(kept))))


def resample(samples: npt.NDArray[np.float32], rate: float) -> npt.NDArray[np.float32]:
    """Mono samples at `rate` Hz to 16 kHz, band-limited, clipped to [-1, 1].

    Raises:
        InputError: the rate is none that speech is recorded at.
    """
    if not _RATES[0] <= rate <= _RATES[1]:
        raise InputError(f"sampling rate {rate:g} Hz; speech needs {_RATES[0]} to {_RATES[1]} Hz: export it again")
    out = samples if rate == RATE else soxr.resample(samples, rate, RATE)
    return np.clip(out, -1, 1).astype(np.float32)


def read_audio(path: Path, *, may_be_silent: bool = False) -> Audio:
    """Read the sound of an audio or video file as 16 kHz mono.

    Raises:
        InputError: the file is absent, unreadable, without sound, empty, NaN or of an unusable sampling rate, or silent
            where it may not be.
    """
    rate, channels = _decode(Path(path))
    if not channels.size:
        raise InputError(f"{path}: holds 0 s of sound; give a recording with a voice")
    if not np.isfinite(channels).all():
        raise InputError(f"{path}: holds NaN or infinite samples; export it again as plain PCM")
    try:
        audio = Audio(resample(channels.mean(0).astype(np.float32), rate))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    if audio.rms < _SILENCE_RMS and not may_be_silent:
        raise InputError(f"{path}: silent ({audio.duration:.1f} s below -80 dBFS); give a recording with a voice")
    return audio


def write_wav(path: Path, audio: Audio) -> None:
    """Write 16-bit PCM atomically."""
    pcm = np.round(np.clip(audio.samples, -1, 1) * 32767).astype("<i2")
    with atomic_path(path) as part, wave.open(str(part), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(pcm.tobytes())


def _decode(path: Path) -> tuple[int, npt.NDArray[np.float32]]:
    """Sampling rate and float samples of shape (channels, N)."""
    if not path.is_file():
        raise InputError(f"{path} does not exist; check the path")
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise InputError(f"{path}: has no sound track; give an audio file or a video with sound")
            stream = container.streams.audio[0]
            convert = av.AudioResampler(format="fltp")
            blocks = [out.to_ndarray() for frame in container.decode(stream) for out in convert.resample(frame)]
            rate, promised = stream.rate, float((stream.duration or 0) * (stream.time_base or 0))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InputError(
            f"{path}: not a readable audio or video file ({_reason(error)}); try WAV, FLAC, MP3 or MP4"
        ) from error
    samples = np.concatenate(blocks, axis=1) if blocks else np.zeros((1, 0), np.float32)
    if samples.shape[1] < _CUT_SHORT * promised * rate:
        raise InputError(
            f"{path}: cut short ({samples.shape[1] / rate:.1f} of {promised:.1f} s can be read); copy it again"
        )
    return rate, samples


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
