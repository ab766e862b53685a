"""A clip's face and voice side by side, 25 times a second, for detectors of how the two move together."""

from __future__ import annotations

from typing import Final

from tellbench.datasets.agreement.hearing import Heard
from tellbench.datasets.agreement.measures import Moves
from tellbench.datasets.audio import read_audio
from tellbench.datasets.clip import Clip
from tellbench.datasets.files import sha256
from tellbench.datasets.video import probe
from tellbench.detectors.behaviour import checked
from tellbench.detectors.cache import Arrays, remember
from tellbench.detectors.cues import Cues, extract
from tellbench.errors import InputError

VERSION: Final = 1
"""Of what is heard; raise it whenever the features of the same sound change."""
LEAST_SECONDS: Final = 1.0
"""Shortest clip whose motion has statistics (assumption)."""


def face_of(clip: Clip, backend: str = "network", device: str = "auto") -> tuple[Cues, Moves]:
    """What a clip's face does.

    Raises:
        InputError: unreadable, a face in too few frames, or too short.
    """
    cues = checked(extract(clip, backend, device), clip)
    if cues.duration_s < LEAST_SECONDS:
        raise InputError(f"{clip.path}: {cues.duration_s:.2f} s long; how a face moves needs {LEAST_SECONDS:g} s")
    return cues, Moves.of(cues.points, cues.fps)


def voice_of(clip: Clip, n_frames: int) -> Heard:
    """What is heard over the first `n_frames` of a clip, 25 a second; from the cache where it was heard before.

    Raises:
        InputError: no sound, or silence throughout.
    """
    if not probe(clip.path).has_audio:
        raise InputError(f"{clip.path}: has no sound; agreement of face and voice needs both")

    def listen() -> Arrays:
        heard = Heard.of(read_audio(clip.path), n_frames)
        return {"features": heard.features, "speaking": heard.speaking}

    settings = {"version": VERSION, "frames": n_frames, "file": sha256(clip.path)}  # pictures alone do not name a sound
    return Heard(**remember("heard", clip.path, settings, listen))
