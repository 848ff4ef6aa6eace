"""Service Usage, Logging, Resource Manager and operations: gcloud unmodified, and Google's client libraries."""

import json
from collections.abc import Callable

import grpc
import pytest
from google.api_core import exceptions, operations_v1

from tests.conformance.discovery import Apis
from tests.conformance.gcloud import Gcloud
from tests.conformance.rest import Rest
from tests.conformance.server import OTHER_PROJECT, PROJECT, Target
from tests.conformance.services import LOGGING, OPERATIONS, PROJECTS, SERVICES
from tests.conformance.signing import fresh
from tests.conformance.test_google_clients import _Bearer

PARENT = f"projects/{PROJECT}"
pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def gcloud(need: Callable[[str], str], target: Target, tmp_path_factory: pytest.TempPathFactory) -> Gcloud:
    return Gcloud(need("gcloud"), target, tmp_path_factory.mktemp("gcloud"))


@pytest.mark.usefixtures("other_project")
@pytest.mark.clients
@pytest.mark.shows(SERVICES, "DisableService", "EnableService", "ListServices")
def test_a_service_is_disabled_and_its_callers_are_told_how_to_enable_it(gcloud: Gcloud) -> None:
    other = f"--project={OTHER_PROJECT}"
    artifacts = ("artifacts", "repositories", "list", "--location=us", other)
    assert gcloud(*artifacts).code == 0
    assert gcloud("services", "enable", "artifactregistry.googleapis.com", other).code == 0
    disabled = gcloud("services", "disable", "artifactregistry.googleapis.com", other)
    assert disabled.code == 0, disabled.err
    listed = gcloud.json("services", "list", "--enabled", other)
    assert "artifactregistry.googleapis.com" not in [each["config"]["name"] for each in listed]
    refused = gcloud(*artifacts)
    assert refused.code == 1
    assert "SERVICE_DISABLED" in refused.err or "is not enabled on project" in refused.err, refused.err
    again = gcloud("services", "disable", "artifactregistry.googleapis.com", other)
    assert (again.code, "not enabled" in again.err) == (1, True), again.err
    assert gcloud("services", "enable", "artifactregistry.googleapis.com", other).code == 0
    assert gcloud(*artifacts).code == 0


@pytest.mark.usefixtures("other_project")
@pytest.mark.clients
def test_a_service_that_another_needs_is_disabled_by_force_only(gcloud: Gcloud) -> None:
    other = f"--project={OTHER_PROJECT}"
    both = ("compute.googleapis.com", "container.googleapis.com")
    assert gcloud("services", "enable", *both, other).code == 0
    refused = gcloud("services", "disable", both[0], other)
    assert refused.code == 1
    assert "Please specify disable_dependent_services=true" in refused.err
    assert gcloud("services", "disable", both[0], other, "--force").code == 0
    listed = gcloud.json("services", "list", "--enabled", other)
    assert not set(both) & {each["config"]["name"] for each in listed}
    assert gcloud("services", "enable", *both, other).code == 0


@pytest.mark.usefixtures("other_project")
@pytest.mark.shows(SERVICES, "BatchGetServices", "DisableService", "EnableService", "GetService")
def test_services_through_the_discovery_client(apis: Apis) -> None:
    services = apis("serviceusage", "v1").services()
    name = f"projects/{OTHER_PROJECT}/services/anthos.googleapis.com"
    services.enable(name=name).execute()
    operation = services.disable(name=name, body={"checkIfServiceHasUsage": "CHECK"}).execute()
    assert operation["response"]["service"]["state"] == "DISABLED"
    names = [name, f"projects/{OTHER_PROJECT}/services/logging.googleapis.com"]
    found = services.batchGet(parent=f"projects/{OTHER_PROJECT}", names=names).execute()
    assert [each["state"] for each in found["services"]] == ["DISABLED", "DISABLED"]
    assert services.get(name=name).execute()["state"] == "DISABLED"


