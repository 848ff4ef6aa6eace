"""Sealing for use cases: secrets in records, and what a caller is told when they cannot be opened.

A secret is sealed for the resource that holds it. A kind of record that comes to hold one belongs in what is sealed
again under a new key (``kms.housekeeping``), or the old key can never be taken away. Callers learn that the server's
sealing keys are missing or wrong, never a path, a key or a secret; the operator's log has the rest.
"""

import logging

from binauthz.base.errors import ApiError, Code
from binauthz.crypto.sealing import SealingError, SealingKeysMissing, SealingKeySource

_log = logging.getLogger(__name__)


def seal(source: SealingKeySource | None, secret: bytes, resource: str) -> bytes:
    """The secret, sealed for a resource; raises UNAVAILABLE or FAILED_PRECONDITION. Reads a file: call on a thread."""
    try:
        return _given(source).keys().seal(secret, resource)
    except SealingError as error:
        raise refused(error, resource) from None


def unseal(source: SealingKeySource | None, sealed: bytes, resource: str) -> bytes:
    """The secret that was sealed for a resource; raises as ``seal`` does. Reads a file: call on a thread."""
    try:
        return _given(source).keys().open(sealed, resource)
    except SealingError as error:
        raise refused(error, resource) from None


def refused(error: SealingError, resource: str) -> ApiError:
    """What a caller is told, after the operator was told why."""
    _log.warning("sealing for `%s` failed: %s", resource, error)
    if isinstance(error, SealingKeysMissing):
        return ApiError(
            Code.UNAVAILABLE,
            "The server's sealing keys cannot be read, without which no private key can be kept or used: its log says"
            " why.",
        )
    return ApiError(
        Code.FAILED_PRECONDITION,
        f"The secret of '{resource}' cannot be kept or opened with the server's sealing keys: its log says why.",
    )


def _given(source: SealingKeySource | None) -> SealingKeySource:
    if source is None:
        raise SealingKeysMissing("no sealing key file is configured")
    return source
