"""A setting that we do not model comes back as it was given, in every version that has it; a promise that we could not
keep is refused (SPEC 6.7)."""

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from binauthz.base.errors import ApiError, Code
from binauthz.services.cluster_settings import Draft
from binauthz.store.records import Cluster
from binauthz.wire import cluster_requests, container
from binauthz.wire.descriptors import message_class
from binauthz.wire.json import merge, to_json
from tests.wire.messages import messages

VERSIONS = ("v1", "v1beta1")
NAME = "projects/p/locations/us-central1-a/clusters/c"
# What the server says itself, or refuses to be told.
OURS = {
    *("name", "selfLink", "zone", "location", "locations", "endpoint", "currentMasterVersion", "currentNodeVersion"),
    *("createTime", "status", "statusMessage", "currentNodeCount", "id", "etag", "expireTime", "conditions"),
    *("instanceGroupUrls", "labelFingerprint", "initialClusterVersion", "nodeIpv4CidrSize", "servicesIpv4Cidr"),
    *("binaryAuthorization", "fleet", "masterAuth", "controlPlaneEndpointsConfig", "nodePools", "description"),
}


def cluster_message(version: str, document: dict[str, Any]) -> Any:
    made = message_class(f"google.container.{version}.Cluster")()
    merge(document, made)
    return made


def draft(version: str, **document: Any) -> Draft:
    return cluster_requests.draft_of(cluster_message(version, {"name": "c", **document}))


def stored(made: Draft) -> Cluster:
    now = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
    return Cluster(name=NAME, server="https://h", ca_pem="PEM", create_time=now, settings=made.settings)


def refused(version: str, field: str, **document: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        draft(version, **document)
    assert caught.value.code is Code.INVALID_ARGUMENT
    assert [each.field for each in caught.value.violations] == [field]
    return caught.value


@pytest.mark.parametrize("version", VERSIONS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_whatever_is_not_ours_comes_back(version: str, data: st.DataObject) -> None:
    asked: Any = data.draw(messages(f"google.container.{version}.Cluster"))
    for field in asked.DESCRIPTOR.fields:
        if field.camelcase_name in OURS:
            asked.ClearField(field.name)
    asked.name = "c"
    expected = to_json(asked)
    assume(len(json.dumps(expected)) < 100_000)
    made = cluster_requests.draft_of(asked)
    shown = to_json(container.from_cluster(stored(made), version))
    assert {key: shown.get(key) for key in expected if key != "name"} == {
        key: value for key, value in expected.items() if key != "name"
    }


def test_one_version_shows_what_the_other_was_told_as_far_as_it_knows_it() -> None:
    made = draft("v1beta1", tpuConfig={"enabled": True}, releaseChannel={"channel": "RAPID"})
    other = to_json(container.from_cluster(stored(made), "v1"))
    same = to_json(container.from_cluster(stored(made), "v1beta1"))
    assert other["releaseChannel"] == same["releaseChannel"] == {"channel": "RAPID"}
    assert "tpuConfig" not in other
    assert same["tpuConfig"] == {"enabled": True}


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_cluster_said_of_itself_can_be_sent_back(version: str) -> None:
    made = draft(version, description="d", nodePools=[{"name": "p", "initialNodeCount": 3}])
    again = cluster_requests.draft_of(container.from_cluster(stored(made), version))
    assert again.settings["nodePools"] == [{"name": "p", "initialNodeCount": 3}]
    assert again.settings["description"] == "d"
    assert again.enablement is not None


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("field", "document"),
    [
        ("cluster.masterAuth", {"masterAuth": {"username": "admin", "password": "secret"}}),
        (
            "cluster.masterAuth.clientCertificateConfig",
            {"masterAuth": {"clientCertificateConfig": {"issueClientCertificate": True}}},
        ),
        (
            "cluster.controlPlaneEndpointsConfig.dnsEndpointConfig",
            {"controlPlaneEndpointsConfig": {"dnsEndpointConfig": {"allowExternalTraffic": True}}},
        ),
        ("cluster.initialClusterVersion", {"initialClusterVersion": "1.29"}),
        ("cluster.nodePools[1].version", {"nodePools": [{"name": "a"}, {"name": "b", "version": "1.2.3-gke.4"}]}),
        ("cluster.fleet", {"fleet": {"membership": "m"}}),
        ("cluster.description", {"description": "x" * 1025}),
        ("cluster", {"nodePools": [{"name": "x" * 1000} for _ in range(200)]}),
    ],
)
def test_a_promise_that_cannot_be_kept_is_refused(version: str, field: str, document: dict[str, Any]) -> None:
    assert "secret" not in refused(version, field, **document).message


@pytest.mark.parametrize("wanted", ["", "-", "latest", "1", "1.33", "1.33.0", "1.33.0-gke.100"])
def test_versions_that_mean_ours_are_taken(wanted: str) -> None:
    assert "initialClusterVersion" not in draft("v1", initialClusterVersion=wanted).settings


@pytest.mark.parametrize("wanted", ["1.3", "1.330", "1.32", "2", "1.33.1", "x"])
def test_versions_that_do_not_are_refused(wanted: str) -> None:
    refused("v1", "cluster.initialClusterVersion", initialClusterVersion=wanted)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("update", "words"),
    [
        ({}, "Must specify a field to update"),
        ({"desiredLoggingService": "x", "desiredMonitoringService": "y"}, "Exactly one update"),
        ({"desiredBinaryAuthorization": {}, "desiredLoggingService": "x"}, "Exactly one update"),
        ({"desiredNodeVersion": "1"}, "desiredNodeVersion: not served here"),
    ],
)
def test_an_update_that_would_be_lost_is_refused(version: str, update: dict[str, Any], words: str) -> None:
    request = message_class(f"google.container.{version}.UpdateClusterRequest")()
    merge({"name": NAME, "update": update}, request)
    with pytest.raises(ApiError, match=words):
        cluster_requests.desired_enablement(request)


@pytest.mark.parametrize("version", VERSIONS)
def test_both_spellings_name_the_same(version: str) -> None:
    package = f"google.container.{version}"
    for full in (NAME, NAME.replace("/locations/", "/zones/")):
        current = message_class(f"{package}.GetClusterRequest")()
        merge({"name": full}, current)
        assert cluster_requests.cluster_name(current) == NAME
    zonal = message_class(f"{package}.GetClusterRequest")()
    merge({"projectId": "p", "zone": "us-central1-a", "clusterId": "c"}, zonal)
    assert cluster_requests.cluster_name(zonal) == NAME
    pool = message_class(f"{package}.GetNodePoolRequest")()
    merge({"projectId": "p", "zone": "us-central1-a", "clusterId": "c", "nodePoolId": "n"}, pool)
    assert cluster_requests.node_pool_name(pool) == f"{NAME}/nodePools/n"
    assert cluster_requests.cluster_of_pool(pool) == NAME
