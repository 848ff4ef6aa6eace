"""REST and gRPC render one error from one message; the table's rules hold for both."""

import asyncio
import json
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binauthz.base.errors import ApiError, Code, FieldViolation
from binauthz.store.interface import FilterError, StoreUnavailable
from binauthz.transports.errors import grpc_error, rest_error
from binauthz.transports.method import Method
from binauthz.transports.server import Hooks
from binauthz.wire import descriptors
from binauthz.wire.json import to_json
from tests.transports.toy import BINAUTHZ, Client, Toy

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ERRORS = st.builds(
    ApiError,
    st.sampled_from(Code),
    TEXT,
    violations=st.lists(st.builds(FieldViolation, TEXT, TEXT), max_size=3).map(tuple),
    reason=st.sampled_from(["", "IAM_PERMISSION_DENIED", "OTHER"]),
    metadata=st.dictionaries(TEXT, TEXT, max_size=2),
)


@settings(deadline=None)
@given(ERRORS)
def test_rest_and_grpc_carry_the_same_code_message_and_details(error: ApiError) -> None:
    status, _, body = rest_error(error)
    number, text, metadata = grpc_error(error)

    rest = json.loads(body)["error"]
    assert (status, rest["code"]) == (error.code.http_status, error.code.http_status)
    assert (number, text) == (error.code.number, rest["message"])
    details: list[Any] = []
    if metadata:
        packed = descriptors.message_class("google.rpc.Status").FromString(metadata[0][1])
        document = to_json(packed)
        assert document["code"] == number
        details = document["details"]
    assert details == rest.get("details", [])


def test_an_error_too_big_for_metadata_keeps_its_code_and_the_start_of_its_message() -> None:
    error = ApiError(
        Code.INVALID_ARGUMENT, "é" * 50_000, violations=tuple(FieldViolation("f", "x" * 1000) for _ in range(50))
    )
    number, text, metadata = grpc_error(error)
    assert number == 3
    assert 0 < len(text.encode()) <= 3000
    assert metadata == ()


@pytest.mark.parametrize(
    ("failure", "status", "name"),
    [
        (StoreUnavailable("postgres://SECRET"), 503, "UNAVAILABLE"),
        (FilterError("unexpected `x` at 3"), 400, "INVALID_ARGUMENT"),
        (KeyError("SECRET"), 500, "INTERNAL"),
        (TimeoutError("SECRET"), 504, "DEADLINE_EXCEEDED"),
    ],
)
def test_B110_trouble_inside_becomes_a_canonical_error(failure: Exception, status: int, name: str) -> None:
    async def fail(context: object, request: object) -> Any:
        raise failure

    table = [Method(full_name=f"{BINAUTHZ}.GetPolicy", permission=None, resource=lambda _: "", handler=fail)]
    answer = asyncio.run(Client(Toy().dispatcher(table)).call("GET", "/v1/projects/p/policy"))
    assert (answer.status, answer.error["status"]) == (status, name)
    assert b"SECRET" not in answer.body


def test_a_handler_that_hangs_is_cut_off() -> None:
    async def hang(context: object, request: object) -> Any:
        await asyncio.Event().wait()

    toy = Toy()
    table = [Method(full_name=f"{BINAUTHZ}.GetPolicy", permission=None, resource=lambda _: "", handler=hang)]
    dispatcher = toy.dispatcher(table)
    dispatcher._deadline = 0.01
    answer = asyncio.run(Client(dispatcher).call("GET", "/v1/projects/p/policy"))
    assert (answer.status, answer.error["status"]) == (504, "DEADLINE_EXCEEDED")


@pytest.mark.parametrize("name", ["no.Such.Method", "google.logging.v2.LoggingServiceV2.TailLogEntries"])
def test_a_row_for_a_method_that_cannot_be_served_is_a_mistake_found_at_start(name: str) -> None:
    row = Method(full_name=name, permission=None, resource=lambda _: "", handler=cast("Any", None))
    with pytest.raises(ValueError, match="no unary method"):
        Toy().dispatcher([row])


def test_two_rows_for_one_method_are_a_mistake_found_at_start() -> None:
    rows = Toy().table()
    with pytest.raises(ValueError, match="two rows"):
        Toy().dispatcher([*rows, rows[0]])


async def _unwell() -> str | None:
    return "no snapshot yet"


async def _broken() -> str | None:
    raise RuntimeError("SECRET")


async def _metrics() -> tuple[str, bytes]:
    return "text/plain", b"up 1\n"


def test_health_pages_need_no_token_and_tell_nothing_but_health() -> None:
    client = Client(Toy().dispatcher(), hooks=Hooks(ready=_unwell, healthy=_broken, metrics=_metrics))
    ready = asyncio.run(client.call("GET", "/readyz", token=None))
    assert (ready.status, ready.body) == (503, b"no snapshot yet\n")
    assert asyncio.run(client.call("GET", "/metrics", token=None)).body == b"up 1\n"
    broken = asyncio.run(client.call("GET", "/healthz", token=None))
    assert broken.status == 500
    assert b"SECRET" not in broken.body
    assert asyncio.run(Client(Toy().dispatcher()).call("GET", "/readyz", token=None)).status == 200
