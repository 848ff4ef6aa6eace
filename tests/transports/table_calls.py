"""The whole method table over a real store, and for each of its methods requests about chosen resources."""

import asyncio
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from binauthz.attestation.model import Attestor
from binauthz.base.clock import FixedClock
from binauthz.base.errors import ApiError
from binauthz.services import bootstrap
from binauthz.services.authorization import authorize
from binauthz.services.context import Caller, Context
from binauthz.store.database import open_store
from binauthz.store.records import Binding, IamPolicy, LogEntry, Note, Occurrence, Project
from binauthz.transports.audit import observer
from binauthz.transports.binding import bind_path
from binauthz.transports.dispatch import Dispatcher
from binauthz.transports.errors import status_message
from binauthz.transports.method import Method
from binauthz.transports.methods import METHODS
from binauthz.transports.routes import bindings
from binauthz.wire import descriptors

NOW = dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC)
P, OTHER = "projects/demo-project", "projects/other-project"
OWNER = Caller(principal=bootstrap.OWNER)
STRANGER = Caller(principal="user:stranger@example.com")
TENANT = Caller(principal="user:tenant@example.com", groups=("tenants@example.com",))
OCCURRENCE = "00000000-0000-4000-8000-000000000000"
PRESENT = {
    "projects": "demo-project", "attestors": "built-by-ci", "notes": "release", "occurrences": OCCURRENCE,
    "clusters": "local-cluster", "memberships": "local-cluster", "locations": "us-central1-a", "platforms": "gke",
    "services": "container.googleapis.com",
}  # fmt: skip
ROWS = {row.full_name: row for row in METHODS}
_VARIABLE = re.compile(r"\{([^}=]*)=?([^}]*)\}")


@dataclass(frozen=True)
class Answer:
    """What a caller got: the bytes of the response, or of the error with everything it says."""

    error: ApiError | None
    raw: bytes

    @property
    def code(self) -> str:
        return self.error.code.name if self.error else "OK"


class Table:
    """The table over a store of its own. ``full`` holds the resources that PRESENT names; otherwise there are none."""

    def __init__(self, runner: asyncio.Runner, file: Path, *, full: bool = True, reads: bool = False) -> None:
        self._runner = runner
        self.store = open_store(f"sqlite:///{file}")
        self.clock = FixedClock(NOW)
        runner.run(bootstrap.prepare(self.store, self.clock, cluster=_cluster() if full else None))
        self.put(Project(name=OTHER, number=987654321098, create_time=NOW))
        self.put(IamPolicy(name=OTHER, bindings=(Binding(role="roles/owner", members=("user:tenant@example.com",)),)))
        if full:
            note = f"{P}/notes/release"
            self.put(
                Note(name=note, kind="ATTESTATION", create_time=NOW, update_time=NOW, body=b""),
                Attestor(name=f"{P}/attestors/built-by-ci", note=note),
                Occurrence(
                    name=f"{P}/occurrences/{OCCURRENCE}", note=note, kind="BUILD", resource_uri="https://x",
                    create_time=NOW, update_time=NOW, body=b"",
                ),
            )  # fmt: skip
        self.dispatcher = Dispatcher(
            METHODS, authenticator=_nobody, authorizer=authorize, context=self.context, observer=observer(reads=reads)
        )

    def context(self, caller: Caller) -> Context:
        return Context(caller=caller, clock=self.clock, store=self.store)

    def put(self, *records: object) -> None:
        self._runner.run(self.store.write(lambda tx: [tx.put(record) for record in records]))

    def grant(self, resource: str, role: str, *members: str) -> None:
        """Set the one binding of a resource, past the use cases."""
        self.put(IamPolicy(name=resource, bindings=(Binding(role=role, members=members),)))

    def call(self, full_name: str, caller: Caller, request: Message) -> Answer:
        copied = type(request).FromString(request.SerializeToString())
        work = self.dispatcher.call(descriptors.methods()[full_name], caller, copied)
        try:
            return Answer(None, self._runner.run(work).SerializeToString(deterministic=True))
        except ApiError as error:
            return Answer(error, status_message(error).SerializeToString(deterministic=True))

    def entries(self, project: str = P) -> list[LogEntry]:
        body = self._runner.run(self.store.read(lambda tx: tx.log_entries(projects=[project])))
        return list(body)

    def forget_entries(self) -> None:
        self._runner.run(self.store.purge_logs(dt.datetime(2200, 1, 1, tzinfo=dt.UTC)))

    def close(self) -> None:
        self._runner.run(self.store.close())


def _cluster() -> bootstrap.ClusterSeed:
    return bootstrap.ClusterSeed(
        server="https://127.0.0.1:6443", ca_pem="x", webhook_token_hash="0" * 64, proxy_token="x"
    )


async def _nobody(token: str) -> Caller | None:
    raise AssertionError("the tests give the caller")


def requests(row: Method, ids: Mapping[str, str], other: str = "absent") -> Iterator[Message]:
    """One request for each route of a method, about resources whose ids are chosen by collection."""
    method = descriptors.methods()[row.full_name]
    message_class = descriptors.message_class(method.input_type.full_name)
    seen: set[bytes] = set()
    templates = [template for _, template, _ in bindings(method)]
    for template in templates or [""]:
        request: Any = message_class()
        before = ""
        for path, pattern in _VARIABLE.findall(template):
            literal = template[: template.index("{" + path)].rstrip("/").rpartition("/")[2]
            before = "" if "/" in (pattern or "") else literal
            bind_path(request, {path: _filled(pattern or "*", before, ids, other)})
        if not templates:
            _fill_names(request, ids)
        raw = request.SerializeToString(deterministic=True)
        if raw not in seen:
            seen.add(raw)
            yield request


def _filled(pattern: str, before: str, ids: Mapping[str, str], other: str) -> str:
    filled: list[str] = []
    # Service Usage takes consumers of any kind; here they are projects.
    for segment in pattern.replace("*/*", "projects/*", 1 if pattern.startswith("*/*") else 0).split("/"):
        collection = filled[-1] if filled else before
        filled.append(ids.get(collection, other) if segment in {"*", "**"} else segment)
    return "/".join(filled)


def _fill_names(request: Any, ids: Mapping[str, str]) -> None:
    """A method without a route: its resource is in a field of a usual name."""
    project = f"projects/{ids['projects']}"
    for field in request.DESCRIPTOR.fields:
        if field.name in {"name", "parent", "resource"} and field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
            setattr(request, field.name, project)
