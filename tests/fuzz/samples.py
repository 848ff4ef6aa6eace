"""What a caller who means well sends, by message: mutation starts from here, where random fields would never arrive."""

from typing import Any

from tests.fuzz.vocabulary import PROJECT

_PEM = (
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+1A4jylJjQqTrSXsTDQDe508w8yk\n"
    "eH62/tq+KzAD6sifd2XKnWKI5v9zT1zQjzpZIc9UshuzmLUKwNJXf6B0cg==\n"
    "-----END PUBLIC KEY-----\n"
)
_RULE = {"evaluationMode": "ALWAYS_ALLOW", "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG"}
_ATTESTED = {
    "evaluationMode": "REQUIRE_ATTESTATION",
    "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG",
    "requireAttestationsBy": [f"projects/{PROJECT}/attestors/built-by-ci"],
}
_DIGEST = "a" * 64
_URI = f"us-docker.pkg.dev/p/r/i@sha256:{_DIGEST}"
_POLICY = {
    "name": f"projects/{PROJECT}/policy",
    "globalPolicyEvaluationMode": "ENABLE",
    "admissionWhitelistPatterns": [{"namePattern": "gcr.io/p/*"}],
    "clusterAdmissionRules": {"us-central1-a.local-cluster": _ATTESTED},
    "defaultAdmissionRule": _RULE,
}
_KEYS = [{"pkixPublicKey": {"publicKeyPem": _PEM, "signatureAlgorithm": "ECDSA_P256_SHA256"}, "comment": "c"}]
_NOTE_BLOCK = {"noteReference": f"projects/{PROJECT}/notes/release", "publicKeys": _KEYS}
_SIGNED = {"serializedPayload": "e30=", "signatures": [{"publicKeyId": "k", "signature": "c2ln"}]}
_CHECKS = [
    {
        "displayName": "dirs",
        "trustedDirectoryCheck": {"trustedDirPatterns": ["gcr.io/good", "*-docker.pkg.dev/p/r/**"]},
    },
    {"displayName": "deny", "alwaysDeny": True},
    {"imageFreshnessCheck": {"maxUploadAgeDays": 30}},
    {
        "vulnerabilityCheck": {
            "maximumFixableSeverity": "LOW",
            "maximumUnfixableSeverity": "ALLOW_ALL",
            "containerAnalysisVulnerabilityProjects": [f"projects/{PROJECT}"],
        }
    },
    {
        "slsaCheck": {
            "rules": [
                {
                    "trustedBuilder": "GOOGLE_CLOUD_BUILD",
                    "attestationSource": {"containerAnalysisAttestationProjects": [f"projects/{PROJECT}"]},
                    "trustedSourceRepoPatterns": ["github.com/my/**"],
                    "customConstraints": "provenance.size() > 0",
                }
            ]
        }
    },
    {
        "simpleSigningAttestationCheck": {
            "containerAnalysisAttestationProjects": [f"projects/{PROJECT}"],
            "attestationAuthenticators": [
                {
                    "pkixPublicKeySet": {
                        "pkixPublicKeys": [{"publicKeyPem": _PEM, "signatureAlgorithm": "ECDSA_P256_SHA256"}]
                    }
                }
            ],
        }
    },
    {"sigstoreSignatureCheck": {"sigstoreAuthorities": [{"publicKeySet": {"publicKeys": [{"publicKeyPem": _PEM}]}}]}},
]
_POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "namespace": "default"},
    "spec": {"containers": [{"image": f"gcr.io/good/img@sha256:{_DIGEST}"}, {"image": "nginx:latest"}]},
}
_DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": _POD["spec"]}}}
_CLUSTER = {
    "name": "c1",
    "binaryAuthorization": {
        "evaluationMode": "POLICY_BINDINGS",
        "policyBindings": [{"name": f"projects/{PROJECT}/platforms/gke/policies/trusted"}],
    },
}

