"""Over the whole method table: who may not, is told the permission and the resource, and nothing else (D10, B109).

Generated: a new row is covered by being in the table.
"""

import asyncio
from collections.abc import Iterator

import pytest

from binauthz.base.errors import Code
from binauthz.services.authorization import denied
from binauthz.services.context import Caller
from binauthz.services.roles import PERMISSIONS, ROLES
from binauthz.transports.method import Method
from binauthz.wire import descriptors
from tests.transports.table_calls import OTHER, OWNER, PRESENT, ROWS, STRANGER, TENANT, Answer, P, Table, requests

GUARDED = {name: row for name, row in ROWS.items() if row.permission}
ABSENT: dict[str, str] = {"projects": "demo-project"}
NUMBERED = {**PRESENT, "projects": "123456789012"}
NOWHERE = {**PRESENT, "projects": "no-such-project"}
MALFORMED = ["", "x", "projects", "projects/", "projects/demo-project/", "projects//attestors/a", "projects/-",
             "projects/demo-project/attestors/a/../b", "projects/demo-project/policy:x", "projects/%2e%2e/policy",
             "PROJECTS/demo-project", "organizations/local", "projects/demo-project/attestors/\x00", "/" * 500,
             "projects/demo-project/" + "x/" * 500, "projects/é/attestors/a"]  # fmt: skip
# What everyone who is authenticated may call; the answer depends on rights, or on nothing that is anybody's.
FOR_EVERYONE = {
    "TestIamPermissions",
    "GetSystemPolicy",
    "ListProjects",
    "GetOperation",
    "ListMonitoredResourceDescriptors",
}


