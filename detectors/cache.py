"""Arrays that are costly to measure, kept on disk by the content of the video they come from."""

from __future__ import annotations

import functools
import hashlib
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import platformdirs
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from tellbench.datasets.files import atomic_path, sha256
from tellbench.datasets.video import picture_digest

VARIABLE: Final = "TELLBENCH_CACHE"
"""Environment variable that moves the cache to another folder."""

Arrays = dict[str, npt.NDArray[Any]]


def cache_folder() -> Path:
    """The folder named by `TELLBENCH_CACHE`, else the user's cache folder. It can be deleted at any time."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else Path(platformdirs.user_cache_dir("tellbench"))


def remember(kind: str, path: Path, settings: Mapping[str, Any], make: Callable[[], Arrays]) -> Arrays:
    """Arrays of a video from the cache, or made now and put there.

    The key is the hash of the coded pictures and of everything in `settings`: names, sound and provenance do not
    matter, so a `null` clip is not measured again after its pristine twin. A broken entry is made anew.

    Args:
        kind: subfolder, such as `cues`.
        path: the video.
        settings: whatever else the arrays depend on: versions, back end, counts.
        make: measures the arrays.

    Raises:
        InputError: not a video, raised by `make`, or the cache folder cannot be written.
    """
    key = hashlib.sha256(repr((picture_digest(path), sorted(settings.items()))).encode()).hexdigest()
    entry = cache_folder() / kind / key[:2] / f"{key[2:34]}.safetensors"
    if entry.is_file():
        try:
            return dict(load_file(entry))
        except (SafetensorError, OSError):
            logging.getLogger(__name__).warning("cache entry %s is broken; measuring %s again", entry, path)
    arrays = {name: np.ascontiguousarray(values) for name, values in make().items()}
    with atomic_path(entry) as part:
        save_file(arrays, part)
    return arrays


@functools.cache
def weights_digest() -> str:
    """Hash of the landmark network's weights, so that new weights never meet old cache entries."""
    folder = Path(__file__).parent.parent / "datasets" / "faces" / "weights"
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.safetensors")):
        digest.update(sha256(file).encode())
    return digest.hexdigest()[:16]
