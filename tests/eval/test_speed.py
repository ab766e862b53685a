"""Speed arithmetic on a clock that we wind, and a real run at toy size."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from tellbench.datasets.audio import RATE, Audio
from tellbench.errors import InputError
from tellbench.eval import speed
from tellbench.generator.base import Chunk, Generator, Request
from tellbench.generator.controls import Controls


class Clock:
    """Stands still unless wound."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Toy(Generator):
    """1 s for the portrait, then chunks of 10 frames in 0.2 s each; the first pass is ten times slower."""

    name = "toy"
    version = "1"

    def __init__(self, clock: Clock | None = None, chunk: int = 10, short: int = 0) -> None:
        self.clock, self.chunk, self.short, self.passes = clock, chunk, short, 0

    def animate(self, request: Request) -> Iterator[Chunk]:
        self.passes += 1
        slow = 10 if self.passes == 1 else 1
        self.wait(1.0 * slow)
        for start in range(0, request.n_frames - self.short, self.chunk):
            n = min(self.chunk, request.n_frames - start)
            self.wait(0.02 * n * slow)
            yield Chunk(np.repeat(request.portrait[None], n, 0), pd.DataFrame(index=range(n)))

    def wait(self, seconds: float) -> None:
        if self.clock is not None:
            self.clock.now += seconds


def request(n_frames=50) -> Request:
    tone = 0.1 * np.sin(np.arange(2 * RATE) / 10)
    return Request(
        portrait=np.full((32, 48, 3), 90, np.uint8), speech=Audio(tone.astype(np.float32)), n_frames=n_frames
    )


def test_every_rate_has_its_own_clock():
    clock = Clock()
    generator = Toy(clock)
    row = speed.measure_generator(generator, request(), clock=clock, repeats=3, warm_up=1, encode=False)
    assert row.fps_offline == pytest.approx(50 / 2.0)  # 1 s portrait + 5 chunks of 0.2 s
    assert row.fps_streaming == pytest.approx(40 / 0.8)
    assert row.first_frame_ms == pytest.approx(1200)
    assert row.p50_ms == pytest.approx(20)
    assert row.p95_ms == pytest.approx(20)
    assert (row.batch, row.resolution, row.n_frames, row.repeats) == (10, "48x32", 50, 3)
    assert row.gflops_per_frame is None
    assert row.fps_end_to_end is None
    assert generator.passes == 4


def test_without_warm_up_the_slow_pass_counts():
    clock = Clock()
    row = speed.measure_generator(Toy(clock), request(), clock=clock, repeats=1, warm_up=0, encode=False)
    assert row.fps_offline == pytest.approx(2.5)


def test_one_chunk_says_nothing_about_streaming():
    clock = Clock()
    row = speed.measure_generator(Toy(clock, chunk=100), request(), clock=clock, encode=False)
    assert (row.fps_streaming, row.p50_ms, row.p95_ms) == (None, None, None)
    assert row.fps_offline == pytest.approx(25)


def test_encoding_costs_time_that_rendering_does_not(monkeypatch):
    clock = Clock()
    write = speed.VideoWriter.write

    def slow_write(self, frames):
        clock.now += 0.02 * len(frames)
        write(self, frames)

    monkeypatch.setattr(speed.VideoWriter, "write", slow_write)
    row = speed.measure_generator(Toy(clock), request(), clock=clock, encode=True)
    assert row.fps_offline == pytest.approx(25)
    assert row.fps_end_to_end == pytest.approx(50 / 3)


def test_the_consumer_of_chunks_is_not_measured():
    """Time passes only inside the generator; percentiles follow its chunks, ragged last one included."""
    clock = Clock()
    row = speed.measure_generator(Toy(clock), request(45), clock=clock, encode=False)
    assert row.fps_streaming == pytest.approx(35 / 0.7)
    assert row.p95_ms == pytest.approx(20)


def test_real_clock_real_machine():
    start = time.perf_counter()
    row = speed.measure_generator(Toy(), request(20), repeats=2)
    assert time.perf_counter() - start < 20
    assert row.device
    assert row.threads >= 1
    assert row.fps_offline > row.fps_end_to_end > 0
    assert row.peak_memory_mb is None or 20 < row.peak_memory_mb < 1e5


def test_peak_memory_sees_an_allocation_and_forgets_it():
    if not speed._reset_peak("cpu"):
        pytest.skip("this system does not let a process reset its peak memory")
    before = speed._peak_mb("cpu")
    np.ones(25_000_000).sum()
    during = speed._peak_mb("cpu")
    speed._reset_peak("cpu")
    assert during - before > 150
    assert speed._peak_mb("cpu") < during - 150


def test_a_generator_that_stops_early_is_refused():
    with pytest.raises(InputError, match="'toy' gave 40 of 50 frames"):
        speed.measure_generator(Toy(Clock(), short=10), request(), clock=Clock(), encode=False)


def test_unknown_dial_and_no_repeats_are_refused():
    with pytest.raises(InputError, match="repeat"):
        speed.measure_generator(Toy(), request(), repeats=0)
    asked = Request(**{**vars(request()), "controls": Controls(dials={"blink_rate": 2})})
    with pytest.raises(InputError, match="no dial"):
        speed.measure_generator(Toy(), asked)


@pytest.mark.gpu
def test_cuda_is_synchronised_and_named():
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")

    class OnGpu(Toy):
        def animate(self, request):
            x = torch.randn(4096, 4096, device="cuda")
            for chunk in super().animate(request):
                for _ in range(20):
                    x = torch.nn.functional.normalize(x @ x)
                yield chunk

    row = speed.measure_generator(OnGpu(), request(), device="cuda", repeats=2, encode=False)
    assert row.device == torch.cuda.getdevice_name()
    assert row.peak_memory_mb > 2 * 4096**2 * 4 / 1e6
    # 20 products of 4096^3 take at least 1 ms on any GPU; without synchronising they would be queued in microseconds
    assert row.p50_ms * row.batch > 1
