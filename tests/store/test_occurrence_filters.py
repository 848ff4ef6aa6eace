"""Occurrence filters (SPEC 3.4) select what a plain reading of them selects, on both databases, and hostile text
raises nothing but FilterError."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from binauthz.base.image import digest_of_resource_uri
from binauthz.store import grafeas_search, open_store
from binauthz.store.filters.occurrences import compile_filter
from binauthz.store.interface import FilterError
from binauthz.store.records import Occurrence
from tests.store.conftest import Database
from tests.store.filters import ORDERINGS, quoted
from tests.store.samples import DIGESTS, NOW, attestation_occurrence, fresh_project

property_settings = settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
P = "projects/p"
A, B, C = DIGESTS[:3]


# `gcloud artifacts docker images describe` asks with and without a scheme.
DESCRIBE_IMAGE = (
    '((kind = "BUILD") OR (kind = "SBOM_REFERENCE")) AND '
    f'((resourceUrl = "https://gcr.io/p1/img@sha256:{B}") OR (resourceUrl = "gcr.io/p1/img@sha256:{B}"))'
)
# `gcloud artifacts docker images list --show-occurrences` asks for a prefix and for each image, both ways each.
IMAGES_LIST = (
    '(has_prefix(resourceUrl, "https://us-docker.pkg.dev/p1/r/img") OR has_prefix(resourceUrl, '
    f'"us-docker.pkg.dev/p1/r/img")) AND ((resourceUrl = "us-docker.pkg.dev/p1/r/img@sha256:{A}") OR '
    f'(resourceUrl = "https://us-docker.pkg.dev/p1/r/img@sha256:{A}"))'
)
COMPUTE_VULNERABILITIES = 'kind = "OTHER" AND has_prefix(resource_url,"https://compute.googleapis.com/compute/")'


def occurrence(id: str, uri: str, *, kind: str = "ATTESTATION", note: str = "projects/n/notes/n",
               at: dt.datetime = NOW, project: str = P) -> Occurrence:  # fmt: skip
    digest = digest_of_resource_uri(uri) or ""
    plain = attestation_occurrence(project, id, note=note)
    return dataclasses.replace(
        plain, resource_uri=uri, digest=digest, kind=kind, create_time=at, update_time=at + dt.timedelta(days=1)
    )


def found(database: Database, filter: str, project: str = P) -> list[str]:
    matching = database.read(lambda tx: tx.occurrences(project=project, filter=filter))
    return [one.name.rpartition("/")[2] for one in matching]


@pytest.fixture
def images(database: Database) -> Database:
    package = occurrence("5", "mvn:a:b:1", kind="PACKAGE", note="projects/goog-analysis/notes/PACKAGE")
    database.put(
        dataclasses.replace(package, package="openssl"),
        occurrence("6", "https://compute.googleapis.com/compute/v1/projects/p/zones/z/instances/1", kind="OTHER"),
        occurrence("1", f"us-docker.pkg.dev/p1/r/img@sha256:{A}"),
        occurrence("2", f"https://us-docker.pkg.dev/p1/r/img@sha256:{A}", kind="BUILD"),
        occurrence("3", f"https://gcr.io/p1/img@sha256:{B}", kind="SBOM_REFERENCE", note="projects/m/notes/build"),
        occurrence("4", "gcr.io/p1/img:v1", kind="VULNERABILITY", at=NOW + dt.timedelta(hours=1)),
    )
    return database


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ("", "123456"),
        ("  \n", "123456"),
        (f'has_suffix(resourceUrl, "sha256:{A}")', "12"),
        (f'resourceUrl="https://us-docker.pkg.dev/p1/r/img@sha256:{A}"', "12"),
        (f'resourceUrl="us-docker.pkg.dev/p1/r/img@sha256:{A}"', "12"),
        (f'resourceUrl="http://us-docker.pkg.dev/p1/r/img@sha256:{A}"', "12"),
        (DESCRIBE_IMAGE, "3"),
        ('has_prefix(resourceUrl, "https://gcr.io/p1/")', "34"),
        ('has_prefix(resourceUrl, "gcr.io/p1/")', "34"),
        ('kind = "VULNERABILITY"', "4"),
        ("kind=VULNERABILITY", "4"),
        ('kind != "ATTESTATION"', "23456"),
        ('noteProjectId="m" AND noteId="build"', "3"),
        ('noteName="projects/n/notes/n" kind="BUILD"', "2"),
        ('noteId:"uil"', "3"),
        ('name="projects/p/occurrences/2"', "2"),
        ('createTime>"2026-11-16T01:00:00Z"', "4"),
        ("createTime<=2026-11-16T00:40:25.198122Z", "12356"),
        ('updateTime>="2026-11-17T02:40:25.198122+01:00"', "4"),
        ('createTime="2026-11-16T00:40:25.1981225Z"', ""),
        ("NOT kind=BUILD AND -kind=ATTESTATION", "3456"),
        # AIP-160: OR binds tighter than AND.
        ("kind=BUILD OR kind=ATTESTATION AND noteId=n", "12"),
        ("noteId=build OR noteId=n AND kind=BUILD OR kind=SBOM_REFERENCE", "23"),
        ("noteId=n kind=BUILD OR kind=ATTESTATION", "12"),
        ('kind="attestation"', ""),
        ('resourceUrl="%"', ""),
        ('has_suffix(resourceUrl, "")', "123456"),
        ('has_suffix(resourceUrl, "a longer text than any image here has, by far and by any account, or more")', ""),
        ('kind:"_"', "3"),
        # gcloud spells fields both ways, and in its help a date with the letter that a time would follow.
        (f'resource_url = "https://gcr.io/p1/img@sha256:{B}"', "3"),
        ('has_prefix(resource_url,"https://us-docker.pkg.dev/") AND kind = "BUILD"', "2"),
        ('note_project_id="m"', "3"),
        ('createTime>"2026-11-15T"', "123456"),
        ('kind="PACKAGE" AND noteProjectId="goog-analysis" AND dependencyPackageName="openssl"', "5"),
        ('((kind = "PACKAGE")) AND (dependencyPackageName="zlib")', ""),
        (IMAGES_LIST, "12"),
        (COMPUTE_VULNERABILITIES, "6"),
    ],
)  # fmt: skip
def test_the_documented_filters_and_their_kin(images: Database, filter: str, expected: str) -> None:
    assert "".join(found(images, filter)) == expected


def test_a_filter_searches_a_note_across_projects(database: Database) -> None:
    database.put(occurrence("1", f"x@sha256:{A}"), occurrence("2", f"x@sha256:{A}", project="projects/q"))
    matching = database.read(
        lambda tx: tx.occurrences(note="projects/n/notes/n", filter=f'has_suffix(resourceUrl, "sha256:{A}")')
    )
    assert [one.name for one in matching] == ["projects/p/occurrences/1", "projects/q/occurrences/2"]


@pytest.mark.parametrize(
    ("filter", "complaint"),
    [
        ("severity=HIGH", "got field `severity`, expected one of `name`, `kind`"),
        ("kind", "ends too soon"),
        ("kind=", "ends too soon"),
        ("(kind=A", "ends too soon"),
        ("kind=A)", "unexpected `)` at character 6"),
        ('kind="A', 'unexpected `"A` at character 5'),
        ("kind=A OR", "ends too soon"),
        ("kind=A AND AND kind=B", "unexpected"),
        ('"a global restriction"', "unexpected"),
        ("kind~A", "unexpected `~A`"),
        ('matches(kind, "A")', "got function `matches`, expected `has_prefix` or `has_suffix`"),
        ('has_prefix(createTime, "2026")', "got field `createTime`"),
        ('createTime:"2026"', "got `:` on `createTime`"),
        ("createTime>yesterday", "got `createTime` `yesterday`, expected a timestamp"),
        ("createTime>9999-99-99", "expected a timestamp"),
        ('kind="\x00"', "NUL"),
        ('kind="\\u0000"', "NUL"),
        ('kind="\\ud800"', "lone surrogate"),
        ("kind=\ud800", "lone surrogate"),
        ("kind=A " * 201, "201 terms, expected at most 200"),
        ("x" * 20_001, "20001 characters, expected at most 20000"),
        ("(" * 51 + "kind=A" + ")" * 51, "nests more than 50 levels"),
    ],
)
def test_a_filter_outside_the_grammar_says_what_is_wrong(images: Database, filter: str, complaint: str) -> None:
    with pytest.raises(FilterError) as error:
        found(images, filter)
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    "filter",
    [
        "(" * 50 + "kind=BUILD" + ")" * 50,
        "kind=BUILD " * 200,
        " OR ".join(["kind=BUILD"] * 200),
        " AND ".join(["NOT (kind=A)"] * 198) + " AND kind=BUILD",
        f'kind=BUILD AND kind!="{"(" * 19_000}"',
    ],
)
def test_a_filter_at_a_limit_is_served(images: Database, filter: str) -> None:
    started = time.monotonic()
    assert found(images, filter) == ["2"]
    assert time.monotonic() - started < 5


# The oracle: a filter is a nested tuple, spelled one way for the store and read another way here.

FIELDS: dict[str, Callable[[Occurrence], str]] = {
    "name": lambda o: o.name,
    "kind": lambda o: o.kind,
    "noteName": lambda o: o.note,
    "noteProjectId": lambda o: o.note.split("/")[1],
    "noteId": lambda o: o.note.split("/")[3],
    "resourceUrl": lambda o: bare(o.resource_uri),
    "createTime": lambda o: o.create_time.isoformat(),
}


def bare(uri: str) -> str:
    for scheme in ("https://", "http://"):
        if uri.startswith(scheme):
            return uri[len(scheme) :]
    return uri


def expected_of(tree: Any, one: Occurrence) -> bool:
    match tree:
        case ("and", *parts):
            return all(expected_of(part, one) for part in parts)
        case ("or", *parts):
            return any(expected_of(part, one) for part in parts)
        case ("not", part):
            return not expected_of(part, one)
        case ("time", relation, moment):
            return bool(ORDERINGS[relation](one.create_time, moment))
        case (field, relation, value):
            value = bare(value) if field == "resourceUrl" else value
            got = FIELDS[field](one)
            match relation:
                case ":":
                    return value in got
                case "has_prefix":
                    return got.startswith(value)
                case "has_suffix":
                    # A suffix that is a digest finds images that have it.
                    of_digest = field == "resourceUrl" and value.endswith((A, B))
                    return got.endswith(value) and (not of_digest or bool(one.digest))
                case _:
                    return bool(ORDERINGS[relation](got, value))
    raise AssertionError(tree)


def spelled(tree: Any) -> str:
    """Always with the parentheses that make the precedence plain; the table above is for precedence."""
    match tree:
        case ("and", *parts):
            return " AND ".join(f"({spelled(part)})" for part in parts)
        case ("or", *parts):
            return " OR ".join(f"({spelled(part)})" for part in parts)
        case ("not", part):
            return f"NOT ({spelled(part)})"
        case ("time", relation, moment):
            return f'createTime{relation}"{moment.isoformat()}"'
        case (field, "has_prefix" | "has_suffix" as function, value):
            return f"{function}({field}, {quoted(value)})"
        case (field, relation, value):
            return f"{field} {relation} {quoted(value)}"
    raise AssertionError(tree)


values = st.sampled_from(
    ["", "a", "A", "%", "_", "a%", "\\", '"', "'", "é", "\n", "http", "https://", "https://a", "n", "ATTESTATION",
     f"a@sha256:{A}", f"https://a@sha256:{A}", f"sha256:{A}", f"sha256:{B}", "projects/n/notes/n"]
)  # fmt: skip
moments = st.integers(-2, 2).map(lambda step: NOW + dt.timedelta(microseconds=step))
comparisons = (
    st.tuples(st.sampled_from(sorted(set(FIELDS) - {"createTime"})), st.sampled_from([*ORDERINGS, ":"]), values)
    | st.tuples(st.sampled_from(["resourceUrl", "kind", "name"]), st.sampled_from(["has_prefix", "has_suffix"]), values)
    | st.tuples(st.just("time"), st.sampled_from(list(ORDERINGS)), moments)
)
trees = st.recursive(
    comparisons,
    lambda inner: st.tuples(st.just("not"), inner)
    | st.lists(inner, min_size=2, max_size=3).flatmap(
        lambda parts: st.sampled_from([("and", *parts), ("or", *parts)])
    ),
    max_leaves=6,
)  # fmt: skip
made = st.lists(st.tuples(values, values, st.sampled_from(["n", "m", "%", "é"]), moments), max_size=6)


@pytest.fixture(params=[(2, 1), (20_000, 5_000)])
def window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows to a stretch and few that are looked up, or as many as in production."""
    monkeypatch.setattr(grafeas_search, "_WINDOW", request.param[0])
    monkeypatch.setattr(grafeas_search, "_FEW", request.param[1])


