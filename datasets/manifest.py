"""The manifest as columns: one row a clip, words that repeat held once, so that a million clips stay small."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tellbench.datasets.clip import FORGED, SPLITS, UNLABELLED, Clip
from tellbench.datasets.files import atomic_path

BATCH: Final = 8192
"""Rows turned into clips, or written, at once (assumption: a few megabytes)."""
SHARED_KEY: Final = b"tellbench.shared"
"""Entry of the Parquet file's metadata: what may recur in several splits, separated by commas."""
FILE_NAME: Final = "file_name"
"""Column that names a clip's file, relative to the corpus folder; Hugging Face's VideoFolder reads it."""
_GROUP: Final = 4 * BATCH
"""Rows of a row group, which readers take up at once."""
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
_DEFAULTS: Final = {field.name: field.default for field in dataclasses.fields(Clip)}


def from_clips(clips: Iterable[Clip]) -> pa.Table:
    """Clips as columns; beside them, few clips are in memory at once."""
    rest = iter(clips)
    parts = iter(lambda: list(itertools.islice(rest, BATCH)), [])
    return pa.concat_tables([SCHEMA.empty_table(), *map(_table, parts)])


def _table(clips: Sequence[Clip]) -> pa.Table:
    columns = zip(*map(attrgetter(*SCHEMA.names), clips), strict=True)
    arrays = []
    for name, values in zip(SCHEMA.names, columns, strict=True):
        plain = pa.array([str(v) for v in values] if name == "path" else values, _ON_DISK.field(name).type)
        arrays.append(plain.cast(SCHEMA.field(name).type))
    return pa.table(arrays, SCHEMA)


def iter_clips(batch: pa.RecordBatch | pa.Table) -> Iterator[Clip]:
    """Columns as clips."""
    names = batch.schema.names
    for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
        fields = dict(zip(names, values, strict=True))
        fields["path"] = Path(fields["path"])
        yield Clip(**fields)


def first_broken(batch: pa.RecordBatch) -> int | None:
    """Index of the first row that breaks an invariant of `Clip`."""
    label, split = batch.column("label").to_numpy(), np.array(batch.column("split").to_pylist(), object)
    broken = (label < UNLABELLED) | (label > FORGED) | ~np.isin(split, ["", *SPLITS])
    for name in ("width", "height", "n_frames", "fps"):
        size = batch.column(name).to_numpy()
        broken |= ~((size >= 0) & (size < float("inf")))
    return int(broken.argmax()) if broken.any() else None


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
    kinds = {"clip_id": pa.string(), FILE_NAME: pa.string(), **{f.name: f.type for f in _ON_DISK if f.name != "path"}}
    schema = pa.schema(list(kinds.items()), {SHARED_KEY: ",".join(shared)} if shared else None)
    start = "" if root == Path() else f"{root}/"
    held: list[pa.RecordBatch] = []

    def flush() -> None:
        if held:
            file.write_table(pa.Table.from_batches(held, schema))
        held.clear()

    def write(rows: pa.Table | pa.RecordBatch) -> None:
        for batch in rows.to_batches(BATCH) if isinstance(rows, pa.Table) else (rows,):
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            names = [_relative(path, start, root) for path in columns["path"].to_pylist()]
            columns[FILE_NAME] = pa.array(names, pa.string())
            held.append(pa.record_batch([columns[f.name].cast(f.type) for f in schema], schema=schema))
            if sum(map(len, held)) >= _GROUP:
                flush()

    with atomic_path(path) as part, pq.ParquetWriter(part, schema) as file:
        yield write
        flush()


def _relative(path: str, start: str, root: Path) -> str:
    return path.removeprefix(start) if path.startswith(start) else Path(path).relative_to(root).as_posix()


def header(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Columns of a manifest, and what may recur in several splits.

    Raises:
        OSError: not a readable file.
        ValueError: not Parquet (`pyarrow.ArrowInvalid`).
    """
    stored = pq.read_schema(path)
    shared = (stored.metadata or {}).get(SHARED_KEY, b"").decode()
    return tuple(stored.names), tuple(filter(None, shared.split(",")))


def stored_batches(path: Path, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Rows as they are in the file, `BATCH` at once: what it has of the columns asked for, `file_name` for `path`."""
    stored = pq.read_schema(path).names
    words = [name for name in stored if name in SCHEMA.names and SCHEMA.field(name).type == _WORDS]
    wanted = [FILE_NAME if name == "path" else name for name in names]
    wanted = [name for name in wanted if name in stored] or [FILE_NAME]  # a column there is tells the number of rows
    with pq.ParquetFile(path, read_dictionary=words) as file:
        yield from file.iter_batches(BATCH, columns=wanted)


def complete(
    stored: pa.RecordBatch,
    paths: Sequence[str],
    replaced: Mapping[str, Any] | None = None,
    names: Sequence[str] = tuple(SCHEMA.names),
) -> pa.RecordBatch:
    """Stored rows with the columns of `SCHEMA`, or some of them: absent ones get their default, unknown ones go.

    Args:
        stored: rows as they are in the file.
        paths: the files, which take the place of `file_name`.
        replaced: columns to take instead of the stored ones.
        names: the columns wanted.

    Raises:
        ValueError: a column has values of another kind (`pyarrow.ArrowInvalid`), or empty cells where a clip needs one.
    """
    given = {"path": paths, **(replaced or {})}
    columns = []
    for name in names:
        plain, kind = _ON_DISK.field(name).type, SCHEMA.field(name).type
        if name in given:
            values = pa.array(given[name], plain)
        elif name in stored.schema.names:
            values = _filled(name, stored.column(name))
        else:
            values = pa.repeat(pa.scalar(_DEFAULTS[name], plain), len(stored))
        columns.append(values if values.type == kind else values.cast(plain).cast(kind))
    return pa.record_batch(columns, schema=pa.schema([SCHEMA.field(name) for name in names]))


def _filled(name: str, values: pa.Array) -> pa.Array:
    """Empty cells with the default in them."""
    if not values.null_count:
        return values
    if _DEFAULTS[name] is dataclasses.MISSING:
        raise ValueError(f"column {name!r} has empty cells")
    return values.cast(_ON_DISK.field(name).type).fill_null(_DEFAULTS[name])
