"""The engine, driven over the same plain worlds that the oracle reads."""

import datetime as dt
from typing import Any

from binauthz.attestation.memo import Prover
from binauthz.attestation.model import Attestation, Attestor, AttestorKey, PkixKey, Signature, SignatureAlgorithm
from binauthz.policy.decide import decide
from binauthz.policy.decision import Decision
from binauthz.policy.enforce import OnError, enforce
from binauthz.policy.evidence import Evidence, Found, Missing, Trouble
from binauthz.policy.model import AdmissionRule, EnforcementMode, EvaluationMode, GlobalEvaluation, Policy
from binauthz.policy.needs import Needs, needs
from binauthz.policy.subject import ContainerKind, PodImage, Subject, pod_subject

Json = dict[str, Any]
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def review(world: Json, prover: Prover) -> Json:
    """The engine's answer, in the oracle's form."""
    decision = decision_for(world, prover)
    outcome = enforce(
        decision,
        break_glass=subject_for(world["pod"]).break_glass,
        on_error=OnError(world["onError"]),
        break_glass_allowed=world["breakGlassAllowed"],
    )
    return {
        "verdict": decision.verdict.value,
        "allowed": outcome.allowed,
        "message": outcome.message,
        "causes": list(outcome.causes),
        "audit": dict(outcome.audit_annotations),
    }


def decision_for(world: Json, prover: Prover) -> Decision:
    """The decision alone, on the evidence that the engine itself asked for."""
    subject, policy = subject_for(world["pod"]), policy_for(world["policy"])
    system_policy = policy_for(world["systemPolicy"]) if world["systemPolicy"] else None
    required = needs(subject, policy, system_policy)
    return decide(
        subject=subject,
        policy=policy,
        system_policy=system_policy,
        evidence=evidence_for(world, required),
        prover=prover,
        now=NOW,
    )


def subject_for(pod: Json) -> Subject:
    """The Pod as a subject."""
    location, _, cluster = pod["cluster"].partition(".")
    places = {
        "containers": ContainerKind.CONTAINER,
        "initContainers": ContainerKind.INIT,
        "ephemeralContainers": ContainerKind.EPHEMERAL,
        "imageVolumes": ContainerKind.IMAGE_VOLUME,
    }
    return pod_subject(
        project="p",
        location=location,
        cluster=cluster,
        namespace=pod["namespace"],
        service_account=pod["serviceAccount"],
        images=[
            PodImage(f"{place}-{index}", kind, image)
            for place, kind in places.items()
            for index, image in enumerate(pod[place])
        ],
        labels=pod["labels"],
        annotations=pod["annotations"],
    )


def policy_for(json: Json) -> Policy:
    """The policy as a model."""

    def rules(name: str) -> dict[str, AdmissionRule]:
        return {key: _rule(rule) for key, rule in json.get(name, {}).items()}

    default = json.get("defaultAdmissionRule")
    return Policy(
        name=json["name"],
        global_evaluation=GlobalEvaluation(json.get("globalPolicyEvaluationMode", GlobalEvaluation.UNSPECIFIED.value)),
        allowlist=tuple(entry["namePattern"] for entry in json["admissionWhitelistPatterns"]),
        cluster_rules=rules("clusterAdmissionRules"),
        namespace_rules=rules("kubernetesNamespaceAdmissionRules"),
        service_account_rules=rules("kubernetesServiceAccountAdmissionRules"),
        istio_rules=rules("istioServiceIdentityAdmissionRules"),
        default_rule=_rule(default) if default else None,
    )


def _rule(json: Json) -> AdmissionRule:
    return AdmissionRule(
        evaluation_mode=EvaluationMode(json["evaluationMode"]),
        enforcement_mode=EnforcementMode(json["enforcementMode"]),
        require_attestations_by=tuple(json["requireAttestationsBy"]),
    )


def evidence_for(world: Json, required: Needs) -> Evidence:
    """What was asked for, and no more."""
    attestors: dict[str, Found | Missing | Trouble] = {}
    attestations: dict[tuple[str, str], tuple[Attestation, ...] | Trouble] = {}
    for name in required.attestors:
        json = world["attestors"].get(name)
        if json is None:
            attestors[name] = Missing()
        elif json["trouble"]:
            attestors[name] = Trouble(json["trouble"])
        else:
            attestors[name] = Found(_attestor(name, json))
            for digest in required.digests:
                attestations[json["note"], digest] = _attestations(world, json["note"], digest)
    return Evidence(attestors=attestors, attestations=attestations)


def _attestations(world: Json, note: str, digest: str) -> tuple[Attestation, ...] | Trouble:
    for trouble in world["attestationTrouble"]:
        if (trouble["note"], trouble["digest"]) == (note, digest):
            return Trouble(trouble["reason"])
    return tuple(
        Attestation(
            name=f"projects/p/occurrences/{number}",
            note=json["note"],
            resource_uri=json["resourceUri"],
            payload=json["payload"],
            signatures=tuple(
                Signature(public_key_id=signature["publicKeyId"], signature=signature["signature"])
                for signature in json["signatures"]
            ),
        )
        for number, json in enumerate(world["attestations"])
        if json["note"] == note and json["resourceUri"].endswith(f"@sha256:{digest}")
    )


def _attestor(name: str, json: Json) -> Attestor:
    keys = tuple(
        AttestorKey(id=key["id"], material=PkixKey(pem=key["pem"], algorithm=SignatureAlgorithm.ECDSA_P256_SHA256))
        for key in json["keys"]
    )
    return Attestor(name=name, note=json["note"], keys=keys)
