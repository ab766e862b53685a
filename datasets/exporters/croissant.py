"""Croissant 1.0 (MLCommons): JSON-LD that tells machines what a corpus holds and where its columns are."""

from __future__ import annotations

import datetime
import mimetypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from tellbench._version import __version__
from tellbench.datasets.card import CITATION, describe
from tellbench.datasets.corpus import MANIFEST, Corpus
from tellbench.datasets.exporters.base import Exporter
from tellbench.datasets.files import sha256, write_json
from tellbench.errors import InputError

FILE: Final = "croissant.json"
CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "conformsTo": "dct:conformsTo",
    **{
        term: f"cr:{term}"
        for term in (
            *("citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet"),
            *("format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet"),
            *("references", "regex", "repeated", "replace", "samplingRate", "separator", "source", "subField"),
            "transform",
        )
    },
}
"""The `@context` that the Croissant 1.0 specification prescribes."""
_TYPES: Final = {"string": "sc:Text", "large_string": "sc:Text", "double": "sc:Float", "int64": "sc:Integer"}
"""Data type of a Croissant field for a column of the manifest."""


class Croissant(Exporter):
    """One file, `croissant.json`, which points at the corpus where it lies; `out` may be the corpus itself.

    Args:
        license: of the corpus, a name or address; left out where empty.
        published: day of publication, as in 2026-01-31; left out where empty.

    Raises:
        InputError: a day that is none.
    """

    name = "croissant"

    def __init__(self, license: str = "", published: str = "") -> None:
        if published:
            _check_day(published)
        self.license, self.published = license, published

    def export(self, corpus: Corpus, out: Path, on_clip: Callable[[], None] | None = None) -> tuple[str, ...]:
        """Write the file; one that is there is replaced.

        Raises:
            InputError: `out` cannot be written to.
        """
        return self.write(corpus, out, on_clip or (lambda: None))

    def write(self, corpus: Corpus, out: Path, on_clip: Callable[[], None]) -> tuple[str, ...]:
        """Describe the corpus, with paths relative to `out`."""
        at = Path(os.path.relpath(corpus.root.resolve(), out.resolve()))
        known = {"license": self.license, "datePublished": self.published}
        write_json(out / FILE, {**metadata(corpus, at), **{name: value for name, value in known.items() if value}})
        for _ in corpus:
            on_clip()
        missing = [f"--{name}" for name, value in self.options().items() if not value]
        advice = f"; Croissant recommends {' and '.join(missing)}" if missing else ""
        return (f"{out / FILE}{advice}",)


def _check_day(text: str) -> None:
    try:
        datetime.date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"published {text!r}; a day such as 2026-01-31 is needed") from error


def metadata(corpus: Corpus, at: Path = Path()) -> dict[str, Any]:
    """The JSON-LD of a corpus that lies at `at`, as seen from the file that will hold it."""
    manifest = corpus.root / MANIFEST
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": corpus.root.resolve().name,
        "description": describe(corpus),
        "citeAs": CITATION,
        "version": __version__,
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "manifest",
                "name": MANIFEST,
                "contentUrl": (at / MANIFEST).as_posix(),
                "encodingFormat": "application/x-parquet",
                "sha256": sha256(manifest),
            },
            *(_file_set(kind, at) for kind in sorted({_kind(clip.path.relative_to(corpus.root)) for clip in corpus})),
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "clips",
                "name": "clips",
                "description": "One record a clip; file_name is its video, relative to the manifest.",
                "key": {"@id": "clips/clip_id"},
                "field": [_field(column.name, str(column.type)) for column in pq.read_schema(manifest)],
            }
        ],
    }


def _kind(file: Path) -> tuple[str, str, str]:
    """Top folder of a clip, `**/` where it lies deeper, and suffix."""
    return file.parts[0], "**/" if len(file.parts) > 2 else "", file.suffix


def _file_set(kind: tuple[str, str, str], at: Path) -> dict[str, Any]:
    folder, deeper, suffix = kind
    return {
        "@type": "cr:FileSet",
        "@id": f"{folder}{suffix}",
        "name": f"{folder}{suffix}",
        "encodingFormat": mimetypes.types_map.get(suffix.lower(), "application/octet-stream"),
        "includes": (at / folder / f"{deeper}*{suffix}").as_posix(),
    }


def _field(column: str, kind: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"clips/{column}",
        "name": column,
        "dataType": _TYPES.get(kind, "sc:Text"),
        "source": {"fileObject": {"@id": "manifest"}, "extract": {"column": column}},
    }
