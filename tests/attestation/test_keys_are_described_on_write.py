"""Keys of an attestor as they are written: ids assigned or checked, material and algorithm checked (SPEC 2.4, 2.5)."""

import pytest

from binauthz.attestation.keys import describe_key, describe_keys
from binauthz.attestation.model import AttestorKey, PgpKey, PkixKey, SignatureAlgorithm
from binauthz.base.limits import MAX_KEYS_PER_ATTESTOR
from binauthz.crypto.errors import KeyRefusedError
from tests.crypto.keys import certificate, public_pem

P256 = SignatureAlgorithm.ECDSA_P256_SHA256


def _pkix(id: str = "", algorithm: SignatureAlgorithm = P256, pem: str = "") -> AttestorKey:
    return AttestorKey(id=id, comment="c", material=PkixKey(pem=pem or public_pem(P256), algorithm=algorithm))


def _pgp(id: str = "", name: str = "rsa") -> AttestorKey:
    return AttestorKey(id=id, comment="c", material=PgpKey(armored=certificate(name)))


@pytest.mark.parametrize("given", ["", "my-key", "0xDEADBEEF"])
def test_an_openpgp_key_is_named_by_its_fingerprint_whatever_was_given(given: str) -> None:
    described = describe_key(_pgp(given))
    assert len(described.id) == 40
    assert described.id == described.id.upper()
    assert described.comment == "c"


def test_a_pkix_key_without_an_id_gets_the_default_one() -> None:
    described = describe_key(_pkix())
    assert described.id.startswith("ni:///sha-256;")
    assert len(described.id) == len("ni:///sha-256;") + 43
    assert "=" not in described.id


@pytest.mark.parametrize(
    "uri",
    [
        "//cloudkms.googleapis.com/v1/projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/1",
        "//127.0.0.1:18099/v1/projects/p1/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1",
        "https://example.com/keys/1?a=b#c",
        "urn:example:key",
        "ni:///sha-256;EwVxs8fNUAHq9FI2AMfh8WNIXVBuuTMeGtPH72U-I70",
        "x:%20y",
        "x+y.z-1:",
    ],
)
def test_a_uri_is_kept_as_it_is(uri: str) -> None:
    assert describe_key(_pkix(uri)).id == uri


@pytest.mark.parametrize(
    "bad",
    [
        "my-key",
        "/path",
        "1x:y",
        ":x",
        "x y:z",
        "x:y z",
        "x:%2",
        "x:%zz",
        "x:%",
        "x:#a#b",
        "x:é",
        "x:\n",
        'x:"',
        "x:<>",
        "x:" + "y" * 1024,
        " x:y",
    ],
)
def test_what_is_no_uri_is_refused(bad: str) -> None:
    with pytest.raises(KeyRefusedError, match="expected") as caught:
        describe_key(_pkix(bad))
    assert caught.value.field == "id"


def test_a_key_without_material_is_refused() -> None:
    with pytest.raises(KeyRefusedError, match="neither"):
        describe_key(AttestorKey(id="x:y", material=None))


def test_the_path_of_a_refused_key_tells_which() -> None:
    with pytest.raises(KeyRefusedError) as caught:
        describe_keys([_pgp(), _pkix(pem="hello")])
    assert caught.value.field == "publicKeys[1].pkixPublicKey.publicKeyPem"
    with pytest.raises(KeyRefusedError) as caught:
        describe_keys([AttestorKey(id="", material=None)])
    assert caught.value.field == "publicKeys[0]"


@pytest.mark.parametrize(
    "pair",
    [
        (_pkix(), _pkix()),
        (_pgp(), _pgp("other")),
        (_pkix("x:y"), _pkix("x:y")),
        (_pkix(), _pkix(describe_key(_pkix()).id)),
    ],
    ids=["default ids", "one certificate twice", "given ids", "given id equals default id"],
)
def test_B68_duplicate_ids_are_refused(pair: tuple[AttestorKey, AttestorKey]) -> None:
    with pytest.raises(KeyRefusedError, match="twice") as caught:
        describe_keys(pair)
    assert caught.value.field == "publicKeys[1].id"


def test_one_key_under_two_ids_is_allowed() -> None:
    assert [key.id for key in describe_keys([_pkix("a:b"), _pkix("c:d")])] == ["a:b", "c:d"]


def test_describing_again_changes_nothing() -> None:
    """gcloud writes back what it read (SPEC 2.3)."""
    once = describe_keys([_pkix(), _pkix("a:b"), _pgp(), _pgp(name="ed25519")])
    assert describe_keys(once) == once


def test_the_number_of_keys_is_bounded() -> None:
    with pytest.raises(KeyRefusedError, match="at most"):
        describe_keys([_pkix(f"x:{index}") for index in range(MAX_KEYS_PER_ATTESTOR + 1)])
