"""What may be read out of a verified payload, and the payload that people are given to sign (SPEC 3.1, 11, 13.8)."""

import base64
import hashlib
import json

import pytest

from binauthz.attestation.account import CLAIMS, PAYLOAD_FIELDS, Standing, informational
from binauthz.attestation.payload import UnboundReferenceError, create_signature_payload, read_statement
from binauthz.crypto.errors import SignatureRefusedError
from binauthz.crypto.pae import pae

A = "a" * 64
IMAGE = f"us-docker.pkg.dev/p1/r/img@sha256:{A}"


def _b64url_sha256(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()


def test_the_payload_is_byte_for_byte_gclouds() -> None:
    """SPEC 11: length and digests recorded from gcloud itself."""
    payload = create_signature_payload(IMAGE)
    assert len(payload) == 288
    assert _b64url_sha256(payload) == "X1i7boaVRvQNmBTzLot-KbAcFQm2o4aAk4ufdFdgFIc="
    assert _b64url_sha256(pae(payload)) == "yvaMoVMB9_Z4mXuzizVBkIOAkk1zXUjouipPFrGLN9g="


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        (IMAGE, "us-docker.pkg.dev/p1/r/img"),
        (f"https://{IMAGE}", "us-docker.pkg.dev/p1/r/img"),
        (f"http://{IMAGE}", "us-docker.pkg.dev/p1/r/img"),
        (f"gcr.io/p/img:v1@sha256:{A}", "gcr.io/p/img"),
        (f"localhost:5000/img@sha256:{A}", "localhost:5000/img"),
        (f"localhost:5000/img:v1@sha256:{A}", "localhost:5000/img"),
        (f"img@sha256:{A}", "img"),
        (f"gcr.io/ü/img@sha256:{A}", "gcr.io/ü/img"),
    ],
)
def test_the_reference_is_the_repository_alone(image: str, reference: str) -> None:
    payload = create_signature_payload(image)
    assert payload.isascii()
    assert payload.endswith(b"}\n")
    assert not payload.endswith(b"\n\n")
    assert json.loads(payload)["critical"]["identity"]["docker-reference"] == reference
    statement = read_statement(payload)
    assert statement.digest == A
    assert statement.unlisted == ()


@pytest.mark.parametrize(
    "image",
    [
        "",
        "img",
        "img:v1",
        f"img@sha256:{A[:-1]}",
        f"img@sha256:{A.upper()}",
        f"img@sha512:{A}",
        f"img@sha256:{A}@sha256:{A}",
    ],
)
def test_B35_an_image_without_one_full_digest_has_no_payload(image: str) -> None:
    with pytest.raises(UnboundReferenceError):
        create_signature_payload(image)


def test_a_payload_that_is_no_json_is_refused_in_googles_words() -> None:
    """SPEC 3.1: the text that users search for."""
    with pytest.raises(SignatureRefusedError, match=r"^Signature verified, but unexpected message was signed: line 1"):
        read_statement(b"hello")


def test_type_and_reference_are_shown_and_not_judged() -> None:
    document = json.loads(create_signature_payload(IMAGE))
    document["critical"]["type"] = "\ud800\u202e" + "x" * 1000
    document["critical"]["identity"] = {"docker-reference": ["elsewhere"]}
    document["critical"]["more"] = {"deep": 1}
    document["<b>"] = 2
    document["optional"] = {"anything": {}}
    statement = read_statement(json.dumps(document).encode())
    assert statement.digest == A
    assert statement.docker_reference == ""
    assert statement.type.startswith("\\ud800\\u202exxx")
    assert len(statement.type) < 300
    assert statement.unlisted == ("critical.more", "<b>")


def test_a_thousand_unknown_members_are_reported_within_bounds() -> None:
    document = {**json.loads(create_signature_payload(IMAGE)), **{f"{'x' * 400}{i}": 1 for i in range(100)}}
    statement = read_statement(json.dumps(document).encode())
    assert len(statement.unlisted) == 17
    assert statement.unlisted[-1] == "..."
    assert all(len(path) < 300 for path in statement.unlisted)


@pytest.mark.parametrize(
    "critical", [None, [], "x", {}, {"image": None}, {"image": []}, {"image": {"docker-manifest-digest": 1}}]
)
def test_a_payload_of_another_shape_is_refused(critical: object) -> None:
    with pytest.raises(SignatureRefusedError, match="docker-manifest-digest"):
        read_statement(json.dumps({"critical": critical}).encode())


def test_every_table_verifies_the_digest() -> None:
    path = ("critical", "image", "docker-manifest-digest")
    assert PAYLOAD_FIELDS.fields[path] is Standing.VERIFIED
    assert CLAIMS.fields[path] is Standing.VERIFIED
    assert CLAIMS.fields["sub",] is Standing.VERIFIED


def test_what_is_shown_can_be_stored_and_printed() -> None:
    for hostile in ("\ud800", "a\nb", "\x1b[31m", "\0", "x" * 10_000):
        shown = informational(hostile)
        assert shown.isprintable()
        assert shown.encode()
        assert len(shown) < 3000
