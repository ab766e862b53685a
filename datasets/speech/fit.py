"""Fit the speech driver on synthetic speech: `python -m tellbench.datasets.speech.fit [--out FILE]`.

espeak-ng talks and sings in varied languages and voices, recorded dry or through varied `Acoustics`; the targets are
the coarticulated mouth tracks of the known phoneme times. No recording of a person is used.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import safetensors.numpy
import torch

from tellbench.datasets.audio import RATE, Audio
from tellbench.datasets.files import atomic_path
from tellbench.datasets.scene import PEOPLE
from tellbench.datasets.speech.acoustics import Acoustics
from tellbench.datasets.speech.driver import CONTEXT, FEATURES, WEIGHTS, SpeechDriver, speech_features
from tellbench.datasets.speech.phonemes import CLOSE, VISEMES, is_sealed
from tellbench.datasets.speech.singing import sing
from tellbench.datasets.speech.texts import LANGUAGES, sentence
from tellbench.datasets.speech.utterance import SILENCE, Phoneme, Utterance
from tellbench.datasets.speech.visemes import RATE as TRACK_RATE
from tellbench.datasets.speech.visemes import viseme_tracks
from tellbench.datasets.speech.voices import FEMALE, MALE, Voice, stretched
from tellbench.errors import run

FloatArray = npt.NDArray[np.float32]

HELD_OUT_LANGUAGES: Final = ("sv", "hr", "hi", "ko")
"""Languages never heard in fitting: Germanic, Slavic, Indo-Aryan, Koreanic."""
HELD_OUT_VARIANTS: Final = ("f4", "linda", "m6", "boris")
"""Voices never heard in fitting."""

_HIDDEN = (112, 64)
_BATCH = 512
_TRACK_WEIGHT = np.array(
    [1.5, 1.0, 0.8, 1.5, 1.2, 1.0, 0.6, 0.6], np.float32
)  # jaw and closures matter most to the eye
_CLOSURE_BOOST = torch.tensor([0.0, 0.0, 0.0, 1.5, 2.0, 0.0, 0.0, 0.0])  # a missed M or F shows more than a false one
_INPUT_NOISE = 0.15  # standard deviations
_PADDING = 0.3  # s of silence around each utterance
_SUNG, _DEGRADED = 0.12, 0.75  # shares of the utterances
_NEAR_S = 0.04  # a closure counts as found this near to its sound

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


@dataclasses.dataclass(frozen=True)
class Judgement:
    """How well a driver follows speech of known phoneme times."""

    correlation: dict[str, float]
    """Pearson correlation with the true track, by viseme."""
    closures_found: float
    """Share of the M, B and P during which, give or take 40 ms, the lips' track passes one half."""
    false_closures: float
    """Share of the frames of other sounds, away from closures, in which it does."""
    onset_error_ms: float
    """Median distance between true and found onset of the closures that were found; steps of 10 ms."""


def fit(out: Path = WEIGHTS, n_utterances: int = 1400, epochs: int = 8, seed: int = 0) -> dict[str, Judgement]:
    """Make the data, fit, write the weights; returns the judgement of `judge`."""
    train = examples(utterances(n_utterances, held_out=False, seed=seed))
    log.info("fitting on %d frames (%.0f min)", len(train.features), len(train.features) / 6000)
    weights = _optimise(train, epochs, seed)
    save(weights, out)
    return judge(SpeechDriver(weights), seed=seed + 1)


def save(weights: dict[str, FloatArray], out: Path) -> None:
    """Write what `SpeechDriver.load` reads, atomically."""
    with atomic_path(out) as part:
        safetensors.numpy.save_file(weights, part, {"made_by": "tellbench.datasets.speech.fit"})


def judge(driver: SpeechDriver, n_utterances: int = 60, seed: int = 1) -> dict[str, Judgement]:
    """Judgements on languages *and* voices unseen in fitting: spoken and dry, spoken and degraded, sung and dry."""
    conditions = {"dry": (0.0, 0.0), "degraded": (0.0, 1.0), "sung": (1.0, 0.0)}
    return {
        name: _judged(driver, utterances(n_utterances, held_out=True, seed=seed, sung=sung, degraded=degraded))
        for name, (sung, degraded) in conditions.items()
    }


def examples(spoken: Iterable[Utterance]) -> Examples:
    """Features and targets of utterances."""
    features, targets = [], []
    for utterance in spoken:
        features.append(speech_features(utterance.audio))
        targets.append(viseme_tracks(utterance.phonemes, len(features[-1])))
    lengths = np.array([len(part) for part in features])
    first = np.repeat(np.cumsum(lengths) - lengths, lengths)
    last = first + np.repeat(lengths - 1, lengths)
    return Examples(np.concatenate(features), np.concatenate(targets), first, last)


