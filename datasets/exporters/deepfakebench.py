"""DeepfakeBench: folders of face crops, and JSON in the nesting that its detectors read.

`{set: {label: {split: {video: {"label": label, "frames": [paths]}}}}}`; a level for compression stands between split
and video in its FaceForensics++ sets alone, so sets of ours have none. Its metrics group frames by the name of their
folder, hence folder names are unique over the export.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import yaml

from tellbench.datasets.clip import FORGED, PRISTINE, SPLITS, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.exporters.base import Exporter, folder_names, readable
from tellbench.datasets.exporters.crops import cut, face_square, middle_square
from tellbench.datasets.files import atomic_folder, atomic_path, write_json
from tellbench.datasets.video import read_frames
from tellbench.errors import InputError

if TYPE_CHECKING:
    from tellbench.datasets.faces.finder import FaceFinder

FRAMES: Final = 32
"""Frames of a video in DeepfakeBench's own preprocessing."""
SIZE: Final = 256
"""Side of its crops in pixels."""
LABELS: Final = "label_dict.yaml"
_NO_FACE: Final = "no_face"
"""Empty file in the folder of a clip in which no face was found; its frames are the middle of the picture."""
_SET: Final = re.compile(r"(?!FF-|FaceShifter|DeepFakeDetection)(?!.*frames)[A-Za-z0-9][A-Za-z0-9_-]*")
"""Names of sets: none that DeepfakeBench expects a compression level in, none with a word that it replaces in paths."""


class DeepfakeBench(Exporter):
    """Face crops and JSON for DeepfakeBench and DF40.

    Args:
        frames: frames of each clip, evenly spaced; all where it has fewer.
        size: side of the crops in pixels.
        set_name: name of the set, of its JSON file and the beginning of its labels.

    Raises:
        InputError: a count or size below 1, or a name that DeepfakeBench would misread.
    """

    name = "deepfakebench"

    def __init__(self, frames: int = FRAMES, size: int = SIZE, set_name: str = "Tellbench") -> None:
        if min(frames, size) < 1:
            raise InputError(f"frames {frames}, size {size}; both must be at least 1")
        if not _SET.fullmatch(set_name):
            raise InputError(
                f"set name {set_name!r}; letters, digits, - and _ are allowed, but no name of a set that DeepfakeBench "
                "treats apart (FF-..., FaceShifter, DeepFakeDetection) and not the word frames"
            )
        self.frames, self.size, self.set_name = frames, size, set_name

    def write(self, corpus: Corpus, out: Path, on_clip: Callable[[], None]) -> tuple[str, ...]:
        """Frames clip by clip, then one JSON file of everything and one for each generator."""
        corpus, left_out = readable(corpus)
        _check(corpus)
        names = folder_names(corpus)
        for clip in corpus:
            folder = self._folder(out, names[clip.clip_id])
            if not folder.is_dir():
                self._cut_clip(clip, folder)
            on_clip()
        kinds = dict.fromkeys(_kind(clip) for clip in corpus)
        forgers = [kind for kind in kinds if kind != _kind_of(PRISTINE, "")]
        for chosen, set_name in [(forgers, self.set_name), *(([f], f"{self.set_name}_{f}") for f in forgers)]:
            write_json(out / f"{set_name}.json", {set_name: self._entries(corpus, names, chosen, out)})
        labels = {self._label(kind): int(kind in forgers) for kind in kinds}
        with atomic_path(out / LABELS) as part:
            part.write_text(yaml.safe_dump({"label_dict": labels}), encoding="utf-8")
        return (*self._advice(corpus, names, out), *left_out)

    def _folder(self, out: Path, name: str) -> Path:
        return out / self.set_name / "frames" / name

    def _cut_clip(self, clip: Clip, folder: Path) -> None:
        """The clip's frames as PNG, numbered: DeepfakeBench sorts them by that number."""
        count = min(self.frames, clip.n_frames)
        wanted = ((np.arange(count) + 0.5) * clip.n_frames / count).astype(int)
        frames = read_frames(clip.path, wanted.tolist())
        square = face_square(frames, _finder())
        with atomic_folder(folder) as part:
            for i, frame in enumerate(frames):
                cut(frame, square or middle_square(frames), self.size).save(part / f"{i:03d}.png")
            if square is None:
                (part / _NO_FACE).touch()

    def _label(self, kind: str) -> str:
        return f"{self.set_name}_{kind}"

    def _entries(self, corpus: Corpus, names: dict[str, str], forgers: list[str], out: Path) -> dict[str, Any]:
        """Label to split to video to its label and frames; every split is there, since DeepfakeBench asks for it."""
        kinds = [_kind_of(PRISTINE, ""), *forgers]
        entries: dict[str, Any] = {self._label(kind): {split: {} for split in SPLITS} for kind in kinds}
        for clip in corpus:
            if _kind(clip) in kinds:
                name, label = names[clip.clip_id], self._label(_kind(clip))
                frames = sorted(path.relative_to(out).as_posix() for path in self._folder(out, name).glob("*.png"))
                entries[label][clip.split][name] = {"label": label, "frames": frames}
        return entries

    def _advice(self, corpus: Corpus, names: dict[str, str], out: Path) -> tuple[str, ...]:
        faceless = [c.clip_id for c in corpus if (self._folder(out, names[c.clip_id]) / _NO_FACE).is_file()]
        lines = [
            f"point dataset_json_folder and rgb_dir at {out}, and add {out / LABELS} to label_dict in DeepfakeBench's "
            f"configuration; test_dataset: [{self.set_name}]"
        ]
        if faceless:
            lines.append(f"no face found in {len(faceless)} clips ({', '.join(faceless[:5])}): the middle is exported")
        return tuple(lines)


@functools.cache
def _finder() -> FaceFinder:
    from tellbench.datasets.faces.finder import FaceFinder

    return FaceFinder()


def _check(corpus: Corpus) -> None:
    """Refuse clips without a label or a split, for which the JSON has no place."""
    for clip in corpus:
        if clip.label not in (PRISTINE, FORGED) or not clip.split:
            lack = "split" if clip.label in (PRISTINE, FORGED) else "label"
            raise InputError(f"clip {clip.clip_id!r} has no {lack}; DeepfakeBench needs one for every clip")


def _kind(clip: Clip) -> str:
    return _kind_of(clip.label, clip.generator)


def _kind_of(label: int, generator: str) -> str:
    """`Real`, the generator's name, or `Fake` where it is not known."""
    return "Real" if label == PRISTINE else re.sub(r"[^A-Za-z0-9_-]+", "_", generator) or "Fake"
