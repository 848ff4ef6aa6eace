"""Generated worlds: a policy, a Pod, the attestors and attestations there are, and how the cluster is set up.

Small pools of names, images, keys and patterns, so that things collide often; every signature is really made, by one
of a few fixed keys, once. A world is a function of one number, so that thousands take seconds and each can be had again
from the number that a failure prints.
"""

import random
from typing import Any

from hypothesis import strategies as st

from tests.decisions.signing import payload_for, public_pem, sign

Json = dict[str, Any]

DIGESTS = tuple(character * 64 for character in "abc")
KEYS = ("alpha", "beta", "gamma")
ATTESTORS = tuple(f"projects/p/attestors/{name}" for name in ("built", "tested", "signed"))
NOTES = tuple(f"projects/p/notes/{name}" for name in ("built", "tested"))
REPOSITORIES = ("nginx", "gcr.io/p/app", "gcr.io/p/app-tools/cli", "gcr.io/prod/app", "localhost:5000/app")
IMAGES = (
    *(f"{repository}@sha256:{digest}" for repository in REPOSITORIES for digest in DIGESTS[:2]),
    f"gcr.io/p/app:v1@sha256:{DIGESTS[2]}",
    *REPOSITORIES,
    "nginx:latest",
    "gcr.io/p/app:v1",
    f"gcr.io/p/app@sha256:{DIGESTS[0][:-1]}",
    f"gcr.io/p/app@sha256:{DIGESTS[0].upper()}",
    f"gcr.io/p/app@sha512:{DIGESTS[0]}{DIGESTS[0]}",
    f"gcr.io/p/../app@sha256:{DIGESTS[0]}",
    f"gcr.io//app@sha256:{DIGESTS[0]}",
    f"@sha256:{DIGESTS[0]}",
    f"gcr.io/p/app:v 1@sha256:{DIGESTS[0]}",
    "",
)
BY_DIGEST = IMAGES[: 2 * len(REPOSITORIES) + 1]
PATTERNS = (
    *REPOSITORIES,
    "nginx:latest",
    "gcr.io/p/*",
    "gcr.io/p/**",
    "gcr.io/p**",
    "gcr.io/p*",
    "gcr.io/p/app*",
    "gcr.io/p/app@*",
    "gcr.io/p/app:v*",
    "gcr.io/**",
    f"gcr.io/p/app@sha256:{DIGESTS[0]}",
    "localhost:5000/*",
    "gcr.io/*/app",
    "*",
    "**",
    "gcr.io*",
    "gcr.io/p/a***",
    "/*",
    "",
)
EVALUATION = ("ALWAYS_ALLOW", "ALWAYS_DENY", "REQUIRE_ATTESTATION", "REQUIRE_ATTESTATION", "REQUIRE_ATTESTATION")
ENFORCEMENT = ("ENFORCED_BLOCK_AND_AUDIT_LOG", "ENFORCED_BLOCK_AND_AUDIT_LOG", "DRYRUN_AUDIT_LOG_ONLY")
CLUSTERS = ("us-central1-a.prod", "us-central1-a.lab")
NAMESPACES = ("", "default", "payments")
ACCOUNTS = ("", "default", "deployer")


def worlds() -> st.SearchStrategy[Json]:
    """Everything that a decision depends on, made from a number."""
    return st.integers(0, 2**32).map(world)


def world(number: int) -> Json:
    """The world of that number."""
    draw = random.Random(number)
    troubled = draw.random() < 0.2
    return {
        "policy": _policy(draw),
        "systemPolicy": draw.choice((None, {"name": "locations/global/policy", **_allowlist(draw, 2)})),
        "pod": _pod(draw),
        "attestors": _attestors(draw),
        "attestations": [attestation(draw) for _ in range(draw.randrange(16))],
        "attestationTrouble": [
            {"note": draw.choice(NOTES), "digest": draw.choice(DIGESTS), "reason": "the deadline passed"}
            for _ in range(2 if troubled else 0)
        ],
        "onError": draw.choice(("fail-open", "fail-closed")),
        "breakGlassAllowed": draw.choice((True, True, False)),
    }


