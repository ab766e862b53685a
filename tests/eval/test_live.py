"""A live voice on a clock that we wind: what waits for sound is no work, and what is late shows."""

import numpy as np
import pandas as pd
import pytest

from tellbench.eval import speed
from tellbench.eval.live import PART, run_live
from tellbench.generator.base import Chunk

from .test_speed import Clock, Toy, request


class Streamer(Toy):
    """Chunks of 10 frames, each made in `cost` seconds once 0.4 s of sound have come in."""

    delay = 0.4

    def __init__(self, clock, cost):
        super().__init__(clock)
        self.cost = cost

    def stream(self, request, sound):
        self.wait(5.0)  # the portrait
        held = 0
        for samples in sound:
            held += len(samples)
            if held == 10 * PART:
                self.wait(self.cost)
                yield Chunk(np.repeat(request.portrait[None], 10, 0), pd.DataFrame(index=range(10)))
                held = 0


def test_a_fast_stream_is_late_by_its_window_and_its_work():
    clock = Clock()
    live = run_live(Streamer(clock, 0.1), request(), clock)
    assert live.frames == (10,) * 5
    assert live.delivered == pytest.approx([0.5, 0.9, 1.3, 1.7, 2.1])
    assert live.behind == pytest.approx([0.1] * 5)
    assert live.fps_after_first == pytest.approx(100)


def test_a_slow_stream_falls_behind():
    clock = Clock()
    live = run_live(Streamer(clock, 0.6), request(), clock)
    assert live.behind == pytest.approx([0.6, 0.8, 1.0, 1.2, 1.4])


def test_the_row_has_the_stream_where_there_is_one():
    clock = Clock()
    row = speed.measure_generator(Streamer(clock, 0.1), request(), clock=clock, encode=False, live=True)
    assert row.delay_ms == pytest.approx(500)
    assert row.behind_p95_ms == pytest.approx(100)
    assert row.fps_streaming == pytest.approx(100)
    plain = speed.measure_generator(Toy(clock), request(), clock=clock, encode=False, live=True)
    assert plain.delay_ms is None
