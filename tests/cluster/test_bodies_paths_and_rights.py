"""The small pure parts of the door: bytes into objects, paths into routes, users into rights, objects into rows."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from binauthz.cluster import limits
from binauthz.cluster.authorization import Attempt, rule
from binauthz.cluster.call import AUTHENTICATED, MASTERS, User
from binauthz.cluster.catalogue import RESOURCES, by_key
from binauthz.cluster.client import StatusError
from binauthz.cluster.resource import Column, Resource
from binauthz.cluster.schema.body import duplicate_fields, read_object
from binauthz.cluster.schema.definitions import definitions
from binauthz.cluster.server import tables
from binauthz.cluster.server.authentication import Tokens, impersonated
from binauthz.cluster.server.routes import Routes, split
from tests.cluster.pipeline import pod


def test_json_and_yaml_say_the_same() -> None:
    text = b"kind: Pod\nmetadata: {name: p, annotations: {when: 2020-01-01}}\n"
    expected = {"kind": "Pod", "metadata": {"name": "p", "annotations": {"when": "2020-01-01"}}}
    assert read_object(text) == read_object(json.dumps(expected).encode()) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b'{"a":NaN}',
        b'{"a":"\xff"}',
        b"a: [",
        b"- a",
        b"a: &x [1]\nb: *x",
        b"!!python/object/apply:os.system [x]",
        b'{"a":' * (limits.JSON_DEPTH + 1) + b"1" + b"}" * (limits.JSON_DEPTH + 1),
        b'{"a":' * 100_000,
        b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b"a: " + b"[" * 20_000,
    ],
)
def test_B101_what_is_no_bounded_object_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(StatusError) as caught:
        read_object(body)
    assert caught.value.code == 400


def test_repeated_keys_are_named_by_their_path() -> None:
    assert duplicate_fields(b'{"a":{"b":1,"b":2},"c":[{"d":1},{"d":1,"d":1}],"a":1}') == ["a.b", "c[1].d", "a"]
    assert duplicate_fields(b'{"a":1}') == []


ROUTES = Routes(RESOURCES)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/pods", ("pods", "", "", "")),
        ("/api/v1/namespaces/n/pods/", ("pods", "n", "", "")),
        ("/api/v1/namespaces/n/pods/p", ("pods", "n", "p", "")),
        ("/api/v1/namespaces/n/pods/p/log", ("pods", "n", "p", "log")),
        ("/api/v1/namespaces/n", ("namespaces", "", "n", "")),
        ("/api/v1/namespaces/n/finalize", ("namespaces", "", "n", "finalize")),
        ("/api/v1/namespaces", ("namespaces", "", "", "")),
        ("/api/v1/nodes/x/status", ("nodes", "", "x", "status")),
        ("/apis/apps/v1/namespaces/n/deployments/d/scale", ("apps/deployments", "n", "d", "scale")),
        (
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/a%3Ab",
            ("rbac.authorization.k8s.io/clusterroles", "", "a:b", ""),
        ),
    ],
)
def test_a_path_names_one_thing(path: str, expected: tuple[str, ...]) -> None:
    route = ROUTES.find(split(path.encode()))
    assert (route.resource.key, route.namespace, route.name, route.subresource) == expected


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/pods/p",
        "/api/v2/pods",
        "/api/v1/nopes",
        "/apis//v1/pods",
        "/apis/apps/v1/pods",
        "/api/v1/namespaces/n/nodes/x",
        "/api/v1/namespaces/n//pods",
        "/api/v1/namespaces/../pods",
        "/api/v1/namespaces/%2e%2e/pods",
        "/api/v1/namespaces/n%2fpods/p",
        "/api/v1/namespaces/n/pods/p/log/more",
        "/api/v1/namespaces/n/pods/%ff",
        "/" + "a/" * 100,
        "/nope",
    ],
)
def test_B113_a_path_that_names_nothing_is_not_found(path: str) -> None:
    with pytest.raises(StatusError) as caught:
        ROUTES.find(split(path.encode()))
    assert caught.value.code == 404


MASTER = User(name="m", groups=(MASTERS, AUTHENTICATED))
PLAIN = User(name="p", groups=(AUTHENTICATED,))
VIEWER = User(name="v", groups=("binauthz:viewers", AUTHENTICATED))
NOBODY = User(name="n")


@pytest.mark.parametrize(
    ("user", "verb", "group", "plural", "allowed"),
    [
        (MASTER, "delete", "admissionregistration.k8s.io", "validatingwebhookconfigurations", True),
        (MASTER, "impersonate", "", "users", True),
        (PLAIN, "create", "", "pods", True),
        (PLAIN, "get", "admissionregistration.k8s.io", "validatingwebhookconfigurations", True),
        (PLAIN, "delete", "admissionregistration.k8s.io", "validatingwebhookconfigurations", False),
        (PLAIN, "impersonate", "", "users", False),
        (VIEWER, "list", "", "pods", True),
        (VIEWER, "get", "", "secrets", False),
        (VIEWER, "create", "", "pods", False),
        (VIEWER, "create", "authorization.k8s.io", "selfsubjectaccessreviews", True),
        (NOBODY, "get", "", "pods", False),
    ],
)
def test_rights(user: User, verb: str, group: str, plural: str, allowed: bool) -> None:
    assert rule(user, Attempt(verb=verb, group=group, plural=plural)).allowed is allowed


def tokens(path: Path, *pairs: tuple[str, str]) -> Tokens:
    entries = [
        {"sha256": hashlib.sha256(token.encode()).hexdigest(), "user": user, "groups": []} for token, user in pairs
    ]
    path.write_text(json.dumps(entries))
    return Tokens(path)


def test_a_token_is_known_by_its_hash_until_the_file_says_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    known = tokens(path, ("secret", "bob"))
    user = known.authenticate({"authorization": ["Bearer secret"]})
    assert (user.name, user.groups) == ("bob", (AUTHENTICATED,))
    tokens(path.with_suffix(".new"), ("other", "eve"))
    path.with_suffix(".new").replace(path)
    with pytest.raises(StatusError):
        known.authenticate({"authorization": ["Bearer secret"]})
    assert known.authenticate({"authorization": ["bearer other"]}).name == "eve"


@pytest.mark.parametrize(
    "header", ["", "secret", "Basic secret", "Bearer", "Bearer ", "Bearer wrong", "Bearer " + "x" * 5000]
)
def test_without_a_known_token_nobody_is_known(tmp_path: Path, header: str) -> None:
    with pytest.raises(StatusError) as caught:
        tokens(tmp_path / "tokens.json", ("secret", "bob")).authenticate({"authorization": [header]} if header else {})
    assert (caught.value.code, caught.value.reason) == (401, "Unauthorized")


def test_impersonation_is_for_masters_and_needs_a_user() -> None:
    headers = {"impersonate-user": ["bob"], "impersonate-group": ["dev"], "impersonate-extra-k": ["v"]}
    acting = impersonated(MASTER, headers)
    assert acting == User(name="bob", groups=("dev", AUTHENTICATED), extra={"k": ("v",)})
    assert impersonated(PLAIN, {}) is None
    with pytest.raises(StatusError, match='users "bob" is forbidden: User "p" cannot impersonate resource "users"'):
        impersonated(PLAIN, headers)
    with pytest.raises(StatusError, match="without impersonating a user"):
        impersonated(MASTER, {"impersonate-group": [MASTERS]})


def test_a_table_has_a_row_for_each_object_and_a_broken_cell_hides_no_other() -> None:
    broken = Column(name="Broken", cell=lambda obj: obj["nowhere"])
    name = Column(name="Name", cell=lambda obj: obj["metadata"]["name"], format="name")
    kind = Resource(group="", version="v1", plural="things", kind="Thing", columns=(name, broken))
    objects: list[dict[str, Any]] = [pod("a"), pod("b")]
    table = tables.table(kind, objects, "Metadata", {"resourceVersion": "7"})
    assert [row["cells"] for row in table["rows"]] == [["a", "<invalid>"], ["b", "<invalid>"]]
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Broken"]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    assert "object" not in tables.row(kind, objects[0], "None")
    assert tables.row(kind, objects[0], "Object")["object"] == objects[0]


def test_every_kind_in_the_catalogue_has_a_definition_to_be_checked_against() -> None:
    missing = [one.key for one in RESOURCES if definitions().name_of(one.group, one.version, one.kind) is None]
    assert missing == []
    assert by_key("pods") is not None
