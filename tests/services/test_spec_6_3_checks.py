"""SPEC 6.3: every type of check, each of its rules from both sides."""

from typing import Any

import pytest

from binauthz.sources import constraints
from tests.conformance.signing import Signer
from tests.services.api import Api, Refused, api

__all__ = ["api"]

CREATE = "/v1/projects/demo-project/platforms/gke/policies?policyId=p1"
CHECK = "gkePolicy.checkSets[0].checks[0]"
PEM = Signer().pem
EC = {"publicKeyPem": PEM, "signatureAlgorithm": "ECDSA_P256_SHA256"}
LOW = {"maximumFixableSeverity": "LOW", "maximumUnfixableSeverity": "ALLOW_ALL"}
GCB = {"trustedBuilder": "GOOGLE_CLOUD_BUILD"}
TEN = [f"projects/project-{index}" for index in range(10)]


def directories(*patterns: str) -> dict[str, Any]:
    return {"trustedDirectoryCheck": {"trustedDirPatterns": list(patterns)}}


def vulnerability(**members: Any) -> dict[str, Any]:
    return {"vulnerabilityCheck": {**LOW, **members}}


def slsa(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"slsaCheck": {"rules": list(rules)}}


def rule(**members: Any) -> dict[str, Any]:
    return slsa({**GCB, **members})


def signing(*keys: dict[str, Any], **members: Any) -> dict[str, Any]:
    authenticators = [{"pkixPublicKeySet": {"pkixPublicKeys": list(keys)}}]
    return {"simpleSigningAttestationCheck": {"attestationAuthenticators": authenticators, **members}}


def sigstore(*pems: str) -> dict[str, Any]:
    keys = [{"publicKeyPem": pem} for pem in pems]
    return {"sigstoreSignatureCheck": {"sigstoreAuthorities": [{"publicKeySet": {"publicKeys": keys}}]}}


DIRECTORIES = ".trustedDirectoryCheck.trustedDirPatterns"
CVES = ".vulnerabilityCheck"
RULE = ".slsaCheck.rules[0]"
SIGNING = ".simpleSigningAttestationCheck"
KEYS = f"{SIGNING}.attestationAuthenticators[0].pkixPublicKeySet.pkixPublicKeys"
COSIGN = ".sigstoreSignatureCheck.sigstoreAuthorities"


