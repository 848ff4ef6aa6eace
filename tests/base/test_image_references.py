"""SPEC 4.2: a digest counts only when it is beyond doubt; nothing is ever normalised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binauthz.base.image import digest_of_resource_uri, parse_image, shown

D = "37e5287945774f27b418ce567cd77f4bbc9ef44a1bcd1a2312369f31f9cce567"


@pytest.mark.parametrize(
    ("text", "registry", "path", "tag", "digest"),
    [
        ("nginx", "", "nginx", "", None),
        ("nginx:latest", "", "nginx", "latest", None),
        ("library/nginx", "", "library/nginx", "", None),
        (f"nginx@sha256:{D}", "", "nginx", "", D),
        ("docker.io/veermuchandi/welcome", "docker.io", "veermuchandi/welcome", "", None),
        (f"us-docker.pkg.dev/p/r/img@sha256:{D}", "us-docker.pkg.dev", "p/r/img", "", D),
        ("localhost/img", "localhost", "img", "", None),
        ("localhost:5000/img:v1", "localhost:5000", "img", "v1", None),
        (f"[::1]:5000/img@sha256:{D}", "[::1]:5000", "img", "", D),
        ("registry:5000", "", "registry", "5000", None),
    ],
)
def test_parts_are_as_written(text: str, registry: str, path: str, tag: str, digest: str | None) -> None:
    parsed = parse_image(text)
    assert parsed.well_formed
    assert (parsed.registry, parsed.path, parsed.tag, parsed.digest) == (registry, path, tag, digest)
    assert parsed.text == text


def test_B34_tag_and_digest_the_digest_decides_and_the_tag_is_kept() -> None:
    parsed = parse_image(f"gcr.io/p/img:v1@sha256:{D}")
    assert parsed.digest == D
    assert parsed.tag == "v1"
    assert parsed.repository == "gcr.io/p/img"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        f"@sha256:{D}",
        f"img@sha256:{D[:-1]}",
        f"img@sha256:{D}0",
        f"img@sha256:{D.upper()}",
        f"img@sha256:{D}\n",
        f"img@sha256: {D[1:]}",
        f"img@sha512:{D}{D}",
        f"img@sha1:{D[:40]}",
        f"img@SHA256:{D}",
        f"img@{D}",
        f"img@sha256:sha256:{D}",
        f"img@sha256:../{D[3:]}",
        f"img@sha256:{D}@sha256:{D}",
        f"img@sha256:{D}:tag",
        f"img@sha256:{D}/x",
        f"img:@sha256:{D}",
        f"img:ta g@sha256:{D}",
        f"img:a:b@sha256:{D}",
        f"gcr.io//img@sha256:{D}",
        f"/img@sha256:{D}",
        f"gcr.io/@sha256:{D}",
        f"gcr.io/../img@sha256:{D}",
        f"gcr.io/a..b@sha256:{D}",
        f" img@sha256:{D}",
        f"img%2f@sha256:{D}",
        f"imgé@sha256:{D}",
        f"gcr.io:port/img@sha256:{D}",
        f"{'a' * 1024}@sha256:{D}",
        f"img@sha256:{chr(0x661) * 64}",
    ],
)
def test_B35_a_malformed_reference_has_no_digest(text: str) -> None:
    parsed = parse_image(text)
    assert parsed.digest is None
    assert not parsed.well_formed


@given(st.text(max_size=200))
def test_no_string_makes_the_parser_raise(text: str) -> None:
    assert parse_image(text).text == text
    digest_of_resource_uri(text)
    assert shown(text).isprintable()


@given(st.text(max_size=100), st.text("0123456789abcdefABCDEF:/@", min_size=60, max_size=70))
def test_B35_whatever_surrounds_it_a_digest_is_64_lower_case_hex_at_the_end(name: str, digits: str) -> None:
    parsed = parse_image(f"{name}@sha256:{digits}")
    if parsed.digest is not None:
        assert digits == parsed.digest
        assert len(digits) == 64
        assert set(digits) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    ("uri", "digest"),
    [
        (f"us-docker.pkg.dev/p/r/img@sha256:{D}", D),
        (f"https://us-docker.pkg.dev/p/r/img@sha256:{D}", D),
        (f"https://host/img:v1@sha256:{D}", D),
        (f"img@sha256:{D.upper()}", None),
        (f"sha256:{D}", None),
        (f"@sha256:{D}", None),
        (f"img@sha256:{D} ", None),
        ("img:latest", None),
        ("", None),
        (f"{'a' * 2048}@sha256:{D}", None),
    ],
)
def test_an_occurrence_is_found_by_the_digest_its_resource_ends_with(uri: str, digest: str | None) -> None:
    assert digest_of_resource_uri(uri) == digest


def test_shown_keeps_a_normal_image_and_tames_a_hostile_one() -> None:
    assert shown(f"nginx:1@sha256:{D}") == f"nginx:1@sha256:{D}"
    assert shown("nginx' : fine\n'evil") == "nginx' : fine\\n'evil"
    assert len(shown("a" * 100_000)) < 600
    assert shown("a\u202eb") == "a\\u202eb"
    assert shown("a\ud800b").isascii()
