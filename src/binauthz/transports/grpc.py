"""The gRPC door: the same table, dispatcher and errors as REST, with health and reflection.

A generic handler takes bytes, so that a stranger's message is parsed only after the stranger has shown a token.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError, Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from binauthz.base.errors import ApiError, invalid
from binauthz.transports.dispatch import Dispatcher, internal, unimplemented
from binauthz.transports.errors import grpc_error
from binauthz.wire import descriptors
from binauthz.wire.json import check

MAX_MESSAGE = 10 * 1024 * 1024
_MAX_RESPONSE = 64 * 1024 * 1024
_MAX_CALLS = 1000
_INLINE_MESSAGE = 128 * 1024

_CODES = {code.value[0]: code for code in grpc.StatusCode}


class GrpcTranscoder(grpc.GenericRpcHandler):
    """Serves every method of the descriptor set; methods without a row answer UNIMPLEMENTED with a pointer."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._methods = {
            f"/{method.containing_service.full_name}/{method.name}": method for method in descriptors.methods().values()
        }

    def service(self, handler_call_details: Any) -> Any:
        """The handler of a call, or None for a method that no public API has."""
        method = self._methods.get(handler_call_details.method)
        if method is None:
            return None
        if method.client_streaming or method.server_streaming:
            return grpc.stream_stream_rpc_method_handler(self._refuse_stream(method))  # type: ignore[no-untyped-call]
        return grpc.unary_unary_rpc_method_handler(self._unary(method))  # type: ignore[no-untyped-call]

    def _unary(self, method: MethodDescriptor) -> Callable[[bytes, Any], Awaitable[bytes]]:
        request_class = descriptors.message_class(method.input_type.full_name)

        async def handle(body: bytes, context: Any) -> bytes:
            try:
                return await self._answer(method, request_class, body, context)
            except ApiError as error:
                failure = error
            except Exception:  # noqa: BLE001 - the last line before a stranger
                failure = internal(method.full_name)
            await _abort(context, failure)
            raise AssertionError("abort returned")

        return handle

    async def _answer(self, method: MethodDescriptor, request_class: type[Message], body: bytes, context: Any) -> bytes:
        metadata = {str(name): value for name, value in context.invocation_metadata() or ()}
        caller = await self._dispatcher.authenticate(
            _text(metadata.get("authorization")), ip=_ip(context.peer()), user_agent=_text(metadata.get("user-agent"))
        )
        if not self._dispatcher.serves(method.full_name):
            raise unimplemented(method.full_name)
        if len(body) > _INLINE_MESSAGE:
            request = await asyncio.to_thread(_parsed, request_class, body)
        else:
            request = _parsed(request_class, body)
        response = await self._dispatcher.call(method, caller, request)
        return response.SerializeToString()

    def _refuse_stream(self, method: MethodDescriptor) -> Callable[[Any, Any], Any]:
        async def handle(requests: Any, context: Any) -> None:
            del requests
            try:
                metadata = {str(name): value for name, value in context.invocation_metadata() or ()}
                await self._dispatcher.authenticate(
                    _text(metadata.get("authorization")), ip=_ip(context.peer()), user_agent=""
                )
                failure = unimplemented(method.full_name)
            except ApiError as error:
                failure = error
            await _abort(context, failure)

        return handle


def _parsed(request_class: type[Message], body: bytes) -> Message:
    try:
        request = request_class.FromString(body)
    except DecodeError:
        raise invalid(f"The request is not a serialized {request_class.DESCRIPTOR.full_name}.") from None
    check(request)
    return request


def _text(value: str | bytes | None) -> str:
    return value if isinstance(value, str) else ""


def _ip(peer: str) -> str:
    """The address in ``ipv4:127.0.0.1:1234`` or ``ipv6:%5B::1%5D:1234``."""
    family, _, rest = peer.partition(":")
    if family not in {"ipv4", "ipv6"}:
        return ""
    return rest.rpartition(":")[0].replace("%5B", "").replace("%5D", "").strip("[]")


async def _abort(context: Any, error: ApiError) -> None:
    number, text, metadata = grpc_error(error)
    await context.abort(_CODES[number], text, trailing_metadata=metadata)


class _Pools:
    """The private pool, then the default one (which has health and reflection itself), for the reflection service."""

    def __init__(self) -> None:
        self._pools = (descriptors.pool(), descriptor_pool.Default())

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def find(*arguments: Any) -> Any:
            for pool in self._pools:
                try:
                    return getattr(pool, name)(*arguments)
                except KeyError:
                    continue
            raise KeyError(name)

        return find


def server(
    dispatcher: Dispatcher, *, ready: Callable[[], Awaitable[str | None]] | None = None, max_message: int = MAX_MESSAGE
) -> Any:
    """A grpc.aio server with every service, health and reflection; the caller adds a port and starts it.

    ``ready`` is asked on each health check, and answers None when well.
    """
    made = grpc.aio.server(
        options=(
            ("grpc.max_receive_message_length", max_message),
            ("grpc.max_send_message_length", _MAX_RESPONSE),
            ("grpc.so_reuseport", 0),
        ),
        maximum_concurrent_rpcs=_MAX_CALLS,
    )
    made.add_generic_rpc_handlers((GrpcTranscoder(dispatcher),))
    health_pb2_grpc.add_HealthServicer_to_server(_Health(ready), made)  # type: ignore[no-untyped-call]
    names = [service.full_name for service in descriptors.services()]
    names += [health.SERVICE_NAME, reflection.SERVICE_NAME]
    reflection.enable_server_reflection(names, made, pool=_Pools())  # type: ignore[no-untyped-call]
    return made


class _Health(health_pb2_grpc.HealthServicer):
    """grpc.health.v1 over the same readiness that /readyz shows; every service shares it."""

    def __init__(self, ready: Callable[[], Awaitable[str | None]] | None) -> None:
        self._ready = ready

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: N802 - the name is the protocol's
        known = {"", health.SERVICE_NAME} | {service.full_name for service in descriptors.services()}
        if request.service not in known:
            await context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        trouble = await self._ready() if self._ready else None
        states = health_pb2.HealthCheckResponse
        return states(status=states.SERVING if trouble is None else states.NOT_SERVING)
