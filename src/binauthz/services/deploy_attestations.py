"""Attestations that images conformed to a policy: signed statements for whoever deploys them (SPEC 6.6).

Each is a DSSE envelope over an in-toto statement about one digest, signed by a key of the policy's project that lives
among its Cloud KMS keys: made on first use, sealed at rest, rotated and read like every other key there. The newest
enabled version signs.
"""

import asyncio
import base64
import datetime as dt
import json
from collections.abc import Sequence

from binauthz.base.errors import ApiError, Code
from binauthz.base.image import parse_image
from binauthz.crypto.pae import pae
from binauthz.policy.decision import Verdict, worst
from binauthz.policy.platform.evaluate import PodResult
from binauthz.policy.platform.model import PlatformPolicy
from binauthz.services.context import Context
from binauthz.services.kms import crypto_keys, key_rings, signing, states
from binauthz.services.names import project_of
from binauthz.store.interface import Reader
from binauthz.store.records import CryptoKey, CryptoKeyVersion

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://binaryauthorization.googleapis.com/policy_verification/v0.1"
ALGORITHM = "EC_SIGN_P256_SHA256"
KEY_RING, KEY = "binauthz", "deploy-attestations"
_HOST = "//cloudkms.googleapis.com/v1/"
_VERSIONS_TRIED = 10
_PATIENCE, _PAUSE_SECONDS = 100, 0.05
# Their escapes in JSON. Base64 of ASCII without these three has no character in which the two alphabets differ, and
# gcloud decodes an attestation by the standard one first, which skips what it does not know (SPEC 13.2).
_ESCAPES = str.maketrans({">": "\\u003e", "?": "\\u003f", "~": "\\u007e"})


async def attest(ctx: Context, policy: PlatformPolicy, results: Sequence[PodResult]) -> tuple[str, ...]:
    """One attestation for each image that is named by a digest; none unless every Pod conforms.

    Raises FAILED_PRECONDITION or UNAVAILABLE where this server cannot keep or use a private key.
    """
    if worst([each.verdict for each in results]) is not Verdict.CONFORMANT:
        return ()
    images = dict.fromkeys(image.image for pod in results for image in pod.images)
    named = [image for image in images if parse_image(image).digest is not None]
    if not named:
        return ()
    version = await _signer(ctx, project_of(policy.name))
    now = ctx.clock.now()
    return tuple([await _envelope(ctx, version, statement(policy, image, now)) for image in named])


def statement(policy: PlatformPolicy, image: str, now: dt.datetime) -> bytes:
    """What is attested: that the image conformed to this very policy at that moment."""
    reference = parse_image(image)
    document = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": reference.repository, "digest": {"sha256": reference.digest}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "policy": {"name": policy.name, "etag": policy.etag},
            "verdict": Verdict.CONFORMANT.value,
            "evaluateTime": now.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        },
    }
    return _ascii(document)


async def _envelope(ctx: Context, version: str, payload: bytes) -> str:
    request = signing.SigningRequest(data=pae(payload, PAYLOAD_TYPE))
    signature, _ = await signing.asymmetric_sign(ctx, version, request)
    document = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": f"{_HOST}{version}", "sig": base64.b64encode(signature).decode()}],
    }
    return base64.urlsafe_b64encode(_ascii(document)).decode()


def _ascii(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).translate(_ESCAPES).encode("ascii")


async def _signer(ctx: Context, project: str) -> str:
    """The key version that signs for a project, made where there is none."""
    ring = f"{project}/locations/global/keyRings/{KEY_RING}"
    key = f"{ring}/cryptoKeys/{KEY}"
    if await ctx.store.read(lambda tx: tx.get(CryptoKey, key)) is None:
        await _make(ctx, ring)

    def body(tx: Reader) -> Sequence[CryptoKeyVersion]:
        last = crypto_keys.existing(tx, key).last_version
        numbers = range(last, max(0, last - _VERSIONS_TRIED), -1)
        found = (tx.get(CryptoKeyVersion, f"{key}/cryptoKeyVersions/{number}") for number in numbers)
        now = ctx.clock.now()
        return [states.at(each, now) for each in found if each is not None]

    for _ in range(_PATIENCE):
        newest = await ctx.store.read(body)
        version = next((each for each in newest if each.state == states.ENABLED), None)
        if version is not None or all(each.state != states.PENDING_GENERATION for each in newest):
            break
        # Somebody else's call is making it at this moment.
        await asyncio.sleep(_PAUSE_SECONDS)
    else:
        raise ApiError(Code.UNAVAILABLE, f"The key {key}, which signs deploy attestations, is still being made.")
    if version is None:
        raise ApiError(Code.FAILED_PRECONDITION, f"No version of {key}, which signs deploy attestations, is enabled.")
    if version.algorithm != ALGORITHM:
        raise ApiError(
            Code.FAILED_PRECONDITION,
            f"{version.name} signs deploy attestations and is of {version.algorithm}, expected {ALGORITHM}.",
        )
    return version.name


async def _make(ctx: Context, ring: str) -> None:
    """Make the key ring and the key; whoever comes second finds them."""
    parent, _, _ = ring.rpartition("/keyRings/")
    draft = crypto_keys.Draft(purpose="ASYMMETRIC_SIGN", algorithm=ALGORITHM, protection_level="SOFTWARE")
    for work in (
        lambda: key_rings.create_key_ring(ctx, parent, KEY_RING),
        lambda: crypto_keys.create_crypto_key(ctx, ring, KEY, draft),
    ):
        try:
            await work()
        except ApiError as error:
            if error.code is not Code.ALREADY_EXISTS:
                raise
