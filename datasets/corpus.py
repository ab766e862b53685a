"""A corpus: a folder of clips with a manifest, and views of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from tellbench.datasets.clip import FIELDS, FORGED, PRISTINE, SPLITS, Clip
from tellbench.datasets.files import atomic_path, inside
from tellbench.datasets.splits import KEYS, overlaps
from tellbench.errors import InputError

MANIFEST = "metadata.parquet"


class Corpus:
    """An immutable sequence of clips with unique ids and splits disjoint by identity, donor, driver and speech.

    Raises:
        InputError: clip ids repeat, or two splits share an identity, donor, driver or speech.
    """

    def __init__(self, clips: Iterable[Clip], root: Path) -> None:
        self.clips = tuple(clips)
        self.root = root
        seen: set[str] = set()
        for clip in self.clips:
            if clip.clip_id in seen:
                raise InputError(f"corpus {root}: clip id {clip.clip_id!r} occurs twice; ids must be unique")
            seen.add(clip.clip_id)
        for key, value, splits in overlaps(self.clips):
            raise InputError(
                f"corpus {root}: {key} {value!r} is in splits {' and '.join(splits)}; splits must be disjoint"
            )

    def __iter__(self) -> Iterator[Clip]:
        """Clips in manifest order."""
        return iter(self.clips)

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.clips)

    def __repr__(self) -> str:
        forged = sum(clip.label == FORGED for clip in self)
        return f"Corpus({self.root.name!r}, {len(self) - forged} pristine, {forged} forged)"

    def __getitem__(self, clip_id: str) -> Clip:
        """The clip with this id."""
        for clip in self.clips:
            if clip.clip_id == clip_id:
                return clip
        raise InputError(f"corpus {self.root}: no clip {clip_id!r}")

    def where(self, keep: Callable[[Clip], bool]) -> Corpus:
        """A view of the clips that satisfy `keep`."""
        return Corpus((clip for clip in self.clips if keep(clip)), self.root)

    def split(self, name: str) -> Corpus:
        """The clips of one split: `train`, `val` or `test`."""
        if name not in SPLITS:
            raise InputError(f"split {name!r}; allowed: {', '.join(SPLITS)}")
        return self.where(lambda clip: clip.split == name)

    def against(self, *generators: str) -> Corpus:
        """Pristine clips and the forged clips of the named generators."""
        return self.where(lambda clip: clip.label == PRISTINE or clip.generator in generators)

    @property
    def generators(self) -> tuple[str, ...]:
        """Names of the generators that made forged clips, in order of appearance."""
        return tuple(dict.fromkeys(clip.generator for clip in self if clip.label == FORGED))

    @property
    def labels(self) -> pd.Series[int]:
        """Label by clip id."""
        return pd.Series([c.label for c in self], index=[c.clip_id for c in self], dtype="int64", name="label")

    def write_manifest(self) -> None:
        """Write `metadata.parquet` atomically."""
        table = pd.DataFrame([clip.row(self.root) for clip in self.clips])
        with atomic_path(self.root / MANIFEST) as part:
            table.to_parquet(part, index=False)

    @classmethod
    def open(cls, root: Path) -> Corpus:
        """Read a corpus folder.

        Raises:
            InputError: no manifest, a missing column, a file name that leaves the folder, a broken row, or clips
                that the manifest names but the folder lacks.
        """
        manifest = root / MANIFEST
        if not manifest.is_file():
            raise InputError(f"{root} is no corpus: {MANIFEST} is missing; make one with `tellbench generate`")
        try:
            table = pd.read_parquet(manifest)
        except (OSError, ValueError) as error:
            raise InputError(f"{manifest}: not readable Parquet ({error})") from error
        missing = [name for name in ("file_name", "clip_id", "label", "split", *KEYS) if name not in table.columns]
        if missing:
            raise InputError(f"{manifest}: column {missing[0]!r} is missing; it has {', '.join(table.columns)}")
        clips = [_clip(row, root) for row in table.to_dict("records")]
        absent = next((clip for clip in clips if not clip.path.is_file()), None)
        if absent is not None:
            raise InputError(f"{root}: {absent.path.name} is in the manifest but not in the folder; rebuild the corpus")
        return cls(clips, root)


def _clip(row: dict[Any, Any], root: Path) -> Clip:
    fields = {str(name): value for name, value in row.items() if name in FIELDS}
    return Clip(path=inside(root, str(row["file_name"])), **fields)
