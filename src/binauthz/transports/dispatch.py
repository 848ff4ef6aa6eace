"""One call, whatever the door: authenticate, authorize, run the handler, turn trouble into canonical errors."""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from binauthz.base.errors import ApiError, Code, invalid
from binauthz.services.context import Caller, Context
from binauthz.store.interface import FilterError, StoreUnavailable
from binauthz.transports.authentication import Authenticator, authenticate
from binauthz.transports.method import Method
from binauthz.wire import descriptors

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

Authorizer = Callable[[Context, str, str], Awaitable[None]]
"""Takes the context, a permission and a resource; raises PERMISSION_DENIED."""

COVERAGE = "docs/coverage.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a call, for metrics and the API's own audit log."""

    method: str
    permission: str | None
    resource: str
    caller: Caller
    code: Code | None
    message: str
    seconds: float


Observer = Callable[[Outcome, Message], Awaitable[None]]
"""Told of every authenticated call to a served method, with its request, before the response leaves."""


async def _ignore(outcome: Outcome, request: Message) -> None:
    del outcome, request


def unimplemented(full_name: str) -> ApiError:
    """The method is public, but we do not serve it."""
    return ApiError(Code.UNIMPLEMENTED, f"{full_name} is not served here: {COVERAGE} lists what is.")


class Dispatcher:
    """The method table with everything that a call passes through."""

    def __init__(
        self,
        methods: Iterable[Method],
        *,
        authenticator: Authenticator,
        authorizer: Authorizer,
        context: Callable[[Caller], Context],
        observer: Observer = _ignore,
        deadline_seconds: float = 60.0,
    ) -> None:
        self._authenticator = authenticator
        self._authorizer = authorizer
        self._context = context
        self._observer = observer
        self._deadline = deadline_seconds
        self._rows: dict[str, Method] = {}
        for row in methods:
            if row.full_name in self._rows:
                raise ValueError(f"`{row.full_name}` has two rows")
            method = descriptors.methods().get(row.full_name)
            if method is None or method.client_streaming or method.server_streaming:
                raise ValueError(f"`{row.full_name}` is no unary method of the descriptor set")
            self._rows[row.full_name] = row

    def serves(self, full_name: str) -> bool:
        """Whether the method has a row."""
        return full_name in self._rows

    async def authenticate(self, authorization: str | None, *, ip: str, user_agent: str) -> Caller:
        """Who calls; raises UNAUTHENTICATED. Done before a body is read: strangers cost nothing more."""
        work = authenticate(self._authenticator, authorization, ip=ip, user_agent=user_agent)
        return await _guarded("authentication", work, self._deadline)

    async def call(self, method: MethodDescriptor, caller: Caller, request: Message) -> Message:
        """Run a method for a caller; raises ApiError and nothing else."""
        row = self._rows.get(method.full_name)
        if row is None:
            raise unimplemented(method.full_name)
        started = time.monotonic()
        resource = ""

        async def observe(failure: ApiError | None) -> None:
            outcome = Outcome(
                method=row.full_name,
                permission=row.permission,
                resource=resource,
                caller=caller,
                code=failure.code if failure else None,
                message=failure.message if failure else "",
                seconds=time.monotonic() - started,
            )
            await _guarded("observer", self._observer(outcome, request), self._deadline)

        try:
            resource = row.resource(request)
            response = await _guarded(row.full_name, self._run(row, caller, resource, request), self._deadline)
        except ApiError as error:
            await observe(error)
            raise
        await observe(None)
        return response

    async def _run(self, row: Method, caller: Caller, resource: str, request: Message) -> Message:
        context = self._context(caller)
        if row.permission is not None:
            await self._authorizer(context, row.permission, resource)
        return await row.handler(context, request)


async def _guarded(name: str, work: Awaitable[_T], seconds: float) -> _T:
    """Await our own code; whatever it raises becomes an ApiError that says nothing of our insides."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except ApiError:
        raise
    except TimeoutError:
        raise ApiError(Code.DEADLINE_EXCEEDED, f"The deadline of {seconds:g} seconds passed.") from None
    except StoreUnavailable as error:
        _log.warning("%s: the store is unavailable: %s", name, error)
        raise ApiError(Code.UNAVAILABLE, "The store is unavailable: try again later.") from None
    except FilterError as error:
        raise invalid(f"Invalid filter: {error}") from None
    except Exception:  # noqa: BLE001 - the last line before a stranger: log it whole, answer with its id alone
        raise internal(name) from None


def internal(name: str) -> ApiError:
    """Log the exception being handled and return the INTERNAL error that stands for it."""
    request_id = secrets.token_hex(8)
    _log.exception("%s failed (request id %s)", name, request_id)
    return ApiError(Code.INTERNAL, f"Internal error. The server's log has the cause under request id {request_id}.")
