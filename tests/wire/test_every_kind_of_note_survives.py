"""Notes and occurrences of every kind and both versions come back as they were written, details that nobody here knows
included; and what both versions can say survives the way through the other (ADR-0012)."""

import asyncio
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from binauthz.base.errors import ApiError, Code
from binauthz.services.notes import NoteDraft
from binauthz.services.occurrences import OccurrenceDraft
from binauthz.store import open_store
from binauthz.store.interface import Store
from binauthz.store.records import Note, Occurrence
from binauthz.wire import descriptors
from binauthz.wire.grafeas_records import check_rewritable, from_record, to_note_draft, to_occurrence_draft
from binauthz.wire.grafeas_versions import V1, V1BETA1, to_v1, to_v1beta1
from binauthz.wire.json import decode, encode
from tests.wire.messages import messages

MOMENT = dt.datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=dt.UTC)
LAX = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
FUTURE = b"\xa2\x06\x03abc"  # field 100, length-delimited
ONEOFS = {"Note": "type", "Occurrence": "details"}
OTHER = {V1: V1BETA1, V1BETA1: V1}


def details_of(version: str, name: str) -> list[str]:
    oneof = descriptors.descriptor(f"{version}.{name}").oneofs_by_name[ONEOFS[name]]
    return [field.name for field in oneof.fields]


EVERY_KIND = [
    pytest.param(version, name, details, id=f"{version} {name} {details}")
    for version in (V1, V1BETA1)
    for name in ONEOFS
    for details in details_of(version, name)
]


@st.composite
def of_kind(draw: st.DrawFn, version: str, name: str, details: str, *, plain: bool = False) -> Any:
    """A note or an occurrence with these details, as a caller sends it."""
    full_name = f"{version}.{name}"
    kind = descriptors.descriptor(full_name)
    message = draw(messages(full_name, depth=1))
    for field in (*details_of(version, name), "name", "create_time", "update_time", "kind"):
        message.ClearField(field)
    inner = draw(messages(kind.fields_by_name[details].message_type.full_name, depth=4))
    getattr(message, details).SetInParent()
    getattr(message, details).CopyFrom(inner)
    if not plain and draw(st.booleans()):
        getattr(message, details).MergeFromString(FUTURE)
        message.MergeFromString(FUTURE)
    return message


def without_output(message: Any) -> Any:
    copy = type(message)()
    copy.CopyFrom(message)
    for field in ("name", "create_time", "update_time", "kind"):
        copy.ClearField(field)
    return copy


def record_of(message: Any) -> Note | Occurrence:
    """What the store is given for a message."""
    if message.DESCRIPTOR.name == "Note":
        draft: NoteDraft = to_note_draft(message)
        return Note(
            name="projects/p/notes/n", kind=draft.kind, create_time=MOMENT, update_time=MOMENT, body=draft.body,
            v1beta1=draft.v1beta1,
        )  # fmt: skip
    made: OccurrenceDraft = to_occurrence_draft(message)
    return Occurrence(
        name="projects/p/occurrences/o", note="projects/p/notes/n", kind=made.kind, resource_uri="r",
        create_time=MOMENT, update_time=MOMENT, body=made.body, v1beta1=made.v1beta1, severity=made.severity,
        fixable=made.fixable, package=made.package,
    )  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, asyncio.Runner]]:
    """A database that every example writes to and reads back from."""
    with asyncio.Runner() as runner:
        opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('kinds') / 'store.db'}")
        yield opened, runner
        runner.run(opened.close())


def kept(store: tuple[Store, asyncio.Runner], record: Note | Occurrence) -> Note | Occurrence:
    async def body() -> Any:
        await store[0].write(lambda tx: tx.put(record))
        return await store[0].read(lambda tx: tx.get(type(record), record.name))

    found: Note | Occurrence = store[1].run(body())
    return found


@pytest.mark.parametrize(("version", "name", "details"), EVERY_KIND)
@LAX
@given(data=st.data())
def test_what_a_version_wrote_it_reads(
    store: tuple[Store, asyncio.Runner], version: str, name: str, details: str, data: st.DataObject
) -> None:
    message = data.draw(of_kind(version, name, details))
    record = kept(store, record_of(message))
    back = from_record(record, version)
    assert without_output(back) == message
    assert back.name == record.name
    assert record.kind
    assert type(back).DESCRIPTOR.fields_by_name["kind"].enum_type.values_by_number[back.kind].name == record.kind


@pytest.mark.parametrize(("version", "name", "details"), EVERY_KIND)
@LAX
@given(data=st.data())
def test_json_in_is_json_out(version: str, name: str, details: str, data: st.DataObject) -> None:
    message = text(version, name, encode(data.draw(of_kind(version, name, details, plain=True))))
    sent = encode(message)
    back = encode(without_output(from_record(record_of(text(version, name, sent)), version)))
    assert json.loads(back) == json.loads(sent)


@pytest.mark.parametrize(("version", "name", "details"), EVERY_KIND)
@LAX
@given(data=st.data())
def test_the_other_version_reads_every_kind_and_what_both_say_is_stable(
    version: str, name: str, details: str, data: st.DataObject
) -> None:
    message = data.draw(of_kind(version, name, details))
    read = from_record(record_of(message), OTHER[version])
    assert read.name.startswith("projects/p/")
    there, back = (to_v1beta1, to_v1) if version == V1 else (to_v1, to_v1beta1)
    once = there(message)
    assert there(back(once)) == once
    for common in ("short_description", "long_description", "remediation"):
        if common in message.DESCRIPTOR.fields_by_name:
            assert getattr(read, common) == getattr(message, common)


