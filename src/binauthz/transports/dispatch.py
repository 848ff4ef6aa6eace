"""One call, whatever the door: authenticate, authorize, run the handler, turn trouble into canonical errors."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

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
class Call:
    """One authenticated call to a served method; ``resource`` is empty where the request names none that can be
    read."""

    row: Method
    caller: Caller
    resource: str
    request: Message


class Observation(Protocol):
    """One call being observed."""

    @property
    def context(self) -> Context:
        """The context that the handler is given."""

    async def settle(self, failure: ApiError | None) -> None:
        """What became of the call, before the response leaves; raising fails the call."""


Observer = Callable[[Call, Context], Observation]
"""Told of each call before it is authorized."""

Spend = Callable[[Call], None]
"""Counts a call against its quota; raises RESOURCE_EXHAUSTED."""


@dataclass(frozen=True, slots=True)
class _Unobserved:
    context: Context

    async def settle(self, failure: ApiError | None) -> None:
        """Nothing to do."""


def unobserved(call: Call, context: Context) -> Observation:
    """The observer of nothing."""
    del call
    return _Unobserved(context)


def _free(call: Call) -> None:
    del call


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
        observer: Observer = unobserved,
        spend: Spend = _free,
        deadline_seconds: float = 60.0,
    ) -> None:
        self._authenticator = authenticator
        self._authorizer = authorizer
        self._context = context
        self._observer = observer
        self._spend = spend
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
        call = Call(row=row, caller=caller, resource=row.resource(request), request=request)
        self._spend(call)
        context = self._context(caller)
        observation = self._observer(call, context)
        try:
            response = await _guarded(row.full_name, self._run(call, context, observation.context), self._deadline)
        except ApiError as error:
            await _guarded("observer", observation.settle(error), self._deadline)
            raise
        await _guarded("observer", observation.settle(None), self._deadline)
        return response

    async def _run(self, call: Call, plain: Context, observed: Context) -> Message:
        if call.row.permission is not None:
            await self._authorizer(plain, call.row.permission, call.resource)
        return await call.row.handler(observed, call.request)


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
