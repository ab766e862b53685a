"""Portraits and recordings from outside the studio: used only with a statement of rights."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tellbench.datasets.audio import RATE, read_audio
from tellbench.datasets.faces.framing import frame_portrait, read_portrait
from tellbench.errors import InputError
from tellbench.generator.base import Frames, RefusalError, Request
from tellbench.generator.controls import Controls

IMAGES: Final = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
SOUNDS: Final = (".wav", ".flac", ".mp3", ".ogg", ".m4a", ".opus", ".aac")


@dataclasses.dataclass(frozen=True)
class Outside:
    """One portrait of the user's own, speaking one recording.

    Raises:
        InputError: no statement of rights.
    """

    portrait: Path
    speech: Path
    rights: str

    def __post_init__(self) -> None:
        """Refuse a portrait without rights."""
        require_rights(self.portrait, self.rights)

    @property
    def scene_id(self) -> str:
        """Names the files of this portrait with this recording."""
        return f"{self.portrait.stem}--{self.speech.stem}"

    @property
    def identity_id(self) -> str:
        """The person in the portrait, known only by the file's name."""
        return f"portrait-{self.portrait.stem}"

    @property
    def speech_id(self) -> str:
        """The recording."""
        return f"recording-{self.speech.stem}"


def require_rights(portrait: Path, rights: str) -> None:
    """Studio people belong to nobody; any other portrait needs a word on whose it is.

    Raises:
        InputError: the statement is empty.
    """
    if not rights.strip():
        raise InputError(
            f"{portrait} is not a studio portrait; state by what right you use it, "
            'such as --rights "public domain" or --rights "my own face"'
        )


def pair_up(portraits: Path, speech: Path, rights: str) -> tuple[Outside, ...]:
    """Every portrait of a folder with one recording of another folder, in turn.

    Raises:
        InputError: a folder is absent or holds nothing of its kind, or no rights are stated.
    """
    images, sounds = _files(portraits, IMAGES, "image"), _files(speech, SOUNDS, "recording")
    return tuple(Outside(image, sounds[i % len(sounds)], rights) for i, image in enumerate(images))


def outside_request(
    outside: Outside,
    size: int,
    fps: float,
    max_frames: int,
    controls: Controls,
    seed: int,
    *,
    may_be_silent: bool = False,
) -> Request:
    """The portrait framed as a talking head and as much of the recording as `max_frames` holds.

    Raises:
        RefusalError: no face or several in the portrait, or nothing in the recording where it may not be silent.
    """
    try:
        speech = read_audio(outside.speech, may_be_silent=may_be_silent)
        portrait = framed(outside.portrait, size)
    except InputError as error:
        raise RefusalError(str(error)) from error
    n_frames = min(max_frames, max(1, round(speech.duration * fps)))
    return Request(
        portrait=portrait,
        speech=speech.fitted(round(n_frames / fps * RATE)),
        fps=fps,
        n_frames=n_frames,
        controls=controls,
        seed=seed,
    )


def framed(path: Path, size: int) -> Frames:
    """A portrait file as a talking head, (size, size, 3).

    Raises:
        InputError: not a readable picture, or not of one face.
    """
    image = read_portrait(path)
    try:
        return frame_portrait(image, size)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _files(folder: Path, endings: Sequence[str], kind: str) -> list[Path]:
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; give a folder of {kind}s")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in endings)
    if not found:
        raise InputError(f"{folder} holds no {kind}; looked for {', '.join(endings)}")
    return found
