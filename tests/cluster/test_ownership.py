"""Server-side apply: who owns what, what a conflict says, what leaves with its owner."""

from typing import Any

import pytest

from binauthz.cluster.catalogue import by_key
from binauthz.cluster.client import StatusError
from binauthz.cluster.patching import ownership
from binauthz.cluster.patching.ownership import Manager
from binauthz.cluster.resource import Resource
from binauthz.cluster.schema.definitions import definitions

KIND = definitions().type_of("apps", "v1", "Deployment")


def deployments() -> Resource:
    found = by_key("apps/deployments")
    assert found is not None
    return found


def manager(name: str, operation: str = "Apply") -> Manager:
    return Manager(name=name, operation=operation, api_version="apps/v1", time="2026-01-01T00:00:00Z")


def wanted(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def applied(name: str, live: Any, config: Any, *, force: bool = False) -> Any:
    merged, entries = ownership.apply(KIND, deployments(), manager(name), live, config, force=force)
    ownership.write(merged, entries)
    return merged


def owners(obj: Any) -> dict[str, Any]:
    return {entry["manager"]: entry["fieldsV1"] for entry in obj["metadata"].get("managedFields", [])}


def image(value: str, name: str = "c") -> Any:
    return {"spec": {"containers": [{"name": name, "image": value}]}}


def test_an_applier_owns_what_it_sets_by_key() -> None:
    live = applied("ci", None, wanted(replicas=1, template=image("a")))
    fields = owners(live)["ci"]["f:spec"]
    assert fields["f:replicas"] == {}
    element = fields["f:template"]["f:spec"]["f:containers"]['k:{"name":"c"}']
    assert element == {".": {}, "f:name": {}, "f:image": {}}


def test_another_value_for_a_field_of_another_manager_is_a_conflict() -> None:
    live = applied("ci", None, wanted(replicas=1))
    with pytest.raises(StatusError) as caught:
        applied("ops", live, wanted(replicas=2))
    assert (caught.value.code, caught.value.reason) == (409, "Conflict")
    assert caught.value.message.startswith('Apply failed with 1 conflict: conflict with "ci"')
    assert caught.value.message.endswith(": .spec.replicas")
    (cause,) = caught.value.status["details"]["causes"]
    assert (cause["reason"], cause["field"]) == ("FieldManagerConflict", ".spec.replicas")


def test_force_takes_the_field_and_the_same_value_shares_it() -> None:
    live = applied("ci", None, wanted(replicas=1, paused=True))
    shared = applied("ops", live, wanted(replicas=1))
    assert "f:replicas" in owners(shared)["ci"]["f:spec"]
    assert "f:replicas" in owners(shared)["ops"]["f:spec"]
    forced = applied("ops", live, wanted(replicas=2), force=True)
    assert forced["spec"] == {"replicas": 2, "paused": True}
    assert owners(forced)["ci"]["f:spec"] == {"f:paused": {}}


def test_what_an_applier_no_longer_sets_leaves_unless_somebody_else_owns_it() -> None:
    live = applied("ci", None, wanted(replicas=1, paused=True))
    live = applied("ops", live, wanted(replicas=1))
    after = applied("ci", live, wanted(minReadySeconds=3))
    assert after["spec"] == {"replicas": 1, "minReadySeconds": 3}


def test_elements_of_other_managers_stay() -> None:
    live = applied("ci", None, wanted(template=image("a", "one")))
    live = applied("mesh", live, wanted(template=image("b", "two")))
    assert [one["name"] for one in live["spec"]["template"]["spec"]["containers"]] == ["one", "two"]
    after = applied("mesh", live, wanted())
    assert [one["name"] for one in after["spec"]["template"]["spec"]["containers"]] == ["one"]


def test_an_update_takes_over_what_it_changes() -> None:
    live = applied("ci", None, wanted(replicas=1, paused=True))
    new = wanted(replicas=5, paused=True)
    entries = ownership.after_update(KIND, manager("kubectl", "Update"), live, new, ownership.read(live))
    ownership.write(new, entries)
    assert owners(new)["ci"]["f:spec"] == {"f:paused": {}}
    assert owners(new)["kubectl"]["f:spec"] == {"f:replicas": {}}


def test_updaters_are_at_most_ten() -> None:
    live: Any = wanted(replicas=0)
    for number in range(30):
        fields = {f"l{number}": "x"}
        new = wanted(replicas=0)
        new["metadata"] = dict(live["metadata"])
        new["metadata"]["labels"] = (live["metadata"].get("labels") or {}) | fields
        who = manager(f"m{number:02}", "Update")
        ownership.write(new, ownership.after_update(KIND, who, live, new, ownership.read(live)))
        live = new
    assert len(live["metadata"]["managedFields"]) == 10
    assert "ancient-changes" in owners(live)


def test_malformed_entries_own_nothing() -> None:
    assert ownership.read({"metadata": {"managedFields": ["x", {}, {"fieldsV1": 3}, {"fieldsV1": []}]}}) == []
