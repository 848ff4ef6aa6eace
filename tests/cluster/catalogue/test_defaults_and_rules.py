"""What an object becomes on its way in, and what is refused in Kubernetes' words."""

import copy
from typing import Any

import pytest

from binauthz.cluster.catalogue import RESOURCES, by_key, by_kind
from binauthz.cluster.catalogue.pod_defaults import image_tag

Object = dict[str, Any]


def prepare(key: str, new: Object, old: Object | None = None) -> list[tuple[str, str]]:
    resource = by_key(key)
    assert resource is not None
    return resource.prepare(new, old)


def pod(**spec: Any) -> Object:
    return {
        "metadata": {"name": "p", "namespace": "d"},
        "spec": {"containers": [{"name": "c", "image": "i:1"}], **spec},
    }


def workload(**spec: Any) -> Object:
    template = {"metadata": {"labels": {"app": "w"}}, "spec": pod()["spec"]}
    return {
        "metadata": {"name": "w"},
        "spec": {"selector": {"matchLabels": {"app": "w"}}, "template": template, **spec},
    }


def test_every_kind_is_served_once_and_has_a_name_column_first() -> None:
    assert by_kind("apps/v1", "Deployment") is by_key("apps/deployments")
    for resource in RESOURCES:
        names = [column.name for column in resource.columns]
        assert len(set(names)) == len(names)
        assert names[0] == ("Last Seen" if resource.kind == "Event" else "Name")


@pytest.mark.parametrize(
    ("key", "narrow", "wide"),
    [
        (
            "pods",
            "Name Ready Status Restarts Age",
            ["IP", "Node", "Nominated Node", "Readiness Gates"],
        ),
        ("apps/deployments", "Name Ready Up-to-date Available Age", ["Containers", "Images", "Selector"]),
        ("apps/replicasets", "Name Desired Current Ready Age", ["Containers", "Images", "Selector"]),
        ("apps/statefulsets", "Name Ready Age", ["Containers", "Images"]),
        ("batch/jobs", "Name Status Completions Duration Age", ["Containers", "Images", "Selector"]),
        ("namespaces", "Name Status Age", []),
        ("serviceaccounts", "Name Secrets Age", []),
    ],
)
def test_columns_are_those_of_a_real_cluster(key: str, narrow: str, wide: list[str]) -> None:
    resource = by_key(key)
    assert resource is not None
    assert [column.name for column in resource.columns if not column.priority] == narrow.split()
    assert [column.name for column in resource.columns if column.priority] == wide


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("nginx", "latest"),
        ("nginx:1", "1"),
        ("host:5000/nginx", "latest"),
        ("host:5000/nginx:2", "2"),
        ("nginx@sha256:00", ""),
        ("nginx:latest@sha256:00", "latest"),
    ],
)
def test_the_pull_policy_follows_the_tag(image: str, tag: str) -> None:
    assert image_tag(image) == tag
    new = pod(containers=[{"name": "c", "image": image}])
    assert prepare("pods", new) == []
    assert new["spec"]["containers"][0]["imagePullPolicy"] == ("Always" if tag == "latest" else "IfNotPresent")


def test_a_pod_gets_what_kubernetes_fills_in() -> None:
    new = pod()
    new["status"] = {"phase": "Running", "podIP": "6.6.6.6"}
    assert prepare("pods", new) == []
    spec = new["spec"]
    assert new["status"] == {"phase": "Pending", "qosClass": "BestEffort"}, "a client does not write the status"
    assert (spec["restartPolicy"], spec["dnsPolicy"], spec["serviceAccountName"]) == (
        "Always",
        "ClusterFirst",
        "default",
    )
    again = copy.deepcopy(new)
    assert prepare("pods", again, new) == []
    assert again == new, "defaults do not change what has them"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"containers": []}, ("spec.containers", "Required value")),
        ({"containers": [{"name": "c"}]}, ("spec.containers[0].image", "Required value")),
        ({"containers": [{"image": "i"}]}, ("spec.containers[0].name", "Required value")),
        (
            {"containers": [{"name": "c", "image": "i"}, {"name": "c", "image": "j"}]},
            ("spec.containers[1].name", 'Duplicate value: "c"'),
        ),
        (
            {"initContainers": [{"name": "c", "image": "i"}]},
            ("spec.initContainers[0].name", 'Duplicate value: "c"'),
        ),
        (
            {"containers": [{"name": "c", "image": " i"}]},
            ("spec.containers[0].image", 'Invalid value: " i": must not have leading or trailing whitespace'),
        ),
        (
            {"restartPolicy": "Sometimes"},
            (
                "spec.restartPolicy",
                'Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
            ),
        ),
        (
            {"containers": [{"name": "c", "image": "i", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]},
            ("spec.containers[0].volumeMounts[0].name", 'Not found: "v"'),
        ),
        (
            {"ephemeralContainers": [{"name": "e", "image": "i"}]},
            ("spec.ephemeralContainers", "Forbidden: cannot be set on create"),
        ),
    ],
)
def test_a_pod_is_refused_in_kubernetes_words(spec: Object, expected: tuple[str, str]) -> None:
    assert prepare("pods", pod(**spec)) == [expected]


def test_names_are_checked() -> None:
    new = pod(containers=[{"name": "Nope", "image": "i"}])
    new["metadata"] = {"name": "UPPER", "labels": {"a": "not ok!", "-": "v"}}
    found = dict(prepare("pods", new))
    assert found["metadata.name"].startswith('Invalid value: "UPPER": a lowercase RFC 1123 subdomain must consist of')
    assert found["spec.containers[0].name"].startswith('Invalid value: "Nope": a lowercase RFC 1123 label must consist')
    assert "metadata.labels" in found


