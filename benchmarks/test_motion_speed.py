"""Time of a window of motion at the usual sampling: `pytest benchmarks/test_motion_speed.py --benchmark-only`."""

import pytest
import torch

from tellbench.generator.vasa.motion.hearing import Recording, silence
from tellbench.generator.vasa.motion.model import MotionModel
from tellbench.generator.vasa.motion.script import Script
from tellbench.generator.vasa.motion.sizes import SIZES
from tellbench.generator.vasa.motion.stream import Performer
from tellbench.generator.vasa.sizes import size_named

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")),
]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("window", [50, 10])
@pytest.mark.parametrize("size", ["small"])
def test_window(benchmark, size, window, device):
    model = MotionModel(size_named(SIZES, size)).eval().requires_grad_(False).to(device)
    recording = Recording(silence(100))

    def make():
        return next(
            Performer(model, Script.of(), seed=0, window=window).ready(recording)
        ).motion  # comes back to the CPU

    benchmark.extra_info["frames"] = window
    assert len(benchmark(make)) == window
