"""Clusters, memberships, gateway credentials, enabled services and log queries (SPEC 5.2, 7)."""

import base64
import datetime as dt
from typing import Any

import pytest
import yaml

from binauthz.base.errors import ApiError, Code
from binauthz.services import (
    audit,
    bootstrap,
    clusters,
    enablement,
    gateway,
    log_writing,
    logs,
    memberships,
    operations,
)
from binauthz.services.context import Settings
from binauthz.services.paging import PageRequest
from binauthz.store.records import LogEntry
from tests.services.conftest import NOW, OTHER, PROJECT, World
from tests.services.test_tokens_are_kept_as_hashes import CLUSTER, SEED

MEMBERSHIP = f"{PROJECT}/locations/global/memberships/local-cluster"


@pytest.fixture
def seeded(world: World) -> World:
    world.run(bootstrap.prepare(world.store, world.clock, cluster=SEED))
    return world


def test_a_cluster_is_found_in_its_location_and_in_all_of_them(seeded: World) -> None:
    assert seeded.run(clusters.get_cluster(seeded.owner, CLUSTER)).server == SEED.server
    for location in ("us-central1-a", "-"):
        found = seeded.run(clusters.list_clusters(seeded.owner, f"{PROJECT}/locations/{location}"))
        assert [each.name for each in found] == [CLUSTER]
    assert seeded.run(clusters.list_clusters(seeded.owner, f"{PROJECT}/locations/europe-west1")) == []


def test_missing_clusters_and_operations_are_worded_as_the_container_api_words_them(seeded: World) -> None:
    name = f"{PROJECT}/locations/us-central1-a/clusters/absent"
    refusal = seeded.refused(clusters.get_cluster(seeded.owner, name), Code.NOT_FOUND)
    assert refusal.message == f"Not found: {name}."
    operation = f"{PROJECT}/locations/us-central1-a/operations/absent"
    seeded.refused(clusters.get_operation(seeded.owner, operation), Code.NOT_FOUND)
    seeded.refused(clusters.get_cluster(seeded.owner, f"{PROJECT}/locations/-/clusters/x"), Code.INVALID_ARGUMENT)


def test_memberships_are_found_by_number_too(seeded: World) -> None:
    by_number = MEMBERSHIP.replace("demo-project", "123456789012")
    assert seeded.run(memberships.get_membership(seeded.owner, by_number)).name == MEMBERSHIP
    page = seeded.run(memberships.list_memberships(seeded.owner, f"{PROJECT}/locations/-", PageRequest()))
    assert [each.name for each in page.items] == [MEMBERSHIP]
    assert set(seeded.run(memberships.clusters_of(seeded.owner, page.items))) == {CLUSTER}


def test_gateway_credentials_hold_one_context_by_project_number_and_no_secret(seeded: World) -> None:
    ctx = seeded.with_settings(Settings(gateway_url="https://127.0.0.1:7443/", gateway_ca_pem="CA"))
    name = "projects/123456789012/locations/global/memberships/local-cluster"
    made = seeded.run(gateway.generate_credentials(ctx, name))
    config = yaml.safe_load(made.kubeconfig)
    context = "connectgateway_demo-project_global_local-cluster"
    server = "https://127.0.0.1:7443/v1/projects/123456789012/locations/global/gkeMemberships/local-cluster"
    assert [each["name"] for each in config["contexts"]] == [context]
    assert config["current-context"] == context
    cluster = config["clusters"][0]["cluster"]
    assert cluster == {"server": server, "certificate-authority-data": base64.b64encode(b"CA").decode()}
    assert made.endpoint == server
    assert config["users"][0]["user"]["exec"]["command"] == "gke-gcloud-auth-plugin"
    assert b"proxy-secret" not in made.kubeconfig


def test_gateway_credentials_may_select_a_namespace(seeded: World) -> None:
    ctx = seeded.with_settings(Settings(gateway_url="https://g"))
    config = yaml.safe_load(seeded.run(gateway.generate_credentials(ctx, MEMBERSHIP, namespace="payments")).kubeconfig)
    assert config["current-context"].endswith("_local-cluster_ns-payments")
    assert config["contexts"][0]["context"]["namespace"] == "payments"
    seeded.refused(gateway.generate_credentials(ctx, MEMBERSHIP, namespace="A b"), Code.INVALID_ARGUMENT)


