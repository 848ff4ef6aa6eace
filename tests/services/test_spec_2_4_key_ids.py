"""SPEC 2.4: how the keys of an attestor are named, and that a name means one key."""

import functools
import hashlib
import subprocess
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.services.api import NOTE, Api, Refused, api

__all__ = ["api"]

QA = "/v1/projects/demo-project/attestors/qa"
KEYS = "attestor.userOwnedGrafeasNote.publicKeys"
KMS = "projects/p/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"
# The key of Google's own page, and the id that the page gives it.
DOCUMENTED_ID = "ni:///sha-256;EwVxs8fNUAHq9FI2AMfh8WNIXVBuuTMeGtPH72U-I70"


@functools.cache
def pem(number: int) -> str:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def named(text: str) -> str:
    """The RFC 6920 name, computed apart."""
    body = "".join(text.split("-----")[2].split())
    der = b64decode(body)
    return "ni:///sha-256;" + urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")


def pkix(number: int = 0, **members: object) -> dict[str, object]:
    inner = {"publicKeyPem": pem(number), "signatureAlgorithm": "ECDSA_P256_SHA256"}
    if "keyId" in members:
        inner["keyId"] = str(members.pop("keyId"))
    return {"pkixPublicKey": inner, **members}


def holding(*keys: object) -> dict[str, object]:
    return {"userOwnedGrafeasNote": {"noteReference": NOTE, "publicKeys": list(keys)}}


def written(api: Api, *keys: object) -> list[str]:
    block = api.ok("PUT", QA, holding(*keys))["userOwnedGrafeasNote"]
    return [key["id"] for key in block.get("publicKeys", [])]


def test_a_blank_pkix_id_becomes_the_name_of_the_keys_der(api: Api) -> None:
    assert written(api, pkix()) == [named(pem(0))]
    assert written(api, pkix(id="")) == [named(pem(0))]


@pytest.mark.parametrize(
    "key_id",
    [
        DOCUMENTED_ID,
        f"//cloudkms.googleapis.com/v1/{KMS}",
        f"//127.0.0.1:18099/v1/{KMS}",
        "https://example.com/keys/1?version=2#a",
        "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66",
        "x:%41",
        "a:" + "b" * 1022,
    ],
)
def test_an_id_that_is_a_uri_is_kept_whatever_its_host(api: Api, key_id: str) -> None:
    assert written(api, pkix(id=key_id)) == [key_id]
    assert written(api, pkix(id=key_id, keyId=key_id)) == [key_id]
    assert written(api, pkix(keyId=key_id)) == [key_id]


@pytest.mark.parametrize(
    "key_id",
    ["my key", "kritis-authority-key", "/relative", "x:%4", "x:é", "x:a b", "1x:a", "x:a#b#c", "a:" + "b" * 1023],
)
def test_an_id_that_is_no_uri_is_refused(api: Api, key_id: str) -> None:
    api.judge(Refused(f"{KEYS}[0].id"), "PUT", QA, holding(pkix(id=key_id)))


def test_the_inner_id_agrees_with_the_outer_one(api: Api) -> None:
    api.judge(Refused(f"{KEYS}[0].pkixPublicKey.keyId"), "PUT", QA, holding(pkix(id="//a", keyId="//b")))


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ((pkix(0, id="//a"), pkix(1, id="//b")), None),
        ((pkix(0), pkix(0, id="//b")), None),
        ((pkix(0, id="//a"), pkix(1, id="//a")), 1),
        ((pkix(0), pkix(0)), 1),
        ((pkix(0), pkix(1), pkix(1)), 2),
    ],
)
def test_B68_no_two_keys_share_an_id(api: Api, keys: tuple[object, ...], place: int | None) -> None:
    api.judge(None if place is None else Refused(f"{KEYS}[{place}].id"), "PUT", QA, holding(*keys))


@pytest.mark.parametrize("key", [{}, {"id": "//a"}, {"comment": "a key"}])
def test_a_key_has_material(api: Api, key: dict[str, str]) -> None:
    api.judge(Refused(f"{KEYS}[0]"), "PUT", QA, holding(key))


def test_a_key_has_one_material(api: Api) -> None:
    api.judge(Refused(), "PUT", QA, holding(pkix(asciiArmoredPgpPublicKey="x")))


def test_1000_keys_are_accepted_and_one_more_is_not(api: Api) -> None:
    keys = [pkix(0, id=f"//key/{number}") for number in range(1000)]
    assert len(written(api, *keys)) == 1000
    api.judge(Refused(KEYS), "PUT", QA, holding(*keys, pkix(0, id="//key/more")))


@pytest.mark.clients
@pytest.mark.parametrize("given", ["", "mine", "//a"])
def test_an_openpgp_key_is_named_by_its_fingerprint_whatever_was_given(
    api: Api, pgp: tuple[str, str], given: str
) -> None:
    armor, fingerprint = pgp
    assert written(api, {"id": given, "asciiArmoredPgpPublicKey": armor}) == [fingerprint]
    assert written(api, {"asciiArmoredPgpPublicKey": armor.replace("\n", "\r\n")}) == [fingerprint]


@pytest.mark.parametrize(
    "armor", ["", "x", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----\n"]
)
def test_what_is_no_openpgp_key_is_refused(api: Api, armor: str) -> None:
    api.judge(Refused(), "PUT", QA, holding({"asciiArmoredPgpPublicKey": armor}))


@pytest.fixture
def pgp(need: Callable[[str], str], tmp_path: object) -> tuple[str, str]:
    """A certificate that GnuPG made, and the fingerprint that GnuPG gives it."""
    gpg = [need("gpg"), "--homedir", str(tmp_path), "--batch", "--quiet"]
    make = [*gpg, "--passphrase", "", "--quick-gen-key", "qa@example.com", "rsa2048", "sign", "never"]
    subprocess.run(make, check=True, capture_output=True)
    armor = subprocess.run([*gpg, "--armor", "--export"], check=True, capture_output=True, text=True).stdout
    shown = subprocess.run([*gpg, "--with-colons", "--fingerprint"], check=True, capture_output=True, text=True).stdout
    fingerprint = next(line.split(":")[9] for line in shown.splitlines() if line.startswith("fpr"))
    subprocess.run(["gpgconf", "--homedir", str(tmp_path), "--kill", "all"], check=False, capture_output=True)
    assert len(fingerprint) == 40
    assert fingerprint == fingerprint.upper()
    return armor, fingerprint
