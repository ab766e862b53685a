"""How fast detectors are: frames of video judged in a second, from the file to the score, with nothing known before."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import torch

from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.detectors.base import Detector
from tellbench.detectors.cache import VARIABLE
from tellbench.eval import environment
from tellbench.eval.results import DetectorSpeedRow
from tellbench.eval.speed import Clock, device_name

_REPEATS: Final = 2
"""Clips are scored once more than they are timed, so that loading and compiling are over; the faster time counts."""


def measure_detectors(
    detectors: Mapping[str, Detector],
    clip: Clip,
    device: str = "cpu",
    clock: Clock = time.perf_counter,
    on_detector: Callable[[], None] = lambda: None,
) -> list[DetectorSpeedRow]:
    """Time fitted detectors on one clip: decoding, finding the face, measuring, scoring. Sanity rows are left out.

    Args:
        detectors: name on the leaderboard to fitted detector.
        clip: what is scored.
        device: where the detectors run.
        clock: seconds; injected by tests.
        on_detector: called after each.
    """
    rows = []
    for name, detector in detectors.items():
        if not detector.sanity:
            seconds = min(_scored(detector, clip, device, clock) for _ in range(_REPEATS))
            rows.append(
                DetectorSpeedRow(
                    detector=name,
                    device=device_name(device),
                    threads=environment.n_threads(),
                    resolution=f"{clip.width}x{clip.height}",
                    n_frames=clip.n_frames,
                    fps=clip.n_frames / seconds,
                )
            )
        on_detector()
    return rows


def _scored(detector: Detector, clip: Clip, device: str, clock: Clock) -> float:
    """Seconds that one score takes."""
    with _nothing_known():
        start = clock()
        detector.score(Corpus([clip], clip.path.parent))
        if device.startswith("cuda"):
            torch.cuda.synchronize(device)
        return clock() - start


@contextmanager
def _nothing_known() -> Iterator[None]:
    """An empty cache instead of the user's."""
    before = os.environ.get(VARIABLE)
    with tempfile.TemporaryDirectory() as folder:
        os.environ[VARIABLE] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ[VARIABLE]
            else:
                os.environ[VARIABLE] = before
