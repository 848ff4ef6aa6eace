"""The JSON of a case, and how it becomes what the engine takes. Anything unknown is refused."""

import re
from pathlib import Path
from typing import Any

import msgspec

from binauthz.attestation.model import Attestation, Attestor, AttestorKey, PkixKey, Signature, SignatureAlgorithm
from binauthz.policy.evidence import Evidence, Found, Missing, Trouble
from binauthz.policy.model import AdmissionRule, EnforcementMode, EvaluationMode, GlobalEvaluation, Policy
from binauthz.policy.needs import Needs
from binauthz.policy.subject import ContainerKind, PodImage, Subject, pod_subject
from tests.decisions.signing import payload_for, public_pem, sign


class Strict(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """Base of every part of a case."""


class Rule(Strict):
    evaluation_mode: EvaluationMode = EvaluationMode.UNSPECIFIED
    enforcement_mode: EnforcementMode = EnforcementMode.UNSPECIFIED
    require_attestations_by: tuple[str, ...] = ()


class Pattern(Strict):
    name_pattern: str


class PolicyJson(Strict):
    name: str = "projects/p/policy"
    global_policy_evaluation_mode: GlobalEvaluation = GlobalEvaluation.UNSPECIFIED
    admission_whitelist_patterns: tuple[Pattern, ...] = ()
    cluster_admission_rules: dict[str, Rule] = {}
    kubernetes_namespace_admission_rules: dict[str, Rule] = {}
    kubernetes_service_account_admission_rules: dict[str, Rule] = {}
    istio_service_identity_admission_rules: dict[str, Rule] = {}
    default_admission_rule: Rule | None = None


class PodJson(Strict):
    cluster: str = "us-central1-a.prod"
    namespace: str = ""
    service_account: str = ""
    containers: tuple[str, ...] = ()
    init_containers: tuple[str, ...] = ()
    ephemeral_containers: tuple[str, ...] = ()
    image_volumes: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class KeyJson(Strict):
    id: str
    key: str


class AttestorJson(Strict):
    note: str = ""
    keys: tuple[KeyJson, ...] = ()
    trouble: str = ""


class SignatureJson(Strict):
    key: str
    key_id: str = ""
    forgery: bool = False


class AttestationJson(Strict):
    note: str
    digest: str
    signatures: tuple[SignatureJson, ...] = ()
    payload_digest: str = ""
    payload: str | None = None


class TroubleJson(Strict):
    note: str
    digest: str
    reason: str


class ClusterJson(Strict):
    on_error: str = "fail-open"
    break_glass_allowed: bool = True
    bare_name_covers_tags: bool = False
    trouble: str = ""


class ExpectJson(Strict):
    verdict: str = ""
    message: str = ""
    causes: tuple[str, ...] = ()
    annotations: dict[str, str] = {}


class Case(Strict):
    policy: PolicyJson
    pod: PodJson
    expect: ExpectJson
    system_policy: PolicyJson | None = None
    attestors: dict[str, AttestorJson] = {}
    attestations: tuple[AttestationJson, ...] = ()
    attestation_trouble: tuple[TroubleJson, ...] = ()
    cluster: ClusterJson = msgspec.field(default_factory=ClusterJson)


def read_case(path: Path) -> Case:
    """A case from its file; `{a}` in any string becomes 64 times `a`."""
    return msgspec.json.decode(expand(path.read_text(encoding="utf-8")), type=Case)


def expand(text: str) -> str:
    """Write out the digests."""
    return re.sub(r"\{([0-9a-f])\}", lambda found: found[1] * 64, text)


def case_of(document: dict[str, Any]) -> Case:
    """A case from plain values, with the same strictness."""
    return msgspec.convert(document, type=Case)


def policy_of(json: PolicyJson) -> Policy:
    """The policy as the engine reads it."""

    def rules(rules: dict[str, Rule]) -> dict[str, AdmissionRule]:
        return {key: rule_of(rule) for key, rule in rules.items()}

    return Policy(
        name=json.name,
        global_evaluation=json.global_policy_evaluation_mode,
        allowlist=tuple(pattern.name_pattern for pattern in json.admission_whitelist_patterns),
        cluster_rules=rules(json.cluster_admission_rules),
        namespace_rules=rules(json.kubernetes_namespace_admission_rules),
        service_account_rules=rules(json.kubernetes_service_account_admission_rules),
        istio_rules=rules(json.istio_service_identity_admission_rules),
        default_rule=rule_of(json.default_admission_rule) if json.default_admission_rule else None,
    )


def rule_of(json: Rule) -> AdmissionRule:
    """One rule."""
    return AdmissionRule(
        evaluation_mode=json.evaluation_mode,
        enforcement_mode=json.enforcement_mode,
        require_attestations_by=json.require_attestations_by,
    )


def subject_of(json: PodJson) -> Subject:
    """The Pod as the engine reads it."""
    kinds = (
        (ContainerKind.CONTAINER, json.containers),
        (ContainerKind.INIT, json.init_containers),
        (ContainerKind.EPHEMERAL, json.ephemeral_containers),
        (ContainerKind.IMAGE_VOLUME, json.image_volumes),
    )
    location, _, cluster = json.cluster.partition(".")
    return pod_subject(
        project="p",
        location=location,
        cluster=cluster,
        namespace=json.namespace,
        service_account=json.service_account,
        images=[
            PodImage(f"{kind.value}-{index}", kind, image)
            for kind, images in kinds
            for index, image in enumerate(images)
        ],
        labels=json.labels,
        annotations=json.annotations,
    )


def evidence_of(case: Case, needs: Needs) -> Evidence:
    """What a source would fetch for these needs, and nothing else: what was not asked for is not there."""
    attestors: dict[str, Found | Missing | Trouble] = {}
    attestations: dict[tuple[str, str], tuple[Attestation, ...] | Trouble] = {}
    troubled = {(trouble.note, trouble.digest): Trouble(trouble.reason) for trouble in case.attestation_trouble}
    for name in needs.attestors:
        json = case.attestors.get(name)
        if json is None:
            attestors[name] = Missing()
        elif json.trouble:
            attestors[name] = Trouble(json.trouble)
        else:
            attestors[name] = Found(attestor_of(name, json))
            for digest in needs.digests:
                found = tuple(
                    attestation_of(number, attestation)
                    for number, attestation in enumerate(case.attestations)
                    if (attestation.note, attestation.digest) == (json.note, digest)
                )
                attestations[json.note, digest] = troubled.get((json.note, digest), found)
    return Evidence(attestors=attestors, attestations=attestations)


def attestor_of(name: str, json: AttestorJson) -> Attestor:
    """An attestor with its test keys."""
    keys = tuple(
        AttestorKey(
            id=key.id, material=PkixKey(pem=public_pem(key.key), algorithm=SignatureAlgorithm.ECDSA_P256_SHA256)
        )
        for key in json.keys
    )
    return Attestor(name=name, note=json.note, keys=keys)


def attestation_of(number: int, json: AttestationJson) -> Attestation:
    """An attestation, really signed."""
    payload = payload_for(json.payload_digest or json.digest) if json.payload is None else json.payload.encode()
    return Attestation(
        name=f"projects/p/occurrences/{number}",
        note=json.note,
        resource_uri=f"https://us-docker.pkg.dev/p1/r/img@sha256:{json.digest}",
        payload=payload,
        signatures=tuple(
            Signature(
                public_key_id=signature.key_id or signature.key,
                signature=sign(signature.key, b"something else" if signature.forgery else payload),
            )
            for signature in json.signatures
        ),
    )
