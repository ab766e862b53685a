"""How fast the face model decodes: frames a second and arithmetic a frame, at 256 and 512 pixels. Never asserted.

Weights are random: speed does not depend on them. The network paints at its own window; what it carries over has the
resolution that is named. `pytest benchmarks/test_vasa_speed.py --benchmark-only`; sizes other than the shipped ones
with `-k base`.
"""

from __future__ import annotations

import time

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from tellbench.generator.vasa.model import FaceModel
from tellbench.generator.vasa.rig import teach
from tellbench.generator.vasa.sizes import N_RIG, SIZES

CASES = [
    ("cpu", torch.float32, 1),
    ("cpu", torch.float32, 4),
    ("cuda", torch.bfloat16, 1),
    ("cuda", torch.bfloat16, 64),
]
_PEAK_TFLOPS = {"H200": 989.0, "H100": 989.0, "A100": 312.0}
"""Dense bfloat16 peaks by the makers' data sheets."""


def _ready(size: str, side: int, device: str, batch: int):
    torch.manual_seed(0)
    model = FaceModel(SIZES[size]).eval().to(device)
    source = model.encode_source(torch.rand(1, 3, side, side, device=device))
    people = source.at(torch.zeros(batch, dtype=torch.long, device=device))
    poses = people.pose + 0.1 * torch.rand(batch, 7, device=device)
    return model, people, poses, teach(torch.rand(batch, N_RIG, device=device), model.size.dynamics)


def _gigaflop(model, *inputs) -> float:
    """Arithmetic of a frame, multiply and add counted apart; sampling of grids is not in it."""
    with FlopCounterMode(display=False) as counter:
        model.drive(*inputs)
    return counter.get_total_flops() / len(inputs[1]) / 1e9


@pytest.mark.parametrize("size", ["tiny", "small", "base"])
@pytest.mark.parametrize("side", [256, 512])
@pytest.mark.parametrize(("device", "precision", "batch"), CASES)
@torch.inference_mode()
def test_decode(benchmark, size, side, device, precision, batch):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    inputs = _ready(size, side, device, batch)
    finish = torch.cuda.synchronize if device == "cuda" else lambda: None

    def decode() -> None:
        with torch.autocast(device, precision, enabled=precision != torch.float32):
            inputs[0].drive(*inputs[1:])
        finish()

    gigaflop = _gigaflop(*inputs)
    benchmark.pedantic(decode, rounds=20 if device == "cuda" else 3, iterations=1, warmup_rounds=3)
    frames = batch / benchmark.stats.stats.median
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    known = {"fps": round(frames, 1), "gflop_a_frame": round(gigaflop, 2), "batch": batch, "precision": str(precision)}
    peaks = [peak for card, peak in _PEAK_TFLOPS.items() if card in name]
    share = {"share_of_peak": round(frames * gigaflop / 1000 / peaks[0], 4)} if peaks else {}
    threads = {"threads": torch.get_num_threads()} if device == "cpu" else {}
    benchmark.extra_info.update(known | share | threads | {"device": name, "measured": time.strftime("%Y-%m-%d")})