@pytest.mark.usefixtures("window")
@settings(property_settings, max_examples=100)
@given(tree=trees, contents=made)
def test_B114_a_filter_selects_what_a_plain_reading_selects(shared: Database, tree: Any, contents: Any) -> None:
    project = fresh_project()
    there = [
        occurrence(str(number), uri, kind=kind, note=f"projects/{note}/notes/{note}", at=at, project=project)
        for number, (uri, kind, note, at) in enumerate(contents)
    ]
    if there:
        shared.put(*there)
    expected = [one.name.rpartition("/")[2] for one in there if expected_of(tree, one)]
    assert found(shared, spelled(tree), project) == expected


tokens = st.sampled_from(
    ["kind", "resourceUrl", "createTime", "=", "!=", "<", ":", "AND", "OR", "NOT", "-", "(", ")", ",", "has_suffix(",
     '"', "'", "\\", '"a"', "A", "2026-01-01", "2026-01-01T00:00:00Z", "\n", " ", "--", ";", "DROP TABLE occurrences",
     "' OR 1=1 --", "%s", ":p", "?", "$1", "{0}", "\x00", "\ud800", "é", "*", "~"]
)  # fmt: skip


hostile = (
    st.text(max_size=30) | st.lists(tokens, max_size=12).map(" ".join) | st.lists(tokens, max_size=12).map("".join)
)


