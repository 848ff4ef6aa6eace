"""Laws of platform policies: the whole tree of results is the oracle's, and nothing is looked at unasked."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from binauthz.policy.platform.evaluate import evaluate
from binauthz.policy.platform.evidence import Evidence
from binauthz.policy.platform.model import Check, GkePolicy, PlatformPolicy
from binauthz.policy.platform.needs import needs
from binauthz.policy.platform.subject import PodSubject
from binauthz.policy.platform.validate import validate
from binauthz.wire.platform_results import from_results
from tests.oracle.platform_worlds import (
    CHECKS,
    COVERS,
    EVIDENCE,
    NO,
    OWN,
    PODS,
    TROUBLE,
    TYPES,
    YES,
    expected,
    policies,
    total,
)

_ORDER = [YES, TROUBLE, NO]


@given(policy=policies(), pod=PODS)
def test_every_level_of_the_tree_is_the_oracles(policy: GkePolicy, pod: PodSubject) -> None:
    result = evaluate(policy, pod, EVIDENCE)
    images = list(dict.fromkeys(pod.images))
    assert [each.image for each in result.images] == images
    wanted = [expected(policy, pod, image) for image in images]
    assert result.verdict is total([each.verdict for each in wanted])
    for got, want in zip(result.images, wanted, strict=True):
        assert got.verdict is want.verdict
        assert (got.matched_pattern is not None) is want.exempt_by_policy
        if got.matched_pattern is not None:
            assert got.matched_pattern in policy.allowlist
            assert got.image in COVERS[got.matched_pattern]
        # An explanation of an image stands only where no check set was evaluated, and of a set where no check was.
        assert bool(got.explanation) is (got.check_set is None)
        if got.check_set is None:
            assert want.check_set is None
            continue
        assert got.check_set.index == want.check_set
        assert got.check_set.verdict is want.verdict
        assert (got.check_set.matched_pattern is not None) is want.exempt_by_set
        assert bool(got.check_set.explanation) is (not got.check_set.checks)
        assert [(each.matched_pattern is not None, each.verdict) for each in got.check_set.checks] == [*want.checks]
        for number, (each, check) in enumerate(zip(got.check_set.checks, got.check_set.check_set.checks, strict=False)):
            assert (each.index, each.display_name) == (number, check.display_name)
            assert check.kind is not None
            assert each.type == TYPES[check.kind]
            assert each.explanation


@given(policy=policies(), pods=st.lists(PODS, min_size=1, max_size=4))
def test_the_answer_takes_the_worst_of_its_pods(policy: GkePolicy, pods: list[PodSubject]) -> None:
    results = tuple(evaluate(policy, pod, EVIDENCE) for pod in pods)
    answer = from_results(results)
    name = answer.DESCRIPTOR.fields_by_name["verdict"].enum_type.values_by_number[answer.verdict].name  # type: ignore[attr-defined]
    assert name == total([expected(policy, pod, image).verdict for pod in pods for image in pod.images]).value
    assert [each.pod_name for each in answer.results] == [pod.name for pod in pods]  # type: ignore[attr-defined]


@given(policy=policies(), pods=st.lists(PODS, min_size=1, max_size=3))
def test_what_is_asked_for_is_all_that_is_looked_at(policy: GkePolicy, pods: list[PodSubject]) -> None:
    wanted = needs(policy, OWN, pods)
    only = Evidence(
        project=OWN,
        now=EVIDENCE.now,
        attestations={place: fact for place, fact in EVIDENCE.attestations.items() if place in wanted.attestations},
        scans={place: fact for place, fact in EVIDENCE.scans.items() if place in wanted.scans},
        provenances={place: fact for place, fact in EVIDENCE.provenances.items() if place in wanted.provenances},
    )
    for pod in pods:
        assert evaluate(policy, pod, only) == evaluate(policy, pod, EVIDENCE)


@given(policy=policies(), pod=PODS, extra=CHECKS)
def test_one_more_check_never_helps(policy: GkePolicy, pod: PodSubject, extra: Check) -> None:
    stricter = dataclasses.replace(
        policy,
        check_sets=tuple(dataclasses.replace(each, checks=(*each.checks, extra)) for each in policy.check_sets),
    )
    before, after = evaluate(policy, pod, EVIDENCE).verdict, evaluate(stricter, pod, EVIDENCE).verdict
    assert _ORDER.index(after) >= _ORDER.index(before)


@given(policy=policies())
def test_the_world_holds_policies_that_may_be_written(policy: GkePolicy) -> None:
    faults = validate(PlatformPolicy(name="", gke=policy))
    # The world's authenticator has no key, since nothing signs here.
    assert all("pkixPublicKeys" in fault.field for fault in faults)
