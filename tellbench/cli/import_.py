"""tellbench import: a published corpus as a Tellbench corpus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tellbench.cli.common import Seed, Workers, bar, cores, examples, say, stdout, warn
from tellbench.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from tellbench.datasets.importers.build import Survey


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(
        "import",
        epilog=examples(
            "tellbench import faceforensics /data/FaceForensics++ --out ff-c23 --only variant=c23 --dry-run",
            "tellbench import faceforensics /data/FaceForensics++ --lists FaceForensics/dataset/splits --out ff",
            "tellbench import deeperforensics /data/DeeperForensics-1.0 /data/FaceForensics++ --out deeper",
            "tellbench import celebdf-v2 /data/Celeb-DF-v2 --out celeb --copy",
        ),
    )(import_)


def import_(
    name: Annotated[str, typer.Argument(help="The layout; docs/importing.md has the table. 'list' shows them.")],
    roots: Annotated[list[Path] | None, typer.Argument(metavar="ROOT...", help="Folders of the corpus.")] = None,
    out: Annotated[Path | None, typer.Option(help="The corpus folder to write.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count, compare with what is published, write nothing.")
    ] = False,
    copy: Annotated[
        bool, typer.Option("--copy/--reference", help="Copy the files, or link to where they are.")
    ] = False,
    lists: Annotated[Path | None, typer.Option(help="Folder of split lists that are not under the roots.")] = None,
    splits: Annotated[
        str, typer.Option(help="published, disjoint (dealt anew, no linked people cross) or test (all of it).")
    ] = "",
    only: Annotated[
        list[str] | None, typer.Option(help="FIELD=VALUE, such as variant=c23 or generator=Deepfakes; repeat for more.")
    ] = None,
    check: Annotated[bool, typer.Option(help="Open and hash every file; corrupt ones are told.")] = True,
    seed: Seed = 0,
    workers: Workers = 0,
) -> None:
    """Read a published corpus: labels (1 = forged), people, splits; counts beside the published ones."""
    from tellbench.datasets.importers.build import FINDINGS, Wish, import_corpus, survey
    from tellbench.datasets.importers.layout import load_layout, names

    if name == "list":
        for known in names():
            say(f"  {known:<18} {load_layout(known).title}")
        return
    layout = load_layout(name)
    if not roots:
        raise InputError(f"no ROOT; give the folder of {layout.title}, which has files such as {layout.example}")
    if out is None and not dry_run:
        raise InputError("no --out; name the corpus folder to write, or ask for --dry-run")
    wish = Wish(layout=layout, roots=tuple(roots), lists=lists, splits=splits, only=_parse_only(only or []), seed=seed)
    with survey(wish) as found:
        stdout.print(_table(found))
        _tell("difference", found.differences)
        if out is None or dry_run:
            _tell("found", found.findings.summary())
            _tell("note", layout.notes)
            return
        with bar("importing", len(found)) as advance:
            corpus = import_corpus(found, out, copy=copy, check=check, workers=cores(workers), on_clips=advance)
        _tell("found", found.findings.summary())
        _tell("note", layout.notes)
        say(f"{corpus!r}: {out}" + (f" (findings: {out / FINDINGS})" if found.findings.counts else ""))


def _parse_only(texts: list[str]) -> dict[str, frozenset[str]]:
    """`FIELD=VALUE` options as sets of values by field."""
    wanted: dict[str, set[str]] = {}
    for text in texts:
        field, equals, value = text.partition("=")
        if not equals or not field:
            raise InputError(f"only {text!r}; FIELD=VALUE is needed, such as variant=c23")
        wanted.setdefault(field, set()).add(value)
    return {field: frozenset(values) for field, values in wanted.items()}


def _tell(kind: str, lines: list[str] | tuple[str, ...]) -> None:
    for line in lines:
        warn(f"{kind}: {line}")


def _table(found: Survey) -> Table:
    """Clips by kind and split, beside the published number of all."""
    from rich.table import Table

    from tellbench.datasets.clip import SPLITS

    table = Table(title=f"{found.wish.layout.title} ({found.wish.mode} splits)")
    for heading in ("kind", "label"):
        table.add_column(heading)
    for heading in (*SPLITS, "none", "all", "published"):
        table.add_column(heading, justify="right")
    for line in found.counts:
        kind = " ".join(filter(None, (line.dataset, line.variant, line.kind)))
        numbers = [str(line.of(split)) for split in (*SPLITS, "", "all")]
        label = "?" if line.label < 0 else str(line.label)
        table.add_row(kind, label, *numbers, str(line.published.get("all", "–")))
    return table
