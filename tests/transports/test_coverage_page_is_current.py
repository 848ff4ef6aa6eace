"""docs/coverage.md says what the method table says."""

from tools.make_coverage import OUTPUT, page

from binauthz.transports.methods import METHODS


def test_the_committed_page_is_what_the_table_makes() -> None:
    assert OUTPUT.read_text() == page({row.full_name for row in METHODS}), "run python -m tools.make_coverage"


def test_the_page_counts_what_is_served_and_names_what_is_not() -> None:
    text = page({"grafeas.v1.Grafeas.GetNote"})
    assert "Served: 1 of " in text
    assert "| GetNote | `GET /v1/{name=projects/*/notes/*}`<br>" in text
    assert "| WaitOperation | gRPC only | UNIMPLEMENTED |" in text
