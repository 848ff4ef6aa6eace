"""google-api-python-client with the discovery documents that it ships: every answer parses, every route exists."""

import pytest
from googleapiclient import errors

from tests.conformance.discovery import Apis
from tests.conformance.server import NUMBER, PROJECT
from tests.conformance.services import (
    ANALYSIS,
    BINAUTHZ,
    BINAUTHZ_BETA,
    CLUSTERS,
    CLUSTERS_BETA,
    GRAFEAS,
    HUB,
    HUB_BETA,
    IAM,
    LOGGING,
    OPERATIONS,
    PROJECTS,
    SERVICES,
    SYSTEM,
)
from tests.conformance.signing import fresh

pytestmark = pytest.mark.servers
PARENT = f"projects/{PROJECT}"


@pytest.mark.shows(BINAUTHZ, "CreateAttestor", "GetAttestor", "UpdateAttestor", "DeleteAttestor")
@pytest.mark.shows(IAM, "GetIamPolicy")
@pytest.mark.shows(ANALYSIS, "GetIamPolicy")
@pytest.mark.shows(GRAFEAS, "CreateNote", "ListNoteOccurrences")
def test_binary_authorization_and_container_analysis(apis: Apis) -> None:
    notes = apis("containeranalysis", "v1").projects().notes()
    note = notes.create(
        parent=PARENT, noteId=fresh("n"), body={"attestation": {"hint": {"humanReadableName": "x"}}}
    ).execute()
    attestors = apis("binaryauthorization", "v1").projects().attestors()
    body = {"userOwnedGrafeasNote": {"noteReference": note["name"]}}
    made = attestors.create(parent=PARENT, attestorId=fresh("a"), body=body).execute()
    assert attestors.get(name=made["name"]).execute() == made
    assert attestors.update(name=made["name"], body=made).execute()["name"] == made["name"]
    assert attestors.getIamPolicy(resource=made["name"]).execute() == {"etag": "ACAB"}
    assert notes.getIamPolicy(resource=note["name"], body={}).execute() == {"etag": "ACAB"}
    assert notes.occurrences().list(name=note["name"]).execute() == {}
    assert attestors.delete(name=made["name"]).execute() == {}
    with pytest.raises(errors.HttpError) as refused:
        attestors.get(name=made["name"]).execute()
    assert refused.value.status_code == 404


@pytest.mark.shows(SYSTEM, "GetSystemPolicy")
@pytest.mark.shows(BINAUTHZ_BETA, "GetPolicy")
def test_the_system_policy_and_v1beta1(apis: Apis) -> None:
    system = apis("binaryauthorization", "v1").systempolicy()
    assert system.getPolicy(name="locations/global/policy").execute()["admissionWhitelistPatterns"]
    policy = apis("binaryauthorization", "v1beta1").projects().getPolicy(name=f"{PARENT}/policy").execute()
    assert policy["name"] == f"{PARENT}/policy"


@pytest.mark.shows(CLUSTERS, "GetCluster", "ListClusters")
@pytest.mark.shows(CLUSTERS_BETA, "GetCluster", "ListClusters")
@pytest.mark.shows(HUB, "GetMembership", "ListMemberships")
@pytest.mark.shows(HUB_BETA, "GetMembership", "ListMemberships")
def test_clusters_and_memberships(apis: Apis) -> None:
    for version in ("v1", "v1beta1"):
        clusters = apis("container", version).projects().locations().clusters()
        listed = clusters.list(parent=f"{PARENT}/locations/-").execute()["clusters"]
        assert [each["name"] for each in listed] == ["local-cluster"]
        name = f"{PARENT}/locations/us-central1-a/clusters/local-cluster"
        cluster = clusters.get(name=name).execute()
        assert cluster == listed[0]
        assert cluster["zone"] == "us-central1-a"
        assert cluster["status"] == "RUNNING"
        assert cluster["binaryAuthorization"]["evaluationMode"] == "PROJECT_SINGLETON_POLICY_ENFORCE"
        assert "controlPlaneEndpointsConfig" not in cluster
    zonal = apis("container", "v1").projects().zones().clusters()
    assert zonal.get(projectId=PROJECT, zone="us-central1-a", clusterId="local-cluster").execute()["name"]
    assert len(zonal.list(projectId=PROJECT, zone="-").execute()["clusters"]) == 1
    for version in ("v1", "v1beta"):
        members = apis("gkehub", version).projects().locations().memberships()
        listed = members.list(parent=f"{PARENT}/locations/-").execute()["resources"]
        assert listed[0]["endpoint"]["gkeCluster"]["resourceLink"].endswith("/clusters/local-cluster")
        assert members.get(name=listed[0]["name"]).execute() == listed[0]


@pytest.mark.shows(PROJECTS, "GetProject", "ListProjects", "GetIamPolicy", "TestIamPermissions")
@pytest.mark.shows(SERVICES, "EnableService", "BatchEnableServices", "ListServices")
@pytest.mark.shows(OPERATIONS, "GetOperation")
@pytest.mark.shows(LOGGING, "WriteLogEntries", "ListLogEntries")
def test_projects_services_and_logs(apis: Apis) -> None:
    projects = apis("cloudresourcemanager", "v1").projects()
    assert projects.get(projectId=PROJECT).execute()["projectNumber"] == str(NUMBER)
    assert PROJECT in [each["projectId"] for each in projects.list().execute()["projects"]]
    asked = {"permissions": ["gkehub.gateway.get", "made.up.one"]}
    assert projects.testIamPermissions(resource=PROJECT, body=asked).execute() == {
        "permissions": ["gkehub.gateway.get"]
    }
    assert "etag" in projects.getIamPolicy(resource=PROJECT, body={}).execute()
    usage = apis("serviceusage", "v1")
    operation = usage.services().enable(name=f"{PARENT}/services/container.googleapis.com", body={}).execute()
    assert usage.operations().get(name=operation["name"]).execute() == operation
    batch = usage.services().batchEnable(parent=PARENT, body={"serviceIds": ["container.googleapis.com"]}).execute()
    assert batch["done"]
    enabled = usage.services().list(parent=PARENT, filter="state:ENABLED", pageSize=200).execute()["services"]
    assert "container.googleapis.com" in [each["config"]["name"] for each in enabled]
    entries = apis("logging", "v2").entries()
    written = {"logName": f"{PARENT}/logs/app", "entries": [{"jsonPayload": {"n": 1.5, "deep": {"k": [True, None]}}}]}
    entries.write(body=written).execute()
    query = {"resourceNames": [PARENT], "filter": 'logName:"logs/app"', "orderBy": "timestamp desc", "pageSize": 1}
    found = entries.list(body=query).execute()["entries"][0]
    assert found["jsonPayload"] == written["entries"][0]["jsonPayload"]  # type: ignore[index]
