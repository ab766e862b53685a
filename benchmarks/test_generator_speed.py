"""How fast generators render, through the same code that fills the leaderboard. Measured, never asserted."""

from __future__ import annotations

import dataclasses

import pytest

from tellbench.datasets.scene import plan_scenes
from tellbench.eval.speed import measure_generator, studio_request
from tellbench.generator.base import Request
from tellbench.registry import GENERATORS


@pytest.fixture(scope="module")
def two_seconds() -> Request:
    return studio_request(plan_scenes(3, seconds=2.0, size=256, seed=0)[0])


@pytest.mark.parametrize("name", list(GENERATORS))
def test_generator(benchmark, two_seconds, name):
    row = benchmark.pedantic(measure_generator, (GENERATORS.create(name), two_seconds), rounds=1, iterations=1)
    benchmark.extra_info.update(dataclasses.asdict(row))
