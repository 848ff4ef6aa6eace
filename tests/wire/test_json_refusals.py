"""What is not the message's JSON is refused in Google's words, naming the field (SPEC 0.1; issue's bad input)."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binauthz.base.errors import ApiError, Code
from binauthz.wire import descriptors
from binauthz.wire.json import check, decode

ATTESTOR = "google.cloud.binaryauthorization.v1.Attestor"
POLICY = "google.cloud.binaryauthorization.v1.Policy"
ENTRY = "google.logging.v2.LogEntry"


def refusal(full_name: str, body: bytes, path: str = "") -> ApiError:
    with pytest.raises(ApiError) as caught:
        decode(body, descriptors.message_class(full_name)(), path=path)
    assert caught.value.code is Code.INVALID_ARGUMENT
    return caught.value


@pytest.mark.parametrize(
    ("full_name", "body", "message"),
    [
        (ATTESTOR, b'{"foo": 1}', 'Invalid JSON payload received. Unknown name "foo": Cannot find field.'),
        (ATTESTOR, b"[]", "Invalid JSON payload received. Root element must be a message."),
        (ATTESTOR, b'{"name": 5}', "Invalid value at 'name' (TYPE_STRING), 5"),
        (ATTESTOR, b'{"name": {}}', "Invalid value at 'name' (TYPE_STRING), Starting an object on a scalar field"),
        (
            ATTESTOR,
            b'{"name": ["x"]}',
            'Invalid JSON payload received. Unknown name "name": Proto field is not repeating, cannot start list.',
        ),
        (
            POLICY,
            b'{"defaultAdmissionRule": {"evaluationMode": "SOMETIMES"}}',
            (
                "Invalid value at 'default_admission_rule.evaluation_mode' "
                '(type.googleapis.com/google.cloud.binaryauthorization.v1.AdmissionRule.EvaluationMode), "SOMETIMES"'
            ),
        ),
        (
            POLICY,
            b'{"clusterAdmissionRules": {"a.b": {"evaluationMode": 99}}}',
            (
                "Invalid value at 'cluster_admission_rules[\"a.b\"].evaluation_mode' "
                "(type.googleapis.com/google.cloud.binaryauthorization.v1.AdmissionRule.EvaluationMode), 99"
            ),
        ),
        (POLICY, b'{"updateTime": "soon"}', None),
        (POLICY, b'{"admissionWhitelistPatterns": [{"namePattern": "a"}, null]}', None),
        (
            "grafeas.v1.Occurrence",
            b'{"attestation": {"serializedPayload": "!"}}',
            "Invalid value at 'attestation.serialized_payload' (TYPE_BYTES), Base64 decoding failed for \"!\"",
        ),
        (
            ENTRY,
            b'{"textPayload": "x", "jsonPayload": {}}',
            (
                "Invalid value at 'json_payload' (oneof), oneof field 'textPayload' is already set. "
                "Cannot set 'jsonPayload'"
            ),
        ),
        (ENTRY, b'{"protoPayload": {"@type": "type.googleapis.com/no.Such"}}', None),
        (ENTRY, b'{"name": "x"', None),
    ],
)
def test_refusals_say_where_and_what(full_name: str, body: bytes, message: str | None) -> None:
    error = refusal(full_name, body)
    if message is not None:
        assert error.message == message


def test_every_fault_is_reported_with_its_field() -> None:
    error = refusal(ATTESTOR, b'{"foo": 1, "name": 2, "etag": true}', path="attestor")
    assert [violation.field for violation in error.violations] == ["attestor", "attestor.name", "attestor.etag"]
    assert error.message.count("\n") == 2


def test_faults_are_counted_only_so_far() -> None:
    body = b"{" + b",".join(b'"x%d": 1' % number for number in range(1000)) + b"}"
    assert len(refusal(ATTESTOR, body).violations) == 20


@pytest.mark.parametrize("body", [b'{"name": "a", "name": "b"}', b'{"etag": {"x": 1, "x": 2}}'])
def test_B69_duplicate_names_are_refused(body: bytes) -> None:
    assert "Duplicate name" in refusal(ATTESTOR, body).message


def test_B69_the_two_spellings_of_a_name_are_duplicates() -> None:
    refusal(ATTESTOR, b'{"updateTime": "2020-01-01T00:00:00Z", "update_time": "2020-01-01T00:00:00Z"}')


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":' * 100_000,
        b"[" * 100_000,
        b'{"a":' * 200 + b"1" + b"}" * 200,
        b'{"name": ' + b"9" * 10_000 + b"}",
        b'{"name": NaN}',
        b'{"name": "\xff"}',
        b"\xef\xbb\xbf{}",
        b"{} {}",
        b'{"name": "\\ud800"}',
        b"\x00",
        b"{'name': 'x'}",
    ],
    ids=["objects", "lists", "closed", "digits", "NaN", "UTF-8", "BOM", "trailing", "surrogate", "NUL", "quotes"],
)
def test_B101_bombs_and_bad_text_are_refused(body: bytes) -> None:
    assert len(refusal(ATTESTOR, body).message) < 500


def test_B101_a_struct_nests_only_so_deep() -> None:
    body = b'{"resource": ' + b'{"a":' * 60 + b"1" + b"}" * 61
    assert "30 levels" in refusal("google.cloud.binaryauthorization.v1.EvaluateGkePolicyRequest", body).message


def test_B110_long_values_are_quoted_only_in_part() -> None:
    assert len(refusal(POLICY, b'{"etag": true, "description": ["%s"]}' % (b"x" * 100_000)).message) < 1000


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,name01\\u', max_size=60).map(str.encode))
def test_any_bytes_decode_or_are_refused(body: bytes) -> None:
    with contextlib.suppress(ApiError):
        decode(body, descriptors.message_class(POLICY)())


def test_masks_that_could_not_be_written_back_are_refused() -> None:
    refusal("grafeas.v1.UpdateNoteRequest", b'{"updateMask": "note_1"}')


@pytest.mark.parametrize(
    "holder",
    [
        {"proto_payload": {"type_url": "projects/p", "value": b"x"}},
        {"proto_payload": {"type_url": "type.googleapis.com/google.rpc.Status", "value": b"\xff"}},
        {"timestamp": {"seconds": 10**15}},
        {"json_payload": {"fields": {"x": {"number_value": float("nan")}}}},
    ],
    ids=["unknown Any", "broken Any", "time", "NaN"],
)
def test_what_only_binary_can_carry_is_refused(holder: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as caught:
        check(descriptors.message_class(ENTRY)(**holder))
    assert caught.value.code is Code.INVALID_ARGUMENT


def test_B101_a_million_values_are_refused_before_they_cost() -> None:
    for body in (b"[" + b"[]," * 1_000_000 + b"[]]", b'{"description": {' + b'"":0,' * 1_000_000 + b'"":0}}'):
        assert "more than 250000 values" in refusal(POLICY, body).message
    policy: Any = descriptors.message_class(POLICY).FromString(b"\x12\x00" * 1_000_000)
    with pytest.raises(ApiError, match="more than 250000 values"):
        check(policy)


def test_ten_thousand_containers_are_not_too_many() -> None:
    container = b'{"name": "c", "image": "gcr.io/p/i@sha256:00", "ports": [{"containerPort": 80}]}'
    body = b'{"resource": {"spec": {"containers": [' + b", ".join([container] * 10_000) + b"]}}}"
    decode(body, descriptors.message_class("google.cloud.binaryauthorization.v1.EvaluateGkePolicyRequest")())
