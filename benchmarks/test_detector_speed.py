"""Frames a second of measuring cues, and of each trained detector once they are known. Measured, never asserted.

`pytest benchmarks/test_detector_speed.py --benchmark-only`; a clip of 10 s at 256 pixels, on one thread of the CPU.
Where other work shares the cores, `--benchmark-timer=time.process_time` counts this process's own time.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest
import torch

from tellbench.datasets.clip import PRISTINE, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.scene import plan_scenes
from tellbench.datasets.studio.film import write_clip
from tellbench.datasets.video import iter_frames
from tellbench.detectors import cues
from tellbench.detectors.base import Detector
from tellbench.detectors.voice import listen
from tellbench.registry import DETECTORS

SECONDS, FPS = 10.0, 25
NAMES = [name for name in DETECTORS if not DETECTORS.load(name).sanity]
PROBES = [name for name in DETECTORS if name.endswith("-only")]


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Clip:
    path = tmp_path_factory.mktemp("speed") / "clip.mp4"
    write_clip(plan_scenes(3, seconds=SECONDS, size=256, seed=0)[0], path)
    return Clip(clip_id="clip", path=path, label=PRISTINE)


@pytest.fixture
def fresh(tmp_path_factory, monkeypatch):
    """Gives a round a cache of its own, which holds nothing but what it is given."""
    torch.set_num_threads(1)

    def make(known: Path | None = None) -> None:
        folder = tmp_path_factory.mktemp("cache")
        if known:
            shutil.copytree(known, folder, dirs_exist_ok=True)
        monkeypatch.setenv("TELLBENCH_CACHE", str(folder))

    return make


@pytest.fixture(scope="module")
def measured(clip, tmp_path_factory) -> Path:
    """A cache that holds what the one pass over the clip leaves there."""
    folder = tmp_path_factory.mktemp("cues")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TELLBENCH_CACHE", str(folder))
        cues.extract(clip, device="cpu")
    return folder


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> tuple[ModuleType, Corpus, Path]:
    """Drawn faces, on which every detector is trained in no time, and a cache for them."""
    path = Path(__file__).parents[1] / "tests" / "detectors" / "toys.py"
    spec = importlib.util.spec_from_file_location("toys", path)
    toys = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(toys)
    return toys, toys.corpus(tmp_path_factory.mktemp("toy")), tmp_path_factory.mktemp("toy-cache")


def trained(name: str, drawn: tuple[ModuleType, Corpus, Path]) -> Detector:
    """How good it is does not matter here: one epoch, where there are any."""
    toys, corpus, cache = drawn
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TELLBENCH_CACHE", str(cache))
        patch.setitem(cues.TRACKERS, "network", lambda device: toys.track)
        detector = DETECTORS.create_with(name, device="cpu", epochs=1)
        return detector.fit(corpus.split("train"), corpus.split("val"))


def test_decoding(benchmark, clip):
    benchmark.pedantic(lambda: [len(chunk) for chunk in iter_frames(clip.path)], rounds=3, warmup_rounds=1)
    tell(benchmark)


def test_cues(benchmark, clip, fresh):
    benchmark.pedantic(cues.extract, (clip, "network", "cpu"), setup=fresh, rounds=3, warmup_rounds=1)
    tell(benchmark)


def test_voice(benchmark, clip, fresh):
    benchmark.pedantic(listen, (clip, SECONDS), setup=fresh, rounds=3, warmup_rounds=1)
    tell(benchmark)


@pytest.mark.parametrize("name", [*NAMES, *PROBES])
def test_scoring(benchmark, clip, fresh, measured, drawn, name):
    """A trained detector's score of a clip whose cues are known, its sound and all statistics included."""
    detector = trained(name, drawn)
    clips = Corpus([clip], clip.path.parent)
    benchmark.pedantic(detector.score, (clips,), setup=lambda: fresh(measured), rounds=3, warmup_rounds=1)
    tell(benchmark)


def tell(benchmark) -> None:
    """Frames a second of the fastest round, beside the times."""
    benchmark.extra_info["frames_per_second"] = round(SECONDS * FPS / benchmark.stats.stats.min)