def _policy(draw: random.Random) -> Json:
    """A project's policy; about one in ten could not have been written."""
    valid = draw.random() < 0.9
    maps: dict[str, tuple[str, ...]] = {
        "clusterAdmissionRules": CLUSTERS,
        "kubernetesNamespaceAdmissionRules": NAMESPACES[1:],
        "kubernetesServiceAccountAdmissionRules": ("default:default", "payments:deployer"),
        "istioServiceIdentityAdmissionRules": ("p.svc.id.goog/ns/default/sa/default",),
    }
    populated = draw.sample(tuple(maps), k=draw.randrange(2 if valid else 3))
    policy: Json = {"name": "projects/p/policy"}
    for name, keys in maps.items():
        chosen = draw.sample(keys, k=draw.randint(1, len(keys))) if name in populated else []
        policy[name] = {key: _rule(draw, valid=valid) for key in chosen}
    policy["globalPolicyEvaluationMode"] = draw.choice(
        ("ENABLE", "DISABLE", "GLOBAL_POLICY_EVALUATION_MODE_UNSPECIFIED")
    )
    policy |= _allowlist(draw, 3)
    policy["defaultAdmissionRule"] = _rule(draw, valid=valid) if valid or draw.random() < 0.5 else None
    return policy


def _rule(draw: random.Random, *, valid: bool) -> Json:
    """One admission rule; an invalid one may leave things unspecified or require nobody."""
    mode = draw.choice(EVALUATION if valid else (*EVALUATION, "EVALUATION_MODE_UNSPECIFIED"))
    attestors = draw.choices(ATTESTORS, k=draw.randint(int(valid), 3)) if mode == "REQUIRE_ATTESTATION" else []
    return {
        "evaluationMode": mode,
        "enforcementMode": draw.choice(ENFORCEMENT if valid else (*ENFORCEMENT, "ENFORCEMENT_MODE_UNSPECIFIED")),
        "requireAttestationsBy": attestors,
    }


def _allowlist(draw: random.Random, most: int) -> Json:
    patterns = draw.sample(PATTERNS, k=draw.randint(0, most))
    return {"admissionWhitelistPatterns": [{"namePattern": pattern} for pattern in patterns]}


def _pod(draw: random.Random) -> Json:
    """A Pod with a few images in every place that has any; half of them only by digest."""
    images = IMAGES if draw.random() < 0.5 else BY_DIGEST
    label, annotation = draw.choices(("", "", "", "", "true", "True", "yes"), k=2)
    return {
        "cluster": draw.choice(CLUSTERS),
        "namespace": draw.choice(NAMESPACES),
        "serviceAccount": draw.choice(ACCOUNTS),
        "containers": draw.choices(images, k=draw.randrange(4)),
        "initContainers": draw.choices(images, k=draw.randrange(2)),
        "ephemeralContainers": draw.choices(images, k=draw.randrange(2)),
        "imageVolumes": draw.choices(images, k=draw.randrange(2)),
        "labels": {"image-policy.k8s.io/break-glass": label} if label else {},
        "annotations": {"alpha.image-policy.k8s.io/break-glass": annotation} if annotation else {},
    }


def _attestors(draw: random.Random) -> Json:
    """Most of the attestors; one may be in trouble, one may lack keys, notes may be shared."""
    return {
        name: {
            "note": draw.choice(NOTES),
            "keys": [{"id": f"id-{key}", "pem": public_pem(key)} for key in draw.sample(KEYS, k=draw.randint(0, 3))],
            "trouble": draw.choice(("", "", "", "", "", "the store is unavailable")),
        }
        for name in ATTESTORS
        if draw.random() < 0.85
    }


def attestation(draw: random.Random) -> Json:
    """One attestation: mostly honest; else of another digest, by another key, forged, or over no payload at all."""
    digest = draw.choice(DIGESTS)
    key = draw.choice(KEYS)
    honest = payload_for(digest)
    payload = draw.choices((honest, payload_for(DIGESTS[0]), b"not json", b"{}"), weights=(8, 1, 1, 1))[0]
    signed = draw.choices((payload, b"something else"), weights=(8, 1))[0]
    said = draw.choices((key, "alpha", "nobody"), weights=(8, 1, 1))[0]
    return {
        "note": draw.choice(NOTES),
        "resourceUri": f"{draw.choice(('', 'https://'))}gcr.io/any/where@sha256:{digest}",
        "payload": payload,
        "signatures": [{"publicKeyId": f"id-{said}", "signature": sign(key, signed)}],
    }
