"""tellbench verify: who signed a clip, what it says, and whether it was changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tellbench.cli.common import bar, examples, existing, fail, say

if TYPE_CHECKING:
    from tellbench.datasets.provenance import Provenance
    from tellbench.datasets.verification import Verdict

EXIT_NOT_VERIFIED: Final = 1
_SHOWN: Final = 20
"""Problems that are printed one by one."""


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(
        "verify",
        epilog=examples(
            "tellbench verify talk.mp4", "tellbench verify corpus", "tellbench verify corpus --trust roots.pem"
        ),
    )(verify)


def verify(
    path: Annotated[Path, typer.Argument(help="A clip, or a corpus folder.")],
    trust: Annotated[
        Path | None, typer.Option(help="PEM certificates of those whom you trust to vouch for signers.")
    ] = None,
) -> None:
    """Show the signed provenance of a clip or corpus and check it; exit code 1 where it does not hold."""
    from tellbench.datasets.signing import read_roots

    roots = read_roots(trust) if trust else ""
    holds = _corpus(path, roots) if existing(path, "clip or corpus").is_dir() else _clip(path, roots)
    if not holds:
        raise typer.Exit(EXIT_NOT_VERIFIED)


def _clip(path: Path, roots: str) -> bool:
    from tellbench.datasets.provenance import ABSENT, examine

    found = examine(path, roots)
    if found.state == ABSENT:
        fail(f"{path} carries no C2PA manifest: it says nothing about where it comes from")
        return False
    _tell_clip(found)
    if not found.holds:
        fail(f"{path}: the signature does not hold: {'; '.join(found.problems)}")
    else:
        say(f"{path}: nothing was changed since it was signed")
    return found.holds


def _tell_clip(found: Provenance) -> None:
    from tellbench.datasets.verification import kind_of

    by = _signer(found.signer, found.organization, found.state)
    lines = {"signed by": by, "made with": found.tool, "title": found.title, "this is": kind_of(found.source_type)}
    lines |= {name.replace("_", " "): value for name, value in found.facts.items() if name != "sources"}
    lines |= {f"made from {name}": f"sha256 {digest}" for name, digest in found.facts.get("sources", {}).items()}
    width = max(map(len, lines))
    for name, value in lines.items():
        say(f"{name:<{width}}  {value}")


def _signer(name: str, organization: str, state: str) -> str:
    """The signer, and what the signature is worth."""
    from tellbench.datasets.provenance import TRUSTED
    from tellbench.datasets.signing import LOCAL

    if state == TRUSTED:
        worth = "vouched for by a root that you trust"
    elif organization == LOCAL:
        worth = "a certificate made for one run: it shows that nothing was changed, not who made it"
    else:
        worth = "not among the roots that you trust; name them with --trust"
    return f"{name or 'nobody'} ({organization or 'no organization'}), {worth}"


def _corpus(root: Path, roots: str) -> bool:
    from tellbench.datasets.corpus import Corpus
    from tellbench.datasets.verification import verify_corpus

    with bar("verifying", len(Corpus.open(root))) as advance:
        verdict = verify_corpus(root, roots, lambda: advance(1))
    _tell_corpus(verdict)
    for problem in verdict.problems[:_SHOWN]:
        fail(problem)
    if len(verdict.problems) > _SHOWN:
        fail(f"and {len(verdict.problems) - _SHOWN} more")
    say(f"{root}: {f'{len(verdict.problems)} problems' if verdict.problems else 'everything is as it was signed'}")
    return not verdict.problems


def _tell_corpus(verdict: Verdict) -> None:
    from tellbench.datasets.provenance import INTACT, TRUSTED
    from tellbench.datasets.verification import kind_of

    for source_type, count in verdict.kinds.items():
        say(f"{count} clips: {kind_of(source_type)}")
    if verdict.n_unsigned:
        say(f"{verdict.n_unsigned} clips: no manifest that holds")
    for (name, organization, trusted), count in verdict.signers.items():
        say(f"{count} clips signed by {_signer(name, organization, TRUSTED if trusted else INTACT)}")
