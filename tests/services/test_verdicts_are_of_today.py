"""B81, B82: a verdict is reached anew from what is stored now; neither trouble nor a good answer is kept."""

import dataclasses
import datetime as dt
from typing import Any

from binauthz.base.errors import Code
from binauthz.policy.decision import Verdict
from binauthz.policy.platform.model import (
    Check,
    CheckSet,
    GkePolicy,
    MaximumSeverity,
    PlatformPolicy,
    VulnerabilityCheck,
)
from binauthz.policy.platform.subject import PodSubject
from binauthz.services import platform_policies
from binauthz.store.records import Occurrence, Project
from binauthz.wire.descriptors import message_class
from binauthz.wire.json import merge
from binauthz.wire.platform_evidence import DECODERS
from tests.services.conftest import NOW, OTHER, PROJECT, World, world

__all__ = ["world"]

DIGEST = "d" * 64
IMAGE = f"gcr.io/p/img@sha256:{DIGEST}"
DAY = dt.timedelta(days=1)
AGENT = "serviceAccount:service-{}@gcp-sa-binaryauthorization.iam.gserviceaccount.com"


def stored(world: World, name: str, kind: str, project: str = PROJECT, **details: object) -> None:
    body: Any = message_class("grafeas.v1.Occurrence")()
    merge(details, body)
    world.put(
        Occurrence(
            name=f"{project}/occurrences/{name}", note=f"{project}/notes/{name}", kind=kind, resource_uri=IMAGE,
            create_time=NOW, update_time=NOW, body=body.SerializeToString(), digest=DIGEST,
        )
    )  # fmt: skip


def scanned(world: World, status: str = "FINISHED_SUCCESS", project: str = PROJECT) -> None:
    archived = (NOW + DAY).isoformat()
    stored(world, "scan", "DISCOVERY", project, discovery={"analysisStatus": status, "archiveTime": archived})


def made(world: World, *projects: str) -> str:
    kind = VulnerabilityCheck(
        maximum_fixable=MaximumSeverity.LOW, maximum_unfixable=MaximumSeverity.LOW, projects=projects
    )
    draft = PlatformPolicy(name="", gke=GkePolicy(check_sets=(CheckSet(checks=(Check(kind=kind),)),)))
    return world.run(platform_policies.create(world.owner, f"{PROJECT}/platforms/gke", "p1", draft)).name


def verdict(world: World, name: str) -> Verdict:
    pod = PodSubject(name="", namespace="default", service_account="default", images=(IMAGE,))
    return world.run(platform_policies.evaluate_pods(world.owner, name, [pod], DECODERS))[1][0].verdict


def test_B81_trouble_is_trouble_every_time_and_gone_when_it_ends(world: World) -> None:
    name = made(world, OTHER)
    scanned(world, project=OTHER)
    assert [verdict(world, name) for _ in range(3)] == [Verdict.ERROR] * 3
    owner = world.run(world.store.read(lambda tx: tx.get(Project, PROJECT)))
    assert owner is not None
    world.grant(OTHER, "roles/containeranalysis.occurrences.viewer", AGENT.format(owner.number))
    assert verdict(world, name) is Verdict.CONFORMANT
    world.grant(OTHER, "roles/containeranalysis.occurrences.viewer", "user:somebody@example.com")
    assert [verdict(world, name) for _ in range(3)] == [Verdict.ERROR] * 3


def test_B81_a_scan_that_failed_is_never_a_clean_one(world: World) -> None:
    name = made(world)
    for status in ("FINISHED_FAILED", "SCANNING", "PENDING", "FINISHED_UNSUPPORTED"):
        scanned(world, status)
        assert {verdict(world, name) for _ in range(2)} == {Verdict.ERROR}
    scanned(world)
    assert verdict(world, name) is Verdict.CONFORMANT


def test_B82_what_was_clean_is_judged_by_what_is_known_today(world: World) -> None:
    name = made(world)
    scanned(world)
    assert verdict(world, name) is Verdict.CONFORMANT
    stored(world, "CVE-1", "VULNERABILITY", vulnerability={"effectiveSeverity": "CRITICAL"})
    assert verdict(world, name) is Verdict.NON_CONFORMANT
    world.run(world.store.write(lambda tx: tx.delete(Occurrence, f"{PROJECT}/occurrences/CVE-1")))
    assert verdict(world, name) is Verdict.CONFORMANT
    world.clock.advance(DAY)
    assert verdict(world, name) is Verdict.ERROR


def test_B82_a_policy_counts_from_when_it_is_written_and_no_longer_than_it_is_there(world: World) -> None:
    name = made(world)
    assert verdict(world, name) is Verdict.ERROR
    current = world.run(platform_policies.get(world.owner, name))
    world.run(platform_policies.replace(world.owner, dataclasses.replace(current, gke=GkePolicy())))
    assert verdict(world, name) is Verdict.CONFORMANT
    world.run(platform_policies.delete(world.owner, name, ""))
    pod = PodSubject(name="", namespace="default", service_account="default", images=(IMAGE,))
    world.refused(platform_policies.evaluate_pods(world.owner, name, [pod], DECODERS), Code.NOT_FOUND)
