"""SPEC 6.5: objects in, the whole tree of results out, from evidence that was pushed through the API itself."""

import json
from typing import Any

import pytest

from tests.services.api import OTHER, PROJECT, Api, Refused, api

__all__ = ["api"]

LIST = "/v1/projects/demo-project/platforms/gke/policies"
A, B, C = "a" * 64, "b" * 64, "c" * 64
IMAGE, WORSE, UNKNOWN = (f"gcr.io/good/img@sha256:{digest}" for digest in (A, B, C))
LOW = {"maximumFixableSeverity": "LOW", "maximumUnfixableSeverity": "HIGH"}
VULNERABILITIES = {"vulnerabilityCheck": LOW}
SLSA = {"slsaCheck": {"rules": [{"trustedBuilder": "GOOGLE_CLOUD_BUILD"}]}}
BUILDER = "https://cloudbuild.googleapis.com/GoogleHostedWorker"
REPOSITORY = "https://github.com/org/app"


def pod(*images: str, **metadata: str) -> dict[str, Any]:
    containers = [{"name": f"c{index}", "image": image} for index, image in enumerate(images)]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers}}


def policy(api: Api, *checks: dict[str, Any], **gke: Any) -> str:
    body = {"gkePolicy": {**({"checkSets": [{"checks": list(checks)}]} if checks else {}), **gke}}
    api.ok("POST", f"{LIST}?policyId=p1", body)
    return f"{LIST}/p1:evaluate"


def note(api: Api, name: str, **details: Any) -> str:
    kind = next(iter(details))
    api.ok("POST", f"/v1/{PROJECT}/notes?noteId={name}", {kind: details[kind]})
    return f"{PROJECT}/notes/{name}"


def occurrence(api: Api, named: str, image: str, project: str = PROJECT, **details: Any) -> None:
    body = {"noteName": named, "resourceUri": f"https://{image}", **details}
    api.ok("POST", f"/v1/{project}/occurrences", body)


def scanned(api: Api, image: str, status: str = "FINISHED_SUCCESS", project: str = PROJECT, **more: Any) -> None:
    name = f"scan-{image[-1]}-{project.rpartition('/')[2]}-{status.lower()}"
    named = note(api, name, discovery={"analysisKind": "VULNERABILITY"})
    occurrence(api, named, image, project, discovery={"analysisStatus": status, **more})


def vulnerable(api: Api, image: str, cve: str = "CVE-2026-1", project: str = PROJECT, **details: Any) -> None:
    named = f"{PROJECT}/notes/{cve}"
    if api.call("GET", f"/v1/{named}")[0] == 404:
        note(api, cve, vulnerability={"severity": "MEDIUM"})
    occurrence(api, named, image, project, vulnerability=details)


def built(api: Api, image: str, name: str, **build: Any) -> None:
    occurrence(api, note(api, name, build={"builderVersion": "1"}), image, build=build)


def slsa_v1(*, digest: str = A, builder: str = BUILDER, repository: str = REPOSITORY) -> dict[str, Any]:
    return {
        "inTotoSlsaProvenanceV1": {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "img", "digest": {"sha256": digest}}],
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {
                "buildDefinition": {
                    "buildType": "https://cloud.google.com/build/gcb-buildtypes/google-worker/v1",
                    "externalParameters": {
                        "buildConfigSource": {"path": "cloudbuild.yaml", "repository": f"git+{repository}"}
                    },
                    "resolvedDependencies": [
                        {"uri": f"git+{repository}@refs/heads/main", "digest": {"gitCommit": "abc"}},
                        {"uri": "gcr.io/cloud-builders/docker@sha256:00", "digest": {"sha256": "00"}},
                    ],
                },
                "runDetails": {"builder": {"id": builder}},
            },
        }
    }  # fmt: skip


def statement(form: str, predicate: dict[str, Any]) -> dict[str, Any]:
    subject = [{"name": "img", "digest": {"sha256": A}}]
    return {"intotoStatement": {"_type": "https://in-toto.io/Statement/v0.1", "subject": subject,
                                "predicateType": "https://slsa.dev/provenance/v0.1", form: predicate}}  # fmt: skip


