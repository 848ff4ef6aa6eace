"""Forwards unary gRPC calls as bytes, and has every answer judged in its JSON form."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor

from binauthz.transports.routes import bindings
from binauthz.wire import descriptors
from binauthz.wire.json import to_json
from tests.conformance.witness.ledger import Call, Ledger, client_of
from tests.conformance.witness.schemas import Schemas

_LIMIT = 64 * 1024 * 1024
_OPTIONS = [("grpc.max_receive_message_length", _LIMIT), ("grpc.max_send_message_length", _LIMIT)]
_SECONDS = 120.0
_DROPPED = ("user-agent", "grpc-", ":")


class _Forwarder(grpc.GenericRpcHandler):  # type: ignore[misc]
    def __init__(self, channel: grpc.Channel, ledger: Ledger, schemas: Schemas) -> None:
        self._channel, self._ledger, self._schemas = channel, ledger, schemas
        self._methods = {
            f"/{each.containing_service.full_name}/{each.name}": each for each in descriptors.methods().values()
        }

    def service(self, handler_call_details: Any) -> Any:
        path = handler_call_details.method
        method = self._methods.get(path)
        call = self._channel.unary_unary(path)

        def forward(body: bytes, context: Any) -> bytes:
            sent = {str(name): value for name, value in context.invocation_metadata()}
            metadata = [(name, value) for name, value in sent.items() if not name.startswith(_DROPPED)]
            client = client_of(str(sent.get("x-goog-api-client", "")), str(sent.get("user-agent", "")))
            try:
                answer: bytes = call(body, timeout=_left(context), metadata=metadata)
            except grpc.RpcError as refused:
                self._note(method, client, refused.code().name, "")
                context.set_trailing_metadata(
                    [pair for pair in refused.trailing_metadata() or () if not pair[0].startswith(":")]
                )
                context.abort(refused.code(), refused.details())
            self._note(method, client, "OK", self._fault(method, answer))
            return answer

        return grpc.unary_unary_rpc_method_handler(forward)

    def _note(self, method: MethodDescriptor | None, client: str, status: str, fault: str) -> None:
        name = method.full_name if method is not None else ""
        self._ledger.note(Call(method=name, door="grpc", client=client, status=status, fault=fault))

    def _fault(self, method: MethodDescriptor | None, answer: bytes) -> str:
        if method is None:
            return ""
        document = to_json(descriptors.message_class(method.output_type.full_name).FromString(answer))
        verb, template, _ = next(bindings(method), ("", "", ""))
        return self._schemas.fault(method, verb, template, document)


def _left(context: Any) -> float:
    """The seconds that the caller leaves; gRPC counts centuries where it leaves all."""
    left = context.time_remaining()
    return _SECONDS if left is None else min(float(left), _SECONDS)


@contextmanager
def forwarding(upstream: str, ledger: Ledger, schemas: Schemas) -> Iterator[str]:
    """The address of a proxy that lives as long as the block."""
    with ThreadPoolExecutor(8) as pool, grpc.insecure_channel(upstream, options=_OPTIONS) as channel:
        server = grpc.server(pool, handlers=[_Forwarder(channel, ledger, schemas)], options=_OPTIONS)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(0).wait(10)