SAMPLES: dict[str, list[dict[str, Any]]] = {
    **{f"google.cloud.binaryauthorization.{version}.Policy": [_POLICY] for version in ("v1", "v1beta1", "v1alpha2")},
    "google.cloud.binaryauthorization.v1.Attestor": [
        {"name": f"projects/{PROJECT}/attestors/built-by-ci", "userOwnedGrafeasNote": _NOTE_BLOCK}
    ],
    **{
        f"google.cloud.binaryauthorization.{version}.Attestor": [
            {"name": f"projects/{PROJECT}/attestors/built-by-ci", "userOwnedDrydockNote": _NOTE_BLOCK}
        ]
        for version in ("v1beta1", "v1alpha2")
    },
    "google.cloud.binaryauthorization.v1.PlatformPolicy": [
        {
            "name": f"projects/{PROJECT}/platforms/gke/policies/trusted",
            "gkePolicy": {
                "imageAllowlist": {"allowPattern": ["gcr.io/allowed/**"]},
                "checkSets": [
                    {"scope": {"kubernetesNamespace": "prod"}, "checks": [check]},
                    {"displayName": "rest", "checks": _CHECKS[:2]},
                ],
            },
        }
        for check in _CHECKS
    ],
    "google.protobuf.Struct": [_POD, _DEPLOYMENT, {"apiVersion": "v1", "kind": "List", "items": [_POD, _DEPLOYMENT]}],
    "grafeas.v1.Note": [
        {"attestation": {"hint": {"humanReadableName": "h"}}},
        {"build": {"builderVersion": "7"}},
        {"vulnerability": {"severity": "HIGH", "cvssScore": 7.5}},
        {"discovery": {"analysisKind": "VULNERABILITY"}},
    ],
    "grafeas.v1.Occurrence": [
        {"noteName": f"projects/{PROJECT}/notes/release", "resourceUri": _URI, "attestation": _SIGNED},
        {
            "noteName": f"projects/{PROJECT}/notes/build",
            "resourceUri": _URI,
            "build": {"provenance": {"id": "b", "commands": [{"name": "make"}]}},
        },
    ],
    "grafeas.v1beta1.Note": [{"attestationAuthority": {"hint": {"humanReadableName": "h"}}}],
    "grafeas.v1beta1.Occurrence": [
        {
            "noteName": f"projects/{PROJECT}/notes/release",
            "resource": {"uri": _URI},
            "attestation": {"attestation": {"genericSignedAttestation": _SIGNED}},
        }
    ],
    "google.iam.v1.Policy": [
        {"bindings": [{"role": "roles/binaryauthorization.policyViewer", "members": ["user:a@b.c", "group:g@b.c"]}]},
    ],
    "google.container.v1.Cluster": [_CLUSTER],
    "google.container.v1beta1.Cluster": [_CLUSTER],
    "google.container.v1.ClusterUpdate": [{"desiredBinaryAuthorization": _CLUSTER["binaryAuthorization"]}],
    "google.container.v1beta1.ClusterUpdate": [{"desiredBinaryAuthorization": _CLUSTER["binaryAuthorization"]}],
    "google.logging.v2.LogEntry": [
        {"logName": f"projects/{PROJECT}/logs/app", "resource": {"type": "global"}, "jsonPayload": {"a": [1, None]}},
        {"textPayload": "hello", "severity": "ERROR"},
    ],
    "google.cloud.kms.v1.CryptoKey": [
        {"purpose": "ASYMMETRIC_SIGN", "versionTemplate": {"algorithm": "EC_SIGN_P256_SHA256"}},
    ],
    "google.cloud.kms.v1.CryptoKeyVersion": [{"algorithm": "EC_SIGN_P256_SHA256"}, {"state": "DISABLED"}],
    "google.cloud.kms.v1.KeyRing": [{}],
    **{
        f"google.cloud.gkehub.{version}.Membership": [
            {
                "endpoint": {
                    "gkeCluster": {
                        "resourceLink": (
                            f"//container.googleapis.com/projects/{PROJECT}/locations/us-central1-a/clusters/local-cluster"
                        )
                    }
                }
            }
        ]
        for version in ("v1", "v1beta")
    },
    "google.cloud.kms.v1.Digest": [{"sha256": "A" * 43 + "="}],
}
