"""The manifest as columns: one row a clip, words that repeat held once, so that a million clips stay small."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tellbench.datasets.clip import FORGED, SPLITS, UNLABELLED, Clip
from tellbench.datasets.files import atomic_path

BATCH: Final = 8192
"""Rows turned into clips, or written, at once (assumption: a few megabytes)."""
SHARED_KEY: Final = b"tellbench.shared"
"""Entry of the Parquet file's metadata: what may recur in several splits, separated by commas."""
_PLAIN: Final = {"str": pa.string(), "int": pa.int64(), "float": pa.float64(), "Path": pa.string()}
_DISTINCT: Final = ("clip_id", "path", "sha256")
"""Columns whose values hardly ever repeat."""
_WORDS: Final = pa.dictionary(pa.int32(), pa.string())


def _schema(repeating: pa.DataType) -> pa.Schema:
    fields = [(field.name, _PLAIN[str(field.type)]) for field in dataclasses.fields(Clip)]
    return pa.schema(
        [(name, repeating if kind == pa.string() and name not in _DISTINCT else kind) for name, kind in fields]
    )


SCHEMA: Final = _schema(_WORDS)
"""One column a field of `Clip`, as held in memory."""
_ON_DISK: Final = _schema(pa.string())


def from_clips(clips: Iterable[Clip]) -> pa.Table:
    """Clips as columns."""
    rows = list(map(attrgetter(*SCHEMA.names), clips))
    columns = zip(*rows, strict=True) if rows else [()] * len(SCHEMA)
    arrays = []
    for name, values in zip(SCHEMA.names, columns, strict=True):
        plain = pa.array([str(v) for v in values] if name == "path" else values, _ON_DISK.field(name).type)
        arrays.append(plain.cast(SCHEMA.field(name).type))
    return pa.table(arrays, SCHEMA)


def iter_clips(table: pa.Table) -> Iterator[Clip]:
    """Columns as clips, made one after the other."""
    names = table.column_names
    for batch in table.to_batches(BATCH):
        for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            fields = dict(zip(names, values, strict=True))
            fields["path"] = Path(fields["path"])
            yield Clip(**fields)


def first_broken(table: pa.Table) -> int | None:
    """Index of the first row that breaks an invariant of `Clip`."""
    label, split = table["label"].to_numpy(), categories(table["split"])
    sizes = [table[name].to_numpy() for name in ("width", "height", "n_frames", "fps")]
    broken = (label < UNLABELLED) | (label > FORGED) | ~split.isin(["", *SPLITS])
    for size in sizes:
        broken |= ~((size >= 0) & (size < float("inf")))
    return int(broken.argmax()) if broken.any() else None


def categories(column: pa.ChunkedArray) -> pd.Categorical:
    """A column of words as codes and the words they stand for."""
    whole = column.unify_dictionaries().combine_chunks() if len(column) else pa.array([], _WORDS)
    return pd.Categorical.from_codes(whole.indices.to_numpy(zero_copy_only=False), whole.dictionary.to_pylist())


@contextmanager
def writer(path: Path, root: Path, shared: Sequence[str] = ()) -> Iterator[Callable[[pa.Table], None]]:
    """Write a manifest piece by piece, atomically; memory does not grow with the number of rows.

    Args:
        path: the Parquet file.
        root: what file names are relative to.
        shared: what may recur in several splits.

    Yields:
        A function that appends rows with the columns of `SCHEMA`.
    """
    kinds = {"clip_id": pa.string(), "file_name": pa.string(), **{f.name: f.type for f in _ON_DISK if f.name != "path"}}
    schema = pa.schema(list(kinds.items()), {SHARED_KEY: ",".join(shared)} if shared else None)

    start = "" if root == Path() else f"{root}/"

    def write(table: pa.Table) -> None:
        for batch in table.to_batches(BATCH):
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            names = [_relative(path, start, root) for path in columns["path"].to_pylist()]
            columns["file_name"] = pa.array(names, pa.string())
            file.write_batch(pa.record_batch([columns[f.name].cast(f.type) for f in schema], schema=schema))

    with atomic_path(path) as part, pq.ParquetWriter(part, schema) as file:
        yield write


def _relative(path: str, start: str, root: Path) -> str:
    return path.removeprefix(start) if path.startswith(start) else Path(path).relative_to(root).as_posix()


def read(manifest: Path) -> tuple[pa.Table, tuple[str, ...]]:
    """The table as it is stored, and what may recur in several splits.

    Raises:
        OSError: not a readable file.
        ValueError: not Parquet (`pyarrow.ArrowInvalid`).
    """
    stored = pq.read_schema(manifest)
    words = [name for name in stored.names if name in SCHEMA.names and SCHEMA.field(name).type == _WORDS]
    shared = (stored.metadata or {}).get(SHARED_KEY, b"").decode()
    return pq.ParquetFile(manifest, read_dictionary=words).read(), tuple(filter(None, shared.split(",")))


def complete(stored: pa.Table, paths: Sequence[str], replaced: Mapping[str, Any] | None = None) -> pa.Table:
    """A stored table with the columns of `SCHEMA`: absent ones get their default, unknown ones go.

    Args:
        stored: rows as they are in the file.
        paths: the files, which take the place of `file_name`.
        replaced: columns to take instead of the stored ones.

    Raises:
        ValueError: a column has values of another kind (`pyarrow.ArrowInvalid`).
    """
    defaults = {field.name: field.default for field in dataclasses.fields(Clip)}
    given = {"path": paths, **(replaced or {})}
    columns = []
    for field in SCHEMA:
        plain = _ON_DISK.field(field.name).type
        if field.name in given:
            values = pa.array(given[field.name], plain)
        elif field.name in stored.column_names:
            values = stored[field.name].cast(plain)
        else:
            values = pa.repeat(pa.scalar(defaults[field.name]), len(stored))
        columns.append(values.cast(field.type))
    return pa.table(columns, SCHEMA)
