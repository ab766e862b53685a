"""Is it still the same face? Clips against the first frame of their pristine twin, by our identity network."""

from __future__ import annotations

from collections.abc import Mapping

from tellbench.datasets.clip import PRISTINE
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.faces.landmarks import Floats


def likeness(clips: Corpus, faces: Mapping[str, Floats]) -> dict[str, float]:
    """Mean cosine, -1 to 1, of each clip's face with the first frame of its pristine twin, by clip id.

    A pristine clip is its own twin, which makes the control: the same person on the same film, in other frames. Left
    out are clips without a twin, and those without enough faces.

    Args:
        clips: labelled clips.
        faces: by clip id, unit vectors of faces in order of time (N, 128), or none: the first is what its twins are
            compared with, the others are compared (`looks.Looks.faces`).
    """
    paired = [clip for clip in clips if clip.pair_id and len(faces.get(clip.clip_id, ()))]
    first = {clip.pair_id: faces[clip.clip_id][0] for clip in paired if clip.label == PRISTINE}
    return {
        clip.clip_id: float((faces[clip.clip_id][1:] @ first[clip.pair_id]).mean())
        for clip in paired
        if clip.pair_id in first
    }