RECIPE = {"entryPoint": "cloudbuild.yaml", "definedInMaterial": "0", "type": "https://cloudbuild.googleapis.com/x"}
FORMS = {
    "slsa v1": slsa_v1(),
    "slsa v0.2": statement(
        "slsaProvenanceZeroTwo",
        {
            "builder": {"id": f"{BUILDER}@v0.3"},
            "invocation": {"configSource": {"uri": REPOSITORY, "entryPoint": "cloudbuild.yaml"}},
            "materials": [{"uri": REPOSITORY, "digest": {"sha1": "abc"}}],
        },
    ),
    "slsa v0.1": statement(
        "slsaProvenance",
        {"builder": {"id": f"{BUILDER}@v0.2"}, "recipe": RECIPE, "materials": [{"uri": f"git+{REPOSITORY}"}]},
    ),
    "in-toto in a statement": statement(
        "provenance", {"builderConfig": {"id": BUILDER}, "recipe": RECIPE, "materials": [REPOSITORY]}
    ),
    "in-toto bare": {
        "intotoProvenance": {"builderConfig": {"id": BUILDER}, "recipe": RECIPE, "materials": [REPOSITORY]}
    },
}


def verdict(api: Api, path: str, *images: str) -> str:
    return str(api.ok("POST", path, {"resource": pod(*images or (IMAGE,))})["verdict"])


def explanation(api: Api, path: str, image: str = IMAGE) -> str:
    answer = api.ok("POST", path, {"resource": pod(image)})
    (result,) = answer["results"][0]["imageResults"][0]["checkSetResult"]["checkResults"]["results"]
    return str(result["explanation"])


def test_the_whole_tree(api: Api) -> None:
    sets = [
        {"scope": {"kubernetesServiceAccount": "shop:robot"}, "imageAllowlist": {"allowPattern": ["gcr.io/side/*"]},
         "displayName": "robots", "checks": [
             {"displayName": "ours", "trustedDirectoryCheck": {"trustedDirPatterns": ["gcr.io/good"]}},
             {"imageAllowlist": {"allowPattern": ["gcr.io/good/**"]}, "alwaysDeny": True},
         ]},
        {"displayName": "everyone"},
    ]  # fmt: skip
    path = policy(api, checkSets=sets, imageAllowlist={"allowPattern": ["gcr.io/system/**"]})
    resource = pod(IMAGE, "gcr.io/bad/img", "gcr.io/side/car", "gcr.io/system/a/b", IMAGE, name="n", namespace="shop")
    resource["spec"]["serviceAccountName"] = "robot"
    answer = api.ok("POST", path, {"resource": resource})
    assert answer["verdict"] == "NON_CONFORMANT"
    (result,) = answer["results"]
    assert {key: result[key] for key in result if key != "imageResults"} == {
        "podName": "n", "kubernetesNamespace": "shop", "kubernetesServiceAccount": "robot", "verdict": "NON_CONFORMANT",
    }  # fmt: skip
    good, bad, side, system = result["imageResults"]
    assert good == {
        "imageUri": IMAGE,
        "verdict": "CONFORMANT",
        "checkSetResult": {
            "index": "0",
            "displayName": "robots",
            "scope": {"kubernetesServiceAccount": "shop:robot"},
            "checkResults": {
                "results": [
                    {
                        "index": "0",
                        "displayName": "ours",
                        "type": "TrustedDirectoryCheck",
                        "explanation": "The image is in the trusted directory gcr.io/good.",
                        "evaluationResult": {"verdict": "CONFORMANT"},
                    },
                    {
                        "index": "1",
                        "type": "AlwaysDeny",
                        "explanation": "The image is exempt by the check's allowlist.",
                        "allowlistResult": {"matchedPattern": "gcr.io/good/**"},
                    },
                ]
            },
        },
    }
    checks = bad["checkSetResult"]["checkResults"]["results"]
    assert [each["evaluationResult"]["verdict"] for each in checks] == ["NON_CONFORMANT", "NON_CONFORMANT"]
    assert side["checkSetResult"]["allowlistResult"] == {"matchedPattern": "gcr.io/side/*"}
    assert (side["verdict"], bool(side["checkSetResult"]["explanation"])) == ("CONFORMANT", True)
    assert "checkResults" not in side["checkSetResult"]
    assert system["allowlistResult"] == {"matchedPattern": "gcr.io/system/**"}
    assert (system["verdict"], bool(system["explanation"]), "checkSetResult" in system) == ("CONFORMANT", True, False)
    other = api.ok("POST", path, {"resource": pod("gcr.io/bad/img")})
    assert (other["verdict"], other["results"][0]["kubernetesNamespace"]) == ("CONFORMANT", "default")
    assert other["results"][0]["imageResults"][0]["checkSetResult"]["index"] == "1"


