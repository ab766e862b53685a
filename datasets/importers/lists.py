"""The lists of a corpus: read row by row, kept on disk, looked up by key."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tellbench.datasets.files import read_json
from tellbench.datasets.importers.findings import Findings
from tellbench.datasets.importers.layout import Layout, ListFile
from tellbench.errors import InputError

Row = Mapping[str, str]
_CHUNK: Final = 1 << 20
_BETWEEN: Final = tuple(" \t\r\n,")


class Blank(dict[str, str]):
    """Values of a template; what is unknown is empty."""

    def __missing__(self, key: str) -> str:
        return ""


def fill(template: str, values: Row) -> str:
    """The template with its `{names}` replaced; unknown names are empty."""
    return template.format_map(Blank(values))


class Lookup:
    """Rows of all lists in a temporary database on disk, so that lists of millions take no memory."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._base = sqlite3.connect("")
        self._base.execute(
            "CREATE TABLE row (list, key, fields, used DEFAULT 0, PRIMARY KEY (list, key)) WITHOUT ROWID"
        )
        self._lists: dict[str, ListFile] = {}
        self._last: tuple[tuple[str, str], Row | None] = (("", ""), None)

    def load(self, spec: ListFile, files: Sequence[tuple[Path, Row]]) -> None:
        """Read every file of a list; the values of its name go into each row.

        Raises:
            InputError: a file is broken, or a name in it leaves the corpus folder.
        """
        self._lists[spec.name] = spec
        for path, named in files:
            for row in READERS[spec.format](path, spec, self._findings):
                values = {**row, **named, **spec.fields}
                key = clean(fill(spec.key, values), path, spec.fold)
                self._add(spec, spec.strip.sub("", key, count=1) if spec.strip.match(key) else key, values)

    def _add(self, spec: ListFile, key: str, values: Row) -> None:
        fields = json.dumps(values, sort_keys=True)
        made = self._base.execute("INSERT OR IGNORE INTO row VALUES (?, ?, ?, 0)", (spec.name, key, fields))
        if made.rowcount:
            return
        (before,) = self._base.execute("SELECT fields FROM row WHERE list = ? AND key = ?", (spec.name, key)).fetchone()
        if before != fields:
            old = json.loads(before)
            differ = [f"{name} {old.get(name)!r} and {new!r}" for name, new in values.items() if old.get(name) != new]
            self._findings.add("listed twice, differently (the first holds)", f"{key}: {', '.join(differ)}")

    def get(self, name: str, key: str) -> Row | None:
        """The row of a key; None where the list has none, or was not given."""
        if name not in self._lists:
            return None
        wanted = (name, key.casefold() if self._lists[name].fold else key)
        if wanted != self._last[0]:  # rules of one file ask for the same row
            found = self._base.execute("SELECT fields FROM row WHERE list = ? AND key = ?", wanted).fetchone()
            self._base.execute("UPDATE row SET used = 1 WHERE list = ? AND key = ?", wanted)
            self._last = (wanted, None if found is None else json.loads(found[0]))
        return self._last[1]

    def given(self, name: str) -> bool:
        """Whether a list of this name was read."""
        return name in self._lists

    def tell_unused(self) -> None:
        """Note every row that no file asked for."""
        for name, key in self._base.execute("SELECT list, key FROM row WHERE NOT used ORDER BY list, key"):
            self._findings.add("listed, but no such file", f"{key} (list {name})")


def find(layout: Layout, roots: Sequence[Path], lists: Path | None, mode: str) -> dict[str, list[tuple[Path, Row]]]:
    """The files of each list, with the values in their names: first in the folder of lists, then under the roots.

    Raises:
        InputError: a list that is needed is missing.
    """
    found = {}
    for spec in layout.lists:
        places = [(root, name) for name in spec.files for root in roots]
        if lists is not None:
            places = [(lists, at) for name in spec.files for at in (name, name.rpartition("/")[2])] + places
        files = next((hits for root, name in places if len(hits := _matching(root, name)) >= spec.count), [])
        if files:
            found[spec.name] = files
        elif spec.needed == "always" or spec.needed == mode:
            instead = ", or ask for --splits disjoint" if spec.needed == "published" else ""
            raise InputError(
                f"{roots[0]}: list {spec.files[0]} is missing; it comes from {layout.home}: "
                f"put it there, or name its folder with --lists{instead}"
            )
    return found


