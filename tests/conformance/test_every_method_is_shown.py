"""The coverage page's claim itself: each served method has a test in which an unmodified client is answered."""

import pytest
from tools.coverage_claims import claims

from binauthz.transports.methods import METHODS
from binauthz.wire import descriptors

SHOWN = claims()
# Where no client of Google's sends the request: the reason.
ONLY_CURL = {
    "google.cloud.binaryauthorization.v1.PlatformPolicyManagementService.ListPlatforms": (
        "gcloud's client knows it and no command of gcloud calls it (SPEC 0.2)"
    ),
}


@pytest.mark.parametrize("name", sorted(row.full_name for row in METHODS))
def test_a_served_method_is_shown_by_an_unmodified_client(name: str) -> None:
    mine = [claim for claim in SHOWN if claim.method == name]
    assert mine, f'no test is marked @pytest.mark.shows("{name.rpartition(".")[0]}", "{name.rpartition(".")[2]}")'
    if name not in ONLY_CURL:
        assert any(not claim.curl for claim in mine), "expected a client of Google's: curl is for ONLY_CURL"


def test_claims_name_methods_that_are_served() -> None:
    served = {row.full_name for row in METHODS}
    assert {claim.method for claim in SHOWN} <= served


def test_curl_is_for_methods_that_no_client_has() -> None:
    assert {claim.method for claim in SHOWN if not claim.curl}.isdisjoint(ONLY_CURL)
    assert set(ONLY_CURL) <= set(descriptors.methods())
