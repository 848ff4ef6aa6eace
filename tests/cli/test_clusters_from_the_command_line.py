"""``binauthz clusters`` and ``memberships``: what is data, what is talk, and how they end."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import Shell, answering, clean_environment, serving

pytestmark = pytest.mark.servers

PLACE = ("--location", "us-central1-a")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell pointed at an installation that keeps clusters."""
    directory = tmp_path_factory.mktemp("kept") / "dir"
    env = {**clean_environment(directory.parent), "BINAUTHZ_DIR": str(directory)}
    with serving(directory, env, verb="up"):
        yield Shell(env)


def test_a_cluster_is_created_changed_and_deleted(kept: Shell) -> None:
    created = kept(
        "clusters", "create", "c1", *PLACE, "--label", "team=a", "--fleet", "--format", "json"
    ).ok()  # fmt: skip
    shown = json.loads(created.out)
    assert (shown["name"], shown["status"], shown["resourceLabels"]) == ("c1", "RUNNING", {"team": "a"})
    assert shown["binaryAuthorization"]["evaluationMode"] == "PROJECT_SINGLETON_POLICY_ENFORCE"
    assert shown["fleet"]["membership"].endswith("/locations/us-central1/memberships/c1")
    assert "cluster" in created.err
    policy = "projects/demo-project/platforms/gke/policies/p"
    updated = kept(
        "clusters", "update", "c1", *PLACE, "--evaluation-mode", "POLICY_BINDINGS", "--policy-binding", policy,
        "--format", "json",
    ).ok()  # fmt: skip
    block = {"evaluationMode": "POLICY_BINDINGS", "policyBindings": [{"name": policy}]}
    assert json.loads(updated.out)["binaryAuthorization"] == block
    assert json.loads(kept("clusters", "describe", "c1", *PLACE, "--format", "json").ok().out)["name"] == "c1"
    again = kept("clusters", "create", "c1", *PLACE)
    assert (again.code, again.out) == (1, "")
    assert "ALREADY_EXISTS" in again.err
    assert kept("clusters", "delete", "c1", *PLACE).ok().out == ""
    gone = kept("clusters", "delete", "c1", *PLACE)
    assert gone.code == 1
    assert "NOT_FOUND" in gone.err
    assert kept("memberships", "describe", "c1", "--location", "us-central1").code == 1


def test_what_is_not_waited_for_is_printed_as_the_operation(kept: Shell) -> None:
    begun = json.loads(kept("clusters", "create", "c2", *PLACE, "--async", "--format", "json").ok().out)
    assert (begun["operationType"], begun["status"]) == ("CREATE_CLUSTER", "RUNNING")
    busy = kept("clusters", "delete", "c2", *PLACE)
    while "currently creating" in busy.err:
        busy = kept("clusters", "delete", "c2", *PLACE)
    busy.ok()


def test_members_are_registered_labelled_and_taken_out(kept: Shell) -> None:
    where = ("--location", "global")
    kept("memberships", "delete", "local-cluster", *where).ok()
    made = kept("memberships", "create", "m", *where, "--cluster", "us-central1-a/local-cluster", "--label", "a=b",
                "--format", "json").ok()  # fmt: skip
    assert json.loads(made.out)["labels"] == {"a": "b"}
    changed = kept("memberships", "update", "m", *where, "--label", "c=d", "--format", "json").ok()
    assert json.loads(changed.out)["labels"] == {"c": "d"}
    assert json.loads(kept("memberships", "list", "--format", "json").ok().out)[0]["name"].endswith("/memberships/m")
    kept("memberships", "delete", "m", *where).ok()
    kept("memberships", "create", "local-cluster", *where, "--cluster", "us-central1-a/local-cluster").ok()


def test_what_is_under_way_is_listed_and_called_off(kept: Shell) -> None:
    begun = json.loads(kept("clusters", "create", "c3", *PLACE, "--async", "--format", "json").ok().out)
    name = f"us-central1-a/{begun['name']}"
    called_off = json.loads(kept("operations", "cancel", name, "--format", "json").ok().out)
    assert (called_off["name"], called_off["operationType"]) == (begun["name"], "CREATE_CLUSTER")
    listed = kept("operations", "list", "--location", "us-central1-a").ok().out.splitlines()
    (row,) = (line for line in listed if line.startswith(name))
    assert row.split()[1:3] == ["CREATE_CLUSTER", "c3"]
    while json.loads(kept("operations", "describe", name, "--format", "json").ok().out)["status"] != "DONE":
        pass
    again = kept("operations", "cancel", name)
    assert (again.code, again.out, "is already done" in again.err) == (1, "", True)
    assert kept("clusters", "describe", "c3", *PLACE).code == 1


