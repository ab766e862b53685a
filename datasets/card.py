"""The data card and the checksums that complete a corpus. A card says what is known, and no more."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tellbench._version import __version__
from tellbench.datasets.clip import PRISTINE, SPLITS, UNLABELLED
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.files import atomic_path, sha256, write_json
from tellbench.datasets.importers.layout import load_layout, names

SCHEMA: Final = 1
"""Version of the corpus layout."""
RECORD: Final = "corpus.json"
"""Plan and checksums; its presence means that the corpus is complete."""
CITATION: Final = (
    f"Tellbench {__version__}: a deepfake forgery detection benchmark suite for talking faces (software). "
    "Name the version, the suite or command, and the seed."
)

_MADE: Final = """\
Pristine clips are filmed in the Tellbench studio: procedural virtual humans, no real person. Forged clips are made
from the same portrait and the same speech, and share encoder, length, rate, size and sound with their pristine twin;
what was made from a studio portrait is filmed by the twin's camera (its shake, exposure and grain).\
"""
_IMPORTED: Final = """\
Imported from {datasets}: labels, splits and identities are those of that corpus, put into one form. Its licence and
terms of use go on to hold; who is shown, and with what consent, is said there.\
"""
_MADE_RIGHTS: Final = """\
Forged clips with a portrait from outside the studio (empty `pair_id`) were made under the rights stated in their
manifest; check them before you pass the corpus on.\
"""
_IMPORTED_RIGHTS: Final = """\
Whether it may be used for this, passed on or sold is for its owners to say: see their terms.\
"""
_MADE_FILES: Final = """\
- `metadata.parquet` has one row a clip; `tracks/` has per-frame ground truth; `corpus.json` the plan and checksums.
- Every clip carries a signed C2PA manifest: forged ones declare that they are synthetic, pristine ones that they are
  renders. `tellbench verify` checks them.\
"""
_IMPORTED_FILES: Final = """\
- `metadata.parquet` has one row a clip; `import.json` says what was counted beside what was published, `findings.csv`
  what was odd.\
"""
_MADE_LIMITS: Final = """\
- Pristine clips are renders. A detector that does well here is not thereby good on photographs.
- People, voices (espeak-ng) and behaviour are drawn from published statistics and, where none exist, from assumptions.
  Shares of sex, age and skin tone are the studio's, not a population's.
- Forged clips are made by {generators}; other generators leave other tells.\
"""
_IMPORTED_LIMITS: Final = """\
- Shortcuts of the published corpus (codec, length, silence, faces in several splits) are not repaired; `tellbench
  evaluate` audits them.\
"""


def write_card(corpus: Corpus, plan: Mapping[str, Any]) -> None:
    """Write `README.md`, then `corpus.json` with the plan and the sha256 of every file; the latter marks completion."""
    write_data_card(corpus)
    files = sorted(path for path in corpus.root.rglob("*") if path.is_file() and path.name != RECORD)
    digests = {path.relative_to(corpus.root).as_posix(): sha256(path) for path in files}
    write_json(corpus.root / RECORD, {"schema": SCHEMA, "plan": plan, "sha256": digests})


def write_data_card(corpus: Corpus) -> None:
    """Write `README.md` into the corpus folder."""
    with atomic_path(corpus.root / "README.md") as part:
        part.write_text(data_card(corpus), encoding="utf-8")


def describe(corpus: Corpus) -> str:
    """One sentence: how many clips, how long, how large, how encoded."""
    rows = corpus.rows
    minutes = rows.numbers("duration_s").sum() / 60
    sizes = _several(f"{width}x{height}" for width, height in rows.counted("width", "height") if width)
    rates = _several(f"{fps:g}" for (fps,) in rows.counted("fps") if fps)
    coded = _several(f"{codec} CRF {crf}" if crf else codec for codec, crf in rows.counted("codec", "crf"))
    opened = f"{minutes:.1f} minutes, {sizes} at {rates} frames/s" if sizes else "sizes and lengths not looked at"
    return f"{len(corpus)} clips, {opened}, {coded or 'codec not known'}."


