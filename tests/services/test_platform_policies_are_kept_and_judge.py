"""Platform policies as use cases: a life with etags, and attestations from the projects that may be read."""

import asyncio
import dataclasses
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from binauthz.attestation.model import Attestation, Signature
from binauthz.base.errors import Code
from binauthz.policy.decision import Verdict
from binauthz.policy.model import EnforcementMode, EvaluationMode
from binauthz.policy.platform.model import (
    AlwaysDeny,
    Authenticator,
    AuthenticatorKey,
    Check,
    CheckSet,
    CloudRunPolicy,
    CloudRunRule,
    GkePolicy,
    MaximumSeverity,
    PlatformPolicy,
    SimpleSigningAttestationCheck,
    VulnerabilityCheck,
)
from binauthz.policy.platform.subject import PodSubject
from binauthz.policy.platform.validate import described
from binauthz.services import platform_evidence, platform_policies
from binauthz.services.paging import PageRequest
from binauthz.store.records import Occurrence
from binauthz.wire.descriptors import message_class
from binauthz.wire.json import merge
from binauthz.wire.platform_evidence import DECODERS
from tests.services.conftest import NOTE, NOW, OTHER, PROJECT, World

GKE = f"{PROJECT}/platforms/gke"
DIGEST = "d" * 64
IMAGE = f"gcr.io/p/img@sha256:{DIGEST}"
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
PAYLOAD = json.dumps(
    {
        "critical": {
            "identity": {"docker-reference": "gcr.io/p/img"},
            "image": {"docker-manifest-digest": f"sha256:{DIGEST}"},
            "type": "Google cloud binauthz container signature",
        }
    }
).encode()


def draft(*checks: Check) -> PlatformPolicy:
    return PlatformPolicy(name="", gke=GkePolicy(check_sets=(CheckSet(checks=checks),)))


def authenticator(*keys: ec.EllipticCurvePrivateKey) -> Authenticator:
    pems = (key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode() for key in keys)
    return Authenticator(keys=tuple(AuthenticatorKey(pem=pem, algorithm="ECDSA_P256_SHA256") for pem in pems))


def signing(*projects: str) -> Check:
    return Check(kind=SimpleSigningAttestationCheck(authenticators=(authenticator(KEY),), projects=projects))


def attest(world: World, project: str, key_id: str) -> None:
    signature = Signature(public_key_id=key_id, signature=KEY.sign(PAYLOAD, ec.ECDSA(hashes.SHA256())))
    name = f"{project}/occurrences/o1"
    attestation = Attestation(name=name, note=NOTE, resource_uri=IMAGE, payload=PAYLOAD, signatures=(signature,))
    world.put(
        Occurrence(
            name=name, note=NOTE, kind="ATTESTATION", resource_uri=IMAGE, create_time=NOW, update_time=NOW, body=b"",
            digest=DIGEST, attestation=attestation,
        )
    )  # fmt: skip


def verdict(world: World, name: str) -> Verdict:
    pod = PodSubject(name="", namespace="default", service_account="default", images=(IMAGE,))
    return world.run(platform_policies.evaluate_pods(world.owner, name, [pod], DECODERS))[1][0].verdict


def test_a_policy_lives_a_life_with_etags(world: World) -> None:
    made = world.run(platform_policies.create(world.owner, GKE, "p1", draft(Check(kind=AlwaysDeny()))))
    assert world.run(platform_policies.get(world.owner, made.name)) == made
    again = platform_policies.create(world.owner, GKE, "p1", draft())
    world.refused(again, Code.ALREADY_EXISTS)
    new = world.run(platform_policies.replace(world.owner, dataclasses.replace(made, description="new")))
    assert new.etag != made.etag
    world.refused(platform_policies.replace(world.owner, made), Code.ABORTED)
    world.refused(platform_policies.delete(world.owner, made.name, made.etag), Code.ABORTED)
    page = world.run(platform_policies.list_policies(world.owner, GKE, PageRequest()))
    assert list(page.items) == [new]
    world.run(platform_policies.delete(world.owner, made.name, ""))
    world.refused(platform_policies.get(world.owner, made.name), Code.NOT_FOUND)
    world.refused(platform_policies.replace(world.owner, made), Code.NOT_FOUND)


def test_unknown_projects_and_platforms_are_refused_as_documented(world: World) -> None:
    nowhere = "projects/nowhere/platforms/gke"
    world.refused(platform_policies.create(world.owner, nowhere, "p", draft()), Code.NOT_FOUND)
    world.refused(platform_policies.create(world.owner, f"{PROJECT}/platforms/moon", "p", draft()), Code.NOT_FOUND)
    cloud_run = platform_policies.create(world.owner, f"{PROJECT}/platforms/cloudRun", "p", draft())
    world.refused(cloud_run, Code.INVALID_ARGUMENT, "platformPolicy.gkePolicy")
    for parent in (nowhere, f"{PROJECT}/platforms/moon"):
        listed = platform_policies.list_policies(world.owner, parent, PageRequest())
        world.refused(listed, Code.INVALID_ARGUMENT, "parent")


def test_any_attestation_by_a_key_of_the_check_is_enough(world: World) -> None:
    made = world.run(platform_policies.create(world.owner, GKE, "p1", draft(signing())))
    assert verdict(world, made.name) is Verdict.NON_CONFORMANT
    assert made.gke is not None
    kind = made.gke.check_sets[0].checks[0].kind
    assert isinstance(kind, SimpleSigningAttestationCheck)
    attest(world, PROJECT, kind.authenticators[0].keys[0].id)
    assert verdict(world, made.name) is Verdict.CONFORMANT


