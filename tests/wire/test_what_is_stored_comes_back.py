"""Converters lose nothing: message to record to message is the identity, in every version (ADR-0008 of python-tuf)."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binauthz.attestation.model import Attestor, AttestorKey, PgpKey, PkixKey, SignatureAlgorithm
from binauthz.base.errors import ApiError
from binauthz.policy.model import AdmissionRule, EnforcementMode, EvaluationMode, GlobalEvaluation, Policy
from binauthz.store.records import Occurrence
from binauthz.wire.attestors import from_attestor, to_attestor
from binauthz.wire.descriptors import message_class
from binauthz.wire.grafeas_records import from_record, to_note_draft, to_occurrence_draft
from binauthz.wire.policies import from_policy, to_policy

VERSIONS = ("v1", "v1beta1", "v1alpha2")
MOMENT = dt.datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=dt.UTC)
texts = st.text(max_size=20)
times = st.none() | st.datetimes(
    min_value=dt.datetime(1990, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    max_value=dt.datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(dt.UTC),
)
rules = st.builds(
    AdmissionRule,
    evaluation_mode=st.sampled_from(EvaluationMode),
    enforcement_mode=st.sampled_from(EnforcementMode),
    require_attestations_by=st.lists(texts, max_size=3).map(tuple),
)
maps = st.dictionaries(texts, rules, max_size=3)
policies = st.builds(
    Policy,
    name=texts,
    description=texts,
    global_evaluation=st.sampled_from(GlobalEvaluation),
    allowlist=st.lists(texts, max_size=3).map(tuple),
    cluster_rules=maps,
    namespace_rules=maps,
    service_account_rules=maps,
    istio_rules=maps,
    default_rule=st.none() | rules,
    etag=texts,
)
materials = (
    st.none()
    | st.builds(PgpKey, armored=texts)
    | st.builds(PkixKey, pem=texts, algorithm=st.sampled_from(SignatureAlgorithm))
)
keys = st.builds(AttestorKey, id=texts, material=materials, comment=texts)
attestors = st.builds(
    Attestor, name=texts, note=texts, description=texts, keys=st.lists(keys, max_size=3).map(tuple), etag=texts
)


@given(policy=policies, version=st.sampled_from(VERSIONS))
def test_policies(policy: Policy, version: str) -> None:
    assert to_policy(from_policy(policy, version)) == policy


@given(policy=policies)
def test_a_policy_reads_the_same_in_every_version(policy: Policy) -> None:
    sent = {version: from_policy(policy, version).SerializeToString(deterministic=True) for version in VERSIONS}
    assert len(set(sent.values())) == 1


@given(attestor=attestors, version=st.sampled_from(VERSIONS))
def test_attestors(attestor: Attestor, version: str) -> None:
    assert to_attestor(from_attestor(attestor, version), version) == attestor


@given(moment=times)
def test_times_keep_their_microseconds(moment: dt.datetime | None) -> None:
    message: Any = from_policy(Policy(name="", update_time=moment), "v1")
    assert message.HasField("update_time") is (moment is not None)
    if moment is not None:
        assert message.update_time.ToDatetime(tzinfo=dt.UTC) == moment


def test_fields_that_we_do_not_know_survive() -> None:
    future = b"\xa2\x06\x03abc"  # field 100, length-delimited
    for version in VERSIONS:
        policy: Any = message_class(f"google.cloud.binaryauthorization.{version}.Policy")
        assert future in from_policy(to_policy(policy.FromString(future)), version).SerializeToString()
        attestor: Any = message_class(f"google.cloud.binaryauthorization.{version}.Attestor")
        stored = to_attestor(attestor.FromString(future), version)
        assert future in from_attestor(stored, version).SerializeToString()
    note = message_class("grafeas.v1.Note").FromString(future + b"\x92\x01\x00")  # and an empty attestation
    assert future in to_note_draft(note).body


def occurrence_message() -> Any:
    message: Any = message_class("grafeas.v1.Occurrence")()
    message.note_name = "projects/p/notes/n"
    message.resource_uri = "r/i@sha256:" + "a" * 64
    message.remediation = "none"
    message.attestation.serialized_payload = b"\x00payload"
    message.attestation.signatures.add(public_key_id="k", signature=b"\xff")
    return message


def stored(message: Any) -> Occurrence:
    draft = to_occurrence_draft(message)
    return Occurrence(
        name="projects/p/occurrences/o",
        note=draft.note,
        kind=draft.kind,
        resource_uri=draft.resource_uri,
        create_time=MOMENT,
        update_time=MOMENT,
        body=draft.body,
        attestation=draft.attestation,
    )


def test_an_occurrence_keeps_its_content_and_takes_output_members_from_the_record() -> None:
    message = occurrence_message()
    message.name = "projects/evil/occurrences/mine"
    record = stored(message)
    assert record.attestation is not None
    assert record.attestation.payload == b"\x00payload"
    back = from_record(record, "grafeas.v1")
    assert back.name == record.name
    assert back.create_time.ToDatetime(tzinfo=dt.UTC) == MOMENT
    for field in ("name", "create_time", "update_time", "kind"):
        back.ClearField(field)
        message.ClearField(field)
    assert back == message


@pytest.mark.parametrize("kind", ["BUILD", "VULNERABILITY"])
def test_a_stated_kind_must_agree_with_the_details(kind: str) -> None:
    message = occurrence_message()
    message.kind = type(message).DESCRIPTOR.fields_by_name["kind"].enum_type.values_by_name[kind].number
    with pytest.raises(ApiError, match="kind"):
        to_occurrence_draft(message)


@pytest.mark.parametrize("inner", ["", "//k", "//other"])
def test_an_inner_key_id_is_absent_or_the_keys_own(inner: str) -> None:
    message: Any = message_class("google.cloud.binaryauthorization.v1.Attestor")()
    key = message.user_owned_grafeas_note.public_keys.add(id="//k")
    key.pkix_public_key.public_key_pem = "pem"
    key.pkix_public_key.key_id = inner
    if inner == "//other":
        with pytest.raises(ApiError, match="keyId"):
            to_attestor(message, "v1")
    else:
        assert to_attestor(message, "v1").keys[0].id == "//k"


@pytest.mark.parametrize("field", ["global_policy_evaluation_mode", "evaluation_mode"])
def test_enum_numbers_from_the_future_are_refused(field: str) -> None:
    message: Any = message_class("google.cloud.binaryauthorization.v1.Policy")()
    owner = message if field.startswith("global") else message.default_admission_rule
    setattr(owner, field, 99)
    with pytest.raises(ApiError, match="99"):
        to_policy(message)
