import pytest

from tellbench.generator.vasa.data.studio import Recipe, film
from tellbench.generator.vasa.frames import FaceFrames
from tellbench.generator.vasa.sizes import SIZES

from .toys import TOY

RECIPE = Recipe(poses=3, expressions=3, side=96, maps=48)


@pytest.fixture(scope="session")
def filmed() -> FaceFrames:
    """A studio person acting a small grid: rows 3 p + e."""
    return film(720_300, RECIPE)


@pytest.fixture
def toy_size(monkeypatch):
    """A face model small enough to train within a test."""
    monkeypatch.setitem(SIZES, "toy", TOY)
    return TOY
