"""From folders of a published corpus to a Tellbench corpus: survey first, then write."""

from __future__ import annotations

import dataclasses
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tellbench.datasets import manifest
from tellbench.datasets.card import write_data_card
from tellbench.datasets.clip import SPLITS, Clip
from tellbench.datasets.corpus import MANIFEST, Corpus
from tellbench.datasets.files import write_json
from tellbench.datasets.importers.census import Count, count, differences
from tellbench.datasets.importers.findings import Findings
from tellbench.datasets.importers.layout import MODES, Layout
from tellbench.datasets.importers.lists import Lookup, find
from tellbench.datasets.importers.media import NOTHING, FactsKept, facts, stamp
from tellbench.datasets.importers.scan import Only, mounts, scan, walk
from tellbench.datasets.rows import Rows, Stored
from tellbench.datasets.splits import KEYS, assign_to, overlaps_of
from tellbench.errors import InputError

FINDINGS: Final = "findings.csv"
RECORD: Final = "import.json"
_KEPT: Final = ".facts.sqlite"
_SIDE_BY_SIDE: Final = 1024
"""Clips that are looked into, and kept in case of an interruption, at once (assumption)."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be imported, and how."""

    layout: Layout
    roots: tuple[Path, ...]
    """Folders of the published corpus; a layout may need clips of a second one."""
    lists: Path | None = None
    """Folder of lists that do not lie under the roots."""
    splits: str = ""
    """One of `MODES`; the layout's own where empty."""
    only: Only = dataclasses.field(default_factory=dict)
    seed: int = 0
    """Of splits that are dealt."""

    @property
    def mode(self) -> str:
        """Where splits come from."""
        return self.splits or self.layout.splits


@dataclasses.dataclass(frozen=True, kw_only=True)
class Survey:
    """What was found, before anything is written."""

    wish: Wish
    staged: Path
    """Manifest without media facts, in a temporary folder."""
    split: npt.NDArray[np.int64]
    """Index in `SPLITS` of each clip, -1 for none."""
    counts: list[Count]
    differences: list[str]
    """Every published count that was not found."""
    findings: Findings
    shared: tuple[str, ...]
    """What recurs in several splits."""

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.split)


@contextmanager
def survey(wish: Wish) -> Iterator[Survey]:
    """Read names and lists, deal splits and count; no media file is opened and nothing is left behind.

    Raises:
        InputError: a root is absent or holds no clip, a needed list is missing or broken, or splits cannot be dealt.
    """
    _check(wish)
    findings = Findings()
    lookup = Lookup(findings)
    try:
        lists = find(wish.layout, wish.roots, wish.lists, wish.mode)
    except InputError:
        if any(_fits(wish.layout, name) for root in wish.roots for name in _some(root)):
            raise
        raise _nothing(wish) from None  # of two faults, that of the root comes first
    for spec in wish.layout.lists:
        if spec.name in lists:
            lookup.load(spec, lists[spec.name])
    with tempfile.TemporaryDirectory(prefix="tellbench-import-") as folder:
        staged = Path(folder, MANIFEST)
        _stage(scan(wish.layout, wish.roots, lookup, findings, wish.only), staged)
        lookup.tell_unused()
        rows = Stored(staged, Path())
        table = {name: rows.words(name) for name in (*KEYS, "split")}
        label = rows.numbers("label")
        if not len(label):
            raise _nothing(wish)
        if (label < 0).all() and wish.layout.lists:
            files = wish.layout.lists[0].files[0]
            raise InputError(
                f"{wish.roots[0]}: no clip has a label; is the list {files} there? name its folder by --lists"
            )
        split = _split(wish, table)
        if (n := int((split < 0).sum())) and wish.mode == "published":
            findings.counts["clips in no split"] += n
        shared = _tell_shared({**{key: table[key] for key in KEYS}, "split": _named(split)}, findings)
        counts = count(rows, split, wish.layout)
        yield Survey(
            wish=wish,
            staged=staged,
            split=split,
            counts=counts,
            differences=differences(counts, wish.layout, wish.mode, wish.only),
            findings=findings,
            shared=shared,
        )


