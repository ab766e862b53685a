"""What every export format offers, and what they share: a folder that is theirs, and names that are safe."""

from __future__ import annotations

import hashlib
import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar, Final

from tellbench._version import __version__
from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import MANIFEST, Corpus
from tellbench.datasets.files import read_json, sha256, write_json
from tellbench.errors import InputError

RECORD: Final = "export.json"
"""In the folder of an export: of which corpus it is and with which options; the same ones resume it."""
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]+")


class Exporter(ABC):
    """One export format. The constructor stores its keyword arguments, which are the options."""

    name: ClassVar[str]

    def export(self, corpus: Corpus, out: Path, on_clip: Callable[[], None] | None = None) -> tuple[str, ...]:
        """Write the corpus in this format, or finish an export that was interrupted.

        Args:
            corpus: what to export.
            out: a folder for this export alone.
            on_clip: called after each clip (for progress).

        Returns:
            Lines to tell the user: what is where, and what the receiving tool needs.

        Raises:
            InputError: `out` holds something else, or the corpus lacks what the format needs.
        """
        claim(out, {"format": self.name, "options": self.options(), "corpus": sha256(corpus.root / MANIFEST)})
        return self.write(corpus, out, on_clip or (lambda: None))

    @abstractmethod
    def write(self, corpus: Corpus, out: Path, on_clip: Callable[[], None]) -> tuple[str, ...]:
        """Write into `out`, which is this export's; parts that are already there are whole and stay."""

    def options(self) -> dict[str, Any]:
        """The constructor's keywords and values, as JSON."""
        values = {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}
        return {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}


def claim(out: Path, record: dict[str, Any]) -> None:
    """Take a folder for an export, or refuse it.

    Raises:
        InputError: it is a file, or holds another export or other files.
    """
    mine = {"tellbench": __version__, **record}
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; choose a folder for --out")
    if (out / RECORD).is_file():
        if read_json(out / RECORD) != mine:
            raise InputError(
                f"{out} holds another export (its {RECORD} differs); choose another --out or delete the folder"
            )
        return
    if out.is_dir() and any(out.iterdir()):
        raise InputError(f"{out} is not empty and holds no export of this corpus; choose another --out or empty it")
    write_json(out / RECORD, mine)


def readable(corpus: Corpus) -> tuple[Corpus, tuple[str, ...]]:
    """The clips whose file can be read, and a line on those that an import found corrupt."""
    corrupt = [clip.clip_id for clip in corpus if clip.status != "ok"]
    if not corrupt:
        return corpus, ()
    named = ", ".join(corrupt[:5]) + (", ..." if len(corrupt) > 5 else "")
    return corpus.where(lambda clip: clip.status == "ok"), (
        f"left out {len(corrupt)} clips that cannot be read: {named}",
    )


def folder_names(clips: Iterable[Clip]) -> dict[str, str]:
    """A name for each clip id that is safe as a folder, in a tar and in JSON: letters, digits, - and _.

    >>> folder_names(Clip(clip_id=name, path=Path(), label=0) for name in ("a-1", "../a"))
    {'a-1': 'a-1', '../a': '_a_61b4c98b'}
    """
    return {clip.clip_id: _safe(clip.clip_id) for clip in clips}


def _safe(clip_id: str) -> str:
    """The id itself where it is safe; else its safe part with a hash of all of it, so that no two become one."""
    name = _UNSAFE.sub("_", clip_id)
    return name if name and name == clip_id else f"{name}_{hashlib.sha256(clip_id.encode()).hexdigest()[:8]}"
