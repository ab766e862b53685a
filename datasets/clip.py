"""One video of one talking person: the unit that is labelled, scored and counted."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any, Final

from tellbench.errors import InputError

PRISTINE: Final = 0
FORGED: Final = 1
UNLABELLED: Final = -1
SPLITS: Final = ("train", "val", "test")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Clip:
    """One row of the manifest, with the path of its video.

    Raises:
        InputError: a field breaks an invariant (label, split, positive sizes).
    """

    clip_id: str
    """Unique in its corpus; also the stem of every file that belongs to the clip."""
    path: Path
    """The video on disk: a file, or a folder of pictures that are its frames."""
    label: int
    """0 pristine, 1 forged, -1 unknown (a video from outside)."""
    generator: str = ""
    """Empty for pristine clips."""
    generator_version: str = ""
    controls: str = "{}"
    """Controls and dials of a forged clip, as JSON."""
    seed: int = 0
    identity_id: str = ""
    donor_id: str = ""
    driver_id: str = ""
    speech_id: str = ""
    pair_id: str = ""
    """Shared by the pristine and forged clips made from the same identity and speech."""
    language: str = ""
    role: str = "talking"
    """What the scene asks for, as are emotion, intensity and style; a pair shares them, whatever a generator makes."""
    emotion: str = "neutral"
    intensity: float = 0.0
    """How strong the emotion gets, 0 to 1."""
    style: str = "photo"
    sex: str = ""
    age_band: str = ""
    skin_tone: str = ""
    """Fitzpatrick type as a Roman numeral, exact for the studio."""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    n_frames: int = 0
    duration_s: float = 0.0
    codec: str = ""
    crf: int = 0
    sha256: str = ""
    status: str = "ok"
    """`ok`, or `corrupt: ...` for an imported file that cannot be read; it keeps its row and counts as not scored."""
    split: str = ""
    dataset: str = ""
    """Layout that the clip was imported by; empty for clips made here."""
    variant: str = ""
    """Which of several renditions of the same clip this is, such as a compression level."""
    segments: str = ""
    """Forged spans in seconds as JSON, [[start, end], ...], where only parts of a clip are forged."""

    def __post_init__(self) -> None:
        """Check the invariants that every reader relies on."""
        if self.label not in (PRISTINE, FORGED, UNLABELLED):
            raise InputError(f"clip {self.clip_id!r}: label {self.label!r}; allowed: 0 pristine, 1 forged, -1 unknown")
        if self.split not in ("", *SPLITS):
            raise InputError(f"clip {self.clip_id!r}: split {self.split!r}; allowed: {', '.join(SPLITS)}")
        if min(self.width, self.height, self.n_frames) < 0 or not math.isfinite(self.fps) or self.fps < 0:
            raise InputError(f"clip {self.clip_id!r}: negative size, rate or length")

    @classmethod
    def from_file(cls, path: Path) -> Clip:
        """A video from outside any corpus: label unknown, size and rate as probed.

        Raises:
            InputError: the file is not a readable video.
        """
        from tellbench.datasets.files import sha256
        from tellbench.datasets.video import probe

        info = probe(path)
        return cls(
            clip_id=path.stem,
            path=path,
            label=UNLABELLED,
            width=info.width,
            height=info.height,
            fps=info.fps,
            n_frames=info.n_frames,
            duration_s=info.n_frames / info.fps,
            sha256=sha256(path),
        )

    @property
    def track_path(self) -> Path:
        """Per-frame ground truth beside the clip (`tracks/<clip_id>.parquet`); may be absent."""
        return self.path.parent.parent / "tracks" / f"{self.clip_id}.parquet"

    @property
    def mask_path(self) -> Path:
        """Class of every pixel (`studio.labels.Label`), read by `layers.read_layer`; where the corpus has masks."""
        return self.path.parent.parent / "masks" / f"{self.clip_id}.mkv"

    @property
    def depth_path(self) -> Path:
        """Depth in steps of `layers.DEPTH_STEP`, likewise."""
        return self.path.parent.parent / "depth" / f"{self.clip_id}.mkv"

    def row(self, root: Path) -> dict[str, Any]:
        """The manifest row: every field but the path, which becomes `file_name` relative to `root`."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "path"}
        return {"clip_id": self.clip_id, "file_name": self.path.relative_to(root).as_posix(), **fields}


FIELDS: Final = tuple(f.name for f in dataclasses.fields(Clip) if f.name != "path")
"""Manifest columns beside `file_name`."""
