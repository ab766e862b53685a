"""Fit the speech driver on synthetic speech: `python -m tellbench.datasets.speech.fit [--out FILE]`.

espeak-ng says every sentence in varied voices, rates and pitches; vocal tracts are stretched, rooms, microphones
and noise added; the targets are the coarticulated mouth tracks of the known phoneme times. No recording of a person
is used.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import safetensors.numpy
import soxr
import torch

from tellbench.datasets.audio import RATE, Audio
from tellbench.datasets.files import atomic_path
from tellbench.datasets.speech.driver import CONTEXT, FEATURES, WEIGHTS, SpeechDriver, speech_features
from tellbench.datasets.speech.espeak import speak
from tellbench.datasets.speech.features import HOP
from tellbench.datasets.speech.phonemes import VISEMES
from tellbench.datasets.speech.texts import SENTENCES, VOICES
from tellbench.datasets.speech.utterance import Phoneme, Utterance
from tellbench.datasets.speech.visemes import viseme_tracks

FloatArray = npt.NDArray[np.float32]

HELD_OUT_VARIANTS: Final = ("f4", "m6")
"""Voices never heard in fitting."""
HELD_OUT_EVERY: Final = 6
"""Every sixth sentence is never heard in fitting."""

_HIDDEN = (112, 64)
_BATCH = 512
_TRACK_WEIGHT = np.array(
    [1.5, 1.0, 0.8, 1.5, 1.2, 1.0, 0.6, 0.6], np.float32
)  # jaw and closures matter most to the eye
_CLOSURE_BOOST = torch.tensor([0.0, 0.0, 0.0, 1.5, 2.0, 0.0, 0.0, 0.0])  # a missed M or F shows more than a false one
_INPUT_NOISE = 0.15  # standard deviations
_PADDING = 0.3  # s of silence around each utterance

log = logging.getLogger(__name__)


class Examples(NamedTuple):
    """Frames of many utterances laid end to end."""

    features: FloatArray
    """Shape (N, 29)."""
    targets: FloatArray
    """Shape (N, 8)."""
    first: npt.NDArray[np.int64]
    """First frame of each frame's utterance, shape (N,)."""
    last: npt.NDArray[np.int64]
    """Its last frame, shape (N,)."""


def fit(out: Path = WEIGHTS, repeats: int = 12, epochs: int = 11, seed: int = 0) -> dict[str, float]:
    """Make the data, fit, write the weights; returns the held-out correlation of each track."""
    train = examples(list(_lines(held_out=False)), repeats, seed)
    log.info("fitting on %d frames (%.0f min)", len(train.features), len(train.features) / 6000)
    weights = _optimise(train, epochs, seed)
    save(weights, out)
    return held_out_correlations(SpeechDriver(weights), seed + 1)


def save(weights: dict[str, FloatArray], out: Path) -> None:
    """Write what `SpeechDriver.load` reads, atomically."""
    with atomic_path(out) as part:
        safetensors.numpy.save_file(weights, part, {"made_by": "tellbench.datasets.speech.fit"})


def held_out_correlations(driver: SpeechDriver, seed: int = 1, n_lines: int | None = None) -> dict[str, float]:
    """Pearson correlation of each track with its target on voices and sentences unseen in fitting.

    Args:
        driver: the fitted driver.
        seed: chance of rates, pitches, rooms and noise.
        n_lines: evenly chosen (sentence, voice) pairs; all where None.
    """
    random = np.random.default_rng([seed, 0xD21])
    lines = list(_lines(held_out=True))
    chosen = range(len(lines)) if n_lines is None else np.linspace(0, len(lines) - 1, n_lines).astype(int)
    heard, wanted = [], []
    for text, voice in (lines[i] for i in chosen):
        utterance = _disturb(_say(text, voice, random), random)
        tracks = driver(utterance.audio).visemes
        heard.append(tracks)
        wanted.append(viseme_tracks(utterance.phonemes, len(tracks)))
    predicted, target = np.concatenate(heard), np.concatenate(wanted)
    return {name: float(np.corrcoef(predicted[:, i], target[:, i])[0, 1]) for i, name in enumerate(VISEMES)}


def examples(lines: list[tuple[str, str]], repeats: int, seed: int) -> Examples:
    """Each sentence said `repeats` times by voices drawn from those listed with it."""
    random = np.random.default_rng([seed, 0xF17])
    texts = sorted({text for text, _ in lines})
    voices = {text: [voice for said, voice in lines if said == text] for text in texts}
    features, targets = [], []
    for text in texts * repeats:
        utterance = _disturb(_say(text, str(random.choice(voices[text])), random), random)
        features.append(speech_features(utterance.audio))
        targets.append(viseme_tracks(utterance.phonemes, len(features[-1])))
    lengths = np.array([len(part) for part in features])
    first = np.repeat(np.cumsum(lengths) - lengths, lengths)
    last = first + np.repeat(lengths - 1, lengths)
    return Examples(np.concatenate(features), np.concatenate(targets), first, last)


