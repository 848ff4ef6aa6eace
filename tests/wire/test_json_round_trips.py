"""Any message survives JSON, whichever spelling the other side uses."""

import re
from typing import Any

import msgspec
import pytest
from google.protobuf import json_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from binauthz.wire import descriptors
from binauthz.wire.json import decode, encode, to_json
from tests.wire.messages import messages, method_messages

ANY_MESSAGE = st.sampled_from(method_messages()).flatmap(messages)
LAX = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])


@LAX
@given(ANY_MESSAGE)
def test_json_round_trip_changes_nothing(message: Any) -> None:
    again = type(message)()
    decode(encode(message), again)
    assert again == message


@LAX
@given(ANY_MESSAGE)
def test_enums_as_numbers_round_trip_too(message: Any) -> None:
    again = type(message)()
    decode(encode(message, numeric_enums=True, pretty=False), again)
    assert again == message


@LAX
@given(ANY_MESSAGE)
def test_our_decoder_agrees_with_protobufs_own(message: Any) -> None:
    text = json_format.MessageToJson(message, preserving_proto_field_name=True, descriptor_pool=descriptors.pool())
    ours, theirs = type(message)(), type(message)()
    decode(text.encode(), ours)
    json_format.Parse(text, theirs, descriptor_pool=descriptors.pool())
    assert ours == theirs


@pytest.mark.parametrize(
    "spelling", ["-_8", "-_8=", "+/8", "+/8="], ids=["url-safe unpadded", "url-safe", "standard unpadded", "standard"]
)
def test_base64_of_either_alphabet_is_read_and_standard_is_written(spelling: str) -> None:
    occurrence: Any = descriptors.message_class("grafeas.v1.Occurrence")()
    decode(b'{"attestation": {"serialized_payload": "%s"}}' % spelling.encode(), occurrence)
    assert occurrence.attestation.serialized_payload == b"\xfb\xff"
    assert to_json(occurrence) == {"attestation": {"serializedPayload": "+/8="}}


def test_snake_case_and_camel_case_are_one_name() -> None:
    note = descriptors.message_class("grafeas.v1.Note")
    camel, snake = note(), note()
    decode(b'{"attestation": {"hint": {"humanReadableName": "x"}}}', camel)
    decode(b'{"attestation": {"hint": {"human_readable_name": "x"}}}', snake)
    assert camel == snake


def test_defaults_are_omitted_and_int64_is_a_string() -> None:
    result: Any = descriptors.message_class("google.cloud.binaryauthorization.v1.CheckSetResult")()
    result.index = 7
    assert to_json(result) == {"index": "7"}
    assert encode(type(result)(), pretty=False) == b"{}"


def test_whole_numbers_of_a_struct_stay_whole() -> None:
    request: Any = descriptors.message_class("google.cloud.binaryauthorization.v1.EvaluateGkePolicyRequest")()
    decode(b'{"resource": {"spec": {"replicas": 3, "ratio": 0.5}}}', request)
    assert msgspec.json.decode(encode(request)) == {"resource": {"spec": {"replicas": 3, "ratio": 0.5}}}
    assert re.search(rb"replicas\": 3\b(?!\.)", encode(request))


def test_a_lone_value_is_a_list_of_one() -> None:
    request: Any = descriptors.message_class("google.iam.v1.TestIamPermissionsRequest")()
    decode(b'{"permissions": "a.b.c"}', request)
    assert list(request.permissions) == ["a.b.c"]


def test_output_only_fields_are_accepted() -> None:
    attestor: Any = descriptors.message_class("google.cloud.binaryauthorization.v1.Attestor")()
    decode(
        b'{"name": "projects/p/attestors/a", "updateTime": "2019-06-26T16:58:33.977438Z", "etag": "\\"x\\"",'
        b'"userOwnedGrafeasNote": {"delegationServiceAccountEmail": "a@b"}}',
        attestor,
    )
    assert attestor.user_owned_grafeas_note.delegation_service_account_email == "a@b"
