"""Cloud Run policies, in the shape that gcloud's own client has: each rule from both sides."""

from typing import Any

import pytest

from tests.conformance.signing import Signer
from tests.services.api import NOTE, Api, Refused, api

__all__ = ["api"]

CREATE = "/v1/projects/demo-project/platforms/cloudRun/policies?policyId=p1"
MODES = {"evaluationMode": "ALWAYS_ALLOW", "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG"}
KEY = {"pkixPublicKey": {"publicKeyPem": Signer().pem, "signatureAlgorithm": "ECDSA_P256_SHA256"}}
ATTESTOR = {"id": "build", "attestationNote": NOTE, "publicKeys": [KEY]}
RULE = "cloudRunPolicy.rule"
ONE = f"{RULE}.requiredAttestors[0]"


def required(*attestors: dict[str, Any]) -> dict[str, Any]:
    return {"rule": {**MODES, "evaluationMode": "REQUIRE_ATTESTATION", "requiredAttestors": list(attestors)}}


def allowing(*patterns: str) -> dict[str, Any]:
    return {"rule": MODES, "allowlistPatterns": [{"namePattern": each} for each in patterns]}


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        ({"rule": MODES}, None),
        ({"rule": {**MODES, "enforcementMode": "DRYRUN_AUDIT_LOG_ONLY"}}, None),
        (required(ATTESTOR), None),
        (required({**ATTESTOR, "publicKeys": []}), None),
        (allowing("gcr.io/nginx:2.*", "gcr.io/*"), None),
        ({}, RULE),
        ({"rule": {"enforcementMode": "DRYRUN_AUDIT_LOG_ONLY"}}, f"{RULE}.evaluationMode"),
        ({"rule": {"evaluationMode": "ALWAYS_DENY"}}, f"{RULE}.enforcementMode"),
        (required(), f"{RULE}.requiredAttestors"),
        ({"rule": {**MODES, "requiredAttestors": [ATTESTOR]}}, f"{RULE}.requiredAttestors"),
        (required({**ATTESTOR, "id": ""}), f"{ONE}.id"),
        (required(ATTESTOR, ATTESTOR), f"{RULE}.requiredAttestors[1].id"),
        (required({**ATTESTOR, "attestationNote": "note"}), f"{ONE}.attestationNote"),
        (required({**ATTESTOR, "publicKeys": [{}]}), f"{ONE}.publicKeys[0]"),
        (required({**ATTESTOR, "publicKeys": [{"asciiArmoredPgpPublicKey": ""}]}), f"{ONE}.publicKeys[0]"),
        (required({**ATTESTOR, "publicKeys": [{"pkixPublicKey": {"publicKeyPem": "x"}}]}),
         f"{ONE}.publicKeys[0].pkixPublicKey.signatureAlgorithm"),
        (required({**ATTESTOR, "publicKeys": [KEY, KEY]}), f"{ONE}.publicKeys[1].id"),
        (allowing("*"), "cloudRunPolicy.allowlistPatterns[0].namePattern"),
    ],
)  # fmt: skip
def test_cloud_run_policies(api: Api, policy: dict[str, Any], field: str | None) -> None:
    made = api.judge(None if field is None else Refused(field), "POST", CREATE, {"cloudRunPolicy": policy})
    if field is None:
        assert api.ok("PUT", CREATE.replace("?policyId=", "/"), made)["cloudRunPolicy"] == made["cloudRunPolicy"]
