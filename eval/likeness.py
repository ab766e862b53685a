"""Is it still the same face? Clips against the first frame of their pristine twin, by our identity network."""

from __future__ import annotations

import functools
import logging
from typing import Final

import numpy as np

from tellbench.datasets.clip import PRISTINE, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.faces.identity import Embedder
from tellbench.datasets.faces.landmarks import Floats
from tellbench.datasets.video import read_frames
from tellbench.detectors.crops import spread
from tellbench.detectors.cues import extract
from tellbench.errors import InputError

COUNT: Final = 9
"""Frames looked at, spread over a clip: the first is what its twins are compared with, the others are compared."""


def likeness(clips: Corpus, backend: str = "network", device: str = "auto") -> dict[str, float]:
    """Mean cosine, -1 to 1, of each clip's face with the first frame of its pristine twin, by clip id.

    A pristine clip is its own twin, which makes the control: the same person on the same film, in other frames. Left
    out are clips without a twin, and those without enough faces.
    """
    faces = {clip.clip_id: face for clip in clips if clip.pair_id and len(face := _faces(clip, backend, device))}
    first = {c.pair_id: faces[c.clip_id][0] for c in clips if c.label == PRISTINE and c.clip_id in faces}
    return {
        clip.clip_id: float((faces[clip.clip_id][1:] @ first[clip.pair_id]).mean())
        for clip in clips
        if clip.clip_id in faces and clip.pair_id in first
    }


def _faces(clip: Clip, backend: str, device: str) -> Floats:
    """Unit vectors of faces spread over a clip, (COUNT, 128); none where fewer frames show a face."""
    try:
        cues = extract(clip, backend, device)
        places = spread(np.flatnonzero(cues.found), COUNT)
        if len(places) == COUNT:
            return _embedder()(read_frames(clip.path, places.tolist()), cues.points[places])
    except InputError as error:
        logging.getLogger(__name__).info("%s", error)
    return np.zeros((0, 1), np.float32)


@functools.cache
def _embedder() -> Embedder:
    """The network that ships, loaded once; it is small, so the CPU will do."""
    return Embedder.load()
