"""What a signed payload says, read only after its signature was verified; and the payload that people sign (SPEC 3.1).

Only the digest counts. The bytes are never compared with anything: white space, order and other members are free,
and clearsigning loses the last line feed (SPEC 3.5, 13.8, 13.9).
"""

import json
from dataclasses import dataclass

from binauthz.attestation.account import (
    DIGEST_PATH,
    PAYLOAD_FIELDS,
    REFERENCE_PATH,
    TYPE_PATH,
    informational,
    unlisted,
)
from binauthz.base.image import digest_of_resource_uri
from binauthz.crypto.errors import SignatureRefusedError
from binauthz.crypto.strict_json import JsonObject, NotStrictJsonError, parse_object

PAYLOAD_TYPE = "Google cloud binauthz container signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What was said about an image: the one digest it is about, and what is only shown. ``digest`` is the 64
    hexadecimal digits without ``sha256:``."""

    digest: str
    docker_reference: str = ""
    type: str = ""
    unlisted: tuple[str, ...] = ()


class UnboundReferenceError(ValueError):
    """An image reference without a digest, which cannot be attested."""


def read_statement(payload: bytes) -> Statement:
    """The statement in a verified payload. Raises SignatureRefusedError."""
    document = read_document(payload)
    digest = digest_of_payload(document)
    if digest is None:
        raise SignatureRefusedError(
            f"signature verified, but the payload has no `{'.'.join(DIGEST_PATH)}` of `sha256:` and 64 lower-case "
            "hexadecimal digits"
        )
    return Statement(
        digest=digest,
        docker_reference=informational(member(document, REFERENCE_PATH)),
        type=informational(member(document, TYPE_PATH)),
        unlisted=unlisted(document, PAYLOAD_FIELDS),
    )


def read_document(payload: bytes) -> JsonObject:
    """The JSON object in a verified payload; the refusal begins as Google's does (SPEC 3.1)."""
    try:
        return parse_object(payload)
    except NotStrictJsonError as error:
        raise SignatureRefusedError(f"Signature verified, but unexpected message was signed: {error}") from None


def digest_of_payload(document: JsonObject) -> str | None:
    """The digits of the digest in a simple signing payload, or None where there is none or a malformed one."""
    return hex_of_digest(member(document, DIGEST_PATH))


def hex_of_digest(value: object) -> str | None:
    """The digits of exactly ``sha256:`` and 64 lower-case hexadecimal digits, or None (THREATS B35)."""
    if not isinstance(value, str) or not value.startswith("sha256:"):
        return None
    digits = value[7:]
    if len(digits) != 64:
        return None
    try:
        # There and back again: only lower-case digits without anything between come out as they went in.
        return digits if bytes.fromhex(digits).hex() == digits else None
    except ValueError:
        return None


def create_signature_payload(image: str) -> bytes:
    """The payload for an image named by digest, byte for byte as gcloud makes it (SPEC 3.1).

    Scheme, tag and digest are dropped from the reference. Raises UnboundReferenceError without a full digest.
    """
    bare = image.removeprefix("https://").removeprefix("http://")
    digest = digest_of_resource_uri(bare)
    if digest is None or bare.count("@") != 1:
        raise UnboundReferenceError(f"got `{image[:512]}`, expected an image with `@sha256:` and 64 hexadecimal digits")
    repository = bare.partition("@")[0]
    directory, slash, last = repository.rpartition("/")
    document = {
        "critical": {
            "identity": {"docker-reference": f"{directory}{slash}{last.partition(':')[0]}"},
            "image": {"docker-manifest-digest": f"sha256:{digest}"},
            "type": PAYLOAD_TYPE,
        }
    }
    return json.dumps(document, indent=2, sort_keys=True).encode("ascii") + b"\n"


def member(document: JsonObject, path: tuple[str, ...]) -> object:
    """The value at a path, or None where anything on the way is missing or no object."""
    value: object = document
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
