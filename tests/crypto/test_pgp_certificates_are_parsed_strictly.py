"""An OpenPGP key is exactly one armored version 4 certificate, and never a private one (SPEC 2.4)."""

import base64

import pysequoia
import pytest

from binauthz.crypto.errors import KeyRefusedError
from binauthz.crypto.pgp import load_certificate

from .keys import KEYS, certificate


@pytest.mark.parametrize("name", ["ed25519", "rsa", "p256", "sub", "old", "oldsub", "ed25519.revoked"])
def test_the_fingerprint_is_forty_upper_case_digits(name: str) -> None:
    fingerprint = load_certificate(certificate(name)).fingerprint
    assert len(fingerprint) == 40
    assert fingerprint == fingerprint.upper()
    assert bytes.fromhex(fingerprint)


def test_line_ends_and_armor_headers_do_not_matter() -> None:
    text = certificate("ed25519")
    expected = load_certificate(text).fingerprint
    headed = text.replace("-----\n\n", "-----\nVersion: GnuPG v1\nComment: hello\n\n", 1)
    for variant in (text.replace("\n", "\r\n"), f"\n\n{text}\n", headed):
        assert load_certificate(variant).fingerprint == expected


def _armored(data: bytes) -> str:
    body = base64.b64encode(data).decode()
    return f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{body}\n-----END PGP PUBLIC KEY BLOCK-----\n"


def _bad() -> dict[str, str]:
    good = certificate("ed25519")
    parsed = bytes(pysequoia.Cert.from_bytes(good.encode()))
    other = bytes(pysequoia.Cert.from_bytes(certificate("other").encode()))
    secret = (KEYS / "pgp-ed25519.secret.asc").read_text()
    tsk = bytes(pysequoia.Tsk.from_bytes(secret.encode()))
    six = pysequoia.Tsk.generate("six", profile=pysequoia.Profile.RFC9580).extract_certificate()
    return {
        "nothing": "",
        "text": "hello",
        "two blocks": good + certificate("other"),
        "two certificates in one block": _armored(parsed + other),
        "one certificate twice": _armored(parsed + parsed),
        "text before": f"my key:\n{good}",
        "text behind": f"{good}bye\n",
        "private key": secret,
        "private key under a public label": _armored(tsk),
        "a message": good.replace("PUBLIC KEY BLOCK", "MESSAGE"),
        "a lone signature": _armored(b"\xc2\x01\x04"),
        "truncated": _armored(parsed[:60]),
        "a byte behind": _armored(parsed + b"\0"),
        "no packets": _armored(b"hello"),
        "version 6": str(six),
        "oversized": good + " " * 70_000,
        "ten thousand packets": _armored(parsed + b"\xcd\x01x" * 10_000),
        "declares four gibibytes": _armored(b"\xc6\xff\xff\xff\xff\xff"),
    }


@pytest.mark.parametrize("text", _bad().values(), ids=_bad().keys())
def test_anything_but_one_certificate_is_refused(text: str) -> None:
    with pytest.raises(KeyRefusedError) as caught:
        load_certificate(text)
    assert caught.value.field == "asciiArmoredPgpPublicKey"
    assert "\n" not in caught.value.description


def test_a_revoked_certificate_is_read_so_that_it_can_replace_its_former_self() -> None:
    revoked = load_certificate(certificate("ed25519.revoked"))
    assert revoked.fingerprint == load_certificate(certificate("ed25519")).fingerprint
    assert revoked.fingerprint.lower() in revoked.revoked
