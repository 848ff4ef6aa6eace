"""The four documented queries, verbatim with gcloud: each finds exactly the Pods it should, of all that happened."""

import datetime as dt

import pytest

from tests.e2e.platform import HELLO, Kubectl, Platform, rule, unique, wait_for
from tests.e2e.test_break_glass_and_dry_run import BLOCKED, BREAK_GLASS, DRY_RUN, PODS, names
from tests.e2e.test_fail_open import FAILED_OPEN, killed

pytestmark = [pytest.mark.servers, pytest.mark.clients]

BREAK = "--labels=image-policy.k8s.io/break-glass=true"


def test_each_query_returns_exactly_the_right_entries(
    platform: Platform, cluster_context: Kubectl, allow_all: None
) -> None:
    since = f'timestamp>="{dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}"'
    pods = {what: unique(what) for what in ("allowed", "blocked", "forced", "conforming-forced", "dry", "open")}

    def run(what: str, *more: str) -> bool:
        return cluster_context("run", pods[what], "--image", HELLO, *more).code == 0

    platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_ALLOW")})
    assert run("allowed")
    assert run("conforming-forced", BREAK)
    platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_DENY", dry_run=True)})
    assert run("dry")
    platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_DENY")})
    assert not run("blocked")
    assert run("forced", BREAK)
    with killed(platform):
        assert run("open")
    everything = set(pods.values())
    wait_for(lambda: everything <= set(names(platform.log(f"{since}\n{PODS}"))), "every Pod's entry", 40)
    expected = {
        BLOCKED: {"blocked"},
        BREAK_GLASS: {"forced", "conforming-forced"},
        FAILED_OPEN: {"open"},
        DRY_RUN: {"dry"},
    }
    for query, whats in expected.items():
        found = [name for name in names(platform.log(f"{since}\n{query}")) if name in everything]
        assert sorted(found) == sorted(pods[what] for what in whats), query
    for name in everything - {pods["blocked"]}:
        cluster_context("delete", "pod", name, "--now").ok()
