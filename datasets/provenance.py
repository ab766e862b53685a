"""Signed provenance in every forged clip: a C2PA manifest that says it is synthetic, by what, and by whose leave."""

from __future__ import annotations

import datetime
import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tellbench._version import __version__
from tellbench.datasets.files import atomic_path
from tellbench.errors import InputError

SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC digital source type of media made by a trained algorithm; the value that C2PA readers show as "AI-generated"."""

ASSERTION: Final = "org.tellbench.clip"
"""Label of the assertion that holds generator, seed and rights."""


def sign(path: Path, facts: Mapping[str, Any]) -> None:
    """Embed a C2PA manifest in an MP4, in place and atomically.

    The certificate is made for this process and its private key is never stored: the signature shows that the
    file was not changed since, not who made it (readers answer `signingCredential.untrusted`).

    Args:
        path: the clip.
        facts: JSON-able statements, such as generator, version, seed and portrait rights.

    Raises:
        InputError: the file cannot be signed or written.
    """
    actions = {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE}
    manifest = {
        "claim_generator_info": [{"name": "tellbench", "version": __version__}],
        "title": path.name,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [actions]}},
            {"label": ASSERTION, "data": dict(facts)},
        ],
    }
    try:
        with atomic_path(path) as part:
            c2pa.Builder(json.dumps(manifest)).sign_file(str(path), str(part), _signer())
    except c2pa.C2paError as error:
        raise InputError(f"{path}: cannot be signed ({error}); only MP4 clips made by Tellbench are signed") from error


def read(path: Path) -> dict[str, Any] | None:
    """The facts in a clip's manifest, or None where it carries none that is intact."""
    try:
        store = json.loads(c2pa.Reader(str(path)).json())
    except c2pa.C2paError:
        return None
    if store.get("validation_state") not in ("Valid", "Trusted"):
        return None
    assertions = store["manifests"][store["active_manifest"]]["assertions"]
    return next((dict(a["data"]) for a in assertions if a["label"] == ASSERTION), None)


@functools.cache
def _signer() -> c2pa.Signer:
    """A signer with a fresh two-step chain: an end-entity certificate needs its issuer behind it."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate("root", root_key, root_key, authority=True)
    leaf = _certificate("signer", key, root_key, authority=False)
    chain = b"".join(c.public_bytes(serialization.Encoding.PEM) for c in (leaf, root))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # No time-stamp server: signing works offline (an empty address would fail, None does not).
    return c2pa.Signer.from_info(c2pa.C2paSignerInfo(alg=b"es256", sign_cert=chain, private_key=private, ta_url=None))


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, f"Tellbench {common}"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tellbench local"),
        ]
    )


def _certificate(
    subject: str, key: ec.EllipticCurvePrivateKey, issuer_key: ec.EllipticCurvePrivateKey, *, authority: bool
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    usage = x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name("root"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=3650 if authority else 365))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
