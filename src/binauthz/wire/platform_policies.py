"""Platform policies on the wire, always v1 (SPEC 6.1, 6.2)."""

from typing import Any

from google.protobuf.message import Message

from binauthz.base.errors import invalid_field
from binauthz.base.limits import MAX_AUDITED_REQUEST_BYTES
from binauthz.policy.platform import model
from binauthz.services import deploy_attestations, platform_policies
from binauthz.services.context import Context
from binauthz.wire.descriptors import message_class
from binauthz.wire.fields import enum_name, set_enum, unknown_fields
from binauthz.wire.paging import page_of
from binauthz.wire.platform_cloud_run import fill_cloud_run, to_cloud_run
from binauthz.wire.platform_evidence import DECODERS
from binauthz.wire.platform_results import fill_scope, from_results, to_pods

_PACKAGE = "google.cloud.binaryauthorization.v1"
_ATTESTING = "GENERATE_DEPLOY"


def _kind(check: Any, path: str) -> model.Kind | None:  # noqa: PLR0911  # One row for each kind.
    name = check.WhichOneof("check_type")
    each: Any = getattr(check, name) if name else None
    match name:
        case "always_deny":
            return model.AlwaysDeny(value=each)
        case "trusted_directory_check":
            return model.TrustedDirectoryCheck(patterns=tuple(each.trusted_dir_patterns))
        case "image_freshness_check":
            return model.ImageFreshnessCheck(max_upload_age_days=each.max_upload_age_days)
        case "vulnerability_check":
            return model.VulnerabilityCheck(
                maximum_fixable=model.MaximumSeverity(enum_name(each, "maximum_fixable_severity", path)),
                maximum_unfixable=model.MaximumSeverity(enum_name(each, "maximum_unfixable_severity", path)),
                allowed_cves=tuple(each.allowed_cves),
                blocked_cves=tuple(each.blocked_cves),
                projects=tuple(each.container_analysis_vulnerability_projects),
            )
        case "slsa_check":
            return model.SlsaCheck(rules=tuple(_slsa_rule(rule, path) for rule in each.rules))
        case "simple_signing_attestation_check":
            return model.SimpleSigningAttestationCheck(
                authenticators=tuple(_authenticator(item, path) for item in each.attestation_authenticators),
                projects=tuple(each.container_analysis_attestation_projects),
            )
        case "sigstore_signature_check":
            return model.SigstoreSignatureCheck(authorities=tuple(map(_authority, each.sigstore_authorities)))
    return None


def _slsa_rule(rule: Any, path: str) -> model.SlsaRule:
    return model.SlsaRule(
        trusted_builder=enum_name(rule, "trusted_builder", path),
        projects=tuple(rule.attestation_source.container_analysis_attestation_projects),
        config_based_build_required=rule.config_based_build_required,
        source_patterns=tuple(rule.trusted_source_repo_patterns),
        custom_constraints=rule.custom_constraints,
    )


def _authenticator(item: Any, path: str) -> model.Authenticator:
    keys = tuple(
        model.AuthenticatorKey(
            pem=key.public_key_pem, algorithm=enum_name(key, "signature_algorithm", path), id=key.key_id
        )
        for key in item.pkix_public_key_set.pkix_public_keys
    )
    return model.Authenticator(display_name=item.display_name, keys=keys)


def _authority(item: Any) -> model.SigstoreAuthority:
    keys = tuple(key.public_key_pem for key in item.public_key_set.public_keys)
    return model.SigstoreAuthority(display_name=item.display_name, keys=keys)


def _scope(scope: Any, path: str) -> model.Scope:
    # A scope says which of the two it is by the one that is not empty.
    if scope.HasField("kubernetes_namespace") and not scope.kubernetes_namespace:
        raise invalid_field(f"{path}.kubernetesNamespace", "is empty, expected a namespace")
    return model.Scope(namespace=scope.kubernetes_namespace, service_account=scope.kubernetes_service_account)


def _check_set(each: Any, path: str) -> model.CheckSet:
    return model.CheckSet(
        display_name=each.display_name,
        scope=_scope(each.scope, f"{path}.scope") if each.HasField("scope") else None,
        allowlist=tuple(each.image_allowlist.allow_pattern),
        checks=tuple(
            model.Check(
                display_name=check.display_name,
                allowlist=tuple(check.image_allowlist.allow_pattern),
                kind=_kind(check, f"{path}.checks[{index}]"),
            )
            for index, check in enumerate(each.checks)
        ),
    )


def to_policy(message: Any) -> model.PlatformPolicy:
    """The policy that a message holds."""
    gke = None
    if message.HasField("gke_policy"):
        gke = model.GkePolicy(
            allowlist=tuple(message.gke_policy.image_allowlist.allow_pattern),
            check_sets=tuple(
                _check_set(each, f"gkePolicy.checkSets[{index}]")
                for index, each in enumerate(message.gke_policy.check_sets)
            ),
        )
    return model.PlatformPolicy(
        name=message.name,
        description=message.description,
        gke=gke,
        cloud_run=to_cloud_run(message.cloud_run_policy) if message.HasField("cloud_run_policy") else None,
        etag=message.etag,
        unknown=unknown_fields(message),
    )


