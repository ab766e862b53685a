"""WebDataset: tar shards to stream from; each sample is a video, its manifest row as JSON, and its label."""

from __future__ import annotations

import dataclasses
import io
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from tellbench.datasets.clip import SPLITS, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.exporters.base import Exporter, folder_names, readable
from tellbench.datasets.files import atomic_path
from tellbench.errors import InputError

SHARD_MB: Final = 256
"""Some hundred MB stream well and still divide among workers (assumption)."""


class WebDataset(Exporter):
    """Shards `SPLIT-000000.tar` for WebDataset and whatever reads tar files. The same corpus gives the same bytes.

    Args:
        shard_mb: megabytes of video after which a new shard begins.

    Raises:
        InputError: a size below 1.
    """

    name = "webdataset"

    def __init__(self, shard_mb: int = SHARD_MB) -> None:
        if shard_mb < 1:
            raise InputError(f"shards of {shard_mb} MB; at least 1 is needed")
        self.shard_mb = shard_mb

    def write(self, corpus: Corpus, out: Path, on_clip: Callable[[], None]) -> tuple[str, ...]:
        """Shard by shard; clips without a split go into `all`."""
        corpus, left_out = readable(corpus)
        _check(corpus)
        lines = []
        for split in (*SPLITS, ""):
            sizes = []
            for number, clips in enumerate(_shards((c for c in corpus if c.split == split), self.shard_mb * 1e6)):
                path = out / f"{split or 'all'}-{number:06d}.tar"
                if not path.is_file():
                    _pack(path, clips, folder_names(clips))
                for _ in clips:
                    on_clip()
                sizes.append(len(clips))
            if sizes:
                last = f"{len(sizes) - 1:06d}"
                lines.append(f"{sum(sizes)} clips: {out / (split or 'all')}-{{000000..{last}}}.tar")
        return (*lines, *left_out)


def _check(corpus: Corpus) -> None:
    """Refuse clips that are folders of pictures: a sample holds one video."""
    folder = next((clip for clip in corpus if clip.path.is_dir()), None)
    if folder is not None:
        raise InputError(f"clip {folder.clip_id!r} is a folder of pictures; WebDataset shards are made of video files")


def _shards(clips: Iterable[Clip], size: float) -> Iterator[list[Clip]]:
    """Clips in order, in lists that end with the clip that fills `size` bytes."""
    held: list[Clip] = []
    filled = 0
    for clip in clips:
        held.append(clip)
        filled += clip.path.stat().st_size
        if filled >= size:
            yield held
            held, filled = [], 0
    if held:
        yield held


def _pack(path: Path, clips: Iterable[Clip], names: dict[str, str]) -> None:
    """Write one shard atomically."""
    with atomic_path(path) as part, tarfile.open(part, "w") as tar:
        for clip in clips:
            row = {name: value for name, value in dataclasses.asdict(clip).items() if name != "path"}
            _add(tar, f"{names[clip.clip_id]}{clip.path.suffix.lower()}", clip.path.read_bytes())
            _add(tar, f"{names[clip.clip_id]}.json", json.dumps(row, sort_keys=True).encode())
            _add(tar, f"{names[clip.clip_id]}.cls", str(clip.label).encode())


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """One member with no owner and no date: `TarInfo`'s own are root and 1970."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))