@pytest.mark.parametrize(
    ("check", "field"),
    [
        ({}, ""),
        ({"displayName": "nothing"}, ""),
        ({"alwaysDeny": True}, None),
        ({"alwaysDeny": False}, ".alwaysDeny"),
        # Directories.
        (directories("gcr.io/p/r", "*-docker.pkg.dev/p/r", "*.gcr.io/p", "gcr.io/p/*", "gcr.io/p/**", "gcr.io"), None),
        (directories(), DIRECTORIES),
        (directories("gcr.io/fine", "gcr.i*"), f"{DIRECTORIES}[1]"),
        (directories("sub*domain.gcr.io/nginx"), f"{DIRECTORIES}[0]"),
        (directories("*pkg.dev/p/r"), f"{DIRECTORIES}[0]"),
        (directories("**-docker.pkg.dev"), f"{DIRECTORIES}[0]"),
        (directories("nodomain/p"), f"{DIRECTORIES}[0]"),
        (directories("https://gcr.io/p"), f"{DIRECTORIES}[0]"),
        # Freshness.
        ({"imageFreshnessCheck": {"maxUploadAgeDays": 1}}, None),
        ({"imageFreshnessCheck": {"maxUploadAgeDays": 2147483647}}, None),
        ({"imageFreshnessCheck": {}}, ".imageFreshnessCheck.maxUploadAgeDays"),
        ({"imageFreshnessCheck": {"maxUploadAgeDays": 0}}, ".imageFreshnessCheck.maxUploadAgeDays"),
        ({"imageFreshnessCheck": {"maxUploadAgeDays": -1}}, ".imageFreshnessCheck.maxUploadAgeDays"),
        # Vulnerabilities.
        *((vulnerability(maximumFixableSeverity=each), None) for each in
          ("BLOCK_ALL", "MINIMAL", "LOW", "MEDIUM", "HIGH", "CRITICAL", "ALLOW_ALL")),
        (vulnerability(allowedCves=["CVE-2021-20305"], blockedCves=["GHSA-x_y.z"]), None),
        (vulnerability(containerAnalysisVulnerabilityProjects=TEN), None),
        (vulnerability(maximumFixableSeverity="MAXIMUM_ALLOWED_SEVERITY_UNSPECIFIED"),
         f"{CVES}.maximumFixableSeverity"),
        ({"vulnerabilityCheck": {"maximumFixableSeverity": "LOW"}}, f"{CVES}.maximumUnfixableSeverity"),
        ({"vulnerabilityCheck": {"maximumUnfixableSeverity": "LOW"}}, f"{CVES}.maximumFixableSeverity"),
        (vulnerability(allowedCves=["projects/p/notes/CVE-1"]), f"{CVES}.allowedCves[0]"),
        (vulnerability(blockedCves=["CVE-1", ""]), f"{CVES}.blockedCves[1]"),
        (vulnerability(blockedCves=["CVE-1"] * 2001), f"{CVES}.blockedCves"),
        (vulnerability(containerAnalysisVulnerabilityProjects=[*TEN, "projects/more"]),
         f"{CVES}.containerAnalysisVulnerabilityProjects"),
        (vulnerability(containerAnalysisVulnerabilityProjects=["projects/123"]),
         f"{CVES}.containerAnalysisVulnerabilityProjects[0]"),
        (vulnerability(containerAnalysisVulnerabilityProjects=["my-project"]),
         f"{CVES}.containerAnalysisVulnerabilityProjects[0]"),
        # SLSA.
        (rule(), None),
        (slsa(GCB, GCB), None),
        (rule(configBasedBuildRequired=True, attestationSource={"containerAnalysisAttestationProjects": TEN}), None),
        (rule(trustedSourceRepoPatterns=["github.com/my-project/my-repo", "github.com/my-project/*", "github.com/**"]),
         None),
        (slsa(), ".slsaCheck.rules"),
        (slsa({}), f"{RULE}.trustedBuilder"),
        (slsa({"trustedBuilder": "BUILDER_UNSPECIFIED"}), f"{RULE}.trustedBuilder"),
        (rule(attestationSource={"containerAnalysisAttestationProjects": [*TEN, "projects/more"]}),
         f"{RULE}.attestationSource.containerAnalysisAttestationProjects"),
        (rule(attestationSource={"containerAnalysisAttestationProjects": ["projects/1"]}),
         f"{RULE}.attestationSource.containerAnalysisAttestationProjects[0]"),
        (rule(trustedSourceRepoPatterns=["https://github.com/a/b"]), f"{RULE}.trustedSourceRepoPatterns[0]"),
        (rule(trustedSourceRepoPatterns=["github.com/a*"]), f"{RULE}.trustedSourceRepoPatterns[0]"),
        (rule(trustedSourceRepoPatterns=["github.com/*/b"]), f"{RULE}.trustedSourceRepoPatterns[0]"),
        (rule(trustedSourceRepoPatterns=["github.com/a/***"]), f"{RULE}.trustedSourceRepoPatterns[0]"),
        (rule(trustedSourceRepoPatterns=[""]), f"{RULE}.trustedSourceRepoPatterns[0]"),
        (rule(customConstraints="payload.predicateType == 'https://slsa.dev/provenance/v1'"), None),
        (rule(customConstraints="predicate.buildDefinition.buildType.startsWith('https://')"), None),
        (rule(customConstraints="payload."), f"{RULE}.customConstraints"),
        (rule(customConstraints="nobody == 1"), f"{RULE}.customConstraints"),
        (rule(customConstraints="'text'"), f"{RULE}.customConstraints"),
        (rule(customConstraints="true || " * 600 + "true"), f"{RULE}.customConstraints"),
        # Simple signing.
        (signing(EC), None),
        (signing({**EC, "keyId": "https://example.com/key"}, containerAnalysisAttestationProjects=TEN), None),
        ({"simpleSigningAttestationCheck": {}}, f"{SIGNING}.attestationAuthenticators"),
        ({"simpleSigningAttestationCheck": {"attestationAuthenticators": [{}]}}, KEYS),
        (signing(), KEYS),
        (signing({**EC, "publicKeyPem": "junk"}), f"{KEYS}[0].publicKeyPem"),
        (signing({"publicKeyPem": PEM}), f"{KEYS}[0].signatureAlgorithm"),
        (signing({**EC, "signatureAlgorithm": "RSA_PSS_2048_SHA256"}), f"{KEYS}[0].signatureAlgorithm"),
        (signing({**EC, "keyId": "no uri"}), f"{KEYS}[0].id"),
        (signing(EC, EC), f"{KEYS}[1].id"),
        (signing(EC, containerAnalysisAttestationProjects=[*TEN, "projects/more"]),
         f"{SIGNING}.containerAnalysisAttestationProjects"),
        (signing(EC, containerAnalysisAttestationProjects=["projects/42"]),
         f"{SIGNING}.containerAnalysisAttestationProjects[0]"),
        # Sigstore.
        (sigstore(PEM), None),
        ({"sigstoreSignatureCheck": {}}, COSIGN),
        (sigstore(), f"{COSIGN}[0].publicKeySet.publicKeys"),
        (sigstore("junk"), f"{COSIGN}[0].publicKeySet.publicKeys[0].publicKeyPem"),
        (sigstore(PEM, "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n"),
         f"{COSIGN}[0].publicKeySet.publicKeys[1].publicKeyPem"),
    ],
)  # fmt: skip
def test_checks(api: Api, check: dict[str, Any], field: str | None) -> None:
    body = {"gkePolicy": {"checkSets": [{"checks": [check]}]}}
    api.judge(None if field is None else Refused(f"{CHECK}{field}"), "POST", CREATE, body)


