import pytest
import torch

from tellbench.generator.vasa.motion.model import MotionModel
from tellbench.generator.vasa.motion.sizes import SIZES

from .toys import TOY


@pytest.fixture
def toy_size(monkeypatch):
    """A motion model small enough to train within a test."""
    monkeypatch.setitem(SIZES, "toy", TOY)
    return TOY


@pytest.fixture(scope="session")
def untrained():
    """A toy model with random weights, which moves all the same."""
    torch.manual_seed(0)
    return MotionModel(TOY).eval().requires_grad_(False)