def test_a_policy_without_check_sets_allows(api: Api) -> None:
    answer = api.ok("POST", policy(api), {"resource": pod("anything")})
    assert answer["verdict"] == "CONFORMANT"
    assert answer["results"][0]["imageResults"][0]["explanation"] == "The policy has no check set for the Pod."


TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": pod("gcr.io/bad/img")["spec"]}
KINDS = {
    "ReplicaSet": ("apps/v1", {"template": TEMPLATE}), "Deployment": ("apps/v1", {"template": TEMPLATE}),
    "StatefulSet": ("apps/v1", {"template": TEMPLATE}), "DaemonSet": ("apps/v1", {"template": TEMPLATE}),
    "Job": ("batch/v1", {"template": TEMPLATE}),
    "CronJob": ("batch/v1", {"jobTemplate": {"spec": {"template": TEMPLATE}}}),
    "ReplicationController": ("v1", {"template": TEMPLATE}),
}  # fmt: skip
OBJECTS = [
    *({"apiVersion": version, "kind": kind, "metadata": {"name": kind.lower(), "namespace": "shop"}, "spec": spec}
      for kind, (version, spec) in KINDS.items()),
    {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "podtemplate", "namespace": "shop"},
     "template": TEMPLATE},
    {**pod("gcr.io/bad/img", name="pod", namespace="shop")},
]  # fmt: skip


@pytest.mark.parametrize("resource", OBJECTS, ids=lambda each: each["kind"])
def test_every_kind_with_a_pod_template_is_judged(api: Api, resource: dict[str, Any]) -> None:
    path = policy(api, checkSets=[{"scope": {"kubernetesNamespace": "shop"}, "checks": [{"alwaysDeny": True}]}, {}])
    answer = api.ok("POST", path, {"resource": resource})
    assert (answer["verdict"], answer["results"][0]["podName"]) == ("NON_CONFORMANT", resource["kind"].lower())


def test_a_list_is_judged_object_by_object_and_by_its_worst(api: Api) -> None:
    path = policy(api, {"trustedDirectoryCheck": {"trustedDirPatterns": ["gcr.io/good"]}})
    fine = pod(IMAGE, name="fine")
    nested = {
        "apiVersion": "v1",
        "kind": "List",
        "items": [fine, {"apiVersion": "v1", "kind": "PodList", "items": [fine]}],
    }
    answer = api.ok("POST", path, {"resource": nested})
    assert (answer["verdict"], len(answer["results"])) == ("CONFORMANT", 2)
    answer = api.ok("POST", path, {"resource": {**nested, "items": [fine, *OBJECTS]}})
    assert [each["verdict"] for each in answer["results"]] == ["CONFORMANT", *["NON_CONFORMANT"] * len(OBJECTS)]
    assert answer["verdict"] == "NON_CONFORMANT"


def deep(levels: int) -> dict[str, Any]:
    return pod(IMAGE) if levels == 0 else {"apiVersion": "v1", "kind": "List", "items": [deep(levels - 1)]}


@pytest.mark.parametrize(
    "resource",
    [
        None,
        {},
        {"apiVersion": "v1", "kind": "ConfigMap"},
        {"apiVersion": "v1", "kind": "List", "items": []},
        {"apiVersion": "v1", "kind": "List", "items": [pod(IMAGE), {"apiVersion": "v1", "kind": "Service"}]},
        {"apiVersion": "v1", "kind": "List", "items": [pod(IMAGE)] * 1001},
        {"apiVersion": "v1", "kind": "List", "items": ["text"]},
        {"kind": "Pod", "spec": pod(IMAGE)["spec"]},
        {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {}},
        pod(),
        pod(""),
        {**pod(IMAGE), "spec": {"containers": "text"}},
        pod(*(f"gcr.io/p/img{index}" for index in range(257))),
        deep(6),
    ],
    ids=lambda each: json.dumps(each)[:40],
)
def test_what_cannot_be_judged_is_refused_and_never_conforms(api: Api, resource: dict[str, Any] | None) -> None:
    path = policy(api)
    api.judge(Refused(), "POST", path, {} if resource is None else {"resource": resource})


