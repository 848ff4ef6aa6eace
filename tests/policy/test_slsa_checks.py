"""The SLSA check: digest, builder, configuration, repositories, constraint, each by itself; rules are alternatives."""

import datetime as dt
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binauthz.policy.decision import Verdict
from binauthz.policy.platform.evidence import Evidence, Provenance, Unread
from binauthz.policy.platform.model import SlsaCheck, SlsaRule
from binauthz.policy.platform.provenance import constrained, slsa_check, unmet
from binauthz.policy.platform.repositories import is_source, repository_of, source_problem, trusts

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
DIGEST, ANOTHER = "a" * 64, "b" * 64
IMAGE = f"gcr.io/p/img@sha256:{DIGEST}"
OWN, OTHER = "projects/own", "projects/other"
WORKER = "https://cloudbuild.googleapis.com/GoogleHostedWorker"
RULE = SlsaRule(trusted_builder="GOOGLE_CLOUD_BUILD")
GOOD = Provenance(
    name="projects/own/occurrences/o1",
    builder=WORKER,
    subjects=frozenset({DIGEST}),
    config="https://github.com/org/repo",
    sources=("git+https://github.com/org/repo@refs/heads/main",),
    payload=b"{}",
)

BARE = replace(GOOD, config="", sources=())


def judged(
    kind: SlsaCheck, *provenances: Provenance, constraints: dict[tuple[str, str], bool | Unread] | None = None
) -> tuple[Verdict, str]:
    places = {(OWN, DIGEST): provenances}
    return slsa_check(kind, IMAGE, Evidence(project=OWN, now=NOW, provenances=places, constraints=constraints or {}))


def one(**fields: object) -> SlsaCheck:
    return SlsaCheck(rules=(msgspec.structs.replace(RULE, **fields),))


def test_a_provenance_of_the_builder_about_the_digest_is_enough() -> None:
    verdict, why = judged(one(), GOOD)
    assert (verdict, why) == (Verdict.CONFORMANT, "Provenance projects/own/occurrences/o1 satisfies rule 0.")
    assert judged(one(), replace(GOOD, subjects=None))[0] is Verdict.CONFORMANT


@pytest.mark.parametrize(
    ("rule", "provenance", "reason"),
    [
        (RULE, replace(GOOD, subjects=frozenset({ANOTHER})), "about another digest"),
        (RULE, replace(GOOD, subjects=frozenset()), "about another digest"),
        (RULE, replace(GOOD, builder=""), "builder '' is not trusted"),
        (SlsaRule(), GOOD, "not trusted"),
        (SlsaRule(trusted_builder="SOMEBODY"), GOOD, "not trusted"),
        (msgspec.structs.replace(RULE, config_based_build_required=True), replace(GOOD, config=""), "no configuration"),
        (msgspec.structs.replace(RULE, source_patterns=("github.com/other/*",)), GOOD, "not trusted"),
        (msgspec.structs.replace(RULE, source_patterns=("github.com/**",)), BARE, "names no source"),
    ],
)  # fmt: skip
def test_each_condition_refuses_by_itself(rule: SlsaRule, provenance: Provenance, reason: str) -> None:
    verdict, why = judged(SlsaCheck(rules=(rule,)), provenance)
    assert (verdict, reason in why) == (Verdict.NON_CONFORMANT, True), why


@pytest.mark.parametrize(
    "builder", [WORKER, f"{WORKER}@v0.3", f"{WORKER}@v1", "https://cloudbuild.googleapis.com/PrivatePoolWorker"]
)
def test_every_kind_of_cloud_build_worker_is_trusted(builder: str) -> None:
    assert unmet(RULE, replace(GOOD, builder=builder), DIGEST) is None


@pytest.mark.parametrize(
    "builder",
    [
        f"{WORKER}.evil.com", f"https://evil.com/{WORKER}", f"{WORKER}@v0.3/../x", f"{WORKER}@latest", f"{WORKER}/x",
        "http://cloudbuild.googleapis.com/GoogleHostedWorker", "https://cloudbuild.googleapis.com.evil.com/XWorker",
        "https://cloudbuild.googleapis.com/", f" {WORKER}", f"{WORKER}\n", WORKER.upper(), f"{WORKER}@v" + "1" * 300,
    ],
)  # fmt: skip
def test_B84_a_builder_that_only_looks_like_cloud_build_is_not(builder: str) -> None:
    assert unmet(RULE, replace(GOOD, builder=builder), DIGEST)


def test_with_a_required_configuration_its_repository_is_what_is_trusted() -> None:
    kind = one(config_based_build_required=True, source_patterns=("github.com/org/repo",))
    assert judged(kind, replace(GOOD, sources=("https://evil.com/x",)))[0] is Verdict.CONFORMANT
    assert judged(kind, replace(GOOD, config="https://evil.com/x"))[0] is Verdict.NON_CONFORMANT


def test_otherwise_every_source_has_to_be_trusted() -> None:
    kind = one(source_patterns=("github.com/org/*",))
    assert judged(kind, GOOD)[0] is Verdict.CONFORMANT
    assert judged(kind, replace(GOOD, sources=(*GOOD.sources, "https://evil.com/x")))[0] is Verdict.NON_CONFORMANT
    assert judged(kind, replace(GOOD, config="https://evil.com/x"))[0] is Verdict.NON_CONFORMANT


def test_rules_are_alternatives_and_so_are_provenances() -> None:
    never = SlsaRule(trusted_builder="NOBODY")
    assert judged(SlsaCheck(rules=(never, RULE)), GOOD)[0] is Verdict.CONFORMANT
    assert judged(one(), replace(GOOD, builder="x"), GOOD)[0] is Verdict.CONFORMANT
    verdict, why = judged(SlsaCheck(rules=(never, never)), GOOD)
    assert (verdict, "rule 0: " in why, "rule 1: " in why) == (Verdict.NON_CONFORMANT, True, True)


