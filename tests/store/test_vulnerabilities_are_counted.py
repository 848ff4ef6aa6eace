"""Vulnerabilities are counted by resource and severity as a plain reading counts them."""

import collections
import dataclasses
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from binauthz.store import grafeas_search
from binauthz.store.interface import FilterError
from tests.store.conftest import Database
from tests.store.samples import attestation_occurrence, fresh_project

P = "projects/p"
vulnerabilities = st.tuples(
    st.sampled_from(["VULNERABILITY", "VULNERABILITY", "BUILD"]),
    st.sampled_from(["r", "https://r", "s"]),
    st.sampled_from(["", "LOW", "HIGH"]),
    st.booleans(),
)


@pytest.fixture(params=[2, 20_000])
def window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grafeas_search, "_WINDOW", request.param)


@pytest.mark.usefixtures("window")
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(there=st.lists(vulnerabilities, max_size=12), filter=st.sampled_from(["", 'resourceUrl="r"', 'NOT name:"1"']))
def test_counts(shared: Database, there: list[Any], filter: str) -> None:
    project = fresh_project()
    expected: collections.Counter[tuple[str, str]] = collections.Counter()
    fixable: collections.Counter[tuple[str, str]] = collections.Counter()
    for number, (kind, uri, severity, fixed) in enumerate(there):
        plain = attestation_occurrence(project, f"o{number}")
        shared.put(dataclasses.replace(plain, kind=kind, resource_uri=uri, severity=severity, fixable=fixed))
        passes = {"": True, 'resourceUrl="r"': uri.endswith("r"), 'NOT name:"1"': "1" not in f"{project}o{number}"}
        if kind == "VULNERABILITY" and passes[filter]:
            expected[uri, severity] += 1
            fixable[uri, severity] += fixed
    counts = shared.read(lambda tx: tx.vulnerability_counts(project=project, filter=filter))
    assert {(one.resource_uri, one.severity): one.total for one in counts} == expected
    assert {(one.resource_uri, one.severity): one.fixable for one in counts if one.fixable} == +fixable
    assert [one.resource_uri for one in counts] == sorted(one.resource_uri for one in counts)


def test_too_many_counts_are_refused_instead_of_cut(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grafeas_search, "MOST_COUNTS", 2)
    for number in range(3):
        plain = attestation_occurrence(P, f"o{number}")
        database.put(dataclasses.replace(plain, kind="VULNERABILITY", resource_uri=f"r{number}"))
    with pytest.raises(FilterError, match="more than 2 counts"):
        database.read(lambda tx: tx.vulnerability_counts(project=P))
    assert len(database.read(lambda tx: tx.vulnerability_counts(project=P, filter='has_suffix(name, "1")'))) == 1