def test_a_fleet_is_set_up_changed_and_deleted(kept: Shell) -> None:
    shown = ("--format", "json")
    where = ("--location", "global")
    kept("memberships", "delete", "local-cluster", *where).ok()
    if json.loads(kept("fleet", "list", *shown).ok().out):
        kept("fleet", "delete").ok()
    made = json.loads(kept("fleet", "create", "--display-name", "ours", "--label", "a=b", *shown).ok().out)
    assert (made["displayName"], made["labels"]) == ("ours", {"a": "b"})
    again = kept("fleet", "create")
    assert (again.code, "ALREADY_EXISTS" in again.err) == (1, True)
    policy = "projects/demo-project/platforms/gke/policies/p"
    kept("fleet", "update", "--evaluation-mode", "POLICY_BINDINGS", "--policy-binding", policy).ok()
    kept("fleet", "update", "--label", "c=d").ok()
    fleet = json.loads(kept("fleet", "describe", *shown).ok().out)
    assert (fleet["displayName"], fleet["labels"]) == ("ours", {"c": "d"})
    block = {"evaluationMode": "POLICY_BINDINGS", "policyBindings": [{"name": policy}]}
    assert fleet["defaultClusterConfig"] == {"binaryAuthorizationConfig": block}
    kept("memberships", "create", "local-cluster", *where, "--cluster", "us-central1-a/local-cluster").ok()
    refused = kept("fleet", "delete")
    assert (refused.code, "unregister them first" in refused.err) == (1, True)
    kept("memberships", "delete", "local-cluster", *where).ok()
    assert kept("fleet", "delete").ok().out == ""
    assert kept("fleet", "describe").code == 1
    kept("memberships", "create", "local-cluster", *where, "--cluster", "us-central1-a/local-cluster").ok()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("clusters", "create", "C", *PLACE), "cluster.name"),
        (("clusters", "create", "c", *PLACE, "--label", "x"), "--label takes KEY=VALUE, got `x`"),
        (("clusters", "delete", "local-cluster", *PLACE), "the one that `binauthz up` comes with"),
        (("clusters", "create", "c", "--location", "global"), "expected a region"),
        (("memberships", "create", "m", "--location", "global", "--cluster", "c"), "only clusters that this server"),
        (("fleet", "update"), "nothing to change: give --display-name, --evaluation-mode or --label"),
        (("fleet", "create", "--policy-binding", "p"), "with --evaluation-mode POLICY_BINDINGS alone"),
        (("operations", "describe", "o"), "got `o`, expected LOCATION/OPERATION or projects/PROJECT/locations/"),
        (("operations", "cancel", "us-central1-a/o"), "NOT_FOUND"),
        (("memberships", "update", "m", "--location", "global", "--label", "=v"), "--label takes KEY=VALUE"),
    ],
)
def test_a_mistake_ends_with_1_and_is_named(kept: Shell, arguments: tuple[str, ...], words: str) -> None:
    result = kept(*arguments)
    assert (result.code, result.out) == (1, "")
    assert words in result.err
    assert "Traceback" not in result.err


def test_serve_says_that_it_keeps_no_clusters(binauthz: Shell) -> None:
    result = binauthz("clusters", "create", "c", *PLACE)
    assert (result.code, result.out) == (1, "")
    assert "FAILED_PRECONDITION: This server keeps no local clusters" in result.err


def test_an_operation_that_failed_is_an_error(shell: Shell, tmp_path: Path) -> None:
    operation = {"name": "o", "location": "l", "status": "DONE", "error": {"code": 4, "message": "it did not answer"}}
    (tmp_path / "token").write_text("t")
    with answering(200, operation) as url:
        server = {"BINAUTHZ_SERVER": url, "BINAUTHZ_PROJECT": "p", "BINAUTHZ_TOKEN_FILE": str(tmp_path / "token")}
        result = shell("clusters", "create", "c", *PLACE, **server)
    assert (result.code, result.out) == (1, "")
    assert "operation o failed: it did not answer" in result.err