@pytest.mark.parametrize(
    ("authenticators", "expected"),
    [
        ((authenticator(OTHER_KEY), authenticator(KEY)), Verdict.CONFORMANT),
        ((authenticator(OTHER_KEY, KEY),), Verdict.CONFORMANT),
        ((authenticator(OTHER_KEY), authenticator(OTHER_KEY)), Verdict.NON_CONFORMANT),
    ],
)
def test_authenticators_and_their_keys_are_alternatives(
    world: World, authenticators: tuple[Authenticator, ...], expected: Verdict
) -> None:
    check = Check(kind=SimpleSigningAttestationCheck(authenticators=authenticators))
    made = world.run(platform_policies.create(world.owner, GKE, "p1", draft(check)))
    attest(world, PROJECT, described(authenticator(KEY)).keys[0].id)
    assert verdict(world, made.name) is expected


def test_B109_another_project_has_to_let_the_service_agent_read(world: World) -> None:
    made = world.run(platform_policies.create(world.owner, GKE, "p1", draft(signing(OTHER))))
    assert made.gke is not None
    kind = made.gke.check_sets[0].checks[0].kind
    assert isinstance(kind, SimpleSigningAttestationCheck)
    attest(world, OTHER, kind.authenticators[0].keys[0].id)
    assert verdict(world, made.name) is Verdict.ERROR
    agent = "serviceAccount:service-123456789012@gcp-sa-binaryauthorization.iam.gserviceaccount.com"
    world.grant(OTHER, "roles/containeranalysis.occurrences.viewer", agent)
    assert verdict(world, made.name) is Verdict.CONFORMANT


def test_only_gke_policies_can_be_evaluated(world: World) -> None:
    modes = {"evaluation_mode": EvaluationMode.ALWAYS_ALLOW, "enforcement_mode": EnforcementMode.DRYRUN_AUDIT_LOG_ONLY}
    policy = PlatformPolicy(name="", cloud_run=CloudRunPolicy(rule=CloudRunRule(**modes)))
    made = world.run(platform_policies.create(world.owner, f"{PROJECT}/platforms/cloudRun", "p1", policy))
    pod = PodSubject(name="", namespace="default", service_account="default", images=(IMAGE,))
    judged = platform_policies.evaluate_pods(world.owner, made.name, [pod], DECODERS)
    world.refused(judged, Code.INVALID_ARGUMENT, "name")


def test_a_flood_of_occurrences_makes_nothing_pass(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = VulnerabilityCheck(maximum_fixable=MaximumSeverity.ALLOW_ALL, maximum_unfixable=MaximumSeverity.ALLOW_ALL)
    made = world.run(platform_policies.create(world.owner, GKE, "p1", draft(Check(kind=kind))))
    found(world, "scan", "DISCOVERY", discovery={"analysisStatus": "FINISHED_SUCCESS"})
    for number in range(6):
        found(world, f"v{number}", "VULNERABILITY", vulnerability={"severity": "LOW"})
    assert verdict(world, made.name) is Verdict.CONFORMANT
    monkeypatch.setattr(platform_evidence, "MAX_VULNERABILITIES", 5)
    assert verdict(world, made.name) is Verdict.ERROR
    monkeypatch.setattr(platform_evidence, "MAX_VULNERABILITIES", 6)
    assert verdict(world, made.name) is Verdict.CONFORMANT
    for most in range(1, 8):
        monkeypatch.setattr(platform_evidence, "MAX_OCCURRENCES", most)
        assert verdict(world, made.name) is Verdict.ERROR
    monkeypatch.setattr(platform_evidence, "MAX_OCCURRENCES", 8)
    assert verdict(world, made.name) is Verdict.CONFORMANT
    monkeypatch.setattr(platform_evidence, "MAX_PLACES", 0)
    assert verdict(world, made.name) is Verdict.ERROR


def found(world: World, name: str, kind: str, digest: str = DIGEST, **details: object) -> None:
    """An occurrence about an image, as it is stored."""
    body: Any = message_class("grafeas.v1.Occurrence")()
    merge(details, body)
    world.put(
        Occurrence(
            name=f"{PROJECT}/occurrences/{name}", note=f"{PROJECT}/notes/{name}", kind=kind,
            resource_uri=f"gcr.io/p/img@sha256:{digest}",
            create_time=NOW, update_time=NOW, body=body.SerializeToString(), digest=digest,
        )
    )  # fmt: skip


def test_B90_many_evaluations_at_once_each_get_their_own_answer(world: World) -> None:
    kind = VulnerabilityCheck(maximum_fixable=MaximumSeverity.LOW, maximum_unfixable=MaximumSeverity.LOW)
    made = world.run(platform_policies.create(world.owner, GKE, "p1", draft(Check(kind=kind))))
    digests = [f"{number:064x}" for number in range(60)]
    for number, digest in enumerate(digests):
        found(world, f"scan{number}", "DISCOVERY", digest, discovery={"analysisStatus": "FINISHED_SUCCESS"})
        if number % 3 == 0:
            found(world, f"bad{number}", "VULNERABILITY", digest, vulnerability={"severity": "HIGH"})

    async def judged(digest: str) -> tuple[str, Verdict]:
        image = f"gcr.io/p/img@sha256:{digest}"
        pod = PodSubject(name=digest, namespace="default", service_account="default", images=(image,))
        _, (result,) = await platform_policies.evaluate_pods(world.owner, made.name, [pod], DECODERS)
        assert [each.image for each in result.images] == [image]
        return result.pod.name, result.verdict

    async def body() -> list[tuple[str, Verdict]]:
        return await asyncio.gather(*map(judged, digests * 2))

    for digest, got in world.run(body()):
        assert got is (Verdict.NON_CONFORMANT if digests.index(digest) % 3 == 0 else Verdict.CONFORMANT)
