"""Fuzz over every route of every API: no 5xx, no traceback, always JSON in one of two shapes."""

import asyncio
import re
from typing import Any
from urllib.parse import quote, urlencode

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from binauthz.services.context import Context
from binauthz.transports.method import Method
from binauthz.transports.routes import bindings
from binauthz.wire import descriptors
from binauthz.wire.json import encode
from tests.transports.toy import Client, Toy
from tests.wire.messages import messages

UNARY = [each for each in descriptors.methods().values() if not (each.client_streaming or each.server_streaming)]
ROUTES = [(method, *binding) for method in UNARY for binding in bindings(method)]
SEEN: list[tuple[str, Message]] = []


def row(method: MethodDescriptor) -> Method:
    response = descriptors.message_class(method.output_type.full_name)

    async def handler(context: Context, request: Any) -> Message:
        SEEN.append((method.full_name, request))
        return response()

    return Method(full_name=method.full_name, permission=None, resource=lambda request: "", handler=handler)


CLIENT = Client(Toy().dispatcher([row(method) for method in UNARY]))
TRICKS = ["p", "-", "a:b", "..", "%2F", "a:getIamPolicy", "*", "{x}"]
SEGMENT = st.text(min_size=1, max_size=6) | st.sampled_from(TRICKS)
JUNK = st.binary(max_size=40) | st.text(alphabet='{}[]":,name01\\u', max_size=40).map(str.encode)
SETTINGS = settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, bytes]:
    method, verb, template, body_field = draw(st.sampled_from(ROUTES))
    path = re.sub(r"\{[^}=]*=?([^}]*)\}", lambda match: match[1] or "*", template)
    encode_segment = quote if draw(st.booleans()) else str
    path = re.sub(r"\*+", lambda _: encode_segment(draw(SEGMENT)), path)
    fields = [field.json_name for field in method.input_type.fields] + ["alt", "nope", "a.b", ""]
    query = urlencode(draw(st.lists(st.tuples(st.sampled_from(fields), st.text(max_size=5)), max_size=3)))
    body = draw(JUNK)
    if body_field and draw(st.booleans()):
        target = method.input_type if body_field == "*" else method.input_type.fields_by_name[body_field].message_type
        body = encode(draw(messages(target.full_name, 2)))
    verb = draw(st.sampled_from([verb, verb, verb, "GET", "POST", "PATCH"]))
    return verb, f"{path.replace('?', '')}{draw(st.sampled_from(['', '/', ':x', '?' + query]))}", body


@SETTINGS
@given(requests())
def test_no_request_breaks_the_server(request_: tuple[str, str, bytes]) -> None:
    verb, target, body = request_
    answer = asyncio.run(CLIENT.call(verb, target, body))
    assert answer.status < 500, answer.body
    document = answer.json
    if answer.status != 200:
        assert document["error"]["code"] == answer.status
        assert "Traceback" not in answer.body.decode()


def test_every_route_reaches_its_own_method() -> None:
    async def walk() -> None:
        for method, verb, template, _ in ROUTES:
            path = re.sub(r"\{[^}=]*=?([^}]*)\}", lambda match: match[1] or "*", template)
            SEEN.clear()
            answer = await CLIENT.call(verb, re.sub(r"\*+", "x1", path))
            assert answer.status == 200, (template, answer.body)
            assert [name for name, _ in SEEN] == [method.full_name], template

    asyncio.run(walk())


@st.composite
def whole_bodies(draw: st.DrawFn) -> tuple[Any, Message]:
    route = draw(st.sampled_from([route for route in ROUTES if route[3] == "*"]))
    return route, draw(messages(route[0].input_type.full_name, 2))


@SETTINGS
@given(whole_bodies())
def test_a_whole_body_arrives_unchanged(case: Any) -> None:
    (method, verb, template, _), message = case
    path = re.sub(r"\{[^}=]*=?([^}]*)\}", lambda match: match[1] or "*", template)
    SEEN.clear()
    answer = asyncio.run(CLIENT.call(verb, re.sub(r"\*+", "x1", path), encode(message)))
    assert answer.status == 200, answer.body
    expected = type(message).FromString(message.SerializeToString())
    for variable in re.findall(r"\{([^}=]*)", template):
        holder: Any = expected
        arrived: Any = SEEN[0][1]
        *parents, last = variable.split(".")
        for parent in parents:
            holder, arrived = getattr(holder, parent), getattr(arrived, parent)
        setattr(holder, last, getattr(arrived, last))
    assert [(method.full_name, expected)] == SEEN
