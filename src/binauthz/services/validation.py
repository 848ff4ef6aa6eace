"""validateAttestationOccurrence: would this attestation, stored or not, satisfy the attestor (SPEC 2.6)?"""

import asyncio
import dataclasses

from binauthz.attestation.memo import Prover
from binauthz.attestation.model import Attestation
from binauthz.attestation.verify import Outcome, check_attestation
from binauthz.base.errors import ApiError, Code
from binauthz.services.attestors import get_attestor
from binauthz.services.context import Context
from binauthz.services.names import check_note_name
from binauthz.services.occurrences import check_attestation_shape, check_resource_uri


async def validate_attestation(
    ctx: Context, attestor_name: str, attestation: Attestation, *, note: str, resource_uri: str
) -> str:
    """An empty string when the attestation is verified, else why it is not.

    Raises NOT_FOUND for an unknown attestor, INVALID_ARGUMENT for a request that lacks a member, and
    FAILED_PRECONDITION when a key of the attestor itself cannot be used, so that nobody can tell.
    """
    check_note_name("occurrenceNote", note)
    check_resource_uri("occurrenceResourceUri", resource_uri)
    check_attestation_shape("attestation", attestation)
    attestor = await get_attestor(ctx, attestor_name)
    if attestor.note != note:
        return f"the occurrence is attached to note `{note}`, and the attestor's note is `{attestor.note}`"
    complete = dataclasses.replace(attestation, note=note, resource_uri=resource_uri)
    finding = await asyncio.to_thread(check_attestation, attestor, complete, ctx.clock.now(), Prover())
    match finding.outcome:
        case Outcome.SATISFIED:
            return ""
        case Outcome.NOT_SATISFIED:
            return finding.denial_reason or "the attestation could not be verified"
        case Outcome.ERROR:
            raise ApiError(Code.FAILED_PRECONDITION, finding.denial_reason)
