"""Names parse only in their exact form, and an id never carries structure (B91, B113)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binauthz.base import names
from binauthz.base.errors import ApiError, Code


def test_a_name_gives_its_ids_and_back() -> None:
    assert names.ATTESTOR.parse("projects/p1/attestors/my_attestor") == ("p1", "my_attestor")
    assert names.ATTESTOR.format("p1", "my_attestor") == "projects/p1/attestors/my_attestor"
    assert names.POLICY.parse("projects/demo-project/policy") == ("demo-project",)
    assert names.SYSTEM_POLICY.parse("locations/global/policy") == ("global",)
    assert names.CLUSTER.parse("projects/p1/locations/us-central1-a/clusters/c-1") == ("p1", "us-central1-a", "c-1")
    assert names.MEMBERSHIP.match("projects/123/locations/global/memberships/m") == ("123", "global", "m")
    assert names.LOCATION_OR_ALL.match("projects/p1/locations/-") == ("p1", "-")
    assert names.LOCATION.match("projects/p1/locations/-") is None
    assert names.PROJECT.match("projects/example.com:payments") == ("example.com:payments",)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "projects/p1/attestors/",
        "projects//attestors/a",
        "/projects/p1/attestors/a",
        "projects/p1/attestors/a/",
        "projects/p1/attestors/a/b",
        "projects/p1/attestors/..",
        "projects/p1/attestors/a..b",
        "projects/../attestors/a",
        "projects/p1/attestors/a%2fb",
        "projects/p1/attestors/a:validateAttestationOccurrence",
        "projects/p1/attestors/a\n",
        "projects/p1/attestors/a\x00",
        "projects/p1/attestors/é",
        "projects/p1/attestors/" + "a" * 129,
        "projects/P1/attestors/a",
        "projects/p1:x/attestors/a",
        "projects/p1/notes/a",
        "projects/p1/attestors/{attestor}",
    ],
)
def test_B113_a_crooked_attestor_name_is_refused_with_got_and_expected(name: str) -> None:
    assert names.ATTESTOR.match(name) is None
    with pytest.raises(ApiError) as caught:
        names.ATTESTOR.parse(name, "attestor.name")
    assert caught.value.code is Code.INVALID_ARGUMENT
    assert "projects/{project}/attestors/{attestor}" in caught.value.message
    assert caught.value.violations[0].field == "attestor.name"


@pytest.mark.parametrize("ids", [("p1",), ("p1", "a", "b"), ("p1", "a/b"), ("p1/attestors/x", "a"), ("p1", "")])
def test_B91_no_name_is_built_from_ids_that_carry_structure(ids: tuple[str, ...]) -> None:
    with pytest.raises(ApiError):
        names.ATTESTOR.format(*ids)


def test_an_echoed_name_is_bounded_and_printable() -> None:
    with pytest.raises(ApiError) as caught:
        names.ATTESTOR.parse("x\n" * 100_000)
    assert len(caught.value.message) < 400
    assert caught.value.message.isprintable()


def test_an_id_alone_is_checked_in_the_same_syntax() -> None:
    assert names.parse_id("attestor", "prod", "attestorId") == "prod"
    with pytest.raises(ApiError, match="not a valid attestor id"):
        names.parse_id("attestor", "a/b", "attestorId")


@given(st.text(max_size=40))
def test_no_id_holds_a_separator(text: str) -> None:
    for kind in ("project", "attestor", "note", "occurrence", "location", "cluster", "membership", "operation"):
        if names.is_id(kind, text):
            assert text.isascii()
            assert not set(text) & set("/%\\ ?#")
            assert ".." not in text
