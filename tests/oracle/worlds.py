"""Generated worlds: a policy, a Pod, the attestors and attestations there are, and how the cluster is set up.

Small pools of names, images, keys and patterns, so that things collide often; every signature is really made, by one
of a few fixed keys, once.
"""

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


def subsets(pool: tuple[Any, ...], most: int) -> st.SearchStrategy[list[Any]]:
    """Up to ``most`` different members, in any order."""
    return st.lists(st.sampled_from(pool), max_size=most, unique=True)


def rules(*, valid: bool) -> st.SearchStrategy[Json]:
    """One admission rule; an invalid one may leave things unspecified or require nobody."""
    modes = EVALUATION if valid else (*EVALUATION, "EVALUATION_MODE_UNSPECIFIED")
    enforcement = ENFORCEMENT if valid else (*ENFORCEMENT, "ENFORCEMENT_MODE_UNSPECIFIED")
    return st.builds(
        _rule,
        st.sampled_from(modes),
        st.sampled_from(enforcement),
        st.lists(st.sampled_from(ATTESTORS), min_size=int(valid), max_size=3),
    )


def _rule(mode: str, enforcement: str, attestors: list[str]) -> Json:
    return {
        "evaluationMode": mode,
        "enforcementMode": enforcement,
        "requireAttestationsBy": attestors if mode == "REQUIRE_ATTESTATION" else [],
    }


@st.composite
def policies(draw: st.DrawFn) -> Json:
    """A project's policy; about one in ten could not have been written."""
    valid = draw(st.integers(0, 9)) > 0
    maps: dict[str, tuple[str, ...]] = {
        "clusterAdmissionRules": CLUSTERS,
        "kubernetesNamespaceAdmissionRules": NAMESPACES[1:],
        "kubernetesServiceAccountAdmissionRules": ("default:default", "payments:deployer"),
        "istioServiceIdentityAdmissionRules": ("p.svc.id.goog/ns/default/sa/default",),
    }
    names = tuple(maps)
    populated = draw(st.sampled_from((None, *names))) if valid else None
    chosen = draw(subsets(names, 2)) if not valid else [populated] if populated else []
    policy: Json = {"name": "projects/p/policy"}
    for name, keys in maps.items():
        policy[name] = {
            key: draw(rules(valid=valid)) for key in (draw(subsets(keys, 2)) or keys[:1] if name in chosen else [])
        }
    policy["globalPolicyEvaluationMode"] = draw(
        st.sampled_from(("ENABLE", "DISABLE", "GLOBAL_POLICY_EVALUATION_MODE_UNSPECIFIED"))
    )
    policy["admissionWhitelistPatterns"] = _patterns(draw(subsets(PATTERNS, 3)))
    policy["defaultAdmissionRule"] = draw(rules(valid=valid) if valid else st.none() | rules(valid=False))
    return policy


def _patterns(texts: list[str]) -> list[Json]:
    return [{"namePattern": text} for text in texts]


@st.composite
def pods(draw: st.DrawFn) -> Json:
    """A Pod with a few images in every place that has any."""
    break_glass = st.sampled_from(("", "", "", "true", "True", "yes"))
    label, annotation = draw(break_glass), draw(break_glass)
    return {
        "cluster": draw(st.sampled_from(CLUSTERS)),
        "namespace": draw(st.sampled_from(NAMESPACES)),
        "serviceAccount": draw(st.sampled_from(ACCOUNTS)),
        "containers": draw(st.lists(st.sampled_from(IMAGES), max_size=3)),
        "initContainers": draw(st.lists(st.sampled_from(IMAGES), max_size=1)),
        "ephemeralContainers": draw(st.lists(st.sampled_from(IMAGES), max_size=1)),
        "imageVolumes": draw(st.lists(st.sampled_from(IMAGES), max_size=1)),
        "labels": {"image-policy.k8s.io/break-glass": label} if label else {},
        "annotations": {"alpha.image-policy.k8s.io/break-glass": annotation} if annotation else {},
    }


@st.composite
def attestors(draw: st.DrawFn) -> Json:
    """Some of the attestors; one may be in trouble, one may lack keys, notes may be shared."""
    there: Json = {}
    for name in draw(subsets(ATTESTORS, 3)):
        keys = draw(subsets(KEYS, 2))
        there[name] = {
            "note": draw(st.sampled_from(NOTES)),
            "keys": [{"id": f"id-{key}", "pem": public_pem(key)} for key in keys],
            "trouble": draw(st.sampled_from(("", "", "", "", "the store is unavailable"))),
        }
    return there


@st.composite
def attestations(draw: st.DrawFn) -> Json:
    """One attestation: mostly honest; else of another digest, by another key, forged, or over no payload at all."""
    digest = draw(st.sampled_from(DIGESTS))
    key = draw(st.sampled_from(KEYS))
    honest = payload_for(digest)
    payload = draw(st.sampled_from((honest, honest, honest, honest, payload_for(DIGESTS[0]), b"not json", b"{}")))
    signed = draw(st.sampled_from((payload, payload, payload, payload, b"something else")))
    said = draw(st.sampled_from((key, key, key, key, "alpha", "nobody")))
    return {
        "note": draw(st.sampled_from(NOTES)),
        "resourceUri": f"{draw(st.sampled_from(('', 'https://')))}gcr.io/any/where@sha256:{digest}",
        "payload": payload,
        "signatures": [{"publicKeyId": f"id-{said}", "signature": sign(key, signed)}],
    }


@st.composite
def worlds(draw: st.DrawFn) -> Json:
    """Everything that a decision depends on."""
    troubled = draw(st.integers(0, 4)) == 0
    return {
        "policy": draw(policies()),
        "systemPolicy": draw(
            st.none()
            | st.builds(
                lambda texts: {"name": "locations/global/policy", "admissionWhitelistPatterns": _patterns(texts)},
                subsets(PATTERNS, 2),
            )
        ),
        "pod": draw(pods()),
        "attestors": draw(attestors()),
        "attestations": draw(st.lists(attestations(), max_size=6)),
        "attestationTrouble": [
            {"note": note, "digest": digest, "reason": "the deadline passed"}
            for note, digest in (
                draw(st.lists(st.tuples(st.sampled_from(NOTES), st.sampled_from(DIGESTS)), max_size=2))
                if troubled
                else []
            )
        ],
        "onError": draw(st.sampled_from(("fail-open", "fail-closed"))),
        "breakGlassAllowed": draw(st.sampled_from((True, True, False))),
    }
