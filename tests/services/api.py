"""The whole method table over a real store, spoken to in Google's JSON without a socket: what a caller is answered."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from binauthz.attestation.model import Attestor
from binauthz.base.clock import FixedClock
from binauthz.services import bootstrap
from binauthz.services.authorization import authorize
from binauthz.services.context import Caller, Context
from binauthz.store.database import open_store
from binauthz.store.interface import Store
from binauthz.store.records import Note, Project
from binauthz.transports.audit import observer
from binauthz.transports.dispatch import Dispatcher
from binauthz.transports.methods import METHODS
from tests.services.conftest import NOTE, NOW, OTHER, OWNER, PROJECT
from tests.transports.toy import TOKEN, Client

__all__ = ["NOTE", "OTHER", "PROJECT", "Api", "Refused", "api"]
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


@dataclass(frozen=True)
class Refused:
    """What a refusal must say: the field at fault, and Google's code where it is not INVALID_ARGUMENT."""

    field: str = ""
    code: int = 400
    status: str = "INVALID_ARGUMENT"


class Api:
    """The owner's calls."""

    def __init__(self, runner: asyncio.Runner, store: Store) -> None:
        self._runner = runner
        self._store = store
        clock = FixedClock(NOW)
        runner.run(bootstrap.prepare(store, clock))
        self.put(
            Project(name=OTHER, number=987654321098, create_time=NOW),
            Note(name=NOTE, kind="ATTESTATION", create_time=NOW, update_time=NOW, body=b""),
            Attestor(name=f"{PROJECT}/attestors/qa", note=NOTE),
        )

        async def authenticate(token: str) -> Caller | None:
            return OWNER if token == TOKEN else None

        dispatcher = Dispatcher(
            METHODS,
            authenticator=authenticate,
            authorizer=authorize,
            context=lambda caller: Context(caller=caller, clock=clock, store=store),
            observer=observer(),
        )
        self._client = Client(dispatcher)

    def put(self, *records: object) -> None:
        """Write records past the API."""
        for record in records:
            self._runner.run(self._store.write(lambda tx, row=record: tx.put(row)))  # type: ignore[misc]

    def call(self, verb: str, path: str, body: object = None) -> tuple[int, Any]:
        """One request; a body that is bytes goes out as it is."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        answer = self._runner.run(self._client.call(verb, path, data))
        return answer.status, answer.json

    def ok(self, verb: str, path: str, body: object = None) -> Any:
        """The answer to a request that must be accepted."""
        status, document = self.call(verb, path, body)
        assert status == 200, document
        return document

    def judge(self, expected: Refused | None, verb: str, path: str, body: object = None) -> Any:
        """The answer to a request that must be accepted, or refused as said."""
        if expected is None:
            return self.ok(verb, path, body)
        status, document = self.call(verb, path, body)
        error = document.get("error", {})
        assert (status, error.get("code"), error.get("status")) == (expected.code, expected.code, expected.status), (
            document
        )
        assert error["message"]
        if expected.field:
            (details,) = [each for each in error["details"] if each["@type"] == BAD_REQUEST]
            named = {each["field"]: each["description"] for each in details["fieldViolations"]}
            assert expected.field in named, named
            assert all(named.values())
        return error


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """The table over a fresh store with a note and an attestor `qa`."""
    with asyncio.Runner() as runner:
        store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
        try:
            yield Api(runner, store)
        finally:
            runner.run(store.close())
