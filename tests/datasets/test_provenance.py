import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from tellbench.datasets import provenance, signing
from tellbench.datasets.provenance import FORGERY, RENDER
from tellbench.datasets.video import VideoWriter, iter_frames, picture_digest, probe
from tellbench.errors import InputError


@pytest.fixture
def clip(tmp_path, frames, voice):
    path = tmp_path / "a.mp4"
    with VideoWriter(path, 64, 48, 25, voice) as out:
        out.write(frames)
    return path


def boxes(data):
    """Start, end and kind of the boxes at the top of an MP4."""
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield at, at + size, bytes(data[at + 4 : at + 8])
        at += size


def manifest_box(data):
    return next((start, end) for start, end, kind in boxes(data) if kind == b"uuid")


@pytest.mark.parametrize("source_type", [FORGERY, RENDER])
def test_signed_facts_come_back_and_the_picture_is_untouched(clip, source_type):
    before, coded, known = np.concatenate(list(iter_frames(clip))), picture_digest(clip), probe(clip)
    facts = {"generator": "meshwarp", "controls": '{"gaze": [0.0, 1.0]}', "portrait_rights": "public domain"}
    provenance.sign(clip, facts, source_type=source_type, title="b.mp4")
    assert provenance.read(clip) == facts
    found = provenance.examine(clip)
    assert (found.state, found.source_type, found.title) == ("intact", source_type, "b.mp4")
    assert found.tool.startswith("tellbench ") and found.organization == signing.LOCAL
    assert np.array_equal(np.concatenate(list(iter_frames(clip))), before)
    assert picture_digest(clip) == coded and probe(clip) == known


def test_an_unsigned_clip_says_nothing(clip):
    assert provenance.read(clip) is None
    assert provenance.examine(clip).state == "absent"


def test_a_flipped_bit_anywhere_is_noticed(clip):
    provenance.sign(clip, {"generator": "meshwarp"})
    whole = clip.read_bytes()
    held = [np.linspace(start, end - 1, 5) for start, end, kind in boxes(whole) if kind in (b"moov", b"mdat")]
    stated = [whole.index(what) for what in (b"meshwarp", b"trainedAlgorithmicMedia", b"Tellbench signer")]
    for at in [*np.concatenate(held).astype(int), *stated]:
        data = bytearray(whole)
        data[at] ^= 1
        clip.write_bytes(data)
        found = provenance.examine(clip)
        assert found.state == "broken" and found.problems, at
        assert provenance.read(clip) is None


def test_a_manifest_does_not_fit_another_clip(clip, tmp_path, frames):
    other = tmp_path / "b.mp4"
    with VideoWriter(other, 64, 48, 25) as out:
        out.write(frames[::-1])
    whole = []
    for path in (clip, other):
        provenance.sign(path, {"generator": "x"})
        whole.append(bytearray(path.read_bytes()))
    (start, end), (start2, end2) = (manifest_box(data) for data in whole)
    assert end - start == end2 - start2, "the same facts take the same room"
    whole[1][start2:end2] = whole[0][start:end]
    other.write_bytes(whole[1])
    assert provenance.examine(other).state == "broken"


def test_the_users_own_certificate_signs_and_is_trusted_by_its_root(clip, own_certificate):
    provenance.sign(clip, {"seed": 1})
    found = provenance.examine(clip)
    assert (found.state, found.organization) == ("intact", "Acme Lab")
    roots = signing.read_roots(own_certificate)
    assert provenance.examine(clip, roots).state == "trusted"
    strangers = signing.self_made_certificate("Others")[0].decode()
    assert provenance.examine(clip, strangers).state == "intact"


@pytest.fixture
def own_certificate(tmp_path, monkeypatch):
    """Files of a certificate of the user's own, named in the environment; the path of its chain."""
    chain, key = signing.self_made_certificate("Acme Lab")
    (tmp_path / "chain.pem").write_bytes(chain)
    (tmp_path / "key.pem").write_bytes(key)
    monkeypatch.setenv(signing.CERTIFICATE, str(tmp_path / "chain.pem"))
    monkeypatch.setenv(signing.KEY, str(tmp_path / "key.pem"))
    return tmp_path / "chain.pem"


def test_a_key_in_openssls_older_form_signs(clip, own_certificate):
    path = own_certificate.parent / "key.pem"
    key = load_pem_private_key(path.read_bytes(), None)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    provenance.sign(clip, {"seed": 1})
    assert provenance.examine(clip).organization == "Acme Lab"


def test_a_locked_key_is_refused(own_certificate):
    path = own_certificate.parent / "key.pem"
    key = load_pem_private_key(path.read_bytes(), None)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    with pytest.raises(InputError, match="open key"):
        signing.signer()


def test_a_certificate_without_its_key_is_refused(own_certificate, monkeypatch):
    monkeypatch.delenv(signing.KEY)
    with pytest.raises(InputError, match="set both"):
        signing.signer()


def test_the_key_of_another_certificate_is_refused(own_certificate):
    (own_certificate.parent / "key.pem").write_bytes(signing.self_made_certificate()[1])
    with pytest.raises(InputError, match="not the key"):
        signing.signer()


def test_a_certificate_that_may_not_sign_is_refused(own_certificate):
    key = ec.generate_private_key(ec.SECP256R1())
    authority = signing._certificate("Acme Lab", "root", key, key, authority=True)
    own_certificate.write_bytes(authority.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (own_certificate.parent / "key.pem").write_bytes(private)
    with pytest.raises(InputError, match="C2PA refuses"):
        signing.signer()


@pytest.mark.parametrize("text", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_files_that_are_no_certificates_are_refused(own_certificate, text):
    own_certificate.write_bytes(text)
    with pytest.raises(InputError, match="PEM"):
        signing.signer()
    with pytest.raises(InputError, match="PEM"):
        signing.read_roots(own_certificate)


def test_files_of_another_kind_and_folders_carry_none(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        provenance.examine(tmp_path / "no.mp4")
    (tmp_path / "notes.txt").write_text("hello")
    assert provenance.examine(tmp_path / "notes.txt").state == provenance.examine(tmp_path).state == "absent"
