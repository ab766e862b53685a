"""What the files themselves say: size, rate, length, hash, and whether they are whole."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import av

from tellbench.datasets.files import sha256
from tellbench.datasets.pictures import pictures_digest
from tellbench.datasets.video import probe
from tellbench.errors import InputError

Facts = dict[str, Any]
"""Fields of a clip."""
NOTHING: Final[Facts] = {
    "sha256": "",
    "width": 0,
    "height": 0,
    "fps": 0.0,
    "n_frames": 0,
    "duration_s": 0.0,
    "status": "ok",
}
"""Facts before a file is opened."""


def facts(path: Path) -> Facts:
    """Fields of a clip that its file tells; `status` says why where it cannot be read to its end."""
    digest = ""
    try:
        digest = pictures_digest(path) if path.is_dir() else sha256(path)
        info = probe(path)
        if path.is_file():
            _check_whole(path)
    except (InputError, OSError) as error:
        reason = str(error).removeprefix(f"{path}: ").partition(";")[0]
        return {**NOTHING, "sha256": digest, "status": f"corrupt: {reason}"}
    return {
        **NOTHING,
        "sha256": digest,
        "width": info.width,
        "height": info.height,
        "fps": info.fps,
        "n_frames": info.n_frames,
        "duration_s": info.n_frames / info.fps,
    }


def _check_whole(path: Path) -> None:
    """Read every coded picture, without decoding: a file that is cut short says so here.

    Raises:
        InputError: fewer pictures than the container promises.
    """
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            promised, found = stream.frames, sum(1 for packet in container.demux(stream) if packet.size)
    except (av.FFmpegError, ValueError) as error:
        raise InputError(f"{path}: not a readable video ({error})") from error
    if found < promised:
        raise InputError(f"{path}: cut short ({found} of {promised} frames)")


class FactsKept:
    """Facts of files that were looked at before, so that an interrupted import goes on where it stopped."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        """Open the file, or make it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._base = sqlite3.connect(self._path)
        self._base.execute("CREATE TABLE IF NOT EXISTS facts (name PRIMARY KEY, stamp, facts)")
        return self

    def get(self, name: str, stamp: str) -> Facts | None:
        """Facts of a file whose size and time are as they were."""
        row = self._base.execute("SELECT facts FROM facts WHERE name = ? AND stamp = ?", (name, stamp)).fetchone()
        return dict(json.loads(row[0])) if row else None

    def put(self, rows: list[tuple[str, str, Facts]]) -> None:
        """Keep facts of some files."""
        texts = [(name, stamp, json.dumps(found)) for name, stamp, found in rows]
        self._base.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", texts)
        self._base.commit()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it; it goes once everything is done."""
        self._base.close()
        if kind is None:
            self._path.unlink()


def stamp(path: Path) -> str:
    """Size and time of last change; of a folder, of its own entry."""
    status = path.stat()
    return f"{status.st_size}:{status.st_mtime_ns}"
