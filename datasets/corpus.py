"""A corpus: a folder of clips with a manifest, and views of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from tellbench.datasets import manifest
from tellbench.datasets.clip import FORGED, PRISTINE, SPLITS, Clip
from tellbench.datasets.files import inside_all
from tellbench.datasets.rows import HELD, Held, Rows, Stored
from tellbench.datasets.splits import KEYS, overlaps_of
from tellbench.errors import InputError

MANIFEST = "metadata.parquet"
MEDIA = "media"
"""Folder, or link to a folder, that holds the files of an imported corpus; those of a second root are in `media2`."""

_NEEDED: Final = ("clip_id", "label", "split", *KEYS)
"""Columns that a manifest must have beside `file_name`."""


class Corpus:
    """An immutable sequence of clips with unique ids and splits disjoint by identity, donor, driver and speech.

    Clips are made when they are asked for, from rows that are held in memory or, where they are many, left in the file.

    Args:
        clips: the clips.
        root: the corpus folder.
        shared: `person` or `speech_id` where a published corpus lets them recur in several splits.

    Raises:
        InputError: clip ids repeat, or two splits share an identity, donor, driver or speech.
    """

    def __init__(self, clips: Iterable[Clip], root: Path, shared: Sequence[str] = ()) -> None:
        self.rows: Rows = Held(manifest.from_clips(clips))
        self.root, self.shared = root, tuple(shared)
        self._check()

    def _check(self) -> None:
        twice = next(iter(self.rows.repeated("clip_id")), None)
        if twice is not None:
            raise InputError(f"corpus {self.root}: clip id {twice!r} occurs twice; ids must be unique")
        keys = {key: self.rows.words(key) for key in (*KEYS, "split")}
        for kind, value, splits in overlaps_of(keys):
            if kind not in self.shared:
                raise InputError(
                    f"corpus {self.root}: {kind} {value!r} is in splits {' and '.join(splits)}; splits must be disjoint"
                )

    def __iter__(self) -> Iterator[Clip]:
        """Clips in manifest order."""
        return iter(self.rows)

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.rows)

    def __repr__(self) -> str:
        forged = int((self.rows.numbers("label") == FORGED).sum())
        return f"Corpus({self.root.name!r}, {len(self) - forged} pristine, {forged} forged)"

    def __getitem__(self, clip_id: str) -> Clip:
        """The clip with this id."""
        found = next(iter(self.rows.where(np.asarray(self.rows.texts("clip_id") == clip_id))), None)
        if found is None:
            raise InputError(f"corpus {self.root}: no clip {clip_id!r}")
        return found

    @property
    def clips(self) -> tuple[Clip, ...]:
        """All clips at once."""
        return tuple(self)

    def where(self, keep: Callable[[Clip], bool]) -> Corpus:
        """A view of the clips that satisfy `keep`."""
        return self._view(np.fromiter((keep(clip) for clip in self), bool, len(self)))

    def split(self, name: str) -> Corpus:
        """The clips of one split: `train`, `val` or `test`."""
        if name not in SPLITS:
            raise InputError(f"split {name!r}; allowed: {', '.join(SPLITS)}")
        return self._view(self._is("split", name))

    def against(self, *generators: str) -> Corpus:
        """Pristine clips and the forged clips of the named generators."""
        return self._view((self.rows.numbers("label") == PRISTINE) | self._is("generator", *generators))

    def _view(self, keep: npt.NDArray[np.bool_]) -> Corpus:
        """Some of the clips; what holds for all holds for them, so nothing is checked again."""
        return self._of(self.rows.where(keep), self.root, self.shared)

    @classmethod
    def _of(cls, rows: Rows, root: Path, shared: Sequence[str]) -> Self:
        made = cls.__new__(cls)
        made.rows, made.root, made.shared = rows, root, tuple(shared)
        return made

    def _is(self, name: str, *words: str) -> npt.NDArray[np.bool_]:
        return np.asarray(self.rows.words(name).isin(words))

    @property
    def generators(self) -> tuple[str, ...]:
        """Names of the generators that made forged clips, in order of appearance."""
        names = self.rows.words("generator")[self.rows.numbers("label") == FORGED]
        return tuple(map(str, names.unique()))

    @property
    def labels(self) -> pd.Series[int]:
        """Label by clip id."""
        index = pd.Index(self.rows.texts("clip_id"))
        return pd.Series(self.rows.numbers("label"), index=index, dtype="int64", name="label")

    def write_manifest(self) -> None:
        """Write `metadata.parquet` atomically."""
        with manifest.writer(self.root / MANIFEST, self.root, self.shared) as write:
            for batch in self.rows.batches():
                write(batch)

    @classmethod
    def open(cls, root: Path) -> Corpus:
        """Read a corpus folder.

        Raises:
            InputError: no manifest, a missing column, a file name that leaves the folder, a broken row, or clips
                that the manifest names but the folder lacks.
        """
        path = root / MANIFEST
        if not path.is_file():
            raise InputError(f"{root} is no corpus: {MANIFEST} is missing; make one with `tellbench generate`")
        try:
            columns, shared = manifest.header(path)
            missing = [name for name in (manifest.FILE_NAME, *_NEEDED) if name not in columns]
            if missing:
                raise InputError(f"{path}: column {missing[0]!r} is missing; it has {', '.join(columns)}")
            stored = Stored(path, root)
            rows = stored.lifted() if len(stored) <= HELD else stored
            for batch in rows.batches():
                _check_rows(batch, root)
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: not readable Parquet ({error})") from error
        corpus = cls._of(rows, root, shared)
        corpus._check()
        return corpus


def _check_rows(batch: pa.RecordBatch, root: Path) -> None:
    """Refuse file names that leave the folder, rows that are no clip, and files that are not there."""
    paths = batch.column("path").to_pylist()
    inside_all(root, [path.removeprefix(f"{root}/") for path in paths], linked=MEDIA)
    broken = manifest.first_broken(batch)
    if broken is not None:
        next(manifest.iter_clips(batch.slice(broken, 1)))  # raises the clip's own message
    absent = next((path for path in paths if not os.access(path, os.F_OK)), None)
    if absent is not None:
        raise InputError(f"{root}: {Path(absent).name} is in the manifest but not in the folder; rebuild the corpus")
