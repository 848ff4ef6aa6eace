"""Requests a minute (SPEC 9.1): over quota is RESOURCE_EXHAUSTED, with the details that Google's clients read."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from binauthz.services.context import Caller
from binauthz.transports.dispatch import Dispatcher
from binauthz.transports.errors import rest_error
from binauthz.transports.quota import Quota, Rates
from binauthz.wire import descriptors
from tests.transports.table_calls import OTHER, OWNER, STRANGER, Answer, P, Table

V1 = "google.cloud.binaryauthorization.v1"
SERVICE = f"{V1}.BinauthzManagementServiceV1"


class Limited(Table):
    """The table under rates, on a clock of its own."""

    def __init__(self, runner: asyncio.Runner, file: Path, **rates: int) -> None:
        super().__init__(runner, file)
        self.seconds = 0.0
        quota = Quota(Rates(**rates), lambda: self.seconds)
        self.dispatcher = Dispatcher(
            self.dispatcher._rows.values(), authenticator=self.dispatcher._authenticator,
            authorizer=self.dispatcher._authorizer, context=self.context, observer=self.dispatcher._observer,
            spend=quota.spend,
        )  # fmt: skip

    def read(self, caller: Caller = OWNER, project: str = P) -> Answer:
        request = descriptors.message_class(f"{V1}.GetPolicyRequest")(name=f"{project}/policy")
        return self.call(f"{SERVICE}.GetPolicy", caller, request)

    def create(self, caller: Caller = OWNER) -> Answer:
        request = descriptors.message_class("grafeas.v1.CreateNoteRequest")(parent=P, note_id="n")
        return self.call("grafeas.v1.Grafeas.CreateNote", caller, request)

    def delete(self) -> Answer:
        request = descriptors.message_class(f"{V1}.DeleteAttestorRequest")(name=f"{P}/attestors/none")
        return self.call(f"{SERVICE}.DeleteAttestor", OWNER, request)


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Limited]:
    with asyncio.Runner() as runner:
        made = Limited(runner, tmp_path / "s.db", reads=3, updates=2, creates=1)
        yield made
        made.close()


def test_each_kind_has_its_own_count(table: Limited) -> None:
    assert [table.read().code for _ in range(4)] == ["OK"] * 3 + ["RESOURCE_EXHAUSTED"]
    assert [table.delete().code for _ in range(3)] == ["NOT_FOUND"] * 2 + ["RESOURCE_EXHAUSTED"]
    assert table.create().code != "RESOURCE_EXHAUSTED"
    assert table.create().code == "RESOURCE_EXHAUSTED"


def test_a_minute_later_it_goes_on(table: Limited) -> None:
    for _ in range(4):
        table.read()
    table.seconds = 20.1
    assert [table.read().code for _ in range(2)] == ["OK", "RESOURCE_EXHAUSTED"]


def test_callers_and_projects_do_not_share(table: Limited) -> None:
    for _ in range(4):
        table.read()
    assert table.read(project=OTHER).code == "OK"
    assert table.read(STRANGER).code == "PERMISSION_DENIED"


def test_B100_refused_calls_count_too_so_that_guessing_is_slow(table: Limited) -> None:
    codes = [table.read(STRANGER).code for _ in range(4)]
    assert codes == ["PERMISSION_DENIED"] * 3 + ["RESOURCE_EXHAUSTED"]


def test_a_refused_flood_of_writes_leaves_no_entries(table: Limited) -> None:
    for _ in range(50):
        table.delete()
    assert len(table.entries()) == 2


def test_the_error_is_what_googles_clients_read(table: Limited) -> None:
    for _ in range(3):
        table.read()
    error = table.read().error
    assert error is not None
    status, headers, body = rest_error(error)
    assert status == 429
    assert dict(headers)[b"retry-after"] == b"20"
    document: dict[str, Any] = json.loads(body)["error"]
    assert (document["code"], document["status"]) == (429, "RESOURCE_EXHAUSTED")
    details = {each["@type"].rpartition(".")[2]: each for each in document["details"]}
    assert details["QuotaFailure"]["violations"][0]["subject"] == "project_id:demo-project"
    assert details["RetryInfo"]["retryDelay"] == "20s"
    info = details["ErrorInfo"]
    assert info["reason"] == "RATE_LIMIT_EXCEEDED"
    assert info["metadata"]["quota_limit_value"] == "3"
    assert info["metadata"]["service"] == "binaryauthorization.googleapis.com"


def test_without_rates_nothing_is_counted(tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        table = Limited(runner, tmp_path / "s.db")
        assert {table.read().code for _ in range(300)} == {"OK"}
        table.close()