def test_a_list_within_its_bounds_is_judged(api: Api) -> None:
    path = policy(api)
    many = {"apiVersion": "v1", "kind": "List", "items": [pod(IMAGE)] * 1000}
    assert len(api.ok("POST", path, {"resource": many})["results"]) == 1000
    assert api.ok("POST", path, {"resource": deep(4)})["verdict"] == "CONFORMANT"


def test_B80_an_image_without_a_finished_scan_cannot_be_told(api: Api) -> None:
    path = policy(api, VULNERABILITIES)
    assert verdict(api, path) == "ERROR"
    for status in ("PENDING", "SCANNING", "FINISHED_FAILED", "FINISHED_UNSUPPORTED"):
        scanned(api, IMAGE, status)
        assert verdict(api, path) == "ERROR"
    assert explanation(api, path) == f"No valid scan of the image was found in {PROJECT}."
    scanned(api, WORSE)
    assert verdict(api, path) == "ERROR"
    scanned(api, IMAGE)
    assert verdict(api, path) == "CONFORMANT"
    assert verdict(api, path, "gcr.io/good/img:v1") == "ERROR"


def test_an_archived_scan_is_none(api: Api) -> None:
    path = policy(api, VULNERABILITIES)
    scanned(api, IMAGE, archiveTime="2026-04-30T00:00:00Z")
    assert verdict(api, path) == "ERROR"
    scanned(api, WORSE, archiveTime="2026-05-30T00:00:00Z")
    assert verdict(api, path, WORSE) == "CONFORMANT"


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"effectiveSeverity": "LOW", "severity": "CRITICAL", "fixAvailable": True}, "CONFORMANT"),
        ({"effectiveSeverity": "MEDIUM", "severity": "LOW", "fixAvailable": True}, "NON_CONFORMANT"),
        ({"severity": "HIGH"}, "CONFORMANT"),
        ({"severity": "CRITICAL"}, "NON_CONFORMANT"),
        ({"severity": "HIGH", "packageIssue": [{"affectedPackage": "x", "fixAvailable": True}]}, "NON_CONFORMANT"),
        ({"severity": "HIGH", "packageIssue": [{"fixedVersion": {"kind": "MAXIMUM"}}]}, "CONFORMANT"),
        ({"severity": "HIGH", "packageIssue": [{"fixedVersion": {"kind": "NORMAL", "name": "1.2"}}]}, "NON_CONFORMANT"),
        ({"packageIssue": [{"effectiveSeverity": "LOW"}, {"effectiveSeverity": "CRITICAL"}]}, "NON_CONFORMANT"),
        # Nothing is said: the note's MEDIUM.
        ({}, "CONFORMANT"),
        ({"fixAvailable": True}, "NON_CONFORMANT"),
    ],
)
def test_severities_are_read_in_order_of_who_says_them(api: Api, details: dict[str, Any], expected: str) -> None:
    path = policy(api, VULNERABILITIES)
    scanned(api, IMAGE)
    vulnerable(api, IMAGE, **details)
    assert verdict(api, path) == expected