SHARED_KINDS = [
    (name, details)
    for name in ONEOFS
    for details in details_of(V1BETA1, name)
    if details not in {"intoto", "sbom", "spdx_package", "spdx_file", "spdx_relationship"}
]


@pytest.mark.parametrize(("name", "details"), SHARED_KINDS)
@LAX
@given(data=st.data())
def test_a_kind_that_both_versions_know_is_that_kind_in_both(name: str, details: str, data: st.DataObject) -> None:
    record = record_of(data.draw(of_kind(V1BETA1, name, details)))
    converted = from_record(record, V1)
    assert converted.WhichOneof(ONEOFS[name])
    again = record_of(without_output(converted))
    assert again.kind == record.kind
    assert from_record(again, V1BETA1).WhichOneof(ONEOFS[name]) == details


@pytest.mark.parametrize(("version", "name", "details"), EVERY_KIND)
@LAX
@given(data=st.data())
def test_an_update_through_the_other_version_loses_nothing_or_is_refused(
    version: str, name: str, details: str, data: st.DataObject
) -> None:
    message = data.draw(of_kind(version, name, details))
    record = record_of(message)
    check_rewritable(record, version)
    try:
        check_rewritable(record, OTHER[version])
    except ApiError as trouble:
        refused: Code | None = trouble.code
    else:
        refused = None
    rewritten = record_of(without_output(from_record(record, OTHER[version]))) if refused is None else record
    assert refused in {None, Code.FAILED_PRECONDITION}
    assert without_output(from_record(rewritten, version)) == message


def text(version: str, name: str, document: bytes) -> Any:
    message = descriptors.message_class(f"{version}.{name}")()
    decode(document, message)
    return message


@pytest.mark.parametrize(
    ("name", "beta", "v1"),
    [
        (
            "Note",
            b'{"baseImage": {"resourceUrl": "r", "fingerprint": {"v1Name": "a", "v2Blob": ["b"]}}}',
            b'{"image": {"resourceUrl": "r", "fingerprint": {"v1Name": "a", "v2Blob": ["b"]}}}',
        ),
        (
            "Note",
            (
                b'{"vulnerability": {"severity": "HIGH", "details": [{"cpeUri": "c", "package": "openssl", '
                b'"maxAffectedVersion": {"kind": "NORMAL", "name": "1"}, '
                b'"fixedLocation": {"package": "openssl", "version": {"kind": "MAXIMUM"}}}]}}'
            ),
            (
                b'{"vulnerability": {"severity": "HIGH", "details": [{"affectedCpeUri": "c", '
                b'"affectedPackage": "openssl", "affectedVersionEnd": {"kind": "NORMAL", "name": "1"}, '
                b'"fixedPackage": "openssl", "fixedVersion": {"kind": "MAXIMUM"}}]}}'
            ),
        ),
        (
            "Occurrence",
            (
                b'{"resource": {"uri": "r"}, "derivedImage": {"derivedImage": {"distance": 2, "layerInfo": '
                b'[{"directive": "RUN", "arguments": "x"}]}}}'
            ),
            b'{"resourceUri": "r", "image": {"distance": 2, "layerInfo": [{"directive": "RUN", "arguments": "x"}]}}',
        ),
        (
            "Occurrence",
            (
                b'{"build": {"provenance": {"id": "1", "sourceProvenance": {"fileHashes": {"f": {"fileHash": '
                b'[{"type": "SHA256", "value": "AQ=="}]}}}, "buildOptions": {"a": "b"}}}}'
            ),
            (
                b'{"build": {"provenance": {"id": "1", "sourceProvenance": {"fileHashes": {"f": {"fileHash": '
                b'[{"type": "SHA256", "value": "AQ=="}]}}}, "buildOptions": {"a": "b"}}}}'
            ),
        ),
        (
            "Occurrence",
            b'{"discovered": {"discovered": {"analysisStatus": "FINISHED_SUCCESS", "continuousAnalysis": "ACTIVE"}}}',
            b'{"discovery": {"analysisStatus": "FINISHED_SUCCESS", "continuousAnalysis": "ACTIVE"}}',
        ),
        ("Occurrence", b'{"deployment": {}}', b'{"deployment": {}}'),
        (
            "Occurrence",
            b'{"attestation": {"attestation": {"pgpSignedAttestation": {"signature": "PGP", "pgpKeyId": "AB"}}}}',
            b'{"attestation": {"signatures": [{"signature": "UEdQ", "publicKeyId": "AB"}]}}',
        ),
    ],
)
def test_corresponding_shapes_are_converted(name: str, beta: bytes, v1: bytes) -> None:
    assert to_v1(text(V1BETA1, name, beta)) == text(V1, name, v1)


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (b"{}", ("", False)),
        (b'{"severity": "LOW", "effectiveSeverity": "HIGH"}', ("HIGH", False)),
        (b'{"severity": "LOW"}', ("LOW", False)),
        (b'{"fixAvailable": true}', ("", True)),
        (b'{"packageIssue": [{}, {"fixAvailable": true}]}', ("", True)),
        (b'{"packageIssue": [{"fixedVersion": {"kind": "NORMAL", "name": "2"}}]}', ("", True)),
        (b'{"packageIssue": [{"fixedVersion": {"kind": "MAXIMUM"}}]}', ("", False)),
        (b'{"packageIssue": [{"fixedVersion": {}}]}', ("", False)),
    ],
)
def test_a_vulnerability_says_how_bad_it_is_and_whether_it_can_be_fixed(
    details: bytes, expected: tuple[str, bool]
) -> None:
    draft = to_occurrence_draft(text(V1, "Occurrence", b'{"vulnerability": %s}' % details))
    assert (draft.severity, draft.fixable) == expected