def test_no_provenance_and_no_digest_do_not_conform() -> None:
    assert judged(one()) == (Verdict.NON_CONFORMANT, "No provenance of the image was found.")
    tag = slsa_check(one(), "gcr.io/p/img:v1", Evidence(project=OWN, now=NOW))
    assert (tag[0], "digest" in tag[1]) == (Verdict.NON_CONFORMANT, True)


def test_a_project_that_cannot_be_read_is_trouble_unless_another_satisfies() -> None:
    kind = one(projects=(OWN, OTHER))
    verdict, why = judged(kind, replace(GOOD, builder="x"))
    assert (verdict, "projects/other was not looked for" in why) == (Verdict.ERROR, True)
    assert judged(kind, GOOD)[0] is Verdict.CONFORMANT


def test_a_constraint_is_asked_only_about_what_is_otherwise_good() -> None:
    kind = one(custom_constraints="true")
    evidence = Evidence(project=OWN, now=NOW, provenances={(OWN, DIGEST): (GOOD, replace(GOOD, name="x", builder=""))})
    assert list(constrained(kind, IMAGE, evidence)) == [("true", GOOD)]
    pair = ("true", GOOD.name)
    assert judged(kind, GOOD, constraints={pair: True})[0] is Verdict.CONFORMANT
    assert judged(kind, GOOD, constraints={pair: False})[0] is Verdict.NON_CONFORMANT
    verdict, why = judged(kind, GOOD, constraints={pair: Unread("cannot be evaluated: why")})
    assert (verdict, "the custom constraint of rule 0 cannot be evaluated: why" in why) == (Verdict.ERROR, True)
    assert judged(kind, GOOD)[0] is Verdict.ERROR


@pytest.mark.parametrize(
    ("url", "repository"),
    [
        ("source.cloud.google.com/p/r", "source.cloud.google.com/p/r"),
        ("git+ssh://source.cloud.google.com/p/r", "source.cloud.google.com/p/r"),
        ("https://GitHub.com/Org/Repo", "github.com/Org/Repo"),
        ("git+https://github.com/org/repo@refs/heads/main", "github.com/org/repo"),
        ("https://github.com/org/repo/?q=1#f", "github.com/org/repo"),
        ("https://github.com/", None), ("github.com", None), ("", None), ("https://", None),
        ("https://github.com/a/../b", None), ("https://github.com//a", None), ("https://github.com/a/./b", None),
        ("https://github.com/%2e%2e/b", None), ("https://user@github.com/a/b", None), ("git@github.com:a/b", None),
        ("https://github.com\\a/b", None), ("https://gith\u00fcb.com/a", None), ("x" * 3000, None),
        ("https://evil.com/https://github.com/org/repo", None), ("https://github.com/a b", None),
    ],
)  # fmt: skip
def test_a_url_is_a_repository_or_nothing(url: str, repository: str | None) -> None:
    assert repository_of(url) == repository


@pytest.mark.parametrize(
    ("pattern", "url", "yes"),
    [
        ("github.com/org/repo", "https://github.com/org/repo", True),
        ("GitHub.com/org/repo", "https://github.com/org/repo", True),
        ("github.com/org/repo", "https://github.com/org/repo2", False),
        ("github.com/org/repo", "https://github.com/org/repo/sub", False),
        ("github.com/org/*", "https://github.com/org/repo", True),
        ("github.com/org/*", "https://github.com/org/repo/sub", False),
        ("github.com/org/*", "https://github.com/organisation/repo", False),
        ("github.com/org/*", "https://github.com/org/", False),
        ("github.com/**", "https://github.com/a/b/c", True),
        ("github.com/**", "https://evil.com/github.com/a", False),
        ("github.com/org*", "https://github.com/org", False),
        ("https://github.com/org/*", "https://github.com/org/repo", False),
    ],
)
def test_B84_a_pattern_trusts_a_repository(pattern: str, url: str, yes: bool) -> None:
    assert trusts([pattern], url) is yes


SEGMENT = st.text("ab.", min_size=1, max_size=3)
PATHS = st.lists(SEGMENT, min_size=1, max_size=3)


@given(PATHS, PATHS, st.sampled_from(["", "*", "**"]), st.sampled_from(["", "https://", "git+ssh://"]))
def test_a_pattern_trusts_as_a_plain_oracle_does(want: list[str], have: list[str], stars: str, scheme: str) -> None:
    pattern = "/".join(["h.io", *want, *([stars] if stars else [])])
    if any(part in {".", ".."} for part in (*want, *have)):
        assert source_problem(pattern) is None or not trusts([pattern], f"{scheme}h.io/{'/'.join(have)}")
        return
    match stars:
        case "":
            expected = have == want
        case "*":
            expected = have[: len(want)] == want and len(have) == len(want) + 1
        case _:
            expected = have[: len(want)] == want and len(have) > len(want)
    assert trusts([pattern], f"{scheme}h.io/{'/'.join(have)}") is expected


def test_images_that_a_build_ran_are_no_sources() -> None:
    assert not is_source("gcr.io/cloud-builders/docker@sha256:aa", {"sha256"})
    assert not is_source("pkg:docker/x@1", {"sha256"})
    assert is_source("git+https://github.com/a/b", {"sha1"})
    assert is_source("https://example.com/a.tar", {"sha256"})
    assert is_source("github.com/a/b", set())
