"""What lies between a mouth and a sound file: a room, its noise, a microphone, its gain, and a codec.

Nothing here moves the sound in time, so phoneme times keep their meaning: the direct path of the room starts at once,
filters have zero phase, and a codec's delay is measured and taken back.
"""

from __future__ import annotations

import dataclasses
import functools
import warnings
from collections.abc import Mapping
from typing import Final, NamedTuple

import av
import numpy as np
import numpy.typing as npt
import pyloudnorm
from scipy.signal import butter, correlate, fftconvolve, sosfiltfilt

from tellbench.datasets.audio import RATE, Audio
from tellbench.datasets.speech.texts import LANGUAGES
from tellbench.datasets.speech.voices import Voice
from tellbench.errors import InputError

FloatArray = npt.NDArray[np.float64]


class Codec(NamedTuple):
    """A lossy coder and what it works on."""

    encoder: str
    """FFmpeg's name."""
    decoder: str
    rate: int
    """Sampling rate inside, Hz."""
    bit_rates: tuple[int, ...]
    """Bits a second to choose from."""


CODECS: Final[Mapping[str, Codec]] = {
    "opus": Codec("libopus", "libopus", 16_000, (12_000, 16_000, 24_000, 32_000)),
    "aac": Codec("aac", "aac", 16_000, (24_000, 32_000, 48_000, 64_000)),
    "mp3": Codec("libmp3lame", "mp3float", 16_000, (24_000, 32_000, 48_000, 64_000)),
    "amr": Codec("libopencore_amrnb", "amrnb", 8_000, (5_900, 7_950, 12_200)),
    "mulaw": Codec("pcm_mulaw", "pcm_mulaw", 8_000, (64_000,)),
}
"""Calls and messengers (opus), cameras (aac), archives (mp3), mobile and fixed telephones (amr, mulaw)."""

NOISES: Final = ("none", "pink", "fan", "hum", "babble")

_CODEC_SHARES: Final = {"": 0.4, "opus": 0.2, "aac": 0.2, "mp3": 0.1, "amr": 0.05, "mulaw": 0.05}  # (assumption)
_NOISE_SHARES: Final = {"none": 0.15, "pink": 0.35, "fan": 0.2, "hum": 0.1, "babble": 0.2}  # (assumption)
_LARGEST_ORDER = 25  # of reflections; later ones are under the noise
_WALL = 0.3  # m kept between walls and people
_TALKERS = 4  # in the background: more blur into noise, fewer are understood (assumption)
_LONGEST_DELAY = 0.25  # s that a codec may hold sound back
_METER_SECONDS = 0.5  # pyloudnorm needs 0.4 s


@dataclasses.dataclass(frozen=True, kw_only=True)
class Acoustics:
    """One recording situation. The distributions of `sample` are assumptions unless a source is named there."""

    room: tuple[float, float, float]
    """Length, width and height, m."""
    rt60: float
    """Reverberation time, s; 0 is outdoors."""
    distance: float
    """Mouth to microphone, m."""
    noise: str
    """One of `NOISES`."""
    snr_db: float
    """Level of the voice over the noise."""
    band_hz: tuple[float, float]
    """What the microphone passes, -6 dB points."""
    drift_db: float
    """How far the gain wanders, either way."""
    clipped: float
    """Share of the samples cut off at full scale."""
    loudness_lufs: float
    """Loudness of the whole, ITU-R BS.1770-4."""
    codec: str
    """A key of `CODECS`, or empty."""
    bit_rate: int
    """Bits a second of the codec."""

    @classmethod
    def sample(cls, seed: int) -> Acoustics:
        """A recording situation as home-made video has it; the same seed gives the same one."""
        random = np.random.default_rng([seed, 0xAC0])
        codec = str(random.choice(list(_CODEC_SHARES), p=list(_CODEC_SHARES.values())))
        return cls(
            room=(random.uniform(2.6, 7), random.uniform(2.4, 5.5), random.uniform(2.3, 3.2)),
            # Díaz & Pedrero 2005: furnished bedrooms 0.4 s, living rooms 0.5 s
            rt60=0.0 if random.random() < 0.1 else float(np.clip(0.42 * np.exp(random.normal(0, 0.35)), 0.15, 1.0)),
            distance=random.uniform(0.2, 0.9),
            noise=str(random.choice(list(_NOISE_SHARES), p=list(_NOISE_SHARES.values()))),
            snr_db=float(np.clip(random.normal(26, 8), 8, 50)),
            band_hz=(random.uniform(40, 180), float(random.choice([7600, 7600, 7000, 5500, 3800]))),
            drift_db=abs(random.normal(0, 1.2)),
            clipped=random.uniform(1e-4, 3e-3) if random.random() < 0.06 else 0.0,
            loudness_lufs=float(np.clip(random.normal(-21, 3.5), -32, -13)),
            codec=codec,
            bit_rate=int(random.choice(CODECS[codec].bit_rates)) if codec else 0,
        )

    def apply(self, audio: Audio, seed: int = 0) -> Audio:
        """The recording of a dry voice: as long as it, sample for sample in time with it.

        Args:
            audio: the voice, dry.
            seed: chance of noise, drift and places in the room.

        Raises:
            InputError: the voice is silent.
        """
        if not audio.samples.any():
            raise InputError(f"the speech is silent ({audio.duration:.1f} s of zeros); give a recording with a voice")
        random = np.random.default_rng([seed, 0xA1F])
        voice = audio.samples.astype(np.float64)
        if self.rt60:
            impulse = _impulse(self.room, self.rt60, self.distance, int(random.integers(2**31)))
            voice = fftconvolve(voice, impulse)[: len(voice)]
        heard = voice + _noise(self.noise, len(voice), random) * _rms(voice) * 10 ** (-self.snr_db / 20)
        heard = sosfiltfilt(_microphone(*self.band_hz), heard) * _drift(self.drift_db, len(voice), random)
        if self.clipped:
            ceiling = np.quantile(np.abs(heard), 1 - self.clipped)
            heard = np.clip(heard, -ceiling, ceiling)
        heard = _at_loudness(heard, self.loudness_lufs)
        if self.codec:
            heard = _coded(heard, CODECS[self.codec], self.bit_rate)
        return Audio(np.clip(heard, -1, 1).astype(np.float32))