def _lines(held_out: bool) -> Iterator[tuple[str, str]]:
    """(text, voice) pairs; held out means both the sentence and the voice are."""
    for language, sentences in SENTENCES.items():
        for voice in (v for group in VOICES[language].values() for v in group):
            if (voice.split("+")[1] in HELD_OUT_VARIANTS) == held_out:
                for index, text in enumerate(sentences):
                    if (index % HELD_OUT_EVERY == HELD_OUT_EVERY - 1) == held_out:
                        yield text, voice


def _say(text: str, voice: str, random: np.random.Generator) -> Utterance:
    return speak(text, voice, int(random.integers(120, 220)), int(random.integers(25, 80)))


def _disturb(utterance: Utterance, random: np.random.Generator) -> Utterance:
    """Another vocal tract, room, microphone, level and noise; phoneme times follow."""
    stretch = random.uniform(0.88, 1.14)
    samples = soxr.resample(utterance.audio.samples, RATE, RATE * stretch)
    silence = int(_PADDING * RATE)
    samples = np.pad(samples, silence).astype(np.float64)
    samples = _room(samples, random)
    tilt = random.uniform(-0.6, 0.6)
    samples = samples + tilt * np.append(0, samples[:-1])
    level = np.sqrt(np.mean(samples**2))
    noise = (
        np.cumsum(random.normal(size=len(samples)) * 0.1) if random.random() < 0.3 else random.normal(size=len(samples))
    )
    noise = noise - np.convolve(noise, np.ones(801) / 801, "same")
    samples += noise / noise.std() * level * 10 ** (-random.uniform(12, 55) / 20)
    samples *= 10 ** random.uniform(-1.2, 0) / np.abs(samples).max()

    def moved_time(seconds: float) -> float:
        return seconds * stretch + silence / RATE

    moved = tuple(Phoneme(p.name, moved_time(p.start), moved_time(p.end), p.stressed) for p in utterance.phonemes)
    lead = Phoneme("_", 0.0, moved[0].start)
    tail = Phoneme("_", moved[-1].end, len(samples) / RATE + 1 / HOP)
    return Utterance(
        Audio(samples.astype(np.float32)), (lead, *moved, tail), utterance.text, utterance.language, utterance.voice
    )


def _room(samples: npt.NDArray[np.float64], random: np.random.Generator) -> npt.NDArray[np.float64]:
    """A short exponentially decaying echo, 10 to 250 ms."""
    decay = np.exp(random.uniform(np.log(0.01), np.log(0.25))) * RATE / 6.9  # 60 dB = 6.9 nepers
    length = int(6.9 * decay)
    echo = random.normal(size=length) * np.exp(-np.arange(length) / decay)
    echo *= random.uniform(0, 0.6) / (np.linalg.norm(echo) + 1e-9)
    echo[0] = 1.0
    size = len(samples) + length
    return np.asarray(np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(echo, size), size)[: len(samples)])


def _optimise(data: Examples, epochs: int, seed: int) -> dict[str, FloatArray]:
    """AdamW with one cosine cycle; returns the arrays `SpeechDriver` reads."""
    torch.manual_seed(seed)
    mean = np.tile(data.features.mean(0), len(CONTEXT))
    scale = np.tile(data.features.std(0) + 1e-3, len(CONTEXT))
    network = _network()
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=2e-3)
    n_steps = epochs * len(data.features) // _BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=n_steps)
    weight = torch.from_numpy(_TRACK_WEIGHT / data.targets.var(0))
    random = np.random.default_rng([seed, 0x0F1])
    network.train()
    for _ in range(n_steps):
        chosen = random.integers(0, len(data.features), _BATCH)
        near = np.clip(chosen[:, None] + CONTEXT, data.first[chosen, None], data.last[chosen, None])
        inputs = torch.from_numpy((data.features[near].reshape(_BATCH, -1) - mean) / scale)  # (B, 493)
        predicted = network(inputs + _INPUT_NOISE * torch.randn_like(inputs))  # (B, 8)
        wanted = torch.from_numpy(data.targets[chosen])  # (B, 8)
        loss = ((predicted - wanted) ** 2 * weight * (1 + _CLOSURE_BOOST * wanted)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return {"mean": mean, "scale": scale, **_arrays(network)}


def _network() -> torch.nn.Sequential:
    first, second = _HIDDEN
    return torch.nn.Sequential(
        torch.nn.Linear(len(CONTEXT) * FEATURES, first),
        torch.nn.GELU("tanh"),
        torch.nn.Dropout(0.1),
        torch.nn.Linear(first, second),
        torch.nn.GELU("tanh"),
        torch.nn.Linear(second, len(VISEMES)),
    )


def _arrays(network: torch.nn.Sequential) -> dict[str, FloatArray]:
    layers = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
    arrays = {}
    for index, layer in enumerate(layers):
        arrays[f"weight{index}"] = layer.weight.detach().numpy()
        arrays[f"bias{index}"] = layer.bias.detach().numpy()
    return arrays


def main() -> None:
    """Fit with the shipped settings and report the held-out correlations."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--repeats", type=int, default=12, help="times each sentence is said")
    parser.add_argument("--epochs", type=int, default=11)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for name, value in fit(arguments.out, arguments.repeats, arguments.epochs, arguments.seed).items():
        log.info("held-out r, %-6s %.3f", name, value)


if __name__ == "__main__":
    main()
