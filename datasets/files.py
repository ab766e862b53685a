"""Files that are either whole or absent, and names that stay inside their folder."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tellbench.errors import InputError

_READABLE: Final = 0o644


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path`; it takes the name when the block ends well and vanishes otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield part
        part.chmod(_READABLE)  # some writers make files that only their owner can read
        part.replace(path)
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror or error}; free space or choose another folder"
        ) from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary sibling folder that takes the name when the block ends well and vanishes otherwise.

    An existing `folder` is replaced only at the end.
    """
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        yield part
        if folder.exists():
            shutil.rmtree(folder)
        part.replace(folder)
    except OSError as error:
        raise InputError(
            f"cannot write {folder}: {error.strerror or error}; free space or choose another folder"
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON atomically; keys keep their order."""
    with atomic_path(path) as part:
        part.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        InputError: the file is absent or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; check the path") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable JSON ({error})") from error


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def inside(root: Path, name: str) -> Path:
    """`root / name`, refused when it would leave `root`.

    Raises:
        InputError: `name` is absolute or climbs out of `root`.
    """
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        raise _leaves(root, name)
    return root / name


def inside_all(root: Path, names: Sequence[str], linked: str = "") -> list[str]:
    """As `inside` for many names, each folder resolved once; folders whose name begins with `linked` may be links.

    Raises:
        InputError: a name is absolute or climbs out of `root`, or out of where a link leads.
    """
    checked: set[str] = set()
    for name in names:
        folder, _, last = name.rpartition("/")
        if linked and name.startswith(linked):
            if ".." in name.split("/"):
                raise _leaves(root, name)
        elif folder not in checked or last == ".." or (root / name).is_symlink():
            inside(root, name)
            checked.add(folder)
    return [f"{root}/{name}" for name in names]


def _leaves(root: Path, name: str) -> InputError:
    return InputError(f"file name {name!r} leaves its folder {root}; names must be relative and stay inside")
