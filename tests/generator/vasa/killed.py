"""What must hold of any training run that is killed, whatever is trained."""

import pytest
import torch
from safetensors.torch import load_file

from tellbench.generator.vasa.run import STATE


def check_a_killed_run(trainer, folder):
    """A run killed two steps after its save goes on to the weights of the one in `folder / "whole"`, to the bit.

    Args:
        trainer: folder of a run to its trainer, of 6 steps that are saved every 3.
        folder: holds the finished run `whole`.
    """
    killed = trainer(folder / "killed")

    def kill(n):
        if killed.step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed.run(kill)
    again = trainer(folder / "killed")
    assert again.step == 3
    assert again.run()
    one, two = (load_file(folder / name / STATE) for name in ("whole", "killed"))
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


DEVICES = [
    "cpu",
    pytest.param(
        "cuda", marks=[pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")]
    ),
]
"""Where mixed precision is tried."""
