"""Decisions per second of the engine alone: three images, two attestors, every proof remembered.

    python -m bench.engine [--seconds N] [--format text|json]

Budget (DESIGN section 5): at least 20,000 a second on one core, warm. Cold is beside it for scale: nothing remembered,
so every decision verifies six signatures.
"""

import argparse
import datetime as dt
import gc

from bench.measure import Sample, measure, report
from binauthz.attestation.memo import Prover
from binauthz.attestation.model import Attestation, Attestor, AttestorKey, PkixKey, Signature, SignatureAlgorithm
from binauthz.attestation.payload import create_signature_payload
from binauthz.crypto.signing import KeyPair, generate_key_pair, sign
from binauthz.policy.decide import decide
from binauthz.policy.decision import Verdict
from binauthz.policy.enforce import OnError, Outcome, enforce
from binauthz.policy.evidence import Evidence, Found
from binauthz.policy.model import AdmissionRule, EnforcementMode, EvaluationMode, GlobalEvaluation, Policy
from binauthz.policy.needs import needs
from binauthz.policy.subject import ContainerKind, PodImage, Subject, pod_subject

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DIGESTS = tuple(character * 64 for character in "abc")
NAMES = ("projects/demo-project/attestors/built", "projects/demo-project/attestors/tested")

SYSTEM_POLICY = Policy(
    name="locations/global/policy",
    allowlist=tuple(f"gcr.io/system-{number}/**" for number in range(20)),
    default_rule=None,
)
POLICY = Policy(
    name="projects/demo-project/policy",
    global_evaluation=GlobalEvaluation.ENABLE,
    allowlist=("gcr.io/tools/*", "registry.k8s.io/pause:*"),
    default_rule=AdmissionRule(
        evaluation_mode=EvaluationMode.REQUIRE_ATTESTATION,
        enforcement_mode=EnforcementMode.ENFORCED_BLOCK_AND_AUDIT_LOG,
        require_attestations_by=NAMES,
    ),
)


def evidence() -> Evidence:
    """Two attestors with a P-256 key each, and one attestation by each for each image."""
    attestors: dict[str, Found] = {}
    attestations: dict[tuple[str, str], tuple[Attestation, ...]] = {}
    for name in NAMES:
        pair = generate_key_pair(SignatureAlgorithm.ECDSA_P256_SHA256)
        note = name.replace("/attestors/", "/notes/")
        key = AttestorKey(id=pair.id, material=PkixKey(pem=pair.public_pem, algorithm=pair.algorithm))
        attestors[name] = Found(Attestor(name=name, note=note, keys=(key,)))
        for digest in DIGESTS:
            attestations[note, digest] = (_attestation(pair, note, f"us-docker.pkg.dev/p/r/img@sha256:{digest}"),)
    return Evidence(attestors=attestors, attestations=attestations)


def _attestation(pair: KeyPair, note: str, image: str) -> Attestation:
    payload = create_signature_payload(image)
    signature = Signature(public_key_id=pair.id, signature=sign(pair.private_pem, payload))
    return Attestation(
        name="projects/demo-project/occurrences/1",
        note=note,
        resource_uri=image,
        payload=payload,
        signatures=(signature,),
    )


def pod(*, tag: bool = False) -> Subject:
    """A Pod of three images, by digest or by tag."""
    images = [f"us-docker.pkg.dev/p/r/app-{number}@sha256:{digest}" for number, digest in enumerate(DIGESTS)]
    if tag:
        images = [f"us-docker.pkg.dev/p/r/app-{number}:v1" for number in range(3)]
    return pod_subject(
        project="demo-project",
        location="us-central1-a",
        cluster="local-cluster",
        namespace="default",
        service_account="default",
        images=[PodImage(f"c{number}", ContainerKind.CONTAINER, image) for number, image in enumerate(images)],
        labels={"app": "bench"},
        annotations={},
    )


def review(subject: Subject, known: Evidence, prover: Prover) -> Outcome:
    """What an admission asks of the engine, without fetching: needs, decision, outcome."""
    needs(subject, POLICY, SYSTEM_POLICY)
    decision = decide(
        subject=subject, policy=POLICY, system_policy=SYSTEM_POLICY, evidence=known, prover=prover, now=NOW
    )
    return enforce(decision, break_glass=subject.break_glass, on_error=OnError.FAIL_OPEN)


def samples(seconds: float) -> list[Sample]:
    """Every measurement; says no to measuring the wrong thing."""
    known, warm, good, bad = evidence(), Prover(), pod(), pod(tag=True)
    decision = decide(subject=good, policy=POLICY, system_policy=SYSTEM_POLICY, evidence=known, prover=warm, now=NOW)
    if decision.verdict is not Verdict.CONFORMANT or review(bad, known, warm).allowed:
        raise SystemExit("the engine does not decide what this benchmark expects")
    gc.freeze()
    return [
        measure(lambda: review(good, known, warm), seconds, name="engine, 3 images x 2 attestors, warm"),
        measure(lambda: review(bad, known, warm), seconds, name="engine, 3 tags x 2 attestors, refused"),
        measure(lambda: review(good, known, Prover(0)), seconds, name="engine, 3 images x 2 attestors, cold"),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    arguments = parser.parse_args()
    report(samples(arguments.seconds), format=arguments.format)


if __name__ == "__main__":
    main()
