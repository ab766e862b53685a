"""Frames a second of measuring cues, and what each detector takes for a clip then. Measured, never asserted.

`pytest benchmarks/test_detector_speed.py --benchmark-only`; a clip of 4 s at 256 pixels, on one thread of the CPU.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from tellbench.datasets.clip import PRISTINE, Clip
from tellbench.datasets.scene import plan_scenes
from tellbench.datasets.studio.film import write_clip
from tellbench.detectors.cues import extract
from tellbench.detectors.voice import listen
from tellbench.registry import DETECTORS

SECONDS, FPS = 4.0, 25
NAMES = [name for name in DETECTORS if name != "fusion"]


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Clip:
    path = tmp_path_factory.mktemp("speed") / "clip.mp4"
    write_clip(plan_scenes(3, seconds=SECONDS, size=256, seed=0)[0], path)
    return Clip(clip_id="clip", path=path, label=PRISTINE)


@pytest.fixture
def fresh(tmp_path_factory, monkeypatch):
    """Gives a round a cache of its own, so that nothing is read from the last but the cues it is given."""
    torch.set_num_threads(1)

    def make(known: Path | None = None) -> None:
        folder = tmp_path_factory.mktemp("cache")
        if known:
            shutil.copytree(known / "cues", folder / "cues")
        monkeypatch.setenv("TELLBENCH_CACHE", str(folder))

    return make


@pytest.fixture(scope="module")
def measured(clip, tmp_path_factory) -> Path:
    """A cache that holds the cues of the clip."""
    folder = tmp_path_factory.mktemp("cues")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TELLBENCH_CACHE", str(folder))
        extract(clip, device="cpu")
    return folder


def test_cues(benchmark, clip, fresh):
    benchmark.pedantic(extract, (clip, "network", "cpu"), setup=fresh, rounds=3, warmup_rounds=1)
    benchmark.extra_info["frames_per_second"] = SECONDS * FPS / benchmark.stats.stats.min


def test_voice(benchmark, clip, fresh):
    benchmark.pedantic(listen, (clip,), setup=fresh, rounds=3, warmup_rounds=1)


@pytest.mark.parametrize("name", NAMES)
def test_evidence(benchmark, clip, fresh, measured, name):
    """What an untrained detector measures of a clip whose cues are known, reading crops and sound included."""
    detector = DETECTORS.create_with(name, device="cpu")
    benchmark.pedantic(detector.evidence, (clip,), setup=lambda: fresh(measured), rounds=3, warmup_rounds=1)
