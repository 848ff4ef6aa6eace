"""The committed descriptor set: what it must hold, how big it may be, and that its sources still make it."""

import gzip
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from binauthz.wire import descriptors

BINAUTHZ = "google.cloud.binaryauthorization"


def fields(full_name: str) -> set[str]:
    return {field.json_name for field in descriptors.descriptor(full_name).fields}


def test_the_set_is_small_and_compressed_without_a_timestamp() -> None:
    packed = resources.files("binauthz.wire").joinpath("descriptors.binpb.gz").read_bytes()
    assert len(packed) < 250_000
    assert packed[4:8] == b"\0\0\0\0"
    assert len(gzip.decompress(packed)) < 1_000_000


def test_every_message_builds() -> None:
    for method in descriptors.methods().values():
        descriptors.message_class(method.input_type.full_name)()
        descriptors.message_class(method.output_type.full_name)()


def test_the_note_block_has_its_name_of_each_version() -> None:
    assert "userOwnedGrafeasNote" in fields(f"{BINAUTHZ}.v1.Attestor")
    for version in ("v1beta1", "v1alpha2"):
        assert "userOwnedDrydockNote" in fields(f"{BINAUTHZ}.{version}.Attestor")


@pytest.mark.parametrize(
    "method",
    [
        f"{BINAUTHZ}.v1.PlatformPolicyManagementService.ReplacePlatformPolicy",
        f"{BINAUTHZ}.v1.PlatformPolicyManagementService.ListPlatforms",
        f"{BINAUTHZ}.v1.PlatformPolicyEvaluationService.EvaluateGkePolicy",
        f"{BINAUTHZ}.v1.ValidationHelperV1.ValidateAttestationOccurrence",
        f"{BINAUTHZ}.v1beta1.ValidationHelperV1Beta1.ValidateAttestationOccurrence",
        f"{BINAUTHZ}.v1alpha2.BinauthzManagementServiceV1Alpha2.UpdateAttestor",
        f"{BINAUTHZ}.v1alpha2.ContinuousValidationManagementServiceV1Alpha2.GetContinuousValidationConfig",
        "google.api.serviceusage.v1.ServiceUsage.EnableService",
        "google.cloud.gkeconnect.gateway.v1alpha1.GatewayControl.GenerateCredentials",
        "google.cloud.gkehub.v1beta.GkeHub.ListMemberships",
        "google.cloud.kms.v1.KeyManagementService.AsymmetricSign",
        "google.cloud.resourcemanager.v1.Projects.TestIamPermissions",
        "google.container.v1beta1.ClusterManager.UpdateCluster",
        "google.devtools.artifactregistry.v1.ArtifactRegistry.GetDockerImage",
        "google.devtools.containeranalysis.v1beta1.ContainerAnalysisV1Beta1.GetIamPolicy",
        "google.iam.v1.IAMPolicy.TestIamPermissions",
        "google.logging.v2.LoggingServiceV2.ListLogEntries",
        "google.longrunning.Operations.GetOperation",
        "grafeas.v1.Grafeas.BatchCreateOccurrences",
        "grafeas.v1beta1.GrafeasV1Beta1.CreateNote",
    ],
)
def test_every_api_that_the_field_calls_is_there(method: str) -> None:
    assert method in descriptors.methods()


def test_members_that_only_other_documents_name_are_there() -> None:
    assert "cloudRunPolicy" in fields(f"{BINAUTHZ}.v1.PlatformPolicy")
    assert "attestationMode" in fields(f"{BINAUTHZ}.v1.EvaluateGkePolicyRequest")
    assert "attestations" in fields(f"{BINAUTHZ}.v1.EvaluateGkePolicyResponse")
    assert "returnPartialSuccess" in fields("grafeas.v1.ListNotesRequest")
    assert "onPremCluster" in fields("google.cloud.gkehub.v1.MembershipEndpoint")
    modes = descriptors.descriptor("google.container.v1.BinaryAuthorization").enum_types[0].values_by_name
    assert "POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE" in modes


def test_a_check_is_one_of_its_kinds() -> None:
    check = descriptors.descriptor(f"{BINAUTHZ}.v1.Check")
    (kinds,) = check.oneofs
    assert {field.name for field in kinds.fields} >= {"always_deny", "slsa_check", "vulnerability_check"}


def test_packed_any_payloads_are_known() -> None:
    status: Any = descriptors.message_class("google.rpc.Status")()
    status.details.add().Pack(descriptors.message_class("google.cloud.audit.AuditLog")())
    assert status.details[0].type_url.endswith("google.cloud.audit.AuditLog")


@pytest.mark.clients
def test_the_sources_make_what_is_committed(need: Callable[[str], str], tmp_path: Path) -> None:
    need("npm")
    done = subprocess.run(
        [sys.executable, "-m", "tools.make_descriptors", "--check"],
        cwd=Path(__file__).parent.parent.parent,
        env={**os.environ, "npm_config_cache": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