@pytest.mark.parametrize(
    "check",
    [
        {"alwaysDeny": True, **directories("gcr.io/p")},
        {"vulnerabilityCheck": {**LOW, "maximumFixableSeverity": "WORST"}},
        slsa({"trustedBuilder": "GITHUB"}),
        {"trustedDirectoryCheck": {"trustedDirPatterns": [{"pattern": "gcr.io/p"}]}},
        {"imageFreshnessCheck": {"maxUploadAgeDays": 2147483648}},
        signing({**EC, "signatureAlgorithm": "NONE"}),
    ],
)
def test_what_is_no_check_at_all(api: Api, check: dict[str, Any]) -> None:
    api.judge(Refused(), "POST", CREATE, {"gkePolicy": {"checkSets": [{"checks": [check]}]}})


def test_without_the_extra_a_constraint_is_taken_unseen(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constraints, "find_spec", lambda _name: None)
    body = {"gkePolicy": {"checkSets": [{"checks": [rule(customConstraints="payload.")]}]}}
    assert api.ok("POST", CREATE, body)["gkePolicy"] == body["gkePolicy"]


def test_keys_come_back_with_the_ids_that_signatures_name(api: Api) -> None:
    made = api.ok("POST", CREATE, {"gkePolicy": {"checkSets": [{"checks": [signing(EC)]}]}})
    kind = made["gkePolicy"]["checkSets"][0]["checks"][0]["simpleSigningAttestationCheck"]
    (key,) = kind["attestationAuthenticators"][0]["pkixPublicKeySet"]["pkixPublicKeys"]
    assert key["keyId"].startswith("ni:///sha-256;")
    assert api.ok("PUT", CREATE.replace("?policyId=", "/"), made)["gkePolicy"] == made["gkePolicy"]


def test_every_fault_is_named_and_at_most_a_hundred(api: Api) -> None:
    checks = [{"alwaysDeny": False}, slsa({}), directories("gcr.i*")]
    refused = api.judge(
        Refused(f"{CHECK}.alwaysDeny"), "POST", CREATE, {"gkePolicy": {"checkSets": [{"checks": checks}]}}
    )
    assert len(refused["details"][0]["fieldViolations"]) == 3
    many = [{"checks": [{"alwaysDeny": False}] * 100}, {"checks": [{"alwaysDeny": False}] * 100}]
    refused = api.judge(Refused(), "POST", CREATE, {"gkePolicy": {"checkSets": many}})
    assert len(refused["details"][0]["fieldViolations"]) == 100