@pytest.fixture(scope="module")
def full(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    table = Table(runner, tmp_path_factory.mktemp("full") / "s.db")
    yield table
    table.close()


@pytest.fixture(scope="module")
def bare(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    table = Table(runner, tmp_path_factory.mktemp("bare") / "s.db", full=False)
    yield table
    table.close()


def is_denied(answer: Answer, permission: str | None) -> bool:
    """Whether the call was refused for want of exactly this permission."""
    error = answer.error
    return (
        error is not None
        and error.code is Code.PERMISSION_DENIED
        and permission in {None, error.metadata.get("permission")}
    )


@pytest.mark.parametrize("row", GUARDED.values(), ids=GUARDED.keys())
@pytest.mark.parametrize("caller", [STRANGER, TENANT], ids=["stranger", "tenant"])
def test_a_caller_without_rights_is_told_the_permission_and_the_resource(
    full: Table, row: Method, caller: Caller
) -> None:
    asked = 0
    for ids in (PRESENT, ABSENT, NUMBERED, NOWHERE):
        for request in requests(row, ids):
            resource = row.resource(request)
            if resource.startswith(OTHER):
                continue
            expected = denied(row.permission or "", resource)
            answer = full.call(row.full_name, caller, request)
            assert answer.error is not None, request
            assert (answer.error.code, answer.error.message) == (Code.PERMISSION_DENIED, expected.message)
            assert answer.error.metadata == {"permission": row.permission, "resource": resource}
            asked += 1
    assert asked


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
@pytest.mark.parametrize("caller", [STRANGER, TENANT], ids=["stranger", "tenant"])
def test_the_answer_is_the_same_byte_for_byte_whether_or_not_anything_is_there(
    full: Table, bare: Table, row: Method, caller: Caller
) -> None:
    for ids in (PRESENT, ABSENT, NUMBERED, NOWHERE):
        for request in requests(row, ids):
            there, not_there = (table.call(row.full_name, caller, request) for table in (full, bare))
            # The system policy is everybody's, and has an etag of its own in each store.
            assert there.raw == not_there.raw or row.full_name.endswith("GetSystemPolicy")
            assert there.code not in {"INTERNAL", "UNAVAILABLE"}
            if row.full_name.rpartition(".")[2] not in FOR_EVERYONE:
                assert there.code != "OK", request


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_malformed_names_are_no_way_round(full: Table, bare: Table, row: Method) -> None:
    method = descriptors.methods()[row.full_name]
    known = method.input_type.fields_by_name
    fields = [name for name in ("name", "parent", "resource") if name in known and known[name].message_type is None]
    for field in fields:
        for text in MALFORMED:
            request = descriptors.message_class(method.input_type.full_name)(**{field: text})
            there, not_there = (table.call(row.full_name, STRANGER, request) for table in (full, bare))
            assert there.raw == not_there.raw
            assert there.code in {"PERMISSION_DENIED", "INVALID_ARGUMENT"} or (
                row.full_name.rpartition(".")[2] in FOR_EVERYONE and there.code in {"OK", "NOT_FOUND"}
            ), (text, there.code)


@pytest.mark.parametrize("role", ROLES)
def test_what_testing_permissions_says_is_what_calls_do(full: Table, role: str) -> None:
    """The law: testIamPermissions(p) is true iff the call that needs p is not denied."""
    principal = f"user:{role.rpartition('/')[2].lower()}@example.com"
    caller = Caller(principal=principal)
    full.grant(P, role, principal)
    held = set(what_is_held(full, caller, P, sorted(PERMISSIONS)))
    assert held == set(ROLES[role])
    try:
        for row in GUARDED.values():
            # An id that nothing has: what may be done is done to nothing.
            for request in requests(row, {"projects": "demo-project", "platforms": "gke"}):
                if not row.resource(request).startswith(P):
                    continue
                answer = full.call(row.full_name, caller, request)
                assert is_denied(answer, row.permission) is (row.permission not in held), (row, answer.error)
    finally:
        full.grant(P, "roles/owner", OWNER.principal)


def what_is_held(table: Table, caller: Caller, resource: str, permissions: list[str]) -> list[str]:
    found: list[str] = []
    for start in range(0, len(permissions), 100):
        request = descriptors.message_class("google.iam.v1.TestIamPermissionsRequest")(
            resource=resource, permissions=permissions[start : start + 100]
        )
        answer = table.call("google.iam.v1.IAMPolicy.TestIamPermissions", caller, request)
        assert answer.error is None
        response = descriptors.message_class("google.iam.v1.TestIamPermissionsResponse").FromString(answer.raw)
        found += response.permissions  # type: ignore[attr-defined]
    return found


ATTESTOR = f"{P}/attestors/built-by-ci"
GET = "google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1.GetAttestor"


@pytest.mark.parametrize("resource", [ATTESTOR, P, "organizations/local"])
@pytest.mark.parametrize(
    "member",
    [
        "user:dev@example.com",
        "group:team@example.com",
        "domain:example.com",
        "allAuthenticatedUsers",
        "allUsers",
    ],
)
def test_a_binding_anywhere_above_is_a_right_and_testing_says_so(
    runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory, resource: str, member: str
) -> None:
    table = Table(runner, tmp_path_factory.mktemp("bound") / "s.db")
    dev = Caller(principal="user:dev@example.com", groups=("team@example.com",))
    request = descriptors.message_class("google.cloud.binaryauthorization.v1.GetAttestorRequest")(name=ATTESTOR)
    permission = "binaryauthorization.attestors.get"
    try:
        assert is_denied(table.call(GET, dev, request), permission)
        assert what_is_held(table, dev, ATTESTOR, [permission]) == []
        table.grant(resource, "roles/binaryauthorization.attestorsViewer", member)
        assert table.call(GET, dev, request).code == "OK"
        assert what_is_held(table, dev, ATTESTOR, [permission]) == [permission]
        delete = descriptors.message_class("google.cloud.binaryauthorization.v1.DeleteAttestorRequest")(name=ATTESTOR)
        assert table.call(GET.replace("Get", "Delete"), dev, delete).code == "PERMISSION_DENIED"
    finally:
        table.close()
