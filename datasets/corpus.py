"""A corpus: a folder of clips with a manifest, and views of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from tellbench.datasets import manifest
from tellbench.datasets.clip import FORGED, PRISTINE, SPLITS, Clip
from tellbench.datasets.files import inside_all
from tellbench.datasets.splits import KEYS, overlaps_of
from tellbench.errors import InputError

MANIFEST = "metadata.parquet"
MEDIA = "media"
"""Folder, or link to a folder, that holds the files of an imported corpus; those of a second root are in `media2`."""


class Corpus:
    """An immutable sequence of clips with unique ids and splits disjoint by identity, donor, driver and speech.

    Clips are held as columns and made when they are asked for, so that a corpus of a million clips fits.

    Args:
        clips: the clips.
        root: the corpus folder.
        shared: `person` or `speech_id` where a published corpus lets them recur in several splits.

    Raises:
        InputError: clip ids repeat, or two splits share an identity, donor, driver or speech.
    """

    def __init__(self, clips: Iterable[Clip], root: Path, shared: Sequence[str] = ()) -> None:
        self._table, self.root, self.shared = manifest.from_clips(clips), root, tuple(shared)
        self._check()

    def _check(self) -> None:
        ids = self._column("clip_id")
        if len(set(ids)) < len(ids):
            twice = Counter(ids).most_common(1)[0][0]
            raise InputError(f"corpus {self.root}: clip id {twice!r} occurs twice; ids must be unique")
        keys = {key: manifest.categories(self._table[key]) for key in (*KEYS, "split")}
        for kind, value, splits in overlaps_of(keys):
            if kind not in self.shared:
                raise InputError(
                    f"corpus {self.root}: {kind} {value!r} is in splits {' and '.join(splits)}; splits must be disjoint"
                )

    def __iter__(self) -> Iterator[Clip]:
        """Clips in manifest order."""
        return manifest.iter_clips(self._table)

    def __len__(self) -> int:
        """Number of clips."""
        return len(self._table)

    def __repr__(self) -> str:
        forged = int((self._numbers("label") == FORGED).sum())
        return f"Corpus({self.root.name!r}, {len(self) - forged} pristine, {forged} forged)"

    def __getitem__(self, clip_id: str) -> Clip:
        """The clip with this id."""
        index = pa.compute.index(self._table["clip_id"], clip_id).as_py()
        if index < 0:
            raise InputError(f"corpus {self.root}: no clip {clip_id!r}")
        return next(manifest.iter_clips(self._table.slice(index, 1)))

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
        return self._view((self._numbers("label") == PRISTINE) | self._is("generator", *generators))

    def _view(self, keep: npt.NDArray[np.bool_]) -> Corpus:
        """Some of the clips; what holds for all holds for them, so nothing is checked again."""
        return self._of(self._table.filter(pa.array(keep)), self.root, self.shared)

    @classmethod
    def _of(cls, table: pa.Table, root: Path, shared: Sequence[str]) -> Self:
        made = cls.__new__(cls)
        made._table, made.root, made.shared = table, root, tuple(shared)
        return made

    def _column(self, name: str) -> list[str]:
        return list(self._table[name].to_pylist())

    def _numbers(self, name: str) -> npt.NDArray[np.int64]:
        return np.asarray(self._table[name].to_numpy())

    def _is(self, name: str, *words: str) -> npt.NDArray[np.bool_]:
        return np.asarray(manifest.categories(self._table[name]).isin(words))

    @property
    def generators(self) -> tuple[str, ...]:
        """Names of the generators that made forged clips, in order of appearance."""
        names = manifest.categories(self._table["generator"])[self._numbers("label") == FORGED]
        return tuple(map(str, names.unique()))

    @property
    def labels(self) -> pd.Series[int]:
        """Label by clip id."""
        return pd.Series(self._numbers("label"), index=self._column("clip_id"), dtype="int64", name="label")

    def frame(self, names: Sequence[str]) -> pd.DataFrame:
        """Some fields of all clips, one column each; words that repeat are categories."""
        return pd.DataFrame(self._table.select(list(names)).to_pandas())

    def write_manifest(self) -> None:
        """Write `metadata.parquet` atomically."""
        with manifest.writer(self.root / MANIFEST, self.root, self.shared) as write:
            write(self._table)

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
            stored, shared = manifest.read(path)
            missing = [n for n in ("file_name", "clip_id", "label", "split", *KEYS) if n not in stored.column_names]
            if missing:
                columns = ", ".join(stored.column_names)
                raise InputError(f"{path}: column {missing[0]!r} is missing; it has {columns}")
            files = inside_all(root, stored["file_name"].to_pylist(), linked=MEDIA)
            table = manifest.complete(stored, files)
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: not readable Parquet ({error})") from error
        broken = manifest.first_broken(table)
        if broken is not None:
            next(manifest.iter_clips(table.slice(broken, 1)))  # raises the clip's own message
        corpus = cls._of(table, root, shared)
        corpus._check()
        absent = next((file for file in files if not os.access(file, os.F_OK)), None)
        if absent is not None:
            raise InputError(
                f"{root}: {Path(absent).name} is in the manifest but not in the folder; rebuild the corpus"
            )
        return corpus