@settings(property_settings, max_examples=400)
@given(filter=hostile)
@example(filter='kind="a" OR 1=1')
@example(filter="kind='a' UNION SELECT 1")
@example(filter=":kind = :kind")
def test_B114_hostile_filters_raise_nothing_but_filter_errors(shared: Database, filter: str) -> None:
    with contextlib.suppress(FilterError):
        assert found(shared, filter, fresh_project()) == []


@pytest.mark.parametrize(
    ("filter", "column", "values"),
    [
        (f'has_suffix(resourceUrl, "sha256:{A}")', "digest", {A}),
        (DESCRIBE_IMAGE, "digest", {B}),
        (DESCRIBE_IMAGE, "kind", {"BUILD", "SBOM_REFERENCE"}),
        (IMAGES_LIST, "digest", {A}),
        ('resourceUrl="mvn:a" OR resourceUrl="mvn:b"', "resource", {"mvn:a", "mvn:b"}),
        ('kind="A" AND kind="B"', "kind", set()),
        ('resourceUrl="mvn:a" OR kind="B"', "resource", None),
        ('NOT resourceUrl="mvn:a"', "resource", None),
        ('resourceUrl!="mvn:a"', "resource", None),
        ('has_suffix(resourceUrl, "256:abc")', "digest", None),
    ],
)
def test_what_a_filter_says_of_a_column_is_known(filter: str, column: str, values: set[str] | None) -> None:
    assert compile_filter(filter).values.get(column) == (None if values is None else frozenset(values))