def utterances(
    count: int, *, held_out: bool, seed: int, sung: float = _SUNG, degraded: float = _DEGRADED
) -> Iterator[Utterance]:
    """Sentences by many people in turn in every language, with silence around them; phoneme times follow.

    Args:
        count: how many.
        held_out: only held-out languages and voices, or only the others.
        seed: chance.
        sung: share that is sung.
        degraded: share that comes through `Acoustics`.
    """
    random = np.random.default_rng([seed, 0xF17, held_out])
    languages = [language for language in LANGUAGES if (language in HELD_OUT_LANGUAGES) == held_out]
    for index in range(count):
        language, voice = languages[index % len(languages)], _voice(random, held_out)
        text, melody = sentence(language, int(random.integers(2**31))), int(random.integers(2**31))
        said = sing(text, language, voice, melody) if random.random() < sung else voice.speak(text, language)
        utterance = _padded(stretched(said, random.uniform(0.92, 1.1)))
        situation = int(random.integers(2**31))
        if random.random() < degraded:
            heard = Acoustics.sample(situation).apply(utterance.audio, situation)
            utterance = dataclasses.replace(utterance, audio=heard)
        yield utterance


def _voice(random: np.random.Generator, held_out: bool) -> Voice:
    """Some person's voice; people of corpora are left alone."""
    sex = str(random.choice(["female", "male"]))
    variants = [v for v in (FEMALE if sex == "female" else MALE) if (v in HELD_OUT_VARIANTS) == held_out]
    person = Voice.sample(PEOPLE + int(random.integers(PEOPLE)), sex, random.uniform(18, 80))
    return dataclasses.replace(person, variant=str(random.choice(variants)))


def _padded(utterance: Utterance) -> Utterance:
    silence = int(_PADDING * RATE)
    audio = Audio(np.pad(utterance.audio.samples, silence))
    lead = silence / RATE
    moved = [dataclasses.replace(p, start=p.start + lead, end=p.end + lead) for p in utterance.phonemes]
    ends = (Phoneme(SILENCE, 0.0, lead), *moved, Phoneme(SILENCE, moved[-1].end, audio.duration + 1 / TRACK_RATE))
    return dataclasses.replace(utterance, audio=audio, phonemes=ends)


def _judged(driver: SpeechDriver, spoken: Iterable[Utterance]) -> Judgement:
    heard, wanted, found, errors = [], [], [], []
    for utterance in spoken:
        tracks = driver(utterance.audio).visemes
        heard.append(tracks)
        wanted.append(viseme_tracks(utterance.phonemes, len(tracks)))
        for phoneme in utterance.phonemes:
            if is_sealed(phoneme.name):
                hit, error = _closure(tracks[:, CLOSE], wanted[-1][:, CLOSE], phoneme)
                found.append(hit)
                errors += [error] if hit else []
    predicted, target = np.concatenate(heard), np.concatenate(wanted)
    elsewhere = predicted[(target[:, CLOSE] < 0.05) & (target.max(1) > 0.2), CLOSE]
    return Judgement(
        {name: float(np.corrcoef(predicted[:, i], target[:, i])[0, 1]) for i, name in enumerate(VISEMES)},
        float(np.mean(found)),
        float(np.mean(elsewhere > 0.5)),
        float(np.median(errors)),
    )


def _closure(heard: FloatArray, wanted: FloatArray, phoneme: Phoneme) -> tuple[bool, float]:
    """Whether a closure was found, and how far its onset is from the true one, ms."""
    low, high = (round(TRACK_RATE * t) for t in (phoneme.start - _NEAR_S, phoneme.end + _NEAR_S))
    near = slice(max(0, low), max(1, high))
    if not (heard[near] > 0.5).any():
        return False, 0.0
    middle = round(TRACK_RATE * (phoneme.start + phoneme.end) / 2)
    at = near.start + int(np.argmax(heard[near]))
    return True, abs(_onset(heard, at) - _onset(wanted, middle)) * 1000 / TRACK_RATE


def _onset(track: FloatArray, inside: int) -> int:
    """First frame of the stretch above one half that holds the frame `inside`."""
    below = np.flatnonzero(track[: inside + 1] <= 0.5)
    return int(below[-1]) + 1 if len(below) else 0


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
    """Fit with the shipped settings and report the judgements."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--utterances", type=int, default=1400)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for condition, judgement in fit(arguments.out, arguments.utterances, arguments.epochs, arguments.seed).items():
        log.info("%-8s %s", condition, judgement)


if __name__ == "__main__":
    run(main)