@pytest.mark.usefixtures("other_project")
def test_a_disabled_api_answers_in_googles_shape_on_rest(rest: Rest) -> None:
    name = f"/v1/projects/{OTHER_PROJECT}/services/containerscanning.googleapis.com"
    kms = f"/v1/projects/{OTHER_PROJECT}/services/cloudkms.googleapis.com"
    assert rest.post(f"{name}:disable", {}).error == "FAILED_PRECONDITION"
    assert rest.post(f"{kms}:enable", {}).status == 200
    assert rest.post(f"{kms}:disable", {}).status == 200
    answer = rest.get(f"/v1/projects/{OTHER_PROJECT}/locations/global/keyRings")
    assert (answer.status, answer.error) == (403, "PERMISSION_DENIED")
    (info,) = answer.document["error"]["details"]
    assert (info["reason"], info["metadata"]["service"]) == ("SERVICE_DISABLED", "cloudkms.googleapis.com")
    assert rest.post(f"{kms}:enable", {}).status == 200
    assert rest.get(f"/v1/projects/{OTHER_PROJECT}/locations/global/keyRings").status == 200


@pytest.mark.clients
@pytest.mark.shows(LOGGING, "WriteLogEntries", "ListLogEntries", "ListLogs", "DeleteLog")
def test_logs_are_written_listed_read_and_deleted(gcloud: Gcloud) -> None:
    log = fresh("log")
    assert gcloud("logging", "write", log, "A simple entry", "--severity=WARNING").code == 0
    structured = json.dumps({"key": "value", "nested": {"number": 5}})
    assert gcloud("logging", "write", log, structured, "--payload-type=json").code == 0
    entries = gcloud.json("logging", "read", f'logName="{PARENT}/logs/{log}"', "--order=asc")
    assert entries[0]["textPayload"] == "A simple entry"
    assert (entries[0]["severity"], entries[0]["resource"]["type"]) == ("WARNING", "global")
    assert entries[1]["jsonPayload"] == {"key": "value", "nested": {"number": 5}}
    found = gcloud.json("logging", "read", f'logName:"{log}" AND jsonPayload.nested.number=5')
    assert len(found) == 1
    assert f"{PARENT}/logs/{log}" in gcloud("logging", "logs", "list").out.split()
    limited = gcloud("logging", "logs", "list", "--limit=1")
    assert len(limited.out.split()) == 2
    assert gcloud("logging", "logs", "delete", log).code == 0
    assert f"{PARENT}/logs/{log}" not in gcloud("logging", "logs", "list").out.split()
    assert gcloud.json("logging", "read", f'logName="{PARENT}/logs/{log}"') == []
    gone = gcloud("logging", "logs", "delete", log)
    assert (gone.code, "NOT_FOUND" in gone.err) == (1, True), gone.err
    ours = gcloud("logging", "logs", "delete", "cloudaudit.googleapis.com/activity")
    assert (ours.code, "PERMISSION_DENIED" in ours.err) == (1, True), ours.err


@pytest.mark.clients
@pytest.mark.shows(LOGGING, "ListMonitoredResourceDescriptors")
def test_resource_descriptors_are_listed(gcloud: Gcloud) -> None:
    listed = gcloud.json("logging", "resource-descriptors", "list")
    assert {"global", "k8s_cluster", "audited_resource"} == {each["type"] for each in listed}


@pytest.mark.shows(LOGGING, "WriteLogEntries", "ListLogs", "DeleteLog", "ListMonitoredResourceDescriptors")
def test_the_log_through_the_discovery_client(apis: Apis) -> None:
    api, log = apis("logging", "v2"), f"{PARENT}/logs/{fresh('log')}"
    request = {
        "logName": log,
        "resource": {"type": "k8s_cluster", "labels": {"cluster_name": "c"}},
        "labels": {"a": "request", "b": "request"},
        "entries": [{"textPayload": "one", "labels": {"a": "entry"}}, {"textPayload": "two"}],
    }
    api.entries().write(body={**request, "dryRun": True}).execute()
    api.entries().write(body=request).execute()
    query = {"resourceNames": [PARENT], "filter": f'logName="{log}"'}
    entries = api.entries().list(body=query).execute()["entries"]
    assert [each["labels"] for each in entries] == [{"a": "entry", "b": "request"}, {"a": "request", "b": "request"}]
    assert {each["resource"]["type"] for each in entries} == {"k8s_cluster"}
    names: list[str] = []
    listing = api.projects().logs().list(parent=PARENT, pageSize=1)
    while listing is not None:
        answer = listing.execute()
        names += answer.get("logNames", [])
        listing = api.projects().logs().list_next(listing, answer)
    assert log in names
    assert len(names) == len(set(names))
    api.projects().logs().delete(logName=log).execute()
    assert api.entries().list(body=query).execute() == {}
    assert api.monitoredResourceDescriptors().list().execute()["resourceDescriptors"]