def _impulse(room: tuple[float, float, float], rt60: float, distance: float, seed: int) -> FloatArray:
    """Impulse response from a mouth to a microphone before it, by image sources; the direct path is 1 at time 0."""
    import pyroomacoustics as pra  # takes a second or two to import

    random = np.random.default_rng(seed)
    size = np.array(room)
    mouth = random.uniform(_WALL, size - _WALL)
    mouth[2] = random.uniform(1.1, 1.6)
    direction = random.normal(size=3) * (1, 1, 0.3)
    microphone = np.clip(mouth + distance * direction / np.linalg.norm(direction), 0.1, size - 0.1)
    volume, surface = size.prod(), 2 * (size[0] * size[1] + size[1] * size[2] + size[0] * size[2])
    absorption = min(0.99, 1 - np.exp(-0.161 * volume / (surface * rt60)))  # Eyring 1930
    shoebox = pra.ShoeBox(size, fs=RATE, materials=pra.Material(absorption), max_order=_LARGEST_ORDER)
    shoebox.add_source(mouth)
    shoebox.add_microphone(microphone)
    shoebox.compute_rir()
    impulse = np.asarray(shoebox.rir[0][0])
    delay = round(np.linalg.norm(microphone - mouth) / shoebox.c * RATE) + pra.constants.get("frac_delay_length") // 2
    return np.asarray(impulse[delay:] / impulse[delay])


def _noise(kind: str, n_samples: int, random: np.random.Generator) -> FloatArray:
    """Background sound of RMS 1, or none."""
    makers = {"pink": _pink, "fan": _fan, "hum": _hum, "babble": _babble}
    if kind == "none":
        return np.zeros(n_samples)
    sound = makers[kind](n_samples, random)
    return sound / max(_rms(sound), 1e-9)


def _pink(n_samples: int, random: np.random.Generator, slope: float = 0.5) -> FloatArray:
    """Noise whose amplitude falls as frequency to the power of `slope`."""
    spectrum = np.fft.rfft(random.normal(size=n_samples))
    frequency = np.maximum(np.fft.rfftfreq(n_samples, 1 / RATE), 30.0)
    return np.asarray(np.fft.irfft(spectrum / frequency**slope, n_samples))


def _fan(n_samples: int, random: np.random.Generator) -> FloatArray:
    """Rushing air, and the blades' tone with three harmonics."""
    air = _pink(n_samples, random, 0.9)
    return air / _rms(air) + 0.5 * _tones(random.uniform(60, 240), (1, 0.5, 0.3), n_samples, random)


def _hum(n_samples: int, random: np.random.Generator) -> FloatArray:
    """Mains at 50 or 60 Hz with harmonics, over a little noise."""
    hiss = _pink(n_samples, random)
    tone = _tones(float(random.choice([50, 60])), (1, 0.8, 0.5, 0.3, 0.2), n_samples, random)
    return tone + 0.3 * hiss / _rms(hiss)


