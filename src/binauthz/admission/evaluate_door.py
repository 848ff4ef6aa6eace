"""The HTTP door of ``:evaluate``: who may ask, and the errors of Google's API where they may not."""

import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from binauthz.admission.evaluate import MAX_MANIFEST_BYTES, Evaluator, decode
from binauthz.admission.http import Answer, Disconnected, Receive, Refused, Scope, Send, bearer, raw_path, read_body
from binauthz.admission.http import send_answer as send
from binauthz.base.clock import Clock
from binauthz.base.errors import ApiError, Code, invalid
from binauthz.base.names import is_id
from binauthz.services.context import Caller, Context
from binauthz.store.interface import Store

LOG = logging.getLogger(__name__)

PREFIX = "/binauthz/v1/projects/"
PERMISSION = "binaryauthorization.policy.get"
_ROUTE = re.compile(r"/binauthz/v1/projects/([^/%]{1,128}):evaluate")
_MAX_PATH = 512

Authenticator = Callable[[str], Awaitable[Caller | None]]
Authorize = Callable[[Context, str, str], Awaitable[None]]


class EvaluateDoor:
    """An ASGI application for paths that begin with ``PREFIX``."""

    def __init__(
        self, store: Store, clock: Clock, evaluator: Evaluator, *, authenticator: Authenticator, authorize: Authorize
    ) -> None:
        self._store = store
        self._clock = clock
        self._evaluator = evaluator
        self._authenticator = authenticator
        self._authorize = authorize

    async def __call__(self, scope: Scope, receive: Receive, send_message: Send) -> None:
        """Answer one HTTP request."""
        try:
            answer = await self._answer(scope, receive)
        except Disconnected:
            return
        except Refused as refused:
            answer = _error(refused.code, invalid(refused.message), close=refused.close)
        except ApiError as error:
            answer = _error(error.code.http_status, error)
        except Exception:
            LOG.exception("an evaluation failed")
            internal = ApiError(Code.INTERNAL, "Internal error encountered.")
            answer = _error(500, internal)
        await send(send_message, answer)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path = raw_path(scope)
        match = _ROUTE.fullmatch(path) if len(path) <= _MAX_PATH else None
        if match is None or not is_id("project", match[1]):
            raise ApiError(Code.NOT_FOUND, "Method not found.")
        if scope["method"] != "POST":
            raise Refused(405, f"got {str(scope['method'])[:16]}, expected POST")
        token = bearer(scope)
        caller = await self._authenticator(token) if token else None
        if caller is None:
            raise ApiError(Code.UNAUTHENTICATED, "Request is missing valid authentication credentials.")
        context = Context(caller=caller, clock=self._clock, store=self._store)
        await self._authorize(context, PERMISSION, f"projects/{match[1]}/policy")
        question = decode(await read_body(scope, receive, MAX_MANIFEST_BYTES))

        async def may_read(permission: str, resource: str) -> bool:
            try:
                await self._authorize(context, permission, resource)
            except ApiError as error:
                if error.code in {Code.PERMISSION_DENIED, Code.NOT_FOUND, Code.INVALID_ARGUMENT}:
                    return False
                raise
            return True

        return Answer(200, msgspec.json.encode(await self._evaluator.evaluate(match[1], question, may_read)))


def _error(code: int, error: ApiError, *, close: bool = False) -> Answer:
    body: dict[str, Any] = {"code": code, "message": error.message, "status": error.code.name}
    if error.violations:
        fields = [{"field": each.field, "description": each.description} for each in error.violations]
        body["details"] = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": fields}]
    return Answer(code, msgspec.json.encode({"error": body}), close)