@pytest.mark.parametrize(
    ("filter", "prefixes"),
    [
        ('has_prefix(resourceUrl, "https://a/")', {"a/"}),
        ('has_prefix(resourceUrl, "a/") OR has_prefix(resource_url, "https://b/")', {"a/", "b/"}),
        ('kind="A" AND (has_prefix(resourceUrl, "a/"))', {"a/"}),
        ('kind="A" OR has_prefix(resourceUrl, "a/")', set()),
        ('NOT has_prefix(resourceUrl, "a/")', set()),
        ('has_prefix(resourceUrl, "")', set()),
        ('has_prefix(kind, "A")', set()),
    ],
)
def test_what_a_filter_says_of_a_prefix_is_known(filter: str, prefixes: set[str]) -> None:
    assert compile_filter(filter).prefixes == prefixes


def test_a_range_of_an_index_holds_exactly_what_starts_with_the_prefix(database: Database) -> None:
    """At the ends of Unicode too, where the next character is none, or a surrogate."""
    uris = [
        "a",
        "ab",
        "a\ud7ff",
        "a\ud7ffz",
        "a\ue000",
        "a\U0010ffff",
        "a\U0010ffffz",
        "b",
        "\U0010ffff",
        "\U0010ffffz",
    ]
    database.put(*(occurrence(f"{number:02}", uri) for number, uri in enumerate(uris)))
    for prefix in uris:
        expected = [f"{number:02}" for number, uri in enumerate(uris) if uri.startswith(prefix)]
        assert found(database, f'has_prefix(resourceUrl, "{prefix}")') == expected


@pytest.mark.parametrize(
    "filter",
    [
        f'has_suffix(resourceUrl, "sha256:{A}")',
        DESCRIBE_IMAGE,
        IMAGES_LIST,
        'noteId="CVE-1" AND kind="VULNERABILITY"',
        'has_prefix(resourceUrl, "us-docker.pkg.dev/p/r/")',
    ],
)
def test_sqlite_starts_from_the_index_that_a_filter_speaks_of(tmp_path: Path, filter: str) -> None:
    store: Any = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    statements: list[tuple[str, Any]] = []
    sa.event.listen(store._engine, "before_cursor_execute", lambda *call: statements.append(call[2:4]))
    store._scan(lambda tx: tx.search_occurrences(project=P, filter=filter, limit=100))
    with store._engine.connect() as connection:
        plan = [
            row[3]
            for statement, parameters in list(statements)
            if "FROM occurrences" in statement
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    asyncio.run(store.close())
    searches = [line for line in plan if "occurrences" in line]
    assert searches
    assert all("INDEX occurrences_project_" in line and "project_kind" not in line for line in searches), plan