def _tones(base_hz: float, strengths: tuple[float, ...], n_samples: int, random: np.random.Generator) -> FloatArray:
    time = np.arange(n_samples) / RATE
    parts = [
        strength * np.sin(2 * np.pi * (k + 1) * base_hz * time + random.uniform(0, 2 * np.pi))
        for k, strength in enumerate(strengths)
    ]
    return np.asarray(np.sum(parts, axis=0))


def _babble(n_samples: int, random: np.random.Generator) -> FloatArray:
    """Other people talking, each of them somewhere in the middle of it."""
    total = np.zeros(n_samples)
    for _ in range(_TALKERS):
        who, words = (int(seed) for seed in random.integers(2**31, size=2))
        voice = Voice.sample(who, str(random.choice(["female", "male"])), 40)
        said = voice.talk(str(random.choice(list(LANGUAGES))), words, n_samples / RATE).audio.samples
        total += np.roll(said, int(random.integers(len(said))))[:n_samples]
    return total


@functools.lru_cache(64)
def _microphone(low_hz: float, high_hz: float) -> FloatArray:
    """Second-order band-pass, -3 dB at the corners; run forth and back it has no phase, and -6 dB there."""
    return np.asarray(butter(2, (low_hz, high_hz), "bandpass", fs=RATE, output="sos"))


def _drift(depth_db: float, n_samples: int, random: np.random.Generator) -> FloatArray:
    """Gain that wanders by up to `depth_db` either way in the course of seconds."""
    knots = max(3, int(n_samples / RATE / 1.5) + 2)
    decibels = np.interp(np.linspace(0, knots - 1, n_samples), np.arange(knots), random.uniform(-1, 1, knots))
    return np.asarray(10 ** (depth_db * decibels / 20))


def _at_loudness(samples: FloatArray, lufs: float) -> FloatArray:
    """Gain to a loudness; peaks beyond full scale turn the whole down instead of breaking."""
    repeated = np.tile(samples, int(np.ceil(_METER_SECONDS * RATE / len(samples))))
    present = pyloudnorm.Meter(RATE).integrated_loudness(repeated)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of possible clipping, which the next line prevents
        louder = pyloudnorm.normalize.loudness(samples, present if np.isfinite(present) else lufs, lufs)
    return np.asarray(louder / max(1.0, np.abs(louder).max()))


def _coded(samples: FloatArray, codec: Codec, bit_rate: int) -> FloatArray:
    """The samples after coding and decoding, in time with and as long as they were."""
    encoder = av.CodecContext.create(codec.encoder, "w")
    encoder.sample_rate, encoder.layout, encoder.bit_rate = codec.rate, "mono", bit_rate
    encoder.format = encoder.codec.audio_formats[0]
    encoder.open()
    decoder = av.CodecContext.create(codec.decoder, "r")
    decoder.sample_rate, decoder.layout, decoder.extradata = codec.rate, "mono", encoder.extradata
    into = av.AudioResampler(encoder.format, "mono", codec.rate, encoder.frame_size or None)
    back = av.AudioResampler("fltp", "mono", RATE)
    padded = np.pad(samples, (0, int(2 * _LONGEST_DELAY * RATE))).astype(np.float32)[None]
    frame = av.AudioFrame.from_ndarray(padded, "fltp", "mono")
    frame.sample_rate = RATE
    packets = [packet for part in (*into.resample(frame), *into.resample(None)) for packet in encoder.encode(part)]
    packets += encoder.encode(None)
    decoded = [part for packet in packets for part in decoder.decode(packet)] + decoder.decode(None)
    blocks = [part.to_ndarray()[0] for frame in (*decoded, None) for part in back.resample(frame)]
    return _in_time(np.concatenate(blocks).astype(np.float64), samples)


def _in_time(late: FloatArray, reference: FloatArray) -> FloatArray:
    """`late` moved to where it correlates best with the reference, and cut to its length."""
    reach = int(_LONGEST_DELAY * RATE)
    overlap = correlate(late, reference, "full", "fft")  # its item len(reference) - 1 is lag 0
    first = max(0, len(reference) - 1 - reach)
    lag = first + int(overlap[first : len(reference) + reach].argmax()) - (len(reference) - 1)
    moved = np.pad(late, (max(0, -lag), len(reference)))[max(0, lag) :]
    return moved[: len(reference)]


def _rms(samples: FloatArray) -> float:
    return float(np.sqrt(np.mean(samples**2)))
