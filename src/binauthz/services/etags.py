"""Etags and update times: a new value on every write, and what a stale one means (SPEC 1.6, 12)."""

import base64
import secrets

from binauthz.base.errors import ApiError, Code
from binauthz.services.context import Settings

_ETAG_LIMIT = 256


def fresh() -> str:
    """A new etag in the observed form: nine bytes of base64 between double quotes that belong to the value."""
    return '"' + base64.b64encode(secrets.token_bytes(9)).decode() + '"'


def check(settings: Settings, *, sent: str, current: str, name: str) -> None:
    """Refuse a stale etag where the operator asked for it; the documented clean-up re-imports old exports, so the
    default overwrites (SPEC 12)."""
    if settings.stale_etag_is_conflict and sent and sent != current:
        raise ApiError(
            Code.ABORTED,
            f"the etag of '{name}' is stale: got `{sent[:_ETAG_LIMIT]}`, expected `{current}`; read the resource "
            "again and retry",
        )
