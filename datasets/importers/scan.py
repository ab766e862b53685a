"""Files under the roots become clips, by the first rule of the layout that fits each."""

from __future__ import annotations

import dataclasses
import os
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tellbench.datasets.clip import FORGED, SPLITS, Clip
from tellbench.datasets.corpus import MEDIA
from tellbench.datasets.files import read_json
from tellbench.datasets.importers.findings import Findings
from tellbench.datasets.importers.layout import Layout, Rule
from tellbench.datasets.importers.lists import Lookup, Row, fill, flat

Only = Mapping[str, frozenset[str]]
"""Clip field to the values that are wanted; a wanted generator concerns forged clips alone."""

_KINDS: Final = {
    field.name: {"int": int, "float": float}.get(str(field.type), str) for field in dataclasses.fields(Clip)
}


def mounts(roots: Sequence[Path]) -> dict[str, Path]:
    """Name in the corpus folder to the root that it stands for: `media`, `media2`, ..."""
    return {MEDIA + (str(number) if number > 1 else ""): root for number, root in enumerate(roots, 1)}


def walk(root: Path, findings: Findings) -> Iterator[list[str]]:
    """Relative names of the visible files of each folder, in a fixed order; links are followed, once."""
    seen: set[tuple[int, int]] = set()
    for folder, below, files in os.walk(root, followlinks=True):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            findings.add("folder linked twice", folder)
            below.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        below[:] = sorted(name for name in below if not name.startswith("."))
        at = Path(folder).relative_to(root).as_posix()
        yield [name if at == "." else f"{at}/{name}" for name in sorted(files) if not name.startswith(".")]


def scan(layout: Layout, roots: Sequence[Path], lookup: Lookup, findings: Findings, only: Only) -> Iterator[Clip]:
    """Every clip under the roots, in a fixed order; its path is relative to the corpus folder to be made.

    Files that fit no rule are told in `findings`, and so is whatever a list contradicts.
    """
    ids = _Ids(findings)
    for mount, root in mounts(roots).items():
        for names in walk(root, findings):
            folders: set[str] = set()  # pictures of one clip lie side by side
            for name in names:
                found = _match(layout, root, name, lookup)
                if found is None:
                    if not any(pattern.fullmatch(name) for pattern in layout.ignore):
                        findings.add("file that fits no rule", name)
                    continue
                rule, values = found
                unit = values["folder"] if rule.folder else name
                if unit in folders:
                    continue
                folders.add(unit)
                joined = _joined(layout, rule, values, lookup, findings)
                fields = _fields(layout, rule, joined, unit, findings)
                fields["clip_id"] = ids.unique(fields["clip_id"], unit)
                clip = Clip(path=Path(mount, unit), **fields)
                if _wanted(clip, only):
                    yield clip


def _match(layout: Layout, root: Path, name: str, lookup: Lookup) -> tuple[Rule, dict[str, str]] | None:
    for rule in layout.rules:
        match = rule.match.fullmatch(name)
        if match is None:
            continue
        folder, _, file = name.rpartition("/")
        groups = {key: value or "" for key, value in match.groupdict().items()}
        values = {**groups, "path": name, "folder": folder, "stem": file.rpartition(".")[0]}
        listed = _rows(rule, values, lookup)
        values = values if listed else {**_sidecar(rule, root, values), **values}
        if all(pattern.fullmatch({**listed, **values}.get(key, "")) for key, pattern in rule.when.items()):
            return rule, values
    return None


def _rows(rule: Rule, values: Row, lookup: Lookup) -> Row:
    """Whatever the lists say of a clip, agreeing or not."""
    rows = [lookup.get(name, fill(key, values)) for name, keys in rule.look_up.items() for key in keys]
    return {key: value for row in rows if row for key, value in row.items()}


def _joined(layout: Layout, rule: Rule, values: Row, lookup: Lookup, findings: Findings) -> Row:
    """The values of a name and of its lists, where the rows of all its people agree."""
    known: dict[str, str] = {}
    complete = {spec.name: spec.complete for spec in layout.lists}
    for name, templates in rule.look_up.items():
        if not lookup.given(name):
            continue
        rows = [lookup.get(name, fill(template, values)) for template in templates]
        present = [row for row in rows if row is not None]
        if len(present) < len(rows) and complete[name]:
            findings.add(f"not in list {name}", values["path"])
        if len(present) == len(rows):
            known |= {key: value for key, value in present[0].items() if all(row.get(key) == value for row in present)}
            if len({row.get("split") for row in present}) > 1:
                findings.add("people of different splits", values["path"])
    for key, wanted in rule.expect.items():
        if known.get(key, wanted) != wanted:
            findings.add("list contradicts folder (the folder holds)", f"{values['path']}: {key} {known[key]!r}")
    return {**known, **values}


def _sidecar(rule: Rule, root: Path, values: Row) -> Row:
    paths = (root / fill(template, values) for template in rule.sidecar)
    path = next((path for path in paths if path.is_file()), None)
    return flat(read_json(path)) if path else {}


def _fields(layout: Layout, rule: Rule, values: Row, unit: str, findings: Findings) -> dict[str, Any]:
    """Fields of the clip that the file (or folder) `unit` is."""
    fields: dict[str, Any] = {"dataset": layout.name, "label": rule.label}
    for name, template in rule.fields.items():
        text = fill(template, values)
        text = layout.values.get(name, {}).get(text, text)
        try:
            fields[name] = _KINDS[name](text) if text or _KINDS[name] is str else _KINDS[name](0)
        except ValueError:
            findings.add("value not understood", f"{unit}: {name} {text!r}")
    if fields.get("split", "") not in ("", *SPLITS):
        findings.add("unknown split", f"{unit}: {fields['split']!r}")
        fields["split"] = ""
    if rule.label == FORGED:
        fields["generator"] = fields.get("generator") or layout.name
    plain = unit if rule.folder else unit.rpartition(".")[0]
    fields["clip_id"] = re.sub(r"[^\w.+=~-]", "_", (fields.get("clip_id") or plain).replace("/", "-"))
    return fields


def _wanted(clip: Clip, only: Only) -> bool:
    return all(
        str(getattr(clip, field)) in values or (field == "generator" and clip.label != FORGED)
        for field, values in only.items()
    )


class _Ids:
    """Clip ids that were given; kept on disk, so that millions take no memory."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._base = sqlite3.connect("")
        self._base.execute("CREATE TABLE id (id PRIMARY KEY, file) WITHOUT ROWID")

    def unique(self, clip_id: str, file: str) -> str:
        """The id itself, or with a number where another file has it."""
        number, given = 1, clip_id
        while not self._base.execute("INSERT OR IGNORE INTO id VALUES (?, ?)", (given, file)).rowcount:
            number, given = number + 1, f"{clip_id}~{number + 1}"
        if number > 1:
            (other,) = self._base.execute("SELECT file FROM id WHERE id = ?", (clip_id,)).fetchone()
            self._findings.add("same name twice (both are kept)", f"{file} and {other}")
        return given
