"""Fixtures that several rooms share."""

from pathlib import Path

import numpy as np
import pytest

from tellbench.datasets.audio import RATE, Audio

REPOSITORY = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest file first: whoever runs the files side by side need not wait for it in the end."""
    items.sort(key=lambda item: item.path.name != "test_end_to_end.py")


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_assets() -> Path:
    """Public-domain portraits, speech and video that lie beside some checkouts."""
    folder = REPOSITORY.parent / "shared" / "assets"
    if not folder.is_dir():
        pytest.skip("the folder of trial portraits and recordings is not beside this checkout")
    return folder


@pytest.fixture
def voice() -> Audio:
    """One second of a 4 Hz-modulated hum: sound without needing a synthesizer."""
    t = np.arange(RATE) / RATE
    return Audio((0.3 * np.sin(2 * np.pi * 140 * t) * (1 + np.sin(2 * np.pi * 4 * t)) / 2).astype(np.float32))


@pytest.fixture
def frames() -> np.ndarray:
    """Twenty smooth moving frames of 64 x 48."""
    y, x, t = np.meshgrid(np.arange(48), np.arange(64), np.arange(20), indexing="ij")
    picture = 127 + 100 * np.sin(x / 9 + t / 5) * np.cos(y / 7 - t / 6)
    return np.repeat(picture.transpose(2, 0, 1)[..., None], 3, -1).astype(np.uint8)
