"""One request over both doors: what REST and gRPC answered, in a form in which equal means equal."""

import json
import re
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.rpc import status_pb2
from grpc_status import rpc_status

from binauthz.wire import descriptors
from binauthz.wire.json import to_json
from tests.conformance.rest import Rest
from tests.conformance.server import Target
from tests.fuzz.requests import RestRequest

# gRPC carries an error in response metadata, which is short: past this the details go and the text is cut.
_CARRIED = 2900
_MASKS = [
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)"), "TIME"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"(acat\.|operation-)\d+-(UUID|[0-9a-f]{24})"), "OPERATION"),
    (re.compile(r"request id [0-9a-f]{16}"), "REQUEST"),
]
# What two servers make anew each for itself.
_OWN = {
    "etag", "nextPageToken", "pem", "signature", "signatureCrc32c", "pemCrc32c", "insertId", "uniqueId", "attestations",
    "kubeconfig", "publicKey", "fingerprint", "callerIp", "data", "dataCrc32c",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A canonical status, the message and details of an error, and the body of an answer, masked."""

    status: str
    message: str
    details: Any
    body: Any


def over_rest(target: Target, request: RestRequest) -> Answer:
    """The answer to an HTTP request."""
    answer = Rest(target.url, target.token).call(request.verb, request.target, request.body or None)
    if answer.status == 200:
        return Answer(status="OK", message="", details=[], body=masked(answer.document))
    error = answer.document["error"]
    return Answer(
        status=error["status"], message=masked(error["message"]), details=masked(error.get("details", [])), body=None
    )


def over_grpc(target: Target, channel: grpc.Channel, method: MethodDescriptor, message: Message) -> Answer:
    """The answer to the same request as a message."""
    call = channel.unary_unary(f"/{method.containing_service.full_name}/{method.name}")
    try:
        body: bytes = call(
            message.SerializeToString(), timeout=60, metadata=[("authorization", f"Bearer {target.token}")]
        )
    except grpc.RpcError as refused:
        status: status_pb2.Status | None = rpc_status.from_call(refused)
        details: Any = []
        if status is not None:
            packed = descriptors.message_class("google.rpc.Status").FromString(status.SerializeToString())
            details = to_json(packed).get("details", [])
        return Answer(status=refused.code().name, message=masked(refused.details()), details=masked(details), body=None)
    made = descriptors.message_class(method.output_type.full_name).FromString(body)
    return Answer(status="OK", message="", details=[], body=masked(to_json(made)))


def masked(document: Any) -> Any:
    """A document without what differs between two servers by nature."""
    text = json.dumps(_without_own(document), sort_keys=True)
    for pattern, word in _MASKS:
        text = pattern.sub(word, text)
    return json.loads(text)


def _without_own(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: "OWN" if name in _OWN else _without_own(child) for name, child in node.items()}
    return [_without_own(child) for child in node] if isinstance(node, list) else node


def differences(rest: Answer, rpc: Answer) -> list[str]:
    """What the doors do not agree on."""
    found = []
    if rest.status != rpc.status:
        found.append(f"status: {rest.status} and {rpc.status}")
    cut = len(rpc.message.encode()) >= _CARRIED
    if rest.message != rpc.message and not (cut and rest.message.startswith(rpc.message)):
        found.append(f"message: {rest.message[:500]!r} and {rpc.message[:500]!r}")
    whole = len(json.dumps(rest.details)) < _CARRIED
    if rest.details != rpc.details and (whole or rpc.details):
        found.append(f"details: {rest.details} and {rpc.details}")
    if rest.body != rpc.body:
        found.append(f"body: {json.dumps(rest.body)[:1500]}\n  and {json.dumps(rpc.body)[:1500]}")
    return found
