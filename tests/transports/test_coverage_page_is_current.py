"""docs/coverage.md says what the method table and the conformance suite's claims say."""

from pathlib import Path

import pytest
from tools.coverage_claims import Claim, MalformedClaim, claims
from tools.make_coverage import OUTPUT, page

from binauthz.transports.methods import METHODS

NOTE = Claim(method="grafeas.v1.Grafeas.GetNote", curl=False, file="test_a.py", test="test_notes_are_read")


def test_the_committed_page_is_what_the_table_and_the_claims_make() -> None:
    made = page({row.full_name for row in METHODS}, claims())
    assert OUTPUT.read_text() == made, "run python -m tools.make_coverage"


def test_the_page_counts_what_is_served_and_names_what_is_not() -> None:
    text = page({"grafeas.v1.Grafeas.GetNote"}, [NOTE])
    assert "Served: 1 of " in text
    assert "| GetNote | `GET /v1/{name=projects/*/notes/*}`<br>" in text
    assert "| served, shown by [notes_are_read](../tests/conformance/test_a.py) |" in text
    assert "| WaitOperation | gRPC only | UNIMPLEMENTED |" in text


def test_a_method_that_no_test_shows_is_told_so() -> None:
    assert "| served, not shown by a test |" in page({"grafeas.v1.Grafeas.GetNote"}, [])


def test_claims_are_read_from_tests_and_from_their_parameters(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text(
        """
SERVICE = "a.B"

@pytest.mark.shows(SERVICE, "One", "Two")
@pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.shows(GRAFEAS, "GetNote", client="curl"))])
def test_it(n): ...
"""
    )
    found = {(each.method, each.curl) for each in claims(tmp_path)}
    assert found == {("a.B.One", False), ("a.B.Two", False), ("grafeas.v1.Grafeas.GetNote", True)}


@pytest.mark.parametrize("arguments", ["unknown_name, 'x'", "'a.B'", "f'{x}', 'y'"])
def test_a_claim_that_cannot_be_read_is_refused(tmp_path: Path, arguments: str) -> None:
    (tmp_path / "test_x.py").write_text(f"@pytest.mark.shows({arguments})\ndef test_it(): ...\n")
    with pytest.raises(MalformedClaim):
        claims(tmp_path)