def import_corpus(
    found: Survey,
    out: Path,
    *,
    copy: bool = False,
    check: bool = True,
    workers: int = 1,
    on_clips: Callable[[int], None] = lambda _n: None,
) -> Corpus:
    """Write the corpus folder; the manifest comes last, so that an interrupted import goes on where it stopped.

    Args:
        found: what `survey` found.
        out: the corpus folder.
        copy: copy the files into `out/media`; else `out/media` is a link to the root.
        check: open and hash every file; else sizes and hashes stay empty.
        workers: files read side by side.
        on_clips: called with the number of clips done since the last call.

    Raises:
        InputError: `out` holds a corpus, lies within a root, or cannot be written.
    """
    _check_place(found.wish, out)
    places = mounts(found.wish.roots)
    if not copy:
        _link(places, out)
    with (
        FactsKept(out / _KEPT) as kept,
        manifest.writer(out / MANIFEST, out, found.shared) as write,
        ThreadPoolExecutor(workers) as pool,
    ):
        at = 0
        for names, stored in _batches(found.staged):
            columns = {"split": _named(found.split[at : at + len(names)])}
            if check:
                columns |= _checked(names, places, kept, pool, found.findings)
            if copy:
                list(pool.map(lambda name: _copy(name, places, out), names))
            write(manifest.complete(stored, [f"{out}/{name}" for name in names], columns))
            at += len(names)
            on_clips(len(names))
    _tell_repeated(Stored(out / MANIFEST, out), found.findings)
    found.findings.write(out / FINDINGS)
    write_json(out / RECORD, _record(found, copy))
    corpus = Corpus.open(out)
    write_data_card(corpus)
    return corpus


def _check(wish: Wish) -> None:
    if wish.mode not in MODES:
        raise InputError(f"splits {wish.mode!r}; allowed: {', '.join(MODES)}")
    for root in wish.roots:
        if not root.is_dir():
            raise InputError(f"{root} is no folder; {wish.layout.title} has files such as {wish.layout.example} in it")
    fields = {field.name for field in dataclasses.fields(Clip)}
    for field in wish.only:
        if field not in fields:
            raise InputError(f"only {field!r}; it is no field of a clip, such as variant, generator or split")


def _some(root: Path) -> Iterator[str]:
    """Names of the first files of a root."""
    return itertools.islice(itertools.chain.from_iterable(walk(root, Findings())), 100_000)


def _fits(layout: Layout, name: str) -> bool:
    return any(rule.match.fullmatch(name) for rule in layout.rules)


def _nothing(wish: Wish) -> InputError:
    root, wanted = wish.roots[0], wish.layout.example
    for name in _some(root):
        for cut in range(1, name.count("/") + 1):
            if _fits(wish.layout, name.split("/", cut)[-1]):
                inner = root / "/".join(name.split("/")[:cut])
                return InputError(
                    f"{root}: no clip of {wish.layout.title} here, but there is in {inner}; give that folder"
                )
    filtered = " that --only wants" if wish.only else ""
    return InputError(
        f"{root}: no clip of {wish.layout.title}{filtered}; a file such as {wanted} is needed there (docs/importing.md)"
    )


def _stage(clips: Iterator[Clip], staged: Path) -> None:
    with manifest.writer(staged, Path()) as write:
        while batch := list(itertools.islice(clips, manifest.BATCH)):
            write(manifest.from_clips(batch))


def _split(wish: Wish, table: Mapping[str, Any]) -> npt.NDArray[np.int64]:
    n = len(table["split"])
    if wish.mode == "test":
        return np.full(n, SPLITS.index("test"))
    if wish.mode == "published":
        return np.asarray(table["split"].set_categories(SPLITS).codes, np.int64)
    try:
        return assign_to({key: table[key] for key in wish.layout.group_by}, seed=wish.seed)
    except InputError as error:
        raise InputError(f"{wish.roots[0]}: {error}; ask for --splits test") from error


def _named(split: npt.NDArray[np.int64]) -> Any:
    """Names of splits, empty for none."""
    return np.array([*SPLITS, ""], object)[split]