def test_gateway_credentials_need_a_gateway_and_a_membership(seeded: World) -> None:
    seeded.refused(gateway.generate_credentials(seeded.owner, MEMBERSHIP), Code.FAILED_PRECONDITION)
    ctx = seeded.with_settings(Settings(gateway_url="https://g"))
    seeded.refused(gateway.generate_credentials(ctx, MEMBERSHIP + "x"), Code.NOT_FOUND)


def test_enabling_a_service_is_done_at_once_and_shows_in_the_list(world: World) -> None:
    host = "container.googleapis.com"
    assert not world.run(enablement.get_service(world.owner, f"{OTHER}/services/{host}")).enabled
    operation = world.run(enablement.enable_service(world.owner, f"{OTHER}/services/{host}"))
    assert operation.done
    assert operation.response["service"]["state"] == "ENABLED"
    assert world.run(operations.get_operation(world.owner, operation.name)) == operation
    page = world.run(enablement.list_services(world.owner, OTHER, PageRequest(), "state:ENABLED"))
    assert [each.host for each in page.items] == [host]
    rest = world.run(enablement.list_services(world.owner, OTHER, PageRequest(), "state:DISABLED"))
    assert len(rest.items) == len(enablement.TITLES) - 1


def test_services_are_walked_in_pages(world: World) -> None:
    seen, token = [], ""
    while True:
        page = world.run(enablement.list_services(world.owner, PROJECT, PageRequest(size=3, token=token)))
        seen += [each.host for each in page.items]
        token = page.next_token
        if not token:
            break
    assert seen == sorted(enablement.TITLES)


def test_a_batch_of_services_is_enabled_whole_or_not_at_all(world: World) -> None:
    hosts = ["container.googleapis.com", "nope.example.com"]
    world.refused(enablement.enable_services(world.owner, OTHER, hosts), Code.PERMISSION_DENIED)
    assert world.run(enablement.list_services(world.owner, OTHER, PageRequest(), "state:ENABLED")).items == []
    operation = world.run(enablement.enable_services(world.owner, OTHER, hosts[:1]))
    assert len(operation.response["services"]) == 1
    world.refused(enablement.enable_services(world.owner, OTHER, []), Code.INVALID_ARGUMENT)
    world.refused(operations.get_operation(world.owner, "operations/absent"), Code.NOT_FOUND)
    world.refused(enablement.list_services(world.owner, OTHER, PageRequest(), "x"), Code.INVALID_ARGUMENT, "filter")


def entry(project: str, number: int) -> LogEntry:
    moment = NOW + dt.timedelta(seconds=number)
    document: dict[str, Any] = {
        "logName": f"{project}/logs/l",
        "insertId": str(number),
        "timestamp": logs.stamp(moment),
        "textPayload": f"n{number}",
    }
    return LogEntry(
        name=f"{project}/logs/l/{number}",
        log_name=f"{project}/logs/l",
        timestamp=moment,
        severity="DEFAULT",
        document=document,
    )


def ids(world: World, **query: Any) -> list[str]:
    page = world.run(logs.list_entries(world.owner, [PROJECT], query.pop("request", PageRequest()), **query))
    return [each.document["insertId"] for each in page.items]


def test_entries_come_oldest_first_unless_asked_otherwise(world: World) -> None:
    world.run(world.store.append_log([entry(PROJECT, number) for number in (2, 1, 3)]))
    assert ids(world) == ids(world, order_by="timestamp asc") == ["1", "2", "3"]
    assert ids(world, order_by="timestamp desc") == ["3", "2", "1"]
    assert ids(world, order_by="timestamp desc", request=PageRequest(size=1)) == ["3"]
    assert ids(world, filter='textPayload="n2"') == ["2"]


def test_a_walk_through_the_log_in_either_order_misses_nothing(world: World) -> None:
    world.run(world.store.append_log([entry(PROJECT, number) for number in range(7)]))
    for order, expected in (("", list("0123456")), ("timestamp desc", list("6543210"))):
        seen, token = [], ""
        while True:
            request = PageRequest(size=2, token=token)
            page = world.run(logs.list_entries(world.owner, [PROJECT], request, order_by=order))
            seen += [each.document["insertId"] for each in page.items]
            token = page.next_token
            if not token:
                break
        assert seen == expected


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"order_by": "severity"}, "orderBy"),
        ({"filter": "((("}, "filter"),
        ({"filter": "x" * 20_001}, "filter"),
        ({"request": PageRequest(size=-1)}, "pageSize"),
    ],
)
def test_a_malformed_query_is_refused(world: World, query: dict[str, Any], field: str) -> None:
    asked = {"request": PageRequest(), **query}
    world.refused(
        logs.list_entries(world.owner, [PROJECT], asked.pop("request"), **asked), Code.INVALID_ARGUMENT, field
    )


