"""Speed of detectors, on a clock that we wind."""

import os
from pathlib import Path

from tellbench.datasets.clip import Clip
from tellbench.detectors.cache import VARIABLE, cache_folder
from tellbench.detectors.sanity import Constant
from tellbench.eval.throughput import measure_detectors


class Slow(Constant):
    """2 s where nothing is known, 9 s the first time."""

    sanity = False

    def __init__(self, clock):
        self.clock, self.caches = clock, []

    def score(self, clips):
        self.caches.append(cache_folder())
        assert not any(cache_folder().iterdir())
        (cache_folder() / "measured").touch()
        self.clock[0] += 2 if len(self.caches) > 1 else 9


def test_the_whole_way_is_timed_after_a_warm_up_with_an_empty_cache(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    clock, done = [0.0], []
    slow = Slow(clock)
    clip = Clip(clip_id="c", path=Path("/nowhere/c.mp4"), label=0, width=64, height=48, n_frames=50)
    detectors = {"slow": slow, "constant": Constant()}
    (row,) = measure_detectors(detectors, clip, clock=lambda: clock[0], on_detector=lambda: done.append(1))
    assert (row.detector, row.fps, row.n_frames, row.resolution) == ("slow", 25.0, 50, "64x48")
    assert len(set(slow.caches)) == len(slow.caches) == 2
    assert os.environ[VARIABLE] == str(tmp_path)
    assert len(done) == 2