def data_card(corpus: Corpus) -> str:
    """The card as Markdown, with the front matter that Hugging Face reads.

    Intended use, limits and citation differ between a corpus that was made here and one that was imported.
    """
    imported = [name for (name,) in corpus.rows.counted("dataset") if name]
    datasets = _several(imported)
    kinds = list(dict.fromkeys(map(_kind, corpus.rows.counted("label", "generator"))))
    files, limits = (_IMPORTED_FILES, _IMPORTED_LIMITS) if datasets else (_MADE_FILES, _MADE_LIMITS)
    return f"""---
pretty_name: {f"{datasets}, by Tellbench" if datasets else "Tellbench corpus"}
task_categories: [video-classification]
tags: [deepfake-detection, talking-face{"" if datasets else ", synthetic"}]
---
# {f"{datasets} as a Tellbench corpus" if datasets else "A Tellbench corpus"}

{describe(corpus)}
{_IMPORTED.format(datasets=", ".join(map(_titled, imported))) if datasets else _MADE}

| split | {" | ".join(kinds)} |
|---|{"---|" * len(kinds)}
{_rows(corpus, kinds)}

- Label: 0 pristine, 1 forged. {_disjoint(corpus)}
{files}

## Intended use

Research on telling forged faces: training and testing detectors. Detectors should read decoded frames and samples only,
never containers. Not for impersonating anyone, not for judging people, not as proof that a recording is genuine.
{_IMPORTED_RIGHTS if datasets else _MADE_RIGHTS}

## Limits

{limits.format(generators=", ".join(corpus.generators) or "no generator")}{_notes(imported)}{_unreadable(corpus)}
- People in the test split: {_people(corpus)}. Intervals are over people; few people make them wide.

## How to cite

{CITATION}
{f"And {datasets}, as its authors ask." if datasets else ""}
"""


def _titled(dataset: str) -> str:
    """Name of a published corpus with its address, where its layout is known."""
    return f"{load_layout(dataset).title} ({load_layout(dataset).home})" if dataset in names() else dataset


def _notes(datasets: Sequence[str]) -> str:
    """What the layouts of published corpora say that one must know, a line each."""
    return "".join(f"\n- {note}" for name in datasets if name in names() for note in load_layout(name).notes)


def _unreadable(corpus: Corpus) -> str:
    n = sum(count for (status,), count in corpus.rows.counted("status").items() if status != "ok")
    return f"\n- {n} clips cannot be read; they keep their rows (`status`) and count as not scored." if n else ""


def _kind(row: tuple[int, str]) -> str:
    label, generator = row
    return {PRISTINE: "pristine", UNLABELLED: "unlabelled"}.get(label, generator or "forged")


def _several(values: Any, shown: int = 4) -> str:
    """Different values in order of appearance, the first few of many."""
    found = list(dict.fromkeys(value for value in values if value))
    return ", ".join(found[:shown]) + (f" and {len(found) - shown} more" if len(found) > shown else "")


def _disjoint(corpus: Corpus) -> str:
    if corpus.shared:
        return f"Published splits share some: {', '.join(corpus.shared)}."
    return "Splits share no identity, donor, driver or speech."


def _people(corpus: Corpus) -> int:
    return sum(split == "test" for split, _ in corpus.rows.counted("split", "identity_id"))


def _rows(corpus: Corpus, kinds: list[str]) -> str:
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    for (split, label, generator), n in corpus.rows.counted("split", "label", "generator").items():
        counts[split, _kind((label, generator))] += n
    splits = [*SPLITS, ""] if any(not split for split, _ in counts) else SPLITS
    return "\n".join(f"| {s or 'none'} | " + " | ".join(str(counts[s, k]) for k in kinds) + " |" for s in splits)
