"""Is a corpus what it says it is? Every hash, every signed manifest, and whether that tells the same as the row."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tellbench._version import __version__
from tellbench.datasets import provenance
from tellbench.datasets.card import RECORD, SCHEMA
from tellbench.datasets.clip import FORGED, PRISTINE, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.files import inside, read_json, sha256
from tellbench.datasets.pictures import pictures_digest
from tellbench.datasets.provenance import Provenance
from tellbench.errors import InputError

_STATED: Final = ("generator", "generator_version", "controls", "seed")
"""Fields that the corpus manifest and the provenance of a forged clip share."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What was found in a corpus."""

    n_clips: int
    kinds: Mapping[str, int]
    """How many clips carry a manifest that holds, by what it says they are (`RENDER`, `FORGERY` or another)."""
    signers: Mapping[tuple[str, str, bool], int]
    """How many of them by signer: common name, organization, whether a trusted root vouches for it."""
    problems: tuple[str, ...]
    """One line each; empty where everything holds."""

    @property
    def n_unsigned(self) -> int:
        """Clips without a manifest that holds; no fault where they were imported."""
        return self.n_clips - sum(self.kinds.values())


def verify_corpus(root: Path, roots: str = "", on_clip: Callable[[], None] | None = None) -> Verdict:
    """Check every file that `corpus.json` lists and every clip of the manifest.

    A clip that was made here must be signed and tell the same as its row; an imported one may lack a manifest, but one
    that is there must hold.

    Args:
        root: the corpus folder.
        roots: PEM certificates that are trusted.
        on_clip: called after each clip (for progress).

    Raises:
        InputError: no corpus, one that cannot be read at all, or one of another form than this version makes.
    """
    corpus = Corpus.open(root)
    listed = _listed(root)
    clips = {clip.path.relative_to(root).as_posix() for clip in corpus}
    problems = [p for name, digest in listed.items() if name not in clips for p in _file_problems(root, name, digest)]
    bare: list[str] = []
    kinds: collections.Counter[str] = collections.Counter()
    signers: collections.Counter[tuple[str, str, bool]] = collections.Counter()
    for clip in corpus:
        found = provenance.examine(clip.path, roots) if clip.status == "ok" else Provenance(provenance.ABSENT)
        problems += _clip_problems(clip, found, listed, root)
        if found.state == provenance.ABSENT and not clip.dataset:
            bare.append(clip.path.relative_to(root).as_posix())
        if found.holds:
            kinds[found.source_type] += 1
            signers[found.signer, found.organization, found.state == provenance.TRUSTED] += 1
        if on_clip:
            on_clip()
    return Verdict(len(corpus), kinds, signers, (*_bare_problems(bare), *problems))


def _listed(root: Path) -> dict[str, str]:
    """Files with their hashes, as `corpus.json` has them; none where there is no such file."""
    if not (root / RECORD).is_file():
        return {}
    record = read_json(root / RECORD)
    if record.get("schema") != SCHEMA:
        by = record.get("plan", {}).get("tellbench", "of another version")
        raise InputError(
            f"{root}: its {RECORD} has form {record.get('schema')}, made by Tellbench {by}; {__version__} checks form "
            f"{SCHEMA}: verify it with the version that made it, or generate it anew"
        )
    return dict(record.get("sha256", {}))


def _bare_problems(names: Sequence[str]) -> Iterator[str]:
    """One line on all clips that were made here and carry no manifest, however many they are."""
    if len(names) == 1:
        yield f"{names[0]}: carries no C2PA manifest"
    elif names:
        yield (
            f"{len(names)} clips carry no C2PA manifest, such as {names[0]}: the corpus was made before clips were "
            "signed, or the manifests were cut out; generate it anew"
        )


def _file_problems(root: Path, name: str, digest: str) -> Iterator[str]:
    path = inside(root, name)
    if not path.is_file():
        yield f"{name}: listed in {RECORD}, but missing"
    elif sha256(path) != digest:
        yield f"{name}: changed since {RECORD} was written (its hash differs)"


def _clip_problems(clip: Clip, found: Provenance, listed: Mapping[str, str], root: Path) -> Iterator[str]:
    """One line for each thing that is wrong with a clip."""
    name = clip.path.relative_to(root).as_posix()
    digest = pictures_digest(clip.path) if clip.path.is_dir() else sha256(clip.path)
    if clip.sha256 and digest != clip.sha256:
        yield f"{name}: changed since the corpus was made (its hash is not the one in the manifest)"
    elif listed.get(name, digest) != digest:
        yield f"{name}: changed since {RECORD} was written (its hash differs)"
    if found.state == provenance.BROKEN:
        yield f"{name}: its C2PA manifest does not hold: {'; '.join(found.problems)}"
    elif not clip.dataset and found.holds:
        yield from _contradictions(name, clip, found)
        yield from _source_problems(name, found.facts, listed)


def _contradictions(name: str, clip: Clip, found: Provenance) -> Iterator[str]:
    """Where the signed statement and the row differ."""
    expected = {PRISTINE: provenance.RENDER, FORGED: provenance.FORGERY}.get(clip.label)
    if found.source_type != expected:
        yield f"{name}: the manifest has label {clip.label}, its signature says {kind_of(found.source_type)}"
    for field in _STATED if clip.label == FORGED else ("seed",):
        listed, signed = getattr(clip, field), found.facts.get(field)
        if signed != listed:
            yield f"{name}: {field} is {listed!r} in the manifest and {signed!r} as signed"


def _source_problems(name: str, facts: Mapping[str, Any], listed: Mapping[str, str]) -> Iterator[str]:
    """Sources that lie in the corpus must be the signed ones (that they are the listed ones is checked elsewhere)."""
    for source, digest in facts.get("sources", {}).items():
        if listed.get(source, digest) != digest:
            yield f"{name}: signed as made from another {source}"


def kind_of(source_type: str) -> str:
    """What an IPTC digital source type means, with its name.

    >>> kind_of(provenance.RENDER)
    'made by an algorithm without sampled data (algorithmicMedia)'
    """
    meaning = {
        provenance.FORGERY: "made by a trained algorithm",
        provenance.RENDER: "made by an algorithm without sampled data",
    }.get(source_type, "made as the name says" if source_type else "not said")
    return f"{meaning} ({source_type.rpartition('/')[2]})" if source_type else meaning