@pytest.mark.parametrize("names", [[], [""], ["folders/1"], [PROJECT + "/x"], [PROJECT] * 101])
def test_a_query_names_projects(world: World, names: list[str]) -> None:
    world.refused(logs.list_entries(world.owner, names, PageRequest()), Code.INVALID_ARGUMENT, "resourceNames")


def test_B109_entries_of_a_project_the_caller_may_not_read_are_refused_whole(world: World) -> None:
    world.run(world.store.append_log([entry(PROJECT, 1), entry(OTHER, 2)]))
    world.grant(OTHER, "roles/logging.viewer", "user:dev@example.com")
    dev = world.caller("user:dev@example.com")
    assert len(world.run(logs.list_entries(dev, [OTHER], PageRequest())).items) == 1
    world.refused(logs.list_entries(dev, [OTHER, PROJECT], PageRequest()), Code.PERMISSION_DENIED)
    everything = logs.list_entries(dev, [OTHER], PageRequest(), filter=f'logName:"{PROJECT}" OR textPayload:"n"')
    assert [each.document["insertId"] for each in world.run(everything).items] == ["2"]


def test_written_entries_are_completed_and_read_back(world: World) -> None:
    world.run(log_writing.write_entries(world.owner, [{"logName": f"{PROJECT}/logs/app", "textPayload": "hi"}]))
    page = world.run(logs.list_entries(world.owner, [PROJECT], PageRequest(), filter='textPayload="hi"'))
    document = page.items[0].document
    assert (document["timestamp"], document["logName"]) == (logs.stamp(NOW), f"{PROJECT}/logs/app")
    assert document["insertId"]


@pytest.mark.parametrize(
    "name",
    [
        f"{PROJECT}/logs/cloudaudit.googleapis.com%2Factivity",
        f"{PROJECT}/logs/CLOUDAUDIT.googleapis.com%2Factivity",
        f"{PROJECT}/logs/cloudaudit%2Egoogleapis.com%2Factivity",
        f"{PROJECT}/logs/xcloudaudit.googleapis.com%2Factivity",
    ],
)
def test_nobody_writes_into_the_audit_log(world: World, name: str) -> None:
    with pytest.raises(ApiError):
        world.run(log_writing.write_entries(world.owner, [{"logName": name}]))
    assert ids(world) == []


def test_malformed_and_forbidden_writes_are_refused(world: World) -> None:
    for entries in ([], [{}], [{"logName": "x"}], [{"logName": f"{PROJECT}/logs/l", "timestamp": "noon"}]):
        world.refused(log_writing.write_entries(world.owner, entries), Code.INVALID_ARGUMENT)
    written: list[dict[str, Any]] = [{"logName": f"{PROJECT}/logs/l"}]
    world.refused(log_writing.write_entries(world.stranger, written), Code.PERMISSION_DENIED)


def test_an_audited_call_is_found_by_the_documented_query(world: World) -> None:
    call = audit.AuditedCall(
        service="binaryauthorization.googleapis.com",
        method="google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1.UpdatePolicy",
        permission="binaryauthorization.policy.update",
        resource="projects/123456789012/policy",
        log=audit.ACTIVITY,
        request={"@type": "x"},
    )
    world.run(audit.record(world.owner, call))
    query = 'protoPayload.serviceName="binaryauthorization.googleapis.com"'
    page = world.run(logs.list_entries(world.owner, [PROJECT], PageRequest(), filter=query))
    payload = page.items[0].document["protoPayload"]
    assert payload["methodName"] == call.method
    assert payload["authenticationInfo"] == {"principalEmail": "owner@binauthz.local"}
    assert payload["authorizationInfo"][0]["granted"] is True


def test_a_refused_call_is_logged_as_refused_and_one_about_no_project_leaves_nothing(world: World) -> None:
    error = ApiError(Code.PERMISSION_DENIED, "no")
    for resource in (f"{PROJECT}/policy", "projects/absent/policy", ""):
        call = audit.AuditedCall(
            service="s",
            method="m",
            permission="p",
            resource=resource,
            log=audit.ACTIVITY,
            request={},
            error=error,
        )
        world.run(audit.record(world.stranger, call))
    page = world.run(logs.list_entries(world.owner, [PROJECT, OTHER], PageRequest()))
    assert len(page.items) == 1
    payload = page.items[0].document["protoPayload"]
    assert payload["status"] == {"code": 7, "message": "no"}
    assert payload["authorizationInfo"][0]["granted"] is False
