"""SPEC 1.7: what makes a policy as a whole acceptable; each rule from both sides, in every version of the API."""

import pytest

from binauthz.attestation.model import Attestor
from tests.services.api import NOTE, OTHER, PROJECT, Api, Refused, api

__all__ = ["api"]

PATH = "/v1/projects/demo-project/policy"
BLOCK, DRY = "ENFORCED_BLOCK_AND_AUDIT_LOG", "DRYRUN_AUDIT_LOG_ONLY"
QA = f"{PROJECT}/attestors/qa"
MISSING = object()


def rule(mode: object = "ALWAYS_DENY", enforcement: object = BLOCK, *attestors: str) -> dict[str, object]:
    given = {"evaluationMode": mode, "enforcementMode": enforcement, "requireAttestationsBy": list(attestors)}
    return {name: value for name, value in given.items() if value is not MISSING and value != []}


DENY = rule()
SPECIFIC = {
    "clusterAdmissionRules": "us-central1-a.c",
    "kubernetesNamespaceAdmissionRules": "n",
    "kubernetesServiceAccountAdmissionRules": "n:s",
    "istioServiceIdentityAdmissionRules": "x/ns/n/sa/s",
}


@pytest.mark.parametrize(
    ("default", "member"),
    [
        (rule("ALWAYS_ALLOW"), None),
        (rule("ALWAYS_DENY"), None),
        (rule("ALWAYS_DENY", DRY), None),
        (rule("REQUIRE_ATTESTATION", BLOCK, QA), None),
        (rule(1, 1), None),
        (rule("REQUIRE_ATTESTATION", BLOCK), "requireAttestationsBy"),
        (rule("ALWAYS_ALLOW", BLOCK, QA), "requireAttestationsBy"),
        (rule("ALWAYS_DENY", BLOCK, QA), "requireAttestationsBy"),
        (rule("EVALUATION_MODE_UNSPECIFIED"), "evaluationMode"),
        (rule(MISSING), "evaluationMode"),
        (rule("ALWAYS_DENY", "ENFORCEMENT_MODE_UNSPECIFIED"), "enforcementMode"),
        (rule("ALWAYS_DENY", MISSING), "enforcementMode"),
        (rule("REQUIRE_ATTESTATION", BLOCK, "qa"), "requireAttestationsBy[0]"),
        (rule("REQUIRE_ATTESTATION", BLOCK, QA, f"{PROJECT}/notes/release"), "requireAttestationsBy[1]"),
        (rule("REQUIRE_ATTESTATION", BLOCK, f"{PROJECT}/attestors/../qa"), "requireAttestationsBy[0]"),
        (rule("REQUIRE_ATTESTATION", BLOCK, f"{PROJECT}/attestors/gone"), "requireAttestationsBy[0]"),
        (rule("REQUIRE_ATTESTATION", BLOCK, "projects/nope/attestors/qa"), "requireAttestationsBy[0]"),
    ],
)
@pytest.mark.parametrize("place", ["default", *SPECIFIC])
def test_a_rule_says_how_to_judge_and_names_attestors_only_to_require_them(
    api: Api, place: str, default: dict[str, object], member: str | None
) -> None:
    if place == "default":
        document, at = {"defaultAdmissionRule": default}, "defaultAdmissionRule"
    else:
        key = SPECIFIC[place]
        document, at = {"defaultAdmissionRule": DENY, place: {key: default}}, f"{place}[{key}]"
    before = api.ok("GET", PATH)
    api.judge(None if member is None else Refused(f"{at}.{member}"), "PUT", PATH, document)
    assert (api.ok("GET", PATH) == before) is (member is not None)


@pytest.mark.parametrize("name", ["SOMETIMES", "", 99, -1, 1.5, {}, []])
def test_an_enum_value_that_is_not_known_is_refused(api: Api, name: object) -> None:
    api.judge(Refused(), "PUT", PATH, {"defaultAdmissionRule": rule(name)})
    api.judge(Refused(), "PUT", PATH, {"defaultAdmissionRule": DENY, "globalPolicyEvaluationMode": name})