def test_what_cannot_be_written_is_said_by_entry(rest: Rest) -> None:
    log = f"{PARENT}/logs/{fresh('log')}"
    entries = [{"logName": log, "textPayload": "x"}, {"logName": "y"}, {"logName": log, "insertId": "i" * 300}]
    answer = rest.post("/v2/entries:write", {"entries": entries})
    assert (answer.error, answer.fields) == ("INVALID_ARGUMENT", ["entries[1].logName"])
    answer = rest.post("/v2/entries:write", {"entries": entries, "partialSuccess": True})
    assert (answer.error, answer.fields) == ("INVALID_ARGUMENT", ["entries[1]", "entries[2]"])
    query = {"resourceNames": [PARENT], "filter": f'logName="{log}"'}
    assert len(rest.post("/v2/entries:list", query).document["entries"]) == 1


def test_a_stranger_neither_lists_nor_deletes_logs(stranger: Rest) -> None:
    assert stranger.get(f"/v2/{PARENT}/logs").error == "PERMISSION_DENIED"
    answer = stranger.delete(f"/v2/{PARENT}/logs/x")
    assert (answer.error, "logging.logs.delete" in answer.message) == ("PERMISSION_DENIED", True)


@pytest.mark.clients
@pytest.mark.shows(PROJECTS, "GetProject", "ListProjects", "GetIamPolicy", "SetIamPolicy")
def test_a_project_is_shared_with_gcloud(gcloud: Gcloud) -> None:
    member, role = f"user:{fresh('dev')}@example.com", "roles/logging.viewer"
    bind = (PROJECT, f"--member={member}", f"--role={role}")
    made = gcloud.json("projects", "add-iam-policy-binding", *bind)
    assert member in next(each["members"] for each in made["bindings"] if each["role"] == role)
    read = gcloud.json("projects", "get-iam-policy", PROJECT)
    assert read["etag"] == made["etag"]
    left = gcloud.json("projects", "remove-iam-policy-binding", *bind)
    assert member not in [each for row in left.get("bindings", []) for each in row["members"]]
    assert gcloud.json("projects", "describe", PROJECT)["lifecycleState"] == "ACTIVE"
    assert PROJECT in gcloud("projects", "list").out
    unknown = gcloud("projects", "add-iam-policy-binding", PROJECT, f"--member={member}", "--role=roles/made.up")
    assert (unknown.code, "INVALID_ARGUMENT" in unknown.err) == (1, True)


@pytest.mark.shows(OPERATIONS, "GetOperation", "CancelOperation", "DeleteOperation", "ListOperations")
def test_operations_through_the_client_that_all_of_googles_share(target: Target, rest: Rest) -> None:
    name = rest.post(f"/v1/{PARENT}/services/logging.googleapis.com:enable", {}).document["name"]
    plain = grpc.insecure_channel(target.grpc_address)
    client = operations_v1.OperationsClient(grpc.intercept_channel(plain, _Bearer(target.token)))
    client.cancel_operation(name)
    assert client.get_operation(name).done
    client.delete_operation(name)
    for call in (client.get_operation, client.cancel_operation, client.delete_operation):
        with pytest.raises(exceptions.NotFound):
            call(name)
    listed = list(client.list_operations(f"{PARENT}/locations/global", ""))
    assert all(each.done for each in listed)
    plain.close()


def test_a_stranger_does_not_delete_operations(rest: Rest, stranger: Rest) -> None:
    name = rest.post(f"/v1/{PARENT}/services/logging.googleapis.com:enable", {}).document["name"]
    assert stranger.delete(f"/v1/{name}").error == "PERMISSION_DENIED"
    assert stranger.post(f"/v1/{name}:cancel", {}).error == "PERMISSION_DENIED"
    assert rest.get(f"/v1/{name}").document["done"] is True
