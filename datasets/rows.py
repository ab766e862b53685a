"""The rows of a corpus: held as columns where they are few, left in the manifest where they are many."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tellbench.datasets import manifest
from tellbench.datasets.clip import Clip

HELD: Final = 65_536
"""Rows that are held in memory, some 40 MB (assumption); more are read from the file whenever they are asked for."""
_ALL: Final = tuple(manifest.SCHEMA.names)


class Rows(ABC):
    """Rows of a manifest with the columns of `manifest.SCHEMA`, in order."""

    @abstractmethod
    def __len__(self) -> int:
        """Number of rows."""

    @abstractmethod
    def batches(self, names: Sequence[str] = _ALL) -> Iterator[pa.RecordBatch]:
        """Some columns of all rows, at most `manifest.BATCH` rows at once."""

    @abstractmethod
    def where(self, keep: npt.NDArray[np.bool_]) -> Rows:
        """The rows for which `keep`, one entry a row, is true."""

    def __iter__(self) -> Iterator[Clip]:
        """Clips, made one after the other."""
        for batch in self.batches():
            yield from manifest.iter_clips(batch)

    def numbers(self, name: str) -> npt.NDArray[Any]:
        """A column of numbers."""
        kind = manifest.SCHEMA.field(name).type.to_pandas_dtype()
        return np.concatenate([np.empty(0, kind), *(batch.column(0).to_numpy() for batch in self.batches([name]))])

    def texts(self, name: str) -> pd.Series[str]:
        """A column of words that hardly ever repeat."""
        column = pa.chunked_array([batch.column(0) for batch in self.batches([name])], pa.string())
        return pd.Series(column.to_pandas(), name=name)

    def words(self, name: str) -> pd.Categorical:
        """A column of words that repeat, as codes and the words they stand for."""
        known: dict[str, int] = {}
        parts = [np.empty(0, np.int32)]
        for batch in self.batches([name]):
            used, at = np.unique(batch.column(0).indices.to_numpy(), return_inverse=True)
            words = batch.column(0).dictionary.take(pa.array(used)).to_pylist()
            parts.append(np.array([known.setdefault(word, len(known)) for word in words], np.int32)[at])
        return pd.Categorical.from_codes(np.concatenate(parts), pd.Index(list(known), dtype=object))

    def counted(self, *names: str) -> Counter[tuple[Any, ...]]:
        """How often each combination of some fields occurs, in order of appearance."""
        found: Counter[tuple[Any, ...]] = Counter()
        for batch in self.batches(names):
            found.update(zip(*(column.to_pylist() for column in batch.columns), strict=True))
        return found

    def repeated(
        self, name: str, also: Sequence[str] = ("clip_id",), fold: Callable[[str], str] = str
    ) -> dict[str, list[tuple[Any, ...]]]:
        """Words that are the same in several rows once folded, but for empty ones. Memory is eight bytes a row.

        Args:
            name: a column of words that hardly ever repeat.
            also: fields that are told of each such row.
            fold: how words are compared.

        Returns:
            Folded word to one tuple of the `also` fields a row.
        """
        hashes = [np.empty(0, np.uint64), *(_hashes(batch.column(0), fold) for batch in self.batches([name]))]
        ranked = np.concatenate(hashes)
        ranked.sort()
        twice = np.unique(ranked[1:][ranked[1:] == ranked[:-1]])
        found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        if not len(twice):
            return found
        for marks, batch in zip(hashes[1:], self.batches(list(dict.fromkeys((name, *also)))), strict=True):
            some = batch.filter(pa.array(np.isin(marks, twice)))
            told = zip(*(some.column(field).to_pylist() for field in also), strict=True)
            for word, fields in zip(some.column(name).to_pylist(), told, strict=True):
                if word:
                    found[fold(word)].append(fields)
        return {word: rows for word, rows in found.items() if len(rows) > 1}  # hashes may collide


def _hashes(column: pa.Array, fold: Callable[[str], str]) -> npt.NDArray[np.uint64]:
    words = np.array([fold(word) for word in column.to_pylist()], object)
    return np.asarray(pd.util.hash_array(words, categorize=False), np.uint64)


class Held(Rows):
    """Rows in memory.

    Args:
        table: with the columns of `manifest.SCHEMA`.
    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._table)

    def batches(self, names: Sequence[str] = _ALL) -> Iterator[pa.RecordBatch]:
        """Parts of the table; nothing is copied."""
        yield from self._table.select(list(names)).to_batches(manifest.BATCH)

    def where(self, keep: npt.NDArray[np.bool_]) -> Held:
        """A table of the rows that are kept."""
        return Held(self._table.filter(pa.array(keep)))


class Stored(Rows):
    """Rows that stay in a manifest; each question reads the columns that it needs, piece by piece.

    Args:
        path: the Parquet file.
        root: what its file names are relative to.
        keep: which of its rows are meant; all where it is None.
    """

    def __init__(self, path: Path, root: Path, keep: npt.NDArray[np.bool_] | None = None) -> None:
        self._path, self._root = path, root
        self._keep = np.ones(pq.read_metadata(path).num_rows, np.bool_) if keep is None else keep

    def __len__(self) -> int:
        """Number of rows that are meant."""
        return int(self._keep.sum())

    def batches(self, names: Sequence[str] = _ALL) -> Iterator[pa.RecordBatch]:
        """Rows as they are read, without those that are not meant."""
        at = 0
        for batch in manifest.stored_batches(self._path, names):
            keep = self._keep[at : at + len(batch)]
            at += len(batch)
            if keep.any():
                some = batch if keep.all() else batch.filter(pa.array(keep))
                yield manifest.complete(some, self._paths(some), names=names)

    def _paths(self, batch: pa.RecordBatch) -> list[str]:
        if manifest.FILE_NAME not in batch.schema.names:
            return []
        return [f"{self._root}/{name}" for name in batch.column(manifest.FILE_NAME).to_pylist()]

    def where(self, keep: npt.NDArray[np.bool_]) -> Stored:
        """The same file, with fewer rows meant."""
        chosen = self._keep.copy()
        chosen[self._keep] = keep
        return Stored(self._path, self._root, chosen)

    def lifted(self) -> Held:
        """The rows in memory."""
        return Held(pa.Table.from_batches(self.batches(), manifest.SCHEMA).unify_dictionaries().combine_chunks())
