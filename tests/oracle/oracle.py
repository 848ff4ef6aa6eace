"""A slow, plain oracle of the policy rules, written from SPEC section 10 and from nothing else.

It reads the JSON of policies, Pods and attestations, verifies signatures with ``cryptography`` directly, has its own
pattern matching and its own words, and shares no code with the engine. Where SPEC 10 leaves something open, the answer
of DESIGN D4 and STYLE 4 and 5 is written out here a second time. It is meant to be read beside the specification.
"""

import json
import re
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

NO_DIGEST = "Expected digest with sha256 scheme, but got tag or malformed digest"
NO_ATT = "No attestations found that were valid and signed by a key trusted by the attestor"
RULE_MAPS = (
    "clusterAdmissionRules",
    "kubernetesNamespaceAdmissionRules",
    "kubernetesServiceAccountAdmissionRules",
    "istioServiceIdentityAdmissionRules",
)

Json = dict[str, Any]


def review(world: Json) -> Json:
    """What must come out for a policy, a Pod, and all attestors and attestations there are."""
    policy, pod = world["policy"], world["pod"]
    breakglass = (
        pod["labels"].get("image-policy.k8s.io/break-glass") == "true"
        or pod["annotations"].get("alpha.image-policy.k8s.io/break-glass") == "true"
    )
    images: list[str] = []
    for part in ("containers", "initContainers", "ephemeralContainers", "imageVolumes"):
        for image in pod[part]:
            if image not in images:
                images.append(image)
    rule, rule_text = pick_rule(policy, pod)
    failures: list[tuple[str, str, str]] = []
    refused = troubled = False
    for image in images:
        if policy["globalPolicyEvaluationMode"] == "ENABLE" and matches(world["systemPolicy"], image):
            continue
        if matches(policy, image):
            continue
        if rule == "ambiguous":
            troubled = True
            text = "Could not be evaluated: the policy has more than one kind of specific rule"
            failures.append((image, text, text))
            continue
        if rule is None:
            refused = True
            text = "The policy has no default admission rule"
            failures.append((image, text, text))
            continue
        mode = rule["evaluationMode"]
        if mode == "ALWAYS_ALLOW":
            continue
        if mode == "ALWAYS_DENY":
            refused = True
            failures.append((image, "Denied by always_deny admission rule", "Denied by an ALWAYS_DENY admission rule"))
            continue
        if mode != "REQUIRE_ATTESTATION":
            refused = True
            text = "The admission rule has no known evaluation mode"
            failures.append((image, text, text))
            continue
        if not rule["requireAttestationsBy"]:
            refused = True
            text = "The admission rule requires attestations but names no attestor"
            failures.append((image, text, text))
            continue
        digest = parse_digest(image)
        bad = []
        for attestor in dict.fromkeys(rule["requireAttestationsBy"]):
            answer = "no digest" if digest is None else attested(world, attestor, digest)
            if answer == "yes":
                continue
            if answer == "no digest":
                refused = True
                bad.append(f"Image {image} denied by attestor {attestor}: {NO_DIGEST}")
            elif answer == "no":
                refused = True
                bad.append(f"Image {image} denied by attestor {attestor}: {NO_ATT}")
            else:
                troubled = True
                bad.append(f"Image {image} could not be verified by attestor {attestor}: {answer}")
        if bad:
            failures.append((image, ". ".join(bad), "; ".join(bad)))
    if not images:
        refused = True
    return answer_for(world, rule, rule_text, images, failures, refused, troubled, breakglass)


def answer_for(
    world: Json,
    rule: Any,
    rule_text: str,
    images: list[str],
    failures: list[tuple[str, str, str]],
    refused: bool,
    troubled: bool,
    breakglass: bool,
) -> Json:
    """The last third of SPEC 10: break-glass, dry run, denial; and what an error does."""
    causes = [f"'{image}' : {cause}\n" for image, _, cause in failures]
    message = ". ".join(f"Image {image} denied by Binary Authorization {rule_text}. {m}" for image, m, _ in failures)
    if not images:
        causes = ["The Pod names no image to evaluate\n"]
        message = f"Pod denied by Binary Authorization {rule_text}. The Pod names no image to evaluate"
    dry_run = isinstance(rule, dict) and rule["enforcementMode"] == "DRYRUN_AUDIT_LOG_ONLY"
    overridden = "".join(causes)
    audit: Json = {}
    allowed = True
    if breakglass and world["breakGlassAllowed"]:
        audit = {"break-glass": "true"}
        if refused or troubled:
            audit["overridden-verification-result"] = overridden
    else:
        if breakglass:
            audit["break-glass-ignored"] = "true"
        if refused:
            if dry_run:
                audit |= {"dry-run": "true", "overridden-verification-result": overridden}
            else:
                allowed = False
        elif troubled:
            if dry_run or world["onError"] == "fail-open":
                audit |= {"failed-open": "true", "failed-open-error": overridden}
            else:
                allowed = False
    return {
        "verdict": "NON_CONFORMANT" if refused else "ERROR" if troubled else "CONFORMANT",
        "allowed": allowed,
        "message": "" if allowed else message,
        "causes": [] if allowed else causes,
        "audit": audit,
    }


