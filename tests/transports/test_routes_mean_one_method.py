"""Paths: templates, custom verbs, shared services and tricks (THREATS B113)."""

import pytest

from binauthz.base.errors import ApiError, Code
from binauthz.transports.errors import HttpError
from binauthz.transports.routes import RouteConflict, Router
from binauthz.wire import descriptors

ROUTER = Router(descriptors.methods().values())
BINAUTHZ = "google.cloud.binaryauthorization"


@pytest.mark.parametrize(
    ("verb", "path", "method", "values"),
    [
        ("GET", "/v1/projects/p/policy", f"{BINAUTHZ}.v1.BinauthzManagementServiceV1.GetPolicy", "projects/p/policy"),
        ("GET", "/v1/locations/global/policy", f"{BINAUTHZ}.v1.SystemPolicyV1.GetSystemPolicy", None),
        ("GET", "/v1/projects/p/attestors/", f"{BINAUTHZ}.v1.BinauthzManagementServiceV1.ListAttestors", "projects/p"),
        ("POST", "/v1/projects/p/notes/", "grafeas.v1.Grafeas.CreateNote", "projects/p"),
        ("GET", "/v1/projects/p/attestors/a:getIamPolicy", "google.iam.v1.IAMPolicy.GetIamPolicy", None),
        ("GET", "/v1alpha2/projects/p/policy:getIamPolicy", "google.iam.v1.IAMPolicy.GetIamPolicy", None),
        (
            "POST",
            "/v1/projects/p/notes/n:getIamPolicy",
            "google.devtools.containeranalysis.v1.ContainerAnalysis.GetIamPolicy",
            "projects/p/notes/n",
        ),
        (
            "POST",
            "/v1/projects/p:testIamPermissions",
            "google.cloud.resourcemanager.v1.Projects.TestIamPermissions",
            "p",
        ),
        ("GET", "/v1/projects/p", "google.cloud.resourcemanager.v1.Projects.GetProject", "p"),
        ("GET", "/v1/projects/example.com:p", "google.cloud.resourcemanager.v1.Projects.GetProject", "example.com:p"),
        ("GET", "/v1/operations/acat.1", "google.longrunning.Operations.GetOperation", "operations/acat.1"),
        (
            "GET",
            "/v1/projects/p/locations/us-central1-a/operations/o",
            "google.container.v1.ClusterManager.GetOperation",
            "projects/p/locations/us-central1-a/operations/o",
        ),
        (
            "GET",
            "/v1/projects/p/locations/global/operations/o",
            "google.longrunning.Operations.GetOperation",
            "projects/p/locations/global/operations/o",
        ),
        ("POST", "/v1/projects/p/services/s:enable", "google.api.serviceusage.v1.ServiceUsage.EnableService", None),
        (
            "POST",
            "/v1/projects/p/services:batchEnable",
            "google.api.serviceusage.v1.ServiceUsage.BatchEnableServices",
            None,
        ),
        (
            "GET",
            "/v1/projects/1/locations/global/memberships/m:generateCredentials",
            "google.cloud.gkeconnect.gateway.v1.GatewayControl.GenerateCredentials",
            "projects/1/locations/global/memberships/m",
        ),
        (
            "GET",
            "/v1/projects/p/locations/us/repositories/r/packages/a%2Fb/versions/sha256:00",
            "google.devtools.artifactregistry.v1.ArtifactRegistry.GetVersion",
            "projects/p/locations/us/repositories/r/packages/a%2Fb/versions/sha256:00",
        ),
        ("GET", "/v1/projects/p/notes/caf%C3%A9", "grafeas.v1.Grafeas.GetNote", "projects/p/notes/café"),
        ("POST", "/v2/entries:list", "google.logging.v2.LoggingServiceV2.ListLogEntries", None),
    ],
)
def test_a_path_means_its_method(verb: str, path: str, method: str, values: str | None) -> None:
    route, found = ROUTER.match(verb, path.encode())
    assert route.method.full_name == method
    if values is not None:
        assert list(found.values()) == [values]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/projects//attestors",
        "//v1/projects/p/policy",
        "/v1/projects/p/attestors//",
        "/v1/projects/p/attestors/%2e%2e",
        "/v1/projects/p/attestors/../policy",
        "/v1/projects/p/attestors/.",
        "/v1/projects/p/attestors/a%2fb",
        "/v1/projects/p%2Fattestors%2Fa",
        "/v1/projects/p/attestors/%zz",
        "/v1/projects/p/attestors/%",
        "/v1/projects/p/attestors/%ff",
        "/v1/projects/p/attestors/a%00",
        "/v1/projects/p/attestors/a%0d%0ab",
        "/v1/projects/p/attestors/é",
        "/v1/projects/p/attestors/" + "a" * 10_000,
    ],
)
def test_B113_a_path_with_two_readings_is_refused(path: str) -> None:
    with pytest.raises(ApiError) as caught:
        ROUTER.match("GET", path.encode())
    assert caught.value.code is Code.INVALID_ARGUMENT


def test_B113_a_verb_inside_an_id_is_no_id() -> None:
    with pytest.raises(HttpError) as caught:
        ROUTER.match("GET", b"/v1/projects/p/attestors/a:validateAttestationOccurrence")
    assert caught.value.status == 405
    route, values = ROUTER.match("GET", b"/v1/projects/p/attestors/a%3AgetIamPolicy")
    assert (route.method.name, values) == ("GetAttestor", {"name": "projects/p/attestors/a:getIamPolicy"})


def test_an_unknown_path_is_not_found_and_a_wrong_method_says_which_are_right() -> None:
    with pytest.raises(ApiError) as unknown:
        ROUTER.match("GET", b"/v1/nothing/here")
    assert unknown.value.code is Code.NOT_FOUND
    with pytest.raises(HttpError) as wrong:
        ROUTER.match("PATCH", b"/v1/projects/p/policy")
    assert dict(wrong.value.headers)[b"allow"] == b"GET, PUT"


def test_two_claims_to_one_path_are_a_mistake_found_at_start() -> None:
    method = descriptors.methods()["grafeas.v1.Grafeas.GetNote"]
    with pytest.raises(RouteConflict):
        Router([method, method])