def _matching(root: Path, template: str) -> list[tuple[Path, Row]]:
    parts = re.split(r"\{(\w+):([^}]*)\}", template)  # text, name, alternatives, text, ...
    glob, pattern = parts[0], re.escape(parts[0]).replace(r"\*", "[^/]*")
    for name, alternatives, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        glob += "*" + text
        pattern += f"(?P<{name}>{alternatives})" + re.escape(text).replace(r"\*", "[^/]*")
    hits: list[tuple[Path, Row]] = []
    for path in sorted(root.glob(glob)):
        relative = path.relative_to(root).as_posix()
        match = re.fullmatch(pattern, relative)
        if match and path.is_file():
            hits.append((path, {**match.groupdict(), "list_folder": relative.rpartition("/")[0]}))
    return hits


def clean(name: str, where: Path, fold: bool = False) -> str:
    """A name in a list with forward slashes.

    Raises:
        InputError: it is absolute or climbs out of its folder.
    """
    plain = name.strip().replace("\\", "/").removeprefix("./")
    if plain.startswith("/") or re.match(r"[A-Za-z]:/", plain) or ".." in plain.split("/"):
        raise InputError(f"{where}: name {name!r} leaves the corpus folder; names must be relative and stay inside")
    return plain.casefold() if fold else plain


def _pairs(path: Path, spec: ListFile, findings: Findings) -> Iterator[Row]:
    """JSON [["071", "054"], ...]: one row an item."""
    for pair in read_json(path):
        if not isinstance(pair, list) or len(pair) != 2:
            raise InputError(f'{path}: {str(pair)[:60]!r} is no pair; [["071", "054"], ...] is needed')
        yield from ({"item": str(item)} for item in pair)


def _lines(path: Path, spec: ListFile, findings: Findings) -> Iterator[Row]:
    """Text: the groups of the layout's `line` expression."""
    with _text(path) as stream:
        for number, line in enumerate(stream, 1):
            match = spec.line.fullmatch(line.strip())
            if match:
                yield {key: value or "" for key, value in match.groupdict().items()}
            elif line.strip():
                findings.add("line not understood", f"{path.name}:{number}: {line.strip()[:80]}")


def _csv(path: Path, spec: ListFile, findings: Findings) -> Iterator[Row]:
    """CSV with a header; `columns` replaces the header's names."""
    with _text(path) as stream:
        rows = csv.reader(stream)
        header = next(rows, [])
        columns = spec.columns or tuple(header)
        for number, row in enumerate(rows, 2):
            if row and len(row) < len(columns) - 1:
                findings.add("line not understood", f"{path.name}:{number}: {','.join(row)[:80]}")
            elif row:
                yield {name: value.strip() for name, value in zip(columns, row, strict=False)}


def _map(path: Path, spec: ListFile, findings: Findings) -> Iterator[Row]:
    """JSON {item: {field: value}}, nested fields joined by `_`."""
    value = read_json(path)
    value = value.get(spec.at) if spec.at and isinstance(value, dict) else value
    if not isinstance(value, dict):
        raise InputError(f"{path}: not an object of clips; download it again")
    for item, fields in value.items():
        yield {**flat(fields), "item": str(item)}


def _list(path: Path, spec: ListFile, findings: Findings) -> Iterator[Row]:
    """JSON [{field: value}, ...], read piece by piece."""
    yield from map(flat, iter_array(path))


READERS: Final[Mapping[str, Callable[[Path, ListFile, Findings], Iterator[Row]]]] = {
    "pairs": _pairs,
    "lines": _lines,
    "csv": _csv,
    "map": _map,
    "list": _list,
}
"""How each format becomes rows."""


def flat(fields: Any, before: str = "") -> dict[str, str]:
    """A JSON object as texts: nested names joined by `_`, lists as JSON, null empty."""
    texts: dict[str, str] = {}
    for key, value in fields.items() if isinstance(fields, dict) else ():
        if isinstance(value, dict):
            texts |= flat(value, f"{before}{key}_")
        elif isinstance(value, str):
            texts[before + key] = value
        else:
            texts[before + key] = "" if value is None else json.dumps(value)
    return texts


def iter_array(path: Path) -> Iterator[Any]:
    """The items of a JSON array, one after the other; memory is about one item.

    Raises:
        InputError: not a JSON array, or cut short.
    """
    decoder = json.JSONDecoder()
    with _text(path) as stream:
        text = stream.read(_CHUNK).lstrip()
        if not text.startswith("["):
            raise InputError(f"{path}: not a JSON array; download it again")
        at = 1
        while True:
            while text[at : at + 1] in _BETWEEN:
                at += 1
            if text.startswith("]", at):
                return
            try:
                item, at = decoder.raw_decode(text, at)
            except ValueError as error:
                more = stream.read(_CHUNK)
                if not more:
                    raise InputError(f"{path}: JSON array is cut short; download it again") from error
                text, at = text[at:] + more, 0
                continue
            yield item


def _text(path: Path) -> Any:
    try:
        return path.open(encoding="utf-8-sig", newline="", errors="replace")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the file") from error