def _fill_check(message: Any, check: model.Check) -> None:  # noqa: PLR0912  # One row for each kind.
    message.display_name = check.display_name
    message.image_allowlist.allow_pattern.extend(check.allowlist)
    if not check.allowlist:
        message.ClearField("image_allowlist")
    match check.kind:
        case model.AlwaysDeny(value=value):
            message.always_deny = value
        case model.TrustedDirectoryCheck(patterns=patterns):
            message.trusted_directory_check.SetInParent()
            message.trusted_directory_check.trusted_dir_patterns.extend(patterns)
        case model.ImageFreshnessCheck(max_upload_age_days=days):
            message.image_freshness_check.SetInParent()
            message.image_freshness_check.max_upload_age_days = days
        case model.VulnerabilityCheck() as kind:
            check_message = message.vulnerability_check
            check_message.SetInParent()
            set_enum(check_message, "maximum_fixable_severity", kind.maximum_fixable.value)
            set_enum(check_message, "maximum_unfixable_severity", kind.maximum_unfixable.value)
            check_message.allowed_cves.extend(kind.allowed_cves)
            check_message.blocked_cves.extend(kind.blocked_cves)
            check_message.container_analysis_vulnerability_projects.extend(kind.projects)
        case model.SlsaCheck(rules=rules):
            message.slsa_check.SetInParent()
            for rule in rules:
                made = message.slsa_check.rules.add(
                    config_based_build_required=rule.config_based_build_required,
                    custom_constraints=rule.custom_constraints,
                    trusted_source_repo_patterns=rule.source_patterns,
                )
                set_enum(made, "trusted_builder", rule.trusted_builder)
                if rule.projects:
                    made.attestation_source.container_analysis_attestation_projects.extend(rule.projects)
        case model.SimpleSigningAttestationCheck() as kind:
            signing = message.simple_signing_attestation_check
            signing.SetInParent()
            signing.container_analysis_attestation_projects.extend(kind.projects)
            for each in kind.authenticators:
                item = signing.attestation_authenticators.add(display_name=each.display_name)
                for key in each.keys:
                    added = item.pkix_public_key_set.pkix_public_keys.add(public_key_pem=key.pem, key_id=key.id)
                    set_enum(added, "signature_algorithm", key.algorithm)
        case model.SigstoreSignatureCheck(authorities=authorities):
            message.sigstore_signature_check.SetInParent()
            for authority in authorities:
                item = message.sigstore_signature_check.sigstore_authorities.add(display_name=authority.display_name)
                for pem in authority.keys:
                    item.public_key_set.public_keys.add(public_key_pem=pem)
        case None:
            pass


def from_policy(policy: model.PlatformPolicy) -> Message:
    """The policy as a message."""
    message: Any = message_class(f"{_PACKAGE}.PlatformPolicy").FromString(policy.unknown)
    message.name, message.description, message.etag = policy.name, policy.description, policy.etag
    if policy.gke is not None:
        message.gke_policy.SetInParent()
        if policy.gke.allowlist:
            message.gke_policy.image_allowlist.allow_pattern.extend(policy.gke.allowlist)
        for each in policy.gke.check_sets:
            item = message.gke_policy.check_sets.add(display_name=each.display_name)
            fill_scope(item, each.scope)
            if each.allowlist:
                item.image_allowlist.allow_pattern.extend(each.allowlist)
            for check in each.checks:
                _fill_check(item.checks.add(), check)
    if policy.cloud_run is not None:
        fill_cloud_run(message.cloud_run_policy, policy.cloud_run)
    if policy.update_time is not None:
        message.update_time.FromDatetime(policy.update_time)
    result: Message = message
    return result


async def create(ctx: Context, request: Any) -> Message:
    """CreatePlatformPolicy."""
    draft = to_policy(request.platform_policy)
    return from_policy(await platform_policies.create(ctx, request.parent, request.policy_id, draft))


async def get(ctx: Context, request: Any) -> Message:
    """GetPlatformPolicy."""
    return from_policy(await platform_policies.get(ctx, request.name))


async def replace(ctx: Context, request: Any) -> Message:
    """ReplacePlatformPolicy."""
    return from_policy(await platform_policies.replace(ctx, to_policy(request.platform_policy)))


async def delete(ctx: Context, request: Any) -> Message:
    """DeletePlatformPolicy."""
    await platform_policies.delete(ctx, request.name, request.etag)
    return message_class("google.protobuf.Empty")()


async def list_policies(ctx: Context, request: Any) -> Message:
    """ListPlatformPolicies."""
    asked = page_of(request)
    page = await platform_policies.list_policies(ctx, request.parent, asked)
    answer: Any = message_class(f"{_PACKAGE}.ListPlatformPoliciesResponse")()
    answer.platform_policies.extend(map(from_policy, page.items))
    answer.next_page_token = page.next_token
    result: Message = answer
    return result


async def list_platforms(ctx: Context, request: Any) -> Message:
    """ListPlatforms; two of them, on one page."""
    answer: Any = message_class(f"{_PACKAGE}.ListPlatformsResponse")()
    for name in await platform_policies.list_platforms(ctx, request.parent):
        answer.platforms.add(name=name)
    result: Message = answer
    return result


async def evaluate(ctx: Context, request: Any) -> Message:
    """EvaluateGkePolicy; attestations come with an answer that conforms, where they are asked for."""
    mode = enum_name(request, "attestation_mode", "evaluateGkePolicyRequest")
    if mode == _ATTESTING and (size := request.ByteSize()) > MAX_AUDITED_REQUEST_BYTES:
        # The audit entry has to say what was attested.
        expected = f"expected at most {MAX_AUDITED_REQUEST_BYTES} where attestations are asked for"
        raise invalid_field("resource", f"got a request of {size} bytes, {expected}")
    policy, results = await platform_policies.evaluate_pods(ctx, request.name, to_pods(request.resource), DECODERS)
    answer: Any = from_results(results)
    if mode == _ATTESTING:
        answer.attestations.extend(await deploy_attestations.attest(ctx, policy, results))
    result: Message = answer
    return result
