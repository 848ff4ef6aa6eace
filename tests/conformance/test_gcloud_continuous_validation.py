"""`gcloud alpha container binauthz continuous-validation` and `policy export-system-policy`, unmodified (SPEC 6.9)."""

from collections.abc import Callable

import pytest

from tests.conformance.gcloud import Gcloud
from tests.conformance.rest import Rest
from tests.conformance.server import PROJECT, Target
from tests.conformance.services import CONTINUOUS

pytestmark = [pytest.mark.servers, pytest.mark.clients]
BINAUTHZ = ("alpha", "container", "binauthz")
CONFIG = f"/v1alpha2/projects/{PROJECT}/continuousValidationConfig"


@pytest.fixture(scope="module")
def gcloud(need: Callable[[str], str], target: Target, tmp_path_factory: pytest.TempPathFactory) -> Gcloud:
    return Gcloud(need("gcloud"), target, tmp_path_factory.mktemp("gcloud"))


@pytest.mark.shows(CONTINUOUS, "GetContinuousValidationConfig", "UpdateContinuousValidationConfig")
def test_continuous_validation_is_switched_on_and_off(gcloud: Gcloud, rest: Rest) -> None:
    command = (*BINAUTHZ, "continuous-validation")
    assert gcloud(*command, "disable").code == 0
    shown = gcloud(*command, "describe").out
    assert "enabled: false" in shown
    assert f"name: projects/{PROJECT}/continuousValidationConfig" in shown
    enabled = gcloud(*command, "enable")
    assert enabled.code == 0, enabled.err
    shown = gcloud(*command, "describe").out
    assert "enabled: true" in shown
    assert "updateTime: '" in shown
    assert rest.get(CONFIG).document["enforcementPolicyConfig"] == {"enabled": True}
    assert gcloud(*command, "disable").code == 0
    assert rest.get(CONFIG).document["enforcementPolicyConfig"] == {}


def test_the_system_policy_is_exported(gcloud: Gcloud) -> None:
    for location in ((), ("--location=us-central1",)):
        policy = gcloud.json(*BINAUTHZ, "policy", "export-system-policy", *location)
        assert policy["name"].endswith("/policy")
        assert policy["admissionWhitelistPatterns"]