def test_after_creation_only_the_image_of_a_pod_changes() -> None:
    old = pod()
    prepare("pods", old)
    new = copy.deepcopy(old)
    new["spec"]["containers"][0]["image"] = "other"
    assert prepare("pods", new, old) == []
    new["spec"]["hostNetwork"] = True
    ((path, detail),) = prepare("pods", new, old)
    assert path == "spec"
    assert detail.startswith("Forbidden: pod updates may not change fields other than `spec.containers[*].image`")
    new = copy.deepcopy(old)
    new["spec"]["containers"].append({"name": "d", "image": "i"})
    assert prepare("pods", new, old) == [("spec.containers", "Forbidden: pod updates may not add or remove containers")]


def test_ephemeral_containers_may_be_added_and_not_changed() -> None:
    resource = by_key("pods")
    assert resource is not None
    change = resource.prepare_subresources["ephemeralcontainers"]
    old = pod()
    prepare("pods", old)
    new = copy.deepcopy(old)
    new["spec"]["ephemeralContainers"] = [{"name": "debug", "image": "busybox", "targetContainerName": "c"}]
    assert change(new, old) == []
    newer = copy.deepcopy(new)
    newer["spec"]["ephemeralContainers"][0]["image"] = "evil"
    ((_, detail),) = change(newer, new)
    assert detail == 'Forbidden: existing ephemeral containers "debug" may not be changed'
    ((_, detail),) = change(copy.deepcopy(old), new)
    assert detail == 'Forbidden: existing ephemeral containers "debug" may not be removed'


def test_a_workload_must_select_the_pods_it_makes() -> None:
    new = workload(selector={"matchLabels": {"app": "other"}})
    assert prepare("apps/deployments", new) == [
        (
            "spec.template.metadata.labels",
            'Invalid value: {"app":"w"}: `selector` does not match template `labels`',
        )
    ]
    new = workload(selector={})
    assert ("spec.selector", "Invalid value: {}: empty selector is invalid for deployment") in prepare(
        "apps/deployments", new
    )
    new = workload()
    del new["spec"]["selector"]
    assert prepare("apps/deployments", new) == [("spec.selector", "Required value")]


def test_what_is_immutable_stays() -> None:
    old = workload()
    prepare("apps/deployments", old)
    new = copy.deepcopy(old)
    new["spec"]["selector"] = {"matchLabels": {"app": "x"}}
    new["spec"]["template"]["metadata"]["labels"] = {"app": "x"}
    ((path, detail),) = prepare("apps/deployments", new, old)
    assert path == "spec.selector"
    assert detail.endswith("field is immutable")
    old = workload(serviceName="a")
    prepare("apps/statefulsets", old)
    new = copy.deepcopy(old)
    new["spec"]["serviceName"] = "b"
    ((path, detail),) = prepare("apps/statefulsets", new, old)
    assert path == "spec"
    assert detail.startswith("Forbidden: updates to statefulset spec for fields other than 'replicas'")


def test_a_job_gets_its_selector_and_must_not_restart_always() -> None:
    template = {"spec": {**pod()["spec"], "restartPolicy": "Never"}}
    new = {"metadata": {"name": "j", "uid": "u-1"}, "spec": {"template": template}}
    assert prepare("batch/jobs", new) == []
    assert new["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": "u-1"}}
    assert (new["spec"]["completions"], new["spec"]["parallelism"], new["spec"]["backoffLimit"]) == (1, 1, 6)
    ((path, detail),) = prepare(
        "batch/jobs", {"metadata": {"name": "j"}, "spec": {"template": {"spec": pod()["spec"]}}}
    )
    assert path == "spec.template.spec.restartPolicy"
    assert detail == 'Unsupported value: "Always": supported values: "OnFailure", "Never"'


def test_string_data_of_a_secret_is_stored_as_data() -> None:
    new: Object = {"metadata": {"name": "s"}, "stringData": {"k": "v"}}
    assert prepare("secrets", new) == []
    assert new["data"] == {"k": "dg=="}
    assert "stringData" not in new


def test_a_webhook_configuration_is_checked() -> None:
    hook: Object = {"name": "short", "clientConfig": {"url": "http://x"}, "timeoutSeconds": 31}
    found = dict(prepare("admissionregistration.k8s.io/validatingwebhookconfigurations", {"webhooks": [hook]}))
    assert set(found) == {
        "webhooks[0].name",
        "webhooks[0].sideEffects",
        "webhooks[0].admissionReviewVersions",
        "webhooks[0].timeoutSeconds",
        "webhooks[0].clientConfig.url",
    }
    assert hook["failurePolicy"] == "Fail"


def test_parts_of_the_wrong_type_never_crash_a_write() -> None:
    odd: list[Any] = [None, 0, True, "x", [], [None], [[]], {}, {"a": None}]
    for resource in RESOURCES:
        for value in odd:
            for new in (
                {"metadata": {"name": "a"}, "spec": value, "webhooks": value, "data": value, "subjects": value},
                {"metadata": {"name": "a"}, "spec": {"template": value, "selector": value, "containers": value}},
                {"metadata": {"name": "a"}, "spec": {"template": {"spec": {"containers": value}}, "strategy": value}},
                {"metadata": {"name": "a", "labels": value, "annotations": value}, "spec": {"ports": value}},
                {"metadata": {"name": "a"}, "spec": {"jobTemplate": value, "schedule": value, "type": value}},
                {"metadata": {"name": "a"}, "webhooks": [{"name": value, "failurePolicy": value, "rules": value}]},
                {"metadata": {"name": "a"}, "spec": {"containers": [{"name": value, "image": value, "ports": value}]}},
            ):
                made = copy.deepcopy(new)
                resource.prepare(made, None)
                for column in resource.columns:
                    column.cell(made)
