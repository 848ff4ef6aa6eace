"""SPEC 1.5: what a namePattern matches, and what it must not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binauthz.base.patterns import allowlist, pattern_problem

D = "sha256:" + "77b0" * 16


def matches(pattern: str, image: str, *, bare: bool = False) -> bool:
    return allowlist([pattern], bare_name_covers_tags=bare).match(image) is not None


@pytest.mark.parametrize(
    ("pattern", "image"),
    [
        ("gcr.io/example-project/helloworld", "gcr.io/example-project/helloworld"),
        ("gcr.io/example-project/helloworld:latest", "gcr.io/example-project/helloworld:latest"),
        ("gcr.io/example-project/helloworld:v1.*", "gcr.io/example-project/helloworld:v1.2"),
        (f"gcr.io/example-project/helloworld@{D}", f"gcr.io/example-project/helloworld@{D}"),
        ("gcr.io/example-project/helloworld@*", f"gcr.io/example-project/helloworld@{D}"),
        ("gcr.io/my-project/nginx*", "gcr.io/my-project/nginx:latest"),
        ("gcr.io/my-project/nginx*", "gcr.io/my-project/nginx"),
        ("gcr.io/my-project/nginx*", f"gcr.io/my-project/nginx:1@{D}"),
        ("gcr.io/my-project/*", "gcr.io/my-project/app:1"),
        ("gcr.io/my-project/**", "gcr.io/my-project/a/b/c"),
        ("gcr.io/my-project/nginx**", "gcr.io/my-project/nginx-1.14.2/image:latest"),
        ("gcr.io/my-project**", "gcr.io/my-project-exploit/image"),
        ("asia.gcr.io/google-containers/addon-resizer:*", "asia.gcr.io/google-containers/addon-resizer:1.8"),
        ("loc-ref", "loc-ref"),
    ],
)
def test_matches(pattern: str, image: str) -> None:
    assert pattern_problem(pattern) is None
    assert matches(pattern, image)


@pytest.mark.parametrize(
    ("pattern", "image"),
    [
        ("gcr.io/example-project/helloworld", "gcr.io/example-project/helloworld:latest"),
        ("gcr.io/example-project/helloworld", f"gcr.io/example-project/helloworld@{D}"),
        ("gcr.io/example-project/helloworld:latest", "gcr.io/example-project/helloworld"),
        ("gcr.io/example-project/helloworld@*", "gcr.io/example-project/helloworld:latest"),
        ("gcr.io/my-project/nginx*", "gcr.io/my-project/nginx-images/nginx"),
        ("gcr.io/my-project/*", "gcr.io/my-project/a/b"),
        ("gcr.io/my-project/**", "gcr.io/my-project"),
        ("gcr.io/my-project/**", "gcr.io/my-project-exploit/a"),
        ("nginx", "docker.io/library/nginx"),
        ("docker.io/library/nginx", "nginx"),
        ("nginx", "Nginx"),
        ("loc-ref", "loc-ref:latest"),
    ],
)
def test_does_not_match(pattern: str, image: str) -> None:
    assert pattern_problem(pattern) is None
    assert not matches(pattern, image)


def test_B31_a_single_star_never_crosses_a_slash() -> None:
    assert not matches("gcr.io/a*", "gcr.io/ab/c")
    assert matches("gcr.io/a*", "gcr.io/ab")
    assert not matches("gcr.io/*", "gcr.io/a/b")


def test_B32_a_name_is_not_a_prefix() -> None:
    assert not matches("gcr.io/foo", "gcr.io/foobar")
    assert not matches("gcr.io/foo/*", "gcr.io/foobar/x")
    assert not matches("gcr.io/foo/**", "gcr.io/foobar/x")


@given(st.text("abc./:@", max_size=12), st.text("abc./:@", max_size=12))
def test_B30_a_trusted_host_inside_another_reference_is_not_that_host(before: str, after: str) -> None:
    image = f"evil{before}trusted.io/org/{after}"
    assert not matches("trusted.io/org/*", image)
    assert not matches("trusted.io/org/**", image)


def test_B28_an_entry_is_about_its_own_repository_tag_and_digest_only() -> None:
    entries = ["gcr.io/p/app:1.*"]
    covered = allowlist(entries)
    assert covered.match("gcr.io/p/app:1.2") == "gcr.io/p/app:1.*"
    for image in ("gcr.io/p/app", "gcr.io/p/app:2", "gcr.io/p/app2:1.2", f"gcr.io/p/app@{D}", "gcr.io/p/app/x:1.2"):
        assert covered.match(image) is None


@pytest.mark.parametrize(
    ("pattern", "wrong"),
    [
        ("gcr.io/my-project/n*x", "before its end"),
        ("gcr.io/*/nginx", "before its end"),
        ("gcr.io/**/nginx*", "before its end"),
        ("*", "after `registry/`"),
        ("**", "after `registry/`"),
        ("gcr.io*", "after `registry/`"),
        ("nginx**", "after `registry/`"),
        ("/*", "after `registry/`"),
        ("gcr.io/a***", "3 wildcards"),
        ("", "empty"),
        ("gcr.io/a b", "whitespace"),
        ("gcr.io/a\n*", "whitespace"),
        ("gcr.io/" + "a" * 1024, "at most 1024"),
    ],
)
def test_an_invalid_pattern_is_refused_with_its_reason_and_matches_nothing(pattern: str, wrong: str) -> None:
    problem = pattern_problem(pattern)
    assert problem is not None
    assert wrong in problem
    for image in (pattern, "gcr.io/my-project/nx", "nginx", "gcr.io/a", "", "/"):
        assert not matches(pattern, image)


def test_bare_names_cover_tags_and_digests_only_when_asked() -> None:
    for image in ("gcr.io/p/app:1", f"gcr.io/p/app@{D}", f"gcr.io/p/app:1@{D}"):
        assert not matches("gcr.io/p/app", image)
        assert matches("gcr.io/p/app", image, bare=True)
    for image in ("gcr.io/p/app2:1", "gcr.io/p/app/x:1", "gcr.io/p/appx"):
        assert not matches("gcr.io/p/app", image, bare=True)
    assert not matches("localhost", "localhost:5000/evil", bare=True)
    assert not matches("gcr.io/p/app:1", "gcr.io/p/app:1:2", bare=True)
    assert not matches("gcr.io/p/app:1", f"gcr.io/p/app:1@{D}", bare=True)


@given(st.lists(st.sampled_from(["a/b", "a/*", "a/**", "a/b*", "b", "x/y:1", "a/n*x"])), st.text("ab/:1xy", max_size=6))
def test_B38_shuffling_patterns_never_changes_whether_an_image_matches(patterns: list[str], image: str) -> None:
    assert (allowlist(patterns).match(image) is None) == (allowlist(patterns[::-1]).match(image) is None)


@given(
    st.lists(st.text("ab/*:", max_size=6), max_size=4), st.lists(st.text("ab/*:", max_size=6), max_size=4), st.data()
)
def test_B24_two_lists_together_match_only_what_one_of_them_matches(
    first: list[str], second: list[str], data: st.DataObject
) -> None:
    image = data.draw(st.text("ab/:", max_size=6))
    either = allowlist(first).match(image) is not None or allowlist(second).match(image) is not None
    assert (allowlist(first + second).match(image) is not None) == either


def test_B37_matching_a_hostile_image_is_linear() -> None:
    patterns = allowlist([f"gcr.io/{'a' * 500}{number}**" for number in range(200)])
    assert patterns.match("gcr.io/" + "a" * 1_000_000) is None
