"""What a layout file says: which files are clips, what their names mean, which lists belong to them, and the counts.

A layout is a YAML file in `layouts/`; `docs/importing.md` describes its keys. Templates are filled with the groups of
the regular expression that matched, the fields of the lists that were looked up, and `path`, `folder` and `stem`.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

import yaml

from tellbench.datasets.clip import FIELDS
from tellbench.errors import InputError

MODES: Final = ("published", "disjoint", "test")
"""Where splits come from: the corpus's own, dealt anew so that no linked people cross, or everything is test."""

Names = Mapping[str, str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rule:
    """Which files are clips of one kind, and what their names say."""

    match: re.Pattern[str]
    """Of the whole relative path, with forward slashes."""
    label: int
    fields: Names
    """Clip field to template."""
    when: Mapping[str, re.Pattern[str]]
    """The rule holds only where these values match, such as a label that a list gives."""
    look_up: Mapping[str, tuple[str, ...]]
    """List to the templates of the keys whose rows belong to the clip; rows of several keys must agree."""
    expect: Names
    """Value that a list must not contradict, such as its own label of a clip."""
    sidecar: tuple[str, ...]
    """Templates of JSON files with more values, the first that exists is read."""
    folder: bool
    """The file is one picture of a clip; the clip is its folder."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ListFile:
    """A file of the corpus that says something about clips: splits, labels, methods."""

    name: str
    files: tuple[str, ...]
    """Alternatives: relative paths with `*`, and `{name:a|b}` for a part that becomes a value."""
    format: str
    """`pairs`, `lines`, `csv`, `map` or `list`; see `lists`."""
    key: str
    """Template of the key by which rules look a row up."""
    at: str
    """Key of the JSON object that holds the rows; the whole file where empty."""
    line: re.Pattern[str]
    columns: tuple[str, ...]
    """Names of CSV columns where the header is not to be trusted."""
    needed: str
    """`always`, `published` (for published splits only) or `never`."""
    count: int
    """How many files of this list there must be."""
    complete: bool
    """Every clip that looks itself up must be in the list."""
    fold: bool
    """Keys agree whatever their case."""
    strip: re.Pattern[str]
    """What is taken off the start of every key."""
    fields: Names
    """Values of every row, such as the split that a list stands for."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layout:
    """All that is known of how a published corpus lies on disk."""

    name: str
    title: str
    home: str
    """Where the corpus and its lists come from."""
    example: str
    """One path as it must be found under the root."""
    splits: str
    """The mode of `MODES` that is used where none is asked for."""
    group_by: tuple[str, ...]
    """Clip fields that keep clips together in dealt splits."""
    rules: tuple[Rule, ...]
    lists: tuple[ListFile, ...]
    ignore: tuple[re.Pattern[str], ...]
    """Files that belong to the corpus and are no clips: masks, sound, lists."""
    values: Mapping[str, Names]
    """Clip field to replacements of what its template gave."""
    published: Mapping[str, Mapping[str, Mapping[str, int]]]
    """Data set, then split or `all`, then kind (see `census`), to the published number of clips."""
    notes: tuple[str, ...]
    """What a person must know before using it."""


def names() -> tuple[str, ...]:
    """Every layout that ships."""
    files = resources.files("tellbench.datasets.importers").joinpath("layouts").iterdir()
    return tuple(sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml")))


@functools.cache
def load_layout(name: str) -> Layout:
    """A layout by name.

    Raises:
        InputError: the name is unknown (near names are offered).
    """
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names())}"
        raise InputError(f"unknown layout {name!r}; {hint} (`tellbench import list` shows them)")
    text = resources.files("tellbench.datasets.importers").joinpath("layouts", f"{name}.yaml").read_text("utf-8")
    return parse(name, text)


def parse(name: str, text: str) -> Layout:
    """A layout from its YAML text.

    Raises:
        InputError: not YAML, an unknown key, or a broken regular expression.
    """
    try:
        raw = yaml.safe_load(text)
        return Layout(
            name=name,
            title=raw["title"],
            home=raw["home"],
            example=raw["example"],
            splits=raw["splits"],
            group_by=tuple(raw.get("group_by", ("identity_id", "donor_id", "driver_id", "speech_id"))),
            rules=tuple(_rule({**raw.get("fields", {}), **rule}) for rule in raw["rules"]),
            lists=tuple(_list(key, value) for key, value in raw.get("lists", {}).items()),
            ignore=tuple(re.compile(pattern) for pattern in raw.get("ignore", ())),
            values={field: _texts(pairs) for field, pairs in raw.get("values", {}).items()},
            published=raw.get("published", {}),
            notes=tuple(raw.get("notes", ())),
        )
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, re.error) as error:
        raise InputError(f"layout {name!r}: {error}; see docs/importing.md for the keys of a layout") from error


_RESERVED: Final = ("match", "label", "when", "look_up", "expect", "sidecar", "folder")


def _rule(raw: dict[str, Any]) -> Rule:
    fields = {key: str(value) for key, value in raw.items() if key not in _RESERVED}
    unknown = [key for key in fields if key not in FIELDS]
    if unknown:
        raise InputError(f"layout rule {raw.get('match')!r}: {unknown[0]!r} is no field of a clip")
    return Rule(
        match=re.compile(raw["match"]),
        label=int(raw["label"]),
        fields=fields,
        when={key: re.compile(str(pattern)) for key, pattern in raw.get("when", {}).items()},
        look_up={key: _several(value) for key, value in raw.get("look_up", {}).items()},
        expect=_texts(raw.get("expect", {})),
        sidecar=_several(raw.get("sidecar", ())),
        folder=bool(raw.get("folder", False)),
    )


def _list(name: str, raw: dict[str, Any]) -> ListFile:
    return ListFile(
        name=name,
        files=_several(raw["files"]),
        format=raw["format"],
        key=raw["key"],
        at=raw.get("at", ""),
        line=re.compile(raw.get("line", "(?P<item>.+)")),
        columns=tuple(raw.get("columns", ())),
        needed=raw.get("needed", "published"),
        count=int(raw.get("count", 1)),
        complete=bool(raw.get("complete", False)),
        fold=bool(raw.get("fold", False)),
        strip=re.compile(raw.get("strip", "")),
        fields=_texts(raw.get("fields", {})),
    )


def _several(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _texts(pairs: Mapping[Any, Any]) -> Names:
    return {str(key): str(value) for key, value in pairs.items()}
