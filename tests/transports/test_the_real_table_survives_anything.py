"""Fuzz over every served method with its real use case and store: a clear answer, and never INTERNAL."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from binauthz.base.clock import SystemClock
from binauthz.base.errors import ApiError, Code
from binauthz.services import bootstrap
from binauthz.services.authorization import authorize
from binauthz.services.context import Caller, Context
from binauthz.store.database import open_store
from binauthz.transports.audit import observer
from binauthz.transports.dispatch import Dispatcher
from binauthz.transports.methods import METHODS
from binauthz.transports.routes import bindings
from binauthz.wire import descriptors
from binauthz.wire.json import check, encode
from tests.transports.toy import TOKEN, Client, Response
from tests.wire.messages import messages

SERVED = [descriptors.methods()[row.full_name] for row in METHODS]
ROUTES = [(method, *binding) for method in SERVED for binding in bindings(method)]
# Names that exist, nearly exist, and cannot exist.
IDS = {
    "attestors": ["built-by-ci", "none", "-", "a" * 300],
    "clusters": ["local-cluster", "none"],
    "locations": ["us-central1-a", "global", "-", "mars"],
    "memberships": ["local-cluster", "none"],
    "notes": ["release", "none", "é", "a b"],
    "projects": ["demo-project", "123456789012", "no-such-project", "-", "*"],
    "services": ["container.googleapis.com", "x"],
}
NAMES = [
    "",
    "projects/demo-project",
    "projects/demo-project/attestors/built-by-ci",
    "projects/demo-project/notes/release",
    "projects/demo-project/policy",
    "projects/demo-project/occurrences/00000000-0000-0000-0000-000000000000",
    "projects/demo-project/locations/us-central1-a/clusters/local-cluster",
    'kind="ATTESTATION" AND resourceUrl="https://x@sha256:00"',
    'has_suffix(resourceUrl, "sha256:00")',
    'resource.type="k8s_cluster"\n(protoPayload.response.reason="X" OR "y")',
    "((((((",
    "\x00",
    "a" * 5000,
]
SETTINGS = settings(deadline=None, max_examples=250, suppress_health_check=list(HealthCheck))


class House:
    """The real table over a real store, called without sockets."""

    def __init__(self, runner: asyncio.Runner, directory: Path) -> None:
        self.runner = runner
        self.store = open_store(f"sqlite:///{directory / 'store.db'}")
        clock = SystemClock()
        runner.run(bootstrap.prepare(self.store, clock))

        def context(caller: Caller) -> Context:
            return Context(caller=caller, clock=clock, store=self.store)

        self.owner = Caller(principal=bootstrap.OWNER)

        async def authenticate(token: str) -> Caller | None:
            return self.owner if token == TOKEN else None

        self.dispatcher = Dispatcher(
            METHODS, authenticator=authenticate, authorizer=authorize, context=context, observer=observer()
        )
        self.client = Client(self.dispatcher)
        assert self.rest("POST", "/v1/projects/demo-project/notes?noteId=release", b'{"attestation": {}}').status == 200
        body = b'{"userOwnedGrafeasNote": {"noteReference": "projects/demo-project/notes/release"}}'
        made = self.rest("POST", "/v1/projects/demo-project/attestors?attestorId=built-by-ci", body)
        assert made.status == 200, made.body

    def rest(self, verb: str, target: str, body: bytes = b"") -> Response:
        return self.runner.run(self.client.call(verb, target, body))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with asyncio.Runner() as runner:
        made = House(runner, tmp_path_factory.mktemp("house"))
        yield made
        runner.run(made.store.close())


def _plausible(draw: st.DrawFn, message: Any, depth: int = 3) -> None:
    """Replace some strings by names and filters that use cases look into; not the type of an Any, which has to be one
    for the message to have a JSON form."""
    if message.DESCRIPTOR.full_name == "google.protobuf.Any":
        return
    for field, value in message.ListFields():
        if field.message_type is not None and not field.is_repeated and depth:
            _plausible(draw, value, depth - 1)
    for field in message.DESCRIPTOR.fields:
        free = field.containing_oneof is None and not field.is_repeated
        if field.cpp_type == FieldDescriptor.CPPTYPE_STRING and field.type != FieldDescriptor.TYPE_BYTES and free:
            setattr(message, field.name, draw(st.sampled_from(NAMES)))


@st.composite
def plausible(draw: st.DrawFn, full_name: str) -> Message:
    made = draw(messages(full_name, 4))
    if draw(st.booleans()):
        _plausible(draw, made)
    return made


@st.composite
def rest_requests(draw: st.DrawFn) -> tuple[str, str, bytes]:
    method, verb, template, body_field = draw(st.sampled_from(ROUTES))
    segments: list[str] = []
    for segment in re.sub(r"\{[^}=]*=?([^}]*)\}", lambda match: match[1] or "*", template).split("/"):
        known = IDS.get(segments[-1] if segments else "", ["x", "policy", "1"])
        segments.append(segment.replace("**", "*").replace("*", draw(st.sampled_from(known))))
    body = b""
    if body_field:
        target = method.input_type if body_field == "*" else method.input_type.fields_by_name[body_field].message_type
        body = encode(draw(plausible(target.full_name)))
    ids = [f"{field.json_name}=x1" for field in method.input_type.fields if field.name.endswith("_id")]
    texts = [f"{name}={draw(st.sampled_from(['', 'x', '((', '%00']))}" for name in ("filter", "pageToken")]
    wanted = [
        each for each in texts if any(field.json_name == each.split("=")[0] for field in method.input_type.fields)
    ]
    query = "&".join([*ids, *(wanted if draw(st.booleans()) else [])])
    return verb, f"{'/'.join(segments)}?{query}".replace(" ", "%20").replace("é", "%C3%A9"), body


@SETTINGS
@given(request_=rest_requests())
def test_rest_answers_every_request_clearly(house: House, request_: tuple[str, str, bytes]) -> None:
    answer = house.rest(*request_)
    # 501 is a clear answer: a kind of v1beta1 note that only v1 serves.
    assert answer.status < 500 or answer.status == 501, (request_, answer.body)
    if answer.status != 200:
        assert answer.error["message"]


CALLS = st.sampled_from(SERVED).flatmap(
    lambda method: st.tuples(st.just(method), plausible(method.input_type.full_name))
)


@SETTINGS
@given(call=CALLS)
def test_any_message_gets_an_answer_that_can_be_written(house: House, call: Any) -> None:
    method, request = call
    failure: ApiError | None = None
    try:
        check(request)
        response = house.runner.run(house.dispatcher.call(method, house.owner, request))
    except ApiError as error:
        failure = error
    if failure is not None:
        assert failure.code not in {Code.INTERNAL, Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED}, (method.name, request)
        return
    assert response.DESCRIPTOR.full_name == method.output_type.full_name
    encode(response)
    response.SerializeToString()


def test_a_stranger_without_rights_changes_nothing(house: House) -> None:
    stranger = Caller(principal="user:stranger@example.com")
    before = house.runner.run(house.store.revision())
    for row in METHODS:
        method = descriptors.methods()[row.full_name]
        request = descriptors.message_class(method.input_type.full_name)()
        with pytest.raises(ApiError) if row.permission else _Either():
            house.runner.run(house.dispatcher.call(method, stranger, request))
    assert house.runner.run(house.store.revision()) == before


class _Either:
    """Handlers that decide themselves may answer or refuse."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        return isinstance(error, ApiError) and error.code is not Code.INTERNAL
