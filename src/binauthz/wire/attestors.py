"""Attestors on the wire: v1 says userOwnedGrafeasNote, v1beta1 and v1alpha2 say userOwnedDrydockNote (SPEC 0.2)."""

from typing import Any

from google.protobuf.message import Message

from binauthz.attestation.model import Attestor, AttestorKey, PgpKey, PkixKey, SignatureAlgorithm
from binauthz.base.errors import invalid_field
from binauthz.services import attestors, validation
from binauthz.services.context import Context
from binauthz.wire.descriptors import message_class
from binauthz.wire.fields import enum_name, set_enum, unknown_fields
from binauthz.wire.grafeas_records import to_attestation
from binauthz.wire.paging import page_of

_PACKAGE = "google.cloud.binaryauthorization"


def _note_field(version: str) -> str:
    return "user_owned_grafeas_note" if version == "v1" else "user_owned_drydock_note"


def _key(message: Any, path: str) -> AttestorKey:
    key_id = message.id
    material: PkixKey | PgpKey | None = None
    match message.WhichOneof("public_key"):
        case "pkix_public_key":
            pkix = message.pkix_public_key
            algorithm = SignatureAlgorithm(enum_name(pkix, "signature_algorithm", f"{path}.pkixPublicKey"))
            material = PkixKey(pem=pkix.public_key_pem, algorithm=algorithm)
            inner = getattr(pkix, "key_id", "")
            if inner and key_id and inner != key_id:
                raise invalid_field(
                    f"{path}.pkixPublicKey.keyId", f"got `{inner[:120]}`, expected nothing or the id of the key"
                )
            key_id = key_id or inner
        case "ascii_armored_pgp_public_key":
            material = PgpKey(armored=message.ascii_armored_pgp_public_key)
    return AttestorKey(id=key_id, material=material, comment=message.comment)


def to_attestor(message: Any, version: str) -> Attestor:
    """The attestor that a message of any version holds; output-only members are ignored (SPEC 13.3)."""
    field = _note_field(version)
    note = getattr(message, field)
    path = f"attestor.{message.DESCRIPTOR.fields_by_name[field].camelcase_name}.publicKeys"
    return Attestor(
        name=message.name,
        note=note.note_reference,
        description=message.description,
        keys=tuple(_key(key, f"{path}[{index}]") for index, key in enumerate(note.public_keys)),
        etag=message.etag,
        unknown=unknown_fields(message),
    )


def _fill_key(message: Any, key: AttestorKey) -> None:
    message.id = key.id
    message.comment = key.comment
    match key.material:
        case PkixKey(pem=pem, algorithm=algorithm):
            message.pkix_public_key.public_key_pem = pem
            set_enum(message.pkix_public_key, "signature_algorithm", algorithm.value)
        case PgpKey(armored=armored):
            message.ascii_armored_pgp_public_key = armored
        case None:
            pass


def from_attestor(attestor: Attestor, version: str) -> Message:
    """The attestor as a message of a version."""
    message: Any = message_class(f"{_PACKAGE}.{version}.Attestor").FromString(attestor.unknown)
    message.name = attestor.name
    message.description = attestor.description
    note = getattr(message, _note_field(version))
    note.note_reference = attestor.note
    for key in attestor.keys:
        _fill_key(note.public_keys.add(), key)
    note.delegation_service_account_email = attestor.delegation_service_account
    if attestor.update_time is not None:
        message.update_time.FromDatetime(attestor.update_time)
    message.etag = attestor.etag
    result: Message = message
    return result


class AttestorHandlers:
    """The attestor methods of one version."""

    def __init__(self, version: str) -> None:
        self._version = version

    async def create(self, ctx: Context, request: Any) -> Message:
        """CreateAttestor."""
        draft = to_attestor(request.attestor, self._version)
        made = await attestors.create_attestor(ctx, request.parent, request.attestor_id, draft)
        return from_attestor(made, self._version)

    async def get(self, ctx: Context, request: Any) -> Message:
        """GetAttestor."""
        return from_attestor(await attestors.get_attestor(ctx, request.name), self._version)

    async def update(self, ctx: Context, request: Any) -> Message:
        """UpdateAttestor."""
        draft = to_attestor(request.attestor, self._version)
        return from_attestor(await attestors.update_attestor(ctx, draft), self._version)

    async def list(self, ctx: Context, request: Any) -> Message:
        """ListAttestors."""
        page = await attestors.list_attestors(ctx, request.parent, page_of(request))
        answer: Any = message_class(f"{_PACKAGE}.{self._version}.ListAttestorsResponse")()
        answer.attestors.extend(from_attestor(each, self._version) for each in page.items)
        answer.next_page_token = page.next_token
        result: Message = answer
        return result

    async def delete(self, ctx: Context, request: Any) -> Message:
        """DeleteAttestor."""
        await attestors.delete_attestor(ctx, request.name)
        return message_class("google.protobuf.Empty")()

    async def validate(self, ctx: Context, request: Any) -> Message:
        """ValidateAttestationOccurrence."""
        denial = await validation.validate_attestation(
            ctx,
            request.attestor,
            to_attestation(request.attestation),
            note=request.occurrence_note,
            resource_uri=request.occurrence_resource_uri,
        )
        answer: Any = message_class(f"{_PACKAGE}.{self._version}.ValidateAttestationOccurrenceResponse")()
        set_enum(answer, "result", "ATTESTATION_NOT_VERIFIABLE" if denial else "VERIFIED")
        answer.denial_reason = denial
        result: Message = answer
        return result