def pick_rule(policy: Json, pod: Json) -> tuple[Any, str]:
    """SPEC 1.3 and 1.4. Several populated maps have no documented meaning."""
    populated = [name for name in RULE_MAPS if policy[name]]
    if len(populated) > 1:
        return "ambiguous", f"admission rules in {', '.join(populated)}"
    namespace = pod["namespace"] or "default"
    account = pod["serviceAccount"] or "default"
    for name, key, words in (
        ("clusterAdmissionRules", pod["cluster"], "cluster admission rule for"),
        ("kubernetesNamespaceAdmissionRules", namespace, "kubernetes namespace admission rule for"),
        (
            "kubernetesServiceAccountAdmissionRules",
            f"{namespace}:{account}",
            "kubernetes service account admission rule for",
        ),
    ):
        if key in policy[name]:
            return policy[name][key], f"{words} {key}"
    return policy["defaultAdmissionRule"], "default admission rule"


def matches(policy: Json | None, image: str) -> bool:
    """SPEC 1.5, character by character."""
    if policy is None:
        return False
    return any(matches_one(entry["namePattern"], image) for entry in policy["admissionWhitelistPatterns"])


def matches_one(pattern: str, image: str) -> bool:
    """Strip trailing stars; the rest must be a prefix; one star does not cross a slash; otherwise equality."""
    stars = 0
    while pattern.endswith("*"):
        pattern = pattern[:-1]
        stars += 1
    if "*" in pattern or stars > 2 or (not pattern and not stars):
        return False
    if stars == 0:
        return pattern == image
    if "/" not in pattern or pattern.startswith("/"):
        return False
    if image[: len(pattern)] != pattern:
        return False
    return stars == 2 or all(character != "/" for character in image[len(pattern) :])


def parse_digest(image: str) -> str | None:
    """SPEC 4.2, as one expression over the short strings that the tests make."""
    component = r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.))*"
    host = r"(?:[A-Za-z0-9.-]+:[0-9]+/)?"
    found = re.fullmatch(
        rf"{host}{component}(?:/{component})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]*)?@sha256:([0-9a-f]{{64}})", image
    )
    return found[1] if found else None


def attested(world: Json, name: str, digest: str) -> str:
    """SPEC 10: any key, any signature, any occurrence. ``yes``, ``no``, or what kept us from telling."""
    attestor = world["attestors"].get(name)
    if attestor is None:
        return "no"
    if attestor["trouble"]:
        return str(attestor["trouble"])
    for trouble in world["attestationTrouble"]:
        if trouble["note"] == attestor["note"] and trouble["digest"] == digest:
            return str(trouble["reason"])
    for occurrence in world["attestations"]:
        if occurrence["note"] != attestor["note"] or not occurrence["resourceUri"].endswith(digest):
            continue
        for signature in occurrence["signatures"]:
            for key in attestor["keys"]:
                if key["id"] != signature["publicKeyId"]:
                    continue
                if not verifies(key["pem"], signature["signature"], occurrence["payload"]):
                    continue
                if signed_digest(occurrence["payload"]) == f"sha256:{digest}":
                    return "yes"
    return "no"


@cache
def verifies(pem: str, signature: bytes, payload: bytes) -> bool:
    """A real verification; the same few are asked for over and over."""
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    try:
        key.verify(signature, payload, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def signed_digest(payload: bytes) -> str | None:
    """The digest that a payload speaks of."""
    try:
        digest = json.loads(payload)["critical"]["image"]["docker-manifest-digest"]
    except (ValueError, KeyError, TypeError):
        return None
    return digest if isinstance(digest, str) else None
