"""Any policy, attestor or platform policy: JSON to protobuf to record to database and all the way back, unchanged."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import HealthCheck, assume, given, settings

from binauthz.base.errors import ApiError
from binauthz.store.database import open_store
from binauthz.store.interface import Store
from binauthz.wire import platform_policies
from binauthz.wire.attestors import from_attestor, to_attestor
from binauthz.wire.descriptors import message_class
from binauthz.wire.json import decode, encode
from binauthz.wire.policies import from_policy, to_policy
from tests.wire.messages import messages

PACKAGE = "google.cloud.binaryauthorization"
VERSIONS = ("v1", "v1beta1", "v1alpha2")
# Field 100, length-delimited: what a later version of the API may send.
FUTURE = b"\xa2\x06\x03abc"
LISTS = {"ImageAllowlist", "AttestationSource", "PkixPublicKeySet", "SigstorePublicKeySet"}
LISTS |= {"Scope"}  # One that names nothing is refused.
LAX = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))


class Kept:
    """A database that records go through."""

    def __init__(self, runner: asyncio.Runner, store: Store) -> None:
        self._runner = runner
        self._store = store

    def __call__(self, record: Any) -> Any:
        """The record as another process would read it."""
        self._runner.run(self._store.write(lambda tx: tx.put(record)))
        return self._runner.run(self._store.read(lambda tx: tx.get(type(record), record.name)))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with asyncio.Runner() as runner:
        store = open_store(f"sqlite:///{tmp_path_factory.mktemp('kept') / 'store.sqlite'}")
        yield Kept(runner, store)
        runner.run(store.close())


def through(message: Any, kept: Kept, to: Callable[[Any], Any], back: Callable[[Any], Message], name: str) -> None:
    """Fail unless a message that is accepted comes back as it was, its output-only members apart."""
    message.name = name
    for member in ("update_time", "etag"):
        message.ClearField(member)
    sent = type(message)()
    decode(encode(message), sent)
    assert sent == message
    try:
        record = to(sent)
    except ApiError:
        assume(False)
    again = type(message)()
    decode(encode(back(kept(record))), again)
    assert again == message


def plain(message: Any) -> None:
    """Drop what means the same as nothing: lists that are messages of their own, and hold nothing; and empty names
    and keys, which are refused."""
    for field, value in message.ListFields():
        if field.message_type is None:
            if value == "":
                message.ClearField(field.name)
            continue
        for each in value if field.is_repeated else [value]:
            plain(each)
        if field.message_type.name in LISTS and not value.ListFields():
            message.ClearField(field.name)


@LAX
@given(message=messages(f"{PACKAGE}.v1.Policy", 4))
@pytest.mark.parametrize("version", VERSIONS)
def test_policies(kept: Kept, version: str, message: Any) -> None:
    through(message, kept, to_policy, lambda record: from_policy(record, "v1"), f"projects/{version}/policy")
    other = from_policy(to_policy(message), version)
    assert from_policy(to_policy(other), "v1") == message


@LAX
@given(message=messages(f"{PACKAGE}.v1.Attestor", 4))
def test_attestors(kept: Kept, message: Any) -> None:
    # An attestor without its note is refused.
    message.user_owned_grafeas_note.SetInParent()
    # What the server fills in is not the caller's to keep.
    message.user_owned_grafeas_note.ClearField("delegation_service_account_email")
    for key in message.user_owned_grafeas_note.public_keys:
        # It is absent or the key's own id, which is kept once.
        key.pkix_public_key.ClearField("key_id")
    through(
        message,
        kept,
        lambda sent: to_attestor(sent, "v1"),
        lambda record: from_attestor(record, "v1"),
        "projects/p/attestors/a",
    )


@LAX
@given(message=messages(f"{PACKAGE}.v1.PlatformPolicy", 6))
def test_platform_policies(kept: Kept, message: Any) -> None:
    # A policy of both platforms, or of none, is refused.
    if message.HasField("cloud_run_policy"):
        message.ClearField("gke_policy")
    else:
        message.gke_policy.SetInParent()
    plain(message)
    for attestor in message.cloud_run_policy.rule.required_attestors if message.HasField("cloud_run_policy") else ():
        for key in attestor.public_keys:
            if key.WhichOneof("public_key") != "ascii_armored_pgp_public_key":
                key.pkix_public_key.SetInParent()
                key.pkix_public_key.ClearField("key_id")
    name = "projects/p/platforms/gke/policies/x"
    through(message, kept, platform_policies.to_policy, platform_policies.from_policy, name)


@pytest.mark.parametrize(
    ("kind", "name", "to", "back"),
    [
        ("Policy", "projects/f/policy", to_policy, lambda record: from_policy(record, "v1")),
        (
            "Attestor",
            "projects/f/attestors/a",
            lambda message: to_attestor(message, "v1"),
            lambda record: from_attestor(record, "v1"),
        ),
        (
            "PlatformPolicy",
            "projects/f/platforms/gke/policies/x",
            platform_policies.to_policy,
            platform_policies.from_policy,
        ),
    ],
)
def test_what_a_later_version_adds_survives_too(
    kept: Kept, kind: str, name: str, to: Callable[[Any], Any], back: Callable[[Any], Message]
) -> None:
    sent: Any = message_class(f"{PACKAGE}.v1.{kind}").FromString(FUTURE)
    sent.name = name
    assert FUTURE in back(kept(to(sent))).SerializeToString()