@pytest.mark.parametrize("mode", ["GLOBAL_POLICY_EVALUATION_MODE_UNSPECIFIED", "ENABLE", "DISABLE"])
def test_the_global_mode_may_be_any_of_its_values(api: Api, mode: str) -> None:
    api.ok("PUT", PATH, {"defaultAdmissionRule": DENY, "globalPolicyEvaluationMode": mode})


def test_a_default_rule_is_required(api: Api) -> None:
    api.judge(Refused("defaultAdmissionRule"), "PUT", PATH, {"clusterAdmissionRules": {"us-central1-a.c": DENY}})
    api.judge(Refused("defaultAdmissionRule"), "PUT", PATH, {"defaultAdmissionRule": None})


@pytest.mark.parametrize("one", SPECIFIC)
@pytest.mark.parametrize("other", SPECIFIC)
def test_at_most_one_rule_map_is_populated(api: Api, one: str, other: str) -> None:
    document = {"defaultAdmissionRule": DENY, one: {SPECIFIC[one]: DENY}, other: {SPECIFIC[other]: DENY}}
    if one == other:
        api.ok("PUT", PATH, document)
        return
    for field in (one, other):
        api.judge(Refused(field), "PUT", PATH, document)
    api.ok("PUT", PATH, {**document, other: {}})


def test_200_references_to_attestors_are_accepted_and_one_more_is_not(api: Api) -> None:
    names = [f"{PROJECT}/attestors/a{number}" for number in range(101)]
    api.put(*(Attestor(name=name, note=NOTE) for name in names))
    hundred, more = rule("REQUIRE_ATTESTATION", BLOCK, *names[:100]), rule("REQUIRE_ATTESTATION", BLOCK, *names)
    accepted = {"defaultAdmissionRule": hundred, "kubernetesNamespaceAdmissionRules": {"n": hundred}}
    api.ok("PUT", PATH, accepted)
    api.judge(Refused("requireAttestationsBy"), "PUT", PATH, {**accepted, "defaultAdmissionRule": more})


def test_a_description_of_4096_characters_is_accepted_and_one_more_is_not(api: Api) -> None:
    api.ok("PUT", PATH, {"defaultAdmissionRule": DENY, "description": "é" * 4096})
    api.judge(Refused("description"), "PUT", PATH, {"defaultAdmissionRule": DENY, "description": "x" * 4097})


def test_a_policy_for_an_unknown_project_is_not_found(api: Api) -> None:
    absent = Refused(code=404, status="NOT_FOUND")
    api.judge(absent, "PUT", "/v1/projects/no-such-project/policy", {"defaultAdmissionRule": DENY})
    api.judge(absent, "GET", "/v1/projects/no-such-project/policy")


def test_an_attestor_of_another_project_may_be_required_where_the_caller_may_read_it(api: Api) -> None:
    api.put(Attestor(name=f"{OTHER}/attestors/theirs", note=NOTE))
    document = {"defaultAdmissionRule": rule("REQUIRE_ATTESTATION", BLOCK, f"{OTHER}/attestors/theirs")}
    status, _ = api.call("PUT", PATH, document)
    assert status == 200


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha2"])
def test_every_version_refuses_the_same(api: Api, version: str) -> None:
    path = f"/{version}/projects/demo-project/policy"
    bad = {"defaultAdmissionRule": rule("REQUIRE_ATTESTATION")}
    api.judge(Refused("defaultAdmissionRule.requireAttestationsBy"), "PUT", path, bad)
    api.ok("PUT", path, {"defaultAdmissionRule": DENY})


def test_all_faults_are_named_at_once(api: Api) -> None:
    document = {"admissionWhitelistPatterns": [{"namePattern": "*"}], "clusterAdmissionRules": {"x": rule(MISSING)}}
    error = api.judge(Refused("defaultAdmissionRule"), "PUT", PATH, document)
    (details,) = error["details"]
    assert [each["field"] for each in details["fieldViolations"]] == [
        "admissionWhitelistPatterns[0].namePattern",
        "defaultAdmissionRule",
        "clusterAdmissionRules[x]",
        "clusterAdmissionRules[x].evaluationMode",
    ]