def test_findings_about_another_image_or_project_do_not_count_unless_asked(api: Api) -> None:
    path = policy(api, VULNERABILITIES)
    scanned(api, IMAGE)
    vulnerable(api, WORSE, severity="CRITICAL")
    vulnerable(api, IMAGE, project=OTHER, severity="CRITICAL")
    assert verdict(api, path) == "CONFORMANT"
    body = {"gkePolicy": {"checkSets": [{"checks": [{"vulnerabilityCheck": {
        **LOW, "containerAnalysisVulnerabilityProjects": [PROJECT, OTHER]}}]}]}}  # fmt: skip
    api.ok("PUT", f"{LIST}/p1", body)
    # The other project has not let the service agent read.
    assert verdict(api, path) == "ERROR"
    agent = "serviceAccount:service-123456789012@gcp-sa-binaryauthorization.iam.gserviceaccount.com"
    grant = {"policy": {"bindings": [{"role": "roles/containeranalysis.occurrences.viewer", "members": [agent]}]}}
    api.ok("POST", "/v1/projects/other-project:setIamPolicy", grant)
    assert verdict(api, path) == "NON_CONFORMANT"
    assert "CVE-2026-1 (CRITICAL, unfixable; at most HIGH)" in explanation(api, path)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_provenance_is_read(api: Api, form: str) -> None:
    strict = {"trustedBuilder": "GOOGLE_CLOUD_BUILD", "configBasedBuildRequired": True,
              "trustedSourceRepoPatterns": ["github.com/org/*"]}  # fmt: skip
    path = policy(api, {"slsaCheck": {"rules": [strict]}})
    assert verdict(api, path) == "NON_CONFORMANT"
    built(api, IMAGE, "build-1", **FORMS[form])
    assert verdict(api, path) == "CONFORMANT", explanation(api, path)
    loose = {**strict, "trustedSourceRepoPatterns": ["github.com/elsewhere/*"]}
    api.ok("PUT", f"{LIST}/p1", {"gkePolicy": {"checkSets": [{"checks": [{"slsaCheck": {"rules": [loose]}}]}]}})
    assert verdict(api, path) == "NON_CONFORMANT"


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (slsa_v1(digest=B), "about another digest"),
        (slsa_v1(builder=f"{BUILDER}.evil.com"), "is not trusted"),
        ({"provenance": {"id": "x", "builtArtifacts": [{"checksum": f"sha256:{A}"}]}}, "builder '' is not trusted"),
        ({"provenanceBytes": "e30="}, "No provenance of the image was found."),
        (statement("slsaProvenance", {}), "builder '' is not trusted"),
    ],
)
def test_provenance_that_proves_too_little(api: Api, build: dict[str, Any], reason: str) -> None:
    path = policy(api, SLSA)
    built(api, IMAGE, "build-1", **build)
    assert verdict(api, path) == "NON_CONFORMANT"
    assert reason in explanation(api, path)


def test_a_constraint_on_the_payload_decides(api: Api) -> None:
    def with_constraint(text: str) -> dict[str, Any]:
        rule = {"trustedBuilder": "GOOGLE_CLOUD_BUILD", "customConstraints": text}
        return {"gkePolicy": {"checkSets": [{"checks": [{"slsaCheck": {"rules": [rule]}}]}]}}

    path = policy(api, SLSA)
    built(api, IMAGE, "build-1", **FORMS["slsa v1"])
    for text, expected in (
        ("payload.subject[0].digest.sha256.startsWith('aaaa')", "CONFORMANT"),
        ("predicate.buildDefinition.resolvedDependencies.all(d, d.uri.startsWith('git+'))", "NON_CONFORMANT"),
        ("predicate.runDetails.builder.id.endsWith('Worker')", "CONFORMANT"),
        ("predicate.nothing.at.all", "ERROR"),
    ):
        api.ok("PUT", f"{LIST}/p1", with_constraint(text))
        assert verdict(api, path) == expected, text


def test_checks_that_need_a_registry_cannot_be_told_yet(api: Api) -> None:
    keys = [{"publicKeyPem": PEM}]
    sigstore = {"sigstoreSignatureCheck": {"sigstoreAuthorities": [{"publicKeySet": {"publicKeys": keys}}]}}
    for number, check in enumerate(({"imageFreshnessCheck": {"maxUploadAgeDays": 1}}, sigstore)):
        body = {"gkePolicy": {"checkSets": [{"checks": [check]}]}}
        api.ok("POST", f"{LIST}?policyId=r{number}", body)
        assert verdict(api, f"{LIST}/r{number}:evaluate") == "ERROR"
        assert "registry" in explanation(api, f"{LIST}/r{number}:evaluate")


PEM = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEXnpuYEfvLl1kj4fjxViFRwY1a+zC5qzlf9LJIK+rnjq42tiKGyyXMbnZKJiYPPdMDGyltnkrABnztg2j
J48aYQ==
-----END PUBLIC KEY-----
"""
