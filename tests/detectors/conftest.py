"""Drawn faces for detectors that have to be trained."""

from collections.abc import Iterator

import pytest

from tellbench.datasets.corpus import Corpus
from tellbench.detectors import cues

from . import toys


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Iterator[Corpus]:
    """The corpus of `toys.py`, seen by its own tracker, with a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TELLBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setitem(cues.TRACKERS, "network", lambda device: toys.track)
        yield toys.corpus(tmp_path_factory.mktemp("toy"))
