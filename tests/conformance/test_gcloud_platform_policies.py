"""`gcloud beta container binauthz policy` on platform policies, unmodified."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance.gcloud import Gcloud
from tests.conformance.server import Target
from tests.conformance.services import EVALUATION, PLATFORM_POLICIES
from tests.conformance.signing import fresh

pytestmark = [pytest.mark.servers, pytest.mark.clients]
POLICY = """\
gkePolicy:
  checkSets:
  - displayName: everything
    checks:
    - displayName: ours
      trustedDirectoryCheck:
        trustedDirPatterns:
        - gcr.io/good
"""


@pytest.fixture(scope="module")
def gcloud(need: Callable[[str], str], target: Target, tmp_path_factory: pytest.TempPathFactory) -> Gcloud:
    return Gcloud(need("gcloud"), target, tmp_path_factory.mktemp("gcloud"))


@pytest.mark.shows(
    PLATFORM_POLICIES,
    "CreatePlatformPolicy",
    "GetPlatformPolicy",
    "ListPlatformPolicies",
    "ReplacePlatformPolicy",
    "DeletePlatformPolicy",
)
@pytest.mark.shows(EVALUATION, "EvaluateGkePolicy")
def test_a_platform_policy_lives_a_life(gcloud: Gcloud, tmp_path: Path) -> None:
    command = ("beta", "container", "binauthz", "policy")
    name, gke = fresh("policy"), "--platform=gke"
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    made = gcloud(*command, "create", name, gke, f"--policy-file={path}")
    assert made.code == 0, made.err
    assert name in gcloud(*command, "list", "gke").out
    good = gcloud(*command, "evaluate", name, gke, "--image=gcr.io/good/img")
    assert (good.code, "verdict: CONFORMANT" in good.out) == (0, True), good.err
    bad = gcloud(*command, "evaluate", name, gke, "--image=gcr.io/bad/img")
    assert (bad.code, "NON_CONFORMANT" in bad.out) == (2, True), bad.err
    path.write_text(POLICY.replace("gcr.io/good", "gcr.io/bad"))
    assert gcloud(*command, "update", name, gke, f"--policy-file={path}").code == 0
    assert "gcr.io/bad" in gcloud(*command, "describe", name, gke).out
    assert gcloud(*command, "delete", name, gke).code == 0
    assert gcloud(*command, "describe", name, gke).code == 1
