"""Key rings, keys and versions as messages, and what callers may ask of them."""

import datetime as dt
from typing import Any

from google.protobuf.message import Message

from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.crypto.crc32c import crc32c
from binauthz.services.kms.algorithms import PURPOSE
from binauthz.services.kms.crypto_keys import Draft
from binauthz.services.kms.signing import SigningRequest
from binauthz.store.records import CryptoKey, CryptoKeyVersion, KeyRing
from binauthz.wire.descriptors import message_class
from binauthz.wire.fields import enum_name, set_enum

PACKAGE = "google.cloud.kms.v1"


def message(name: str) -> Any:
    """An empty message of the API."""
    return message_class(f"{PACKAGE}.{name}")()


def from_key_ring(ring: KeyRing) -> Message:
    """The key ring as a message."""
    made = message("KeyRing")
    made.name = ring.name
    made.create_time.FromDatetime(ring.create_time)
    result: Message = made
    return result


def from_crypto_key(key: CryptoKey) -> Message:
    """The key as a message; it has no primary version, as it does not encrypt."""
    made = message("CryptoKey")
    made.name = key.name
    set_enum(made, "purpose", PURPOSE)
    made.create_time.FromDatetime(key.create_time)
    set_enum(made.version_template, "algorithm", key.algorithm)
    set_enum(made.version_template, "protection_level", key.protection_level)
    made.destroy_scheduled_duration.FromSeconds(key.destroy_after_seconds)
    for name, value in key.labels.items():
        made.labels[name] = value
    result: Message = made
    return result


def from_version(version: CryptoKeyVersion) -> Message:
    """The version as a message, without what holds its private key."""
    made = message("CryptoKeyVersion")
    made.name = version.name
    set_enum(made, "state", version.state)
    set_enum(made, "algorithm", version.algorithm)
    set_enum(made, "protection_level", version.protection_level)
    made.generation_failure_reason = version.generation_failure_reason
    moments: dict[str, dt.datetime | None] = {
        "create_time": version.create_time,
        "generate_time": version.generate_time,
        "destroy_time": version.destroy_time,
        "destroy_event_time": version.destroy_event_time,
    }
    for field, moment in moments.items():
        if moment is not None:
            getattr(made, field).FromDatetime(moment)
    result: Message = made
    return result


def from_public_key(version: CryptoKeyVersion, name: str, wanted: str, der: bytes) -> Message:
    """The public key: as PEM text where no format is asked for, else in that format with its checksum."""
    made = message("PublicKey")
    made.name = name
    set_enum(made, "algorithm", version.algorithm)
    set_enum(made, "protection_level", version.protection_level)
    pem = version.public_pem.encode("ascii")
    if wanted in {"PUBLIC_KEY_FORMAT_UNSPECIFIED", "PEM"}:
        made.pem = version.public_pem
        made.pem_crc32c.value = crc32c(pem)
    if wanted != "PUBLIC_KEY_FORMAT_UNSPECIFIED":
        set_enum(made, "public_key_format", wanted)
        made.public_key.data = pem if wanted == "PEM" else der
        made.public_key.crc32c_checksum.value = crc32c(made.public_key.data)
    result: Message = made
    return result


def to_draft(sent: Any) -> Draft:
    """A key as a caller asks for it; what would silently not take effect is refused."""
    path = "cryptoKey"
    purpose = enum_name(sent, "purpose", path)
    if purpose == PURPOSE:
        _refuse_schedule(sent)
        if sent.crypto_key_backend:
            raise invalid_field(f"{path}.cryptoKeyBackend", "a backend is for keys of external protection levels only")
        if sent.import_only:
            raise ApiError(Code.UNIMPLEMENTED, "Keys for imported versions only are not served here.")
        if sent.HasField("key_access_justifications_policy"):
            raise ApiError(Code.UNIMPLEMENTED, "Key Access Justifications are not served here.")
    after = sent.destroy_scheduled_duration
    if after.nanos:
        raise invalid_field(f"{path}.destroyScheduledDuration", "got a fraction of a second, expected whole seconds")
    return Draft(
        purpose=purpose,
        algorithm=enum_name(sent.version_template, "algorithm", f"{path}.versionTemplate"),
        protection_level=enum_name(sent.version_template, "protection_level", f"{path}.versionTemplate"),
        destroy_after_seconds=after.seconds if sent.HasField("destroy_scheduled_duration") else None,
        labels=dict(sent.labels),
    )


def _refuse_schedule(sent: Any) -> None:
    for field, shown in (("rotation_period", "rotationPeriod"), ("next_rotation_time", "nextRotationTime")):
        if sent.HasField(field):
            raise invalid_field(f"cryptoKey.{shown}", f"keys of purpose {PURPOSE} are not rotated automatically")


def to_key_changes(sent: Any, mask: Any) -> dict[str, Any]:
    """What an update of a key changes, as arguments of the use case; INVALID_ARGUMENT for what never changes."""
    if not mask.paths:
        raise invalid_field("updateMask", "a mask is required, of labels or version_template.algorithm")
    changes: dict[str, Any] = {}
    for path in mask.paths:
        match path:
            case "labels":
                changes["labels"] = dict(sent.labels)
            case "version_template.algorithm":
                changes["algorithm"] = enum_name(sent.version_template, "algorithm", "cryptoKey.versionTemplate")
            case "version_template":
                level = enum_name(sent.version_template, "protection_level", "cryptoKey.versionTemplate")
                raise invalid_field(
                    "updateMask", f"got `version_template` with protection level {level}, expected its algorithm alone"
                )
            case "rotation_period" | "next_rotation_time":
                # gcloud removes a schedule by naming both and sending neither.
                _refuse_schedule(sent)
            case "key_access_justifications_policy":
                raise ApiError(Code.UNIMPLEMENTED, "Key Access Justifications are not served here.")
            case _:
                raise invalid_field("updateMask", f"got `{path[:120]}`, expected labels or version_template.algorithm")
    return changes


def to_state(sent: Any, mask: Any) -> str:
    """The state that an update of a version asks for."""
    if list(mask.paths) != ["state"]:
        shown = ",".join(mask.paths)[:120]
        raise invalid_field("updateMask", f"got `{shown}`, expected `state`")
    state = enum_name(sent, "state", "cryptoKeyVersion")
    if state not in {"ENABLED", "DISABLED"}:
        raise invalid_field("cryptoKeyVersion.state", f"got `{state}`, expected ENABLED or DISABLED")
    return state


def check_new_version(sent: Any) -> None:
    """Return for a version that the key's template alone describes."""
    if sent.HasField("external_protection_level_options") or sent.trusted_wrapping_enabled:
        raise invalid_field(
            "cryptoKeyVersion", "external keys and trusted wrapping are not of protection levels that are served here"
        )


def to_signing_request(request: Any) -> SigningRequest:
    """What is to be signed."""
    function = request.digest.WhichOneof("digest") or ""
    return SigningRequest(
        digest_function=function,
        digest=bytes(getattr(request.digest, function)) if function else b"",
        data=request.data,
        digest_crc32c=request.digest_crc32c.value if request.HasField("digest_crc32c") else None,
        data_crc32c=request.data_crc32c.value if request.HasField("data_crc32c") else None,
    )