def _tell_shared(table: Mapping[str, Any], findings: Findings) -> tuple[str, ...]:
    kinds = []
    for kind, value, splits in overlaps_of(table):
        kinds.append(kind)
        findings.add(f"{kind} in several splits", f"{value}: {', '.join(splits)}")
    return tuple(dict.fromkeys(kinds))


def _check_place(wish: Wish, out: Path) -> None:
    if (out / MANIFEST).exists():
        raise InputError(f"{out} holds a corpus; choose another --out or delete it")
    for root in wish.roots:
        if out.resolve().is_relative_to(root.resolve()):
            raise InputError(f"{out} lies within {root}; choose an --out beside it")


def _link(places: Mapping[str, Path], out: Path) -> None:
    for name, root in places.items():
        link = out / name
        try:
            out.mkdir(parents=True, exist_ok=True)
            if not link.is_symlink():
                link.symlink_to(root.resolve(), target_is_directory=True)
            elif link.resolve() != root.resolve():
                raise InputError(f"{link} leads to {link.resolve()}; choose another --out or delete it")
        except OSError as error:
            raise InputError(f"cannot link {link}: {error.strerror}; use --copy") from error


def _batches(staged: Path) -> Iterator[tuple[list[str], pa.RecordBatch]]:
    """File names and rows, some at a time."""
    for batch in manifest.stored_batches(staged, manifest.SCHEMA.names):
        for at in range(0, len(batch), _SIDE_BY_SIDE):
            part = batch.slice(at, _SIDE_BY_SIDE)
            yield part.column(manifest.FILE_NAME).to_pylist(), part


def _source(name: str, places: Mapping[str, Path]) -> Path:
    mount, _, rest = name.partition("/")
    return places[mount] / rest


def _checked(
    names: Sequence[str], places: Mapping[str, Path], kept: FactsKept, pool: ThreadPoolExecutor, findings: Findings
) -> dict[str, list[Any]]:
    """Columns that the files tell."""
    sources = [_source(name, places) for name in names]
    stamps = list(pool.map(stamp, sources))
    rows = [kept.get(name, mark) for name, mark in zip(names, stamps, strict=True)]
    new = [i for i, row in enumerate(rows) if row is None]
    made = dict(zip(new, pool.map(facts, [sources[i] for i in new]), strict=True))
    kept.put([(names[i], stamps[i], row) for i, row in made.items()])
    done = [made[i] if row is None else row for i, row in enumerate(rows)]
    for name, row in zip(names, done, strict=True):
        if row["status"] != "ok":
            findings.add("corrupt (kept, counts as not scored)", f"{name}: {row['status']}")
    return {field: [row[field] for row in done] for field in NOTHING}


def _copy(name: str, places: Mapping[str, Path], out: Path) -> None:
    source, target = _source(name, places), out / name
    if target.exists() and (target.is_dir() or target.stat().st_size == source.stat().st_size):
        return
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, part, dirs_exist_ok=True)
        else:
            shutil.copy2(source, part)
        part.replace(target)
    except OSError as error:
        raise InputError(
            f"cannot copy {source} to {target}: {error.strerror or error}; free space or use --reference"
        ) from error


def _tell_repeated(rows: Rows, findings: Findings) -> None:
    """Note files whose bytes occur twice, above all where one is called pristine and one forged."""
    for members in rows.repeated("sha256", ("label", "clip_id")).values():
        kind = "same bytes" if len({label for label, _ in members}) == 1 else "same bytes, different labels"
        findings.add(kind, ", ".join(name for _, name in members[:5]))


def _record(found: Survey, copy: bool) -> dict[str, Any]:
    wish = found.wish
    return {
        "layout": wish.layout.name,
        "title": wish.layout.title,
        "home": wish.layout.home,
        "roots": [str(root.resolve()) for root in wish.roots],
        "files": "copied" if copy else "linked",
        "splits": wish.mode,
        "seed": wish.seed,
        "only": {field: sorted(values) for field, values in wish.only.items()},
        "counts": [dataclasses.asdict(line) for line in found.counts],
        "differences": found.differences,
        "findings": dict(found.findings.counts),
        "shared_between_splits": list(found.shared),
        "notes": list(wish.layout.notes),
    }
