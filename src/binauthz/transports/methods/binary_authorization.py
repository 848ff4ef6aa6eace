"""Policies, attestors and platform policies, in every version (SPEC 0.2, 1, 2, 6)."""

from collections.abc import Iterator

from binauthz.transports.method import Method
from binauthz.transports.methods.rows import name, parent, row
from binauthz.wire import continuous_validation, platform_policies
from binauthz.wire.attestors import AttestorHandlers
from binauthz.wire.policies import PolicyHandlers

_BINAUTHZ = "google.cloud.binaryauthorization"
_VERSIONS = {"v1": "V1", "v1beta1": "V1Beta1", "v1alpha2": "V1Alpha2"}


def methods() -> Iterator[Method]:
    """Every served method of Binary Authorization."""
    yield from _policies_and_attestors()
    yield from _platform_policies()
    yield from _continuous_validation()


def _policies_and_attestors() -> Iterator[Method]:
    for version, suffix in _VERSIONS.items():
        policy, attestor = PolicyHandlers(version), AttestorHandlers(version)
        package = f"{_BINAUTHZ}.{version}"
        management = f"{package}.BinauthzManagementService{suffix}"
        permission = "binaryauthorization"
        yield row(management, "GetPolicy", f"{permission}.policy.get", name, policy.get)
        yield row(
            management, "UpdatePolicy", f"{permission}.policy.update", lambda r: str(r.policy.name), policy.update
        )
        yield row(f"{package}.SystemPolicy{suffix}", "GetSystemPolicy", None, name, policy.get_system)
        yield row(management, "CreateAttestor", f"{permission}.attestors.create", parent, attestor.create)
        yield row(management, "GetAttestor", f"{permission}.attestors.get", name, attestor.get)
        yield row(
            management,
            "UpdateAttestor",
            f"{permission}.attestors.update",
            lambda r: str(r.attestor.name),
            attestor.update,
        )
        yield row(management, "ListAttestors", f"{permission}.attestors.list", parent, attestor.list)
        yield row(management, "DeleteAttestor", f"{permission}.attestors.delete", name, attestor.delete)
        yield row(
            f"{package}.ValidationHelper{suffix}",
            "ValidateAttestationOccurrence",
            f"{permission}.attestors.verifyImageAttested",
            lambda r: str(r.attestor),
            attestor.validate,
        )


def _platform_policies() -> Iterator[Method]:
    package = f"{_BINAUTHZ}.v1"
    management, permission = f"{package}.PlatformPolicyManagementService", "binaryauthorization.platformPolicies"
    handlers = platform_policies
    yield row(management, "CreatePlatformPolicy", f"{permission}.create", parent, handlers.create)
    yield row(management, "GetPlatformPolicy", f"{permission}.get", name, handlers.get)
    yield row(management, "ListPlatformPolicies", f"{permission}.list", parent, handlers.list_policies)
    yield row(
        management,
        "ReplacePlatformPolicy",
        f"{permission}.replace",
        lambda r: str(r.platform_policy.name),
        handlers.replace,
    )
    yield row(management, "DeletePlatformPolicy", f"{permission}.delete", name, handlers.delete)
    yield row(management, "ListPlatforms", f"{permission}.list", parent, handlers.list_platforms)
    evaluation = f"{package}.PlatformPolicyEvaluationService"
    yield row(evaluation, "EvaluateGkePolicy", f"{permission}.evaluatePolicy", name, handlers.evaluate)


def _continuous_validation() -> Iterator[Method]:
    management = f"{_BINAUTHZ}.v1alpha2.ContinuousValidationManagementServiceV1Alpha2"
    permission = "binaryauthorization.continuousValidationConfig"
    handlers = continuous_validation
    yield row(management, "GetContinuousValidationConfig", f"{permission}.get", name, handlers.get)
    yield row(
        management,
        "UpdateContinuousValidationConfig",
        f"{permission}.update",
        lambda r: str(r.continuous_validation_config.name),
        handlers.update,
    )
