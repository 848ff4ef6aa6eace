"""Cloud KMS on the wire (google.cloud.kms.v1.KeyManagementService)."""

from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from google.protobuf.message import Message

from binauthz.base.errors import invalid_field
from binauthz.crypto.crc32c import crc32c
from binauthz.services.context import Context
from binauthz.services.kms import crypto_keys, key_rings, signing, versions
from binauthz.wire.fields import enum_name, set_enum
from binauthz.wire.kms_messages import (
    check_new_version,
    from_crypto_key,
    from_key_ring,
    from_public_key,
    from_version,
    message,
    to_draft,
    to_key_changes,
    to_signing_request,
    to_state,
)
from binauthz.wire.paging import page_of


def crypto_key_name(request: Any) -> str:
    """The resource of an update of a key."""
    return str(request.crypto_key.name)


def version_name(request: Any) -> str:
    """The resource of an update of a version."""
    return str(request.crypto_key_version.name)


def location_name(request: Any) -> str:
    """The resource of a request for random bytes."""
    return str(request.location)


async def create_key_ring(ctx: Context, request: Any) -> Message:
    """CreateKeyRing."""
    return from_key_ring(await key_rings.create_key_ring(ctx, request.parent, request.key_ring_id))


async def get_key_ring(ctx: Context, request: Any) -> Message:
    """GetKeyRing."""
    return from_key_ring(await key_rings.get_key_ring(ctx, request.name))


async def list_key_rings(ctx: Context, request: Any) -> Message:
    """ListKeyRings."""
    page, total = await key_rings.list_key_rings(
        ctx, request.parent, page_of(request), filter=request.filter, order_by=request.order_by
    )
    answer = message("ListKeyRingsResponse")
    answer.key_rings.extend(map(from_key_ring, page.items))
    return _listed(answer, page.next_token, total)


async def create_crypto_key(ctx: Context, request: Any) -> Message:
    """CreateCryptoKey."""
    if request.trusted_wrapping_enabled:
        raise invalid_field("trustedWrappingEnabled", "got true, which no protection level that is served here takes")
    made = await crypto_keys.create_crypto_key(
        ctx,
        request.parent,
        request.crypto_key_id,
        to_draft(request.crypto_key),
        with_version=not request.skip_initial_version_creation,
    )
    return from_crypto_key(made)


async def get_crypto_key(ctx: Context, request: Any) -> Message:
    """GetCryptoKey."""
    return from_crypto_key(await crypto_keys.get_crypto_key(ctx, request.name))


async def list_crypto_keys(ctx: Context, request: Any) -> Message:
    """ListCryptoKeys; no key has a primary version, so every view of it is the same."""
    page, total = await crypto_keys.list_crypto_keys(
        ctx, request.parent, page_of(request), filter=request.filter, order_by=request.order_by
    )
    answer = message("ListCryptoKeysResponse")
    answer.crypto_keys.extend(map(from_crypto_key, page.items))
    return _listed(answer, page.next_token, total)


async def update_crypto_key(ctx: Context, request: Any) -> Message:
    """UpdateCryptoKey."""
    changes = to_key_changes(request.crypto_key, request.update_mask)
    return from_crypto_key(await crypto_keys.update_crypto_key(ctx, request.crypto_key.name, **changes))


async def create_version(ctx: Context, request: Any) -> Message:
    """CreateCryptoKeyVersion."""
    check_new_version(request.crypto_key_version)
    return from_version(await versions.create_version(ctx, request.parent))


async def get_version(ctx: Context, request: Any) -> Message:
    """GetCryptoKeyVersion."""
    return from_version(await versions.get_version(ctx, request.name))


async def list_versions(ctx: Context, request: Any) -> Message:
    """ListCryptoKeyVersions; there is no attestation that a fuller view could add."""
    page, total = await versions.list_versions(
        ctx, request.parent, page_of(request), filter=request.filter, order_by=request.order_by
    )
    answer = message("ListCryptoKeyVersionsResponse")
    answer.crypto_key_versions.extend(map(from_version, page.items))
    return _listed(answer, page.next_token, total)


async def update_version(ctx: Context, request: Any) -> Message:
    """UpdateCryptoKeyVersion."""
    state = to_state(request.crypto_key_version, request.update_mask)
    return from_version(await versions.set_state(ctx, request.crypto_key_version.name, state))


async def destroy_version(ctx: Context, request: Any) -> Message:
    """DestroyCryptoKeyVersion."""
    return from_version(await versions.destroy_version(ctx, request.name))


async def restore_version(ctx: Context, request: Any) -> Message:
    """RestoreCryptoKeyVersion."""
    return from_version(await versions.restore_version(ctx, request.name))


async def get_public_key(ctx: Context, request: Any) -> Message:
    """GetPublicKey."""
    wanted = enum_name(request, "public_key_format", "")
    if wanted not in {"PUBLIC_KEY_FORMAT_UNSPECIFIED", "PEM", "DER"}:
        raise invalid_field("publicKeyFormat", f"got `{wanted}`, expected PEM or DER")
    version = await signing.get_public_key(ctx, request.name)
    key = load_pem_public_key(version.public_pem.encode("ascii"))
    return from_public_key(
        version, request.name, wanted, key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )


async def asymmetric_sign(ctx: Context, request: Any) -> Message:
    """AsymmetricSign. The name is the one that was asked for, as clients compare the two."""
    sent = to_signing_request(request)
    signature, version = await signing.asymmetric_sign(ctx, request.name, sent)
    answer = message("AsymmetricSignResponse")
    answer.signature = signature
    answer.signature_crc32c.value = crc32c(signature)
    answer.verified_digest_crc32c = sent.digest_crc32c is not None
    answer.verified_data_crc32c = sent.data_crc32c is not None
    answer.name = request.name
    set_enum(answer, "protection_level", version.protection_level)
    result: Message = answer
    return result


async def generate_random_bytes(ctx: Context, request: Any) -> Message:
    """GenerateRandomBytes."""
    level = enum_name(request, "protection_level", "")
    answer = message("GenerateRandomBytesResponse")
    answer.data = await signing.random_bytes(ctx, request.location, request.length_bytes, level)
    answer.data_crc32c.value = crc32c(answer.data)
    result: Message = answer
    return result


def _listed(answer: Any, next_token: str, total: int) -> Message:
    answer.next_page_token = next_token
    answer.total_size = total
    result: Message = answer
    return result
