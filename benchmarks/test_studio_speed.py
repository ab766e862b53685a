"""How fast the studio films, where the time goes, and what memory it takes. Measured, never asserted."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from tellbench.datasets.studio import Identity, Person, Studio, renderer
from tellbench.datasets.studio.camera.camera import Camera
from tellbench.datasets.studio.render import raster, strand_raster
from tellbench.datasets.studio.render.lighting import Lighting

LONG_HAIR = 24
BATCH = 8
STAGES = (
    ("pose", renderer, "pose_person"),
    ("light", Lighting, "colour"),
    ("raster", raster, "opaque"),
    ("detail", Lighting, "detail"),
    ("strands", strand_raster, "composite"),
    ("camera: resolve and develop", Camera, "expose"),
)


def performance(n: int = BATCH) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    coefficients = np.abs(rng.normal(size=(n, 52)) * 0.2).clip(0, 1)
    inputs = (coefficients, rng.normal(size=(n, 6)) * 4, rng.normal(size=(n, 2)) * 4)
    return tuple(values.astype(np.float32) for values in inputs)


@pytest.fixture(scope="module")
def person() -> Person:
    return Person(Identity.sample(LONG_HAIR))


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_person(benchmark):
    benchmark.pedantic(Person, (Identity.sample(LONG_HAIR),), rounds=2, warmup_rounds=1)


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("size", [256, 512])
def test_filming(benchmark, person, threads, size, n_threads):
    threads(n_threads)
    studio = Studio(person, 24, size)
    benchmark.pedantic(studio.render, performance(), rounds=5, warmup_rounds=1)
    benchmark.extra_info["frames_per_second"] = BATCH / benchmark.stats.stats.min


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("size", [256, 512])
def test_filming_on_a_gpu(benchmark, size):
    studio = Studio(Person(Identity.sample(LONG_HAIR), device="cuda"), 24, size, device="cuda")
    inputs = performance(32)
    benchmark.pedantic(studio.render, inputs, rounds=5, warmup_rounds=1)
    benchmark.extra_info["frames_per_second"] = 32 / benchmark.stats.stats.min


@pytest.mark.parametrize("size", [256, 512])
def test_where_the_time_goes(benchmark, person, monkeypatch, size):
    """Milliseconds a frame and stage on one thread, in `extra_info` and printed with -s."""
    spent: dict[str, float] = defaultdict(float)
    for stage, owner, name in STAGES:
        monkeypatch.setattr(owner, name, _timed(getattr(owner, name), stage, spent))
    studio = Studio(person, 24, size)
    studio.render(*performance())
    spent.clear()
    rounds = 3
    benchmark.pedantic(studio.render, performance(), rounds=rounds)
    table = {stage: 1000 * spent[stage] / rounds / BATCH for stage, _, _ in STAGES}
    table["everything"] = 1000 * benchmark.stats.stats.mean / BATCH
    benchmark.extra_info["milliseconds"] = table
    report = ", ".join(f"{stage} {value:.1f}" for stage, value in table.items())
    sys.stdout.write(f"\n{size} pixels, ms a frame: {report}\n")


def _timed(function: Callable[..., Any], stage: str, spent: dict[str, float]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        result = function(*args, **kwargs)
        spent[stage] += time.perf_counter() - start
        return result

    return run


@pytest.mark.parametrize("n_frames", [50, 500])
def test_memory(benchmark, n_frames):
    """Peak resident memory in MiB of a process that films a clip of so many frames, chunk by chunk."""
    run = [sys.executable, __file__, str(n_frames)]
    ran = benchmark.pedantic(
        subprocess.run, (run,), {"capture_output": True, "text": True, "check": True}, rounds=1, iterations=1
    )
    benchmark.extra_info["peak_MiB"] = float(ran.stdout)
    sys.stdout.write(f"\n{n_frames} frames: {ran.stdout.strip()} MiB\n")


def film(n_frames: int) -> None:
    """Film in chunks and print the peak of memory in MiB."""
    studio = Studio(Person(Identity.sample(LONG_HAIR)), 24, 256)
    for start in range(0, n_frames, BATCH):
        studio.render(*performance(), first_frame=start)
    sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


if __name__ == "__main__":
    film(int(sys.argv[1]))
