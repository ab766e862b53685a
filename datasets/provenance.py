"""Signed provenance in every clip that is made here: a C2PA manifest that says what it is, by what, by whose leave."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import c2pa

from tellbench._version import __version__
from tellbench.datasets import signing
from tellbench.datasets.files import atomic_path
from tellbench.errors import InputError

_IPTC: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
FORGERY: Final = f"{_IPTC}trainedAlgorithmicMedia"
"""IPTC digital source type of media made by a trained algorithm; the value that C2PA readers show as "AI-generated"."""
RENDER: Final = f"{_IPTC}algorithmicMedia"
"""IPTC's for media made purely by an algorithm that is not based on sampled training data, as studio clips are."""

ASSERTION: Final = "org.tellbench.clip"
"""Label of the assertion that holds generator, controls, seed, rights and sources."""

ABSENT, BROKEN, INTACT, TRUSTED = "absent", "broken", "intact", "trusted"
"""Of a manifest: none; it does not hold; it fits the file; it fits and a trusted root vouches for the signer."""
_STATES: Final = {"Valid": INTACT, "Trusted": TRUSTED}
_UNTRUSTED: Final = "signingCredential.untrusted"


@dataclasses.dataclass(frozen=True)
class Provenance:
    """What the manifest in a file says and whether the signature holds."""

    state: str
    """`absent`, `broken`, `intact` or `trusted`."""
    problems: tuple[str, ...] = ()
    """Why it does not hold, in C2PA's words."""
    signer: str = ""
    """Common name in the signing certificate."""
    organization: str = ""
    tool: str = ""
    """The program that made the claim, with its version."""
    title: str = ""
    source_type: str = ""
    """IPTC digital source type, a URL; empty where none is stated."""
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Tellbench's own assertion; empty in files from elsewhere."""

    @property
    def holds(self) -> bool:
        """Whether there is a manifest and nothing that it covers was changed since it was signed."""
        return self.state in (INTACT, TRUSTED)


def sign(path: Path, facts: Mapping[str, Any], *, source_type: str = FORGERY, title: str = "") -> None:
    """Embed a C2PA manifest in an MP4, in place and atomically; coded pictures and sound stay as they are.

    Args:
        path: the clip.
        facts: JSON-able statements. Lists of numbers go in as text: C2PA readers show them as bytes.
        source_type: `FORGERY` or `RENDER`.
        title: the clip's name where `path` is a temporary one.

    Raises:
        InputError: the file cannot be signed or written, or the user's own certificate is refused.
    """
    action = {"action": "c2pa.created", "digitalSourceType": source_type}
    manifest = {
        "claim_generator_info": [{"name": "tellbench", "version": __version__}],
        "title": title or path.name,
        "assertions": [  # "created": stated by the signer and not merely passed on
            {"label": "c2pa.actions.v2", "data": {"actions": [action]}, "created": True},
            {"label": ASSERTION, "data": dict(facts), "created": True},
        ],
    }
    signer = signing.signer()
    try:
        with atomic_path(path) as part:
            c2pa.Builder(json.dumps(manifest)).sign_file(str(path), str(part), signer)
    except c2pa.C2paError as error:
        raise InputError(f"{path}: cannot be signed ({error}); only MP4 clips made by Tellbench are signed") from error


def examine(path: Path, roots: str = "") -> Provenance:
    """Read a file's manifest and check it against the file.

    A folder, or a file of a kind that C2PA does not know, carries none.

    Args:
        path: a clip.
        roots: PEM certificates that are trusted (`signing.read_roots`); without them no signer is.

    Raises:
        InputError: there is nothing at this path.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist; check the path")
    if path.is_dir():
        return Provenance(ABSENT)
    try:
        reader = c2pa.Reader(str(path), context=_context(roots))
    except (c2pa.C2paError.ManifestNotFound, c2pa.C2paError.NotSupported):
        return Provenance(ABSENT)
    except c2pa.C2paError as error:
        return Provenance(BROKEN, (str(error),))
    return _understand(json.loads(reader.json()))


def read(path: Path) -> dict[str, Any] | None:
    """The facts in a clip's manifest, or None where it carries none that is intact."""
    found = examine(path)
    return dict(found.facts) if found.holds and found.facts else None


def _context(roots: str) -> c2pa.Context | None:
    """Settings that trust `roots`; None for the default."""
    trust = {"trust": {"user_anchors": roots}, "verify": {"verify_trust": True}}
    return c2pa.Context.from_dict(trust) if roots else None


def _understand(store: Mapping[str, Any]) -> Provenance:
    """A C2PA manifest store, as its reader writes it, in our words."""
    manifest = store["manifests"][store["active_manifest"]]
    assertions = {a["label"]: a["data"] for a in manifest.get("assertions", ())}
    signature = manifest.get("signature_info") or {}
    tool = (manifest.get("claim_generator_info") or [{}])[0]
    actions = next((a.get("actions", ()) for label, a in assertions.items() if label.startswith("c2pa.actions")), ())
    status = (entry for entry in store.get("validation_status", ()) if entry["code"] != _UNTRUSTED)
    return Provenance(
        state=_STATES.get(store.get("validation_state", ""), BROKEN),
        problems=tuple(dict.fromkeys(f"{entry.get('explanation', '')} ({entry['code']})" for entry in status)),
        signer=signature.get("common_name") or "",
        organization=signature.get("issuer") or "",
        tool=f"{tool.get('name', '')} {tool.get('version', '')}".strip(),
        title=manifest.get("title") or "",
        source_type=next((a["digitalSourceType"] for a in actions if "digitalSourceType" in a), ""),
        facts=assertions.get(ASSERTION, {}),
    )
