"""Probes find a planted shortcut and stay at chance without one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tellbench.datasets.audio import RATE, Audio
from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.video import VideoWriter
from tellbench.detectors.probes import container_facts, silence_facts
from tellbench.errors import InputError
from tellbench.eval.probes import probes


def tone(lead: float, seconds: float = 1.0) -> Audio:
    samples = 0.2 * np.sin(np.arange(round(seconds * RATE)) / 8)
    samples[: round(lead * RATE)] = 0
    return Audio(samples.astype(np.float32))


def film(path: Path, n_frames: int = 12, lead: float = 0.1, sound: bool = True) -> Path:
    with VideoWriter(path, 32, 32, 12, tone(lead) if sound else None) as writer:
        writer.write(np.full((n_frames, 32, 32, 3), 90, np.uint8))
    return path


def corpus(root: Path, forged: dict) -> Corpus:
    """30 pairs; the person sets the silence at the start, `forged` changes the forged clips."""
    clips = []
    for label in (0, 1):
        for kind in range(3):
            film(root / "clips" / f"{label}{kind}.mp4", **{"lead": 0.1 * kind, **(forged if label else {})})
        for i in range(30):
            path = root / "clips" / f"{label}-{i}.mp4"
            path.hardlink_to(root / "clips" / f"{label}{i % 3}.mp4")
            split = ("train", "test", "test")[i // 10]
            clips.append(
                Clip(clip_id=path.stem, path=path, label=label, generator="g" * label, identity_id=f"p{i}", split=split)
            )
    return Corpus(clips, root)


def verdicts(corpus):
    return {row.probe: (row.verdict, row.auc) for row in probes(corpus, n_boot=200)}


def test_a_fair_corpus_passes_exactly_at_chance(tmp_path):
    assert verdicts(corpus(tmp_path, {})) == {"metadata": ("pass", 0.5), "silence": ("pass", 0.5)}


@pytest.mark.parametrize(("forged", "caught"), [
    ({"n_frames": 13}, "metadata"),
    ({"lead": 0.45}, "silence"),
    ({"sound": False}, "silence"),
])  # fmt: skip
def test_a_planted_shortcut_fails(tmp_path, forged, caught):
    found = verdicts(corpus(tmp_path, forged))
    assert found[caught][0] == "fail"
    assert found[caught][1] > 0.95


def test_facts_of_a_clip(tmp_path):
    clip = Clip(clip_id="a", path=film(tmp_path / "a.mp4", lead=0.3), label=0)
    assert container_facts(clip) == [32, 32, 12, 12, True, 23]
    start, end, share, level, length = silence_facts(clip)
    assert start == pytest.approx(0.3, abs=0.08)  # AAC smears edges by one block of 64 ms
    assert end <= 0.08
    assert share == pytest.approx(0.3, abs=0.1)
    assert level == pytest.approx(20 * np.log10(0.2 * np.sqrt(0.7 / 2)), abs=1)
    assert length == pytest.approx(1, abs=0.1)


def test_a_class_missing_from_training_is_refused(tmp_path):
    fair = corpus(tmp_path, {})
    with pytest.raises(InputError, match="train and val"):
        probes(fair.where(lambda clip: clip.split == "test"))
