"""Who signs: the user's own certificate where one is named, else one made for this process."""

from __future__ import annotations

import datetime
import functools
import io
import json
import os
from pathlib import Path
from typing import Final

import c2pa
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

from tellbench.errors import InputError

CERTIFICATE: Final = "TELLBENCH_SIGN_CERT"
"""Environment variable: a PEM file with the user's signing certificate first, then those that issued it."""
KEY: Final = "TELLBENCH_SIGN_KEY"
"""Environment variable: a PEM file with the certificate's private key, not encrypted."""
LOCAL: Final = "Tellbench local"
"""Organization in certificates that were made by Tellbench for one process: they vouch for nobody."""
_CURVES: Final = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_RSA: Final = "ps256"
_PEM: Final = serialization.Encoding.PEM
_TRIAL: Final = {
    "label": "c2pa.actions.v2",
    "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": "http://c2pa.org/digitalsourcetype/empty"}]},
}
"""The least that a manifest must state."""


def signer() -> c2pa.Signer:
    """The signer of this process; kept as long as the environment names the same files.

    Without `TELLBENCH_SIGN_CERT` and `TELLBENCH_SIGN_KEY` a certificate is made, and its private key is never stored:
    signatures then show that a file was not changed since, not who made it.

    Raises:
        InputError: only one of the two is set, a file cannot be read, or C2PA refuses the certificate.
    """
    chain, key = os.environ.get(CERTIFICATE, ""), os.environ.get(KEY, "")
    if bool(chain) != bool(key):
        given, missing = (CERTIFICATE, KEY) if chain else (KEY, CERTIFICATE)
        raise InputError(f"{given} is set and {missing} is not; set both to sign with your own certificate, or neither")
    return _own(Path(chain), Path(key)) if chain else _self_made()


@functools.cache
def _own(certificates: Path, key: Path) -> c2pa.Signer:
    chain, private = _read(certificates), _read(key)
    try:
        leaf = x509.load_pem_x509_certificates(chain)[0]
        opened = serialization.load_pem_private_key(private, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InputError(f"{certificates} or {key}: not a readable PEM certificate and open key ({error})") from error
    if leaf.public_key() != opened.public_key():
        raise InputError(f"{key} is not the key of the first certificate in {certificates}; the signer's comes first")
    return _tried_out(_algorithm(opened, key), chain, _pkcs8(opened), certificates)


def read_roots(path: Path) -> str:
    """PEM certificates of those who are trusted to vouch for signers.

    Raises:
        InputError: absent or no certificates.
    """
    try:
        text = path.read_bytes()
        x509.load_pem_x509_certificates(text)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable PEM certificates ({error}); give the roots that you trust") from error
    return text.decode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check {CERTIFICATE} and {KEY}") from error


def _algorithm(key: PrivateKeyTypes, path: Path) -> str:
    """C2PA's name for signatures by such a key (C2PA 2.2, section 13.2)."""
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        return _RSA
    raise InputError(f"{path}: {type(key).__name__}; C2PA allows EC keys on P-256, P-384 or P-521, Ed25519, and RSA")


def _tried_out(algorithm: str, chain: bytes, private: bytes, certificates: Path) -> c2pa.Signer:
    """A signer that has signed one pixel, so that what C2PA refuses is refused before anything is made.

    Raises:
        InputError: it is refused.
    """
    pixel, signed = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (1, 1)).save(pixel, "png")
    pixel.seek(0)
    try:
        made = _signer(algorithm, chain, private)
        c2pa.Builder(json.dumps({"assertions": [_TRIAL]})).sign(made, "image/png", pixel, signed)
    except c2pa.C2paError as error:
        raise InputError(
            f"{certificates}: C2PA refuses this certificate ({error}); it needs an issuer above it, the key usage "
            "digitalSignature and an extended key usage such as emailProtection"
        ) from error
    return made


def _signer(algorithm: str, chain: bytes, private: bytes) -> c2pa.Signer:
    # No time-stamp server: signing works offline (an empty address would fail, None does not).
    return c2pa.Signer.from_info(c2pa.C2paSignerInfo(alg=algorithm, sign_cert=chain, private_key=private, ta_url=None))


@functools.cache
def _self_made() -> c2pa.Signer:
    chain, private = self_made_certificate()
    return _signer(_CURVES["secp256r1"], chain, private)


def self_made_certificate(organization: str = LOCAL) -> tuple[bytes, bytes]:
    """A fresh certificate and its private key, both PEM.

    The certificate comes with its issuer behind it, as C2PA asks of an end entity.
    """
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate(organization, "root", root_key, root_key, authority=True)
    leaf = _certificate(organization, "signer", key, root_key, authority=False)
    private = _pkcs8(key)
    return leaf.public_bytes(_PEM) + root.public_bytes(_PEM), private


def _pkcs8(key: PrivateKeyTypes) -> bytes:
    """The key in the only PEM form that C2PA reads; OpenSSL also writes older ones."""
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _name(organization: str, common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, f"Tellbench {common}"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
        ]
    )


def _certificate(
    organization: str,
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
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
        .subject_name(_name(organization, subject))
        .issuer_name(_name(organization, "root"))
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
