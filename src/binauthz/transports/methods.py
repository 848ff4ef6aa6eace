"""The table of served methods: what runs, and which permission on which resource its caller needs (SPEC 1.9).

A method of the descriptor set without a row answers UNIMPLEMENTED. Where the permission is None the handler decides:
IAM methods by the family of the resource, log queries by each project they name, and what everyone who is
authenticated may read (the system policy, operations by their unguessable names, what one is allowed to do).
"""

from collections.abc import Callable, Iterator
from typing import Any

from binauthz.transports.method import Handler, Method
from binauthz.wire import (
    container,
    grafeas,
    grafeas_beta,
    iam,
    logging,
    platform_policies,
    resourcemanager,
    serviceusage,
)
from binauthz.wire.attestors import AttestorHandlers
from binauthz.wire.gkehub import GatewayHandlers, HubHandlers
from binauthz.wire.policies import PolicyHandlers

_BINAUTHZ = "google.cloud.binaryauthorization"
_BINAUTHZ_VERSIONS = {"v1": "V1", "v1beta1": "V1Beta1", "v1alpha2": "V1Alpha2"}
_ANALYSIS = (
    "google.devtools.containeranalysis.v1.ContainerAnalysis",
    "google.devtools.containeranalysis.v1beta1.ContainerAnalysisV1Beta1",
)


def _name(request: Any) -> str:
    return str(request.name)


def _parent(request: Any) -> str:
    return str(request.parent)


def _resource(request: Any) -> str:
    return str(request.resource)


def _policy(request: Any) -> str:
    return str(request.policy.name)


def _attestor(request: Any) -> str:
    return str(request.attestor.name)


def _nothing(request: Any) -> str:
    del request
    return ""


def _row(service: str, method: str, permission: str | None, resource: Callable[[Any], str], handler: Handler) -> Method:
    return Method(full_name=f"{service}.{method}", permission=permission, resource=resource, handler=handler)


def _binary_authorization() -> Iterator[Method]:
    for version, suffix in _BINAUTHZ_VERSIONS.items():
        policy, attestor = PolicyHandlers(version), AttestorHandlers(version)
        package = f"{_BINAUTHZ}.{version}"
        management = f"{package}.BinauthzManagementService{suffix}"
        permission = "binaryauthorization"
        yield _row(management, "GetPolicy", f"{permission}.policy.get", _name, policy.get)
        yield _row(
            management, "UpdatePolicy", f"{permission}.policy.update", lambda r: str(r.policy.name), policy.update
        )
        yield _row(f"{package}.SystemPolicy{suffix}", "GetSystemPolicy", None, _name, policy.get_system)
        yield _row(management, "CreateAttestor", f"{permission}.attestors.create", _parent, attestor.create)
        yield _row(management, "GetAttestor", f"{permission}.attestors.get", _name, attestor.get)
        yield _row(
            management,
            "UpdateAttestor",
            f"{permission}.attestors.update",
            lambda r: str(r.attestor.name),
            attestor.update,
        )
        yield _row(management, "ListAttestors", f"{permission}.attestors.list", _parent, attestor.list)
        yield _row(management, "DeleteAttestor", f"{permission}.attestors.delete", _name, attestor.delete)
        yield _row(
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
    yield _row(management, "CreatePlatformPolicy", f"{permission}.create", _parent, handlers.create)
    yield _row(management, "GetPlatformPolicy", f"{permission}.get", _name, handlers.get)
    yield _row(management, "ListPlatformPolicies", f"{permission}.list", _parent, handlers.list_policies)
    yield _row(
        management,
        "ReplacePlatformPolicy",
        f"{permission}.replace",
        lambda r: str(r.platform_policy.name),
        handlers.replace,
    )
    yield _row(management, "DeletePlatformPolicy", f"{permission}.delete", _name, handlers.delete)
    yield _row(management, "ListPlatforms", f"{permission}.list", _parent, handlers.list_platforms)
    evaluation = f"{package}.PlatformPolicyEvaluationService"
    yield _row(evaluation, "EvaluateGkePolicy", f"{permission}.evaluatePolicy", _name, handlers.evaluate)


def _iam() -> Iterator[Method]:
    for service in ("google.iam.v1.IAMPolicy", *_ANALYSIS):
        yield _row(service, "GetIamPolicy", None, _resource, iam.BY_NAME.get)
        yield _row(service, "SetIamPolicy", None, _resource, iam.BY_NAME.set)
        yield _row(service, "TestIamPermissions", None, _resource, iam.BY_NAME.test)


def _grafeas() -> Iterator[Method]:
    v1, beta = "grafeas.v1.Grafeas", "grafeas.v1beta1.GrafeasV1Beta1"
    notes, occurrences = "containeranalysis.notes", "containeranalysis.occurrences"
    yield _row(v1, "CreateNote", f"{notes}.create", _parent, grafeas.create_note)
    yield _row(v1, "BatchCreateNotes", f"{notes}.create", _parent, grafeas.batch_create_notes)
    yield _row(v1, "GetNote", f"{notes}.get", _name, grafeas.get_note)
    yield _row(v1, "ListNotes", f"{notes}.list", _parent, grafeas.list_notes)
    yield _row(v1, "UpdateNote", f"{notes}.update", _name, grafeas.update_note)
    yield _row(v1, "DeleteNote", f"{notes}.delete", _name, grafeas.delete_note)
    yield _row(v1, "CreateOccurrence", f"{occurrences}.create", _parent, grafeas.create_occurrence)
    yield _row(v1, "BatchCreateOccurrences", f"{occurrences}.create", _parent, grafeas.batch_create_occurrences)
    yield _row(v1, "GetOccurrence", f"{occurrences}.get", _name, grafeas.get_occurrence)
    yield _row(v1, "GetOccurrenceNote", f"{occurrences}.get", _name, grafeas.get_occurrence_note)
    yield _row(v1, "ListOccurrences", f"{occurrences}.list", _parent, grafeas.list_occurrences)
    yield _row(v1, "ListNoteOccurrences", f"{notes}.listOccurrences", _name, grafeas.list_note_occurrences)
    yield _row(v1, "UpdateOccurrence", f"{occurrences}.update", _name, grafeas.update_occurrence)
    yield _row(v1, "DeleteOccurrence", f"{occurrences}.delete", _name, grafeas.delete_occurrence)
    yield _row(beta, "CreateNote", f"{notes}.create", _parent, grafeas_beta.create_note)
    yield _row(beta, "BatchCreateNotes", f"{notes}.create", _parent, grafeas_beta.batch_create_notes)
    yield _row(beta, "GetNote", f"{notes}.get", _name, grafeas_beta.get_note)
    yield _row(beta, "ListNotes", f"{notes}.list", _parent, grafeas_beta.list_notes)
    yield _row(beta, "UpdateNote", f"{notes}.update", _name, grafeas_beta.update_note)
    yield _row(beta, "DeleteNote", f"{notes}.delete", _name, grafeas.delete_note)
    yield _row(beta, "CreateOccurrence", f"{occurrences}.create", _parent, grafeas_beta.create_occurrence)
    yield _row(beta, "BatchCreateOccurrences", f"{occurrences}.create", _parent, grafeas_beta.batch_create_occurrences)
    yield _row(beta, "UpdateOccurrence", f"{occurrences}.update", _name, grafeas_beta.update_occurrence)
    yield _row(beta, "GetOccurrence", f"{occurrences}.get", _name, grafeas_beta.get_occurrence)
    yield _row(beta, "GetOccurrenceNote", f"{occurrences}.get", _name, grafeas_beta.get_occurrence_note)
    yield _row(beta, "ListOccurrences", f"{occurrences}.list", _parent, grafeas_beta.list_occurrences)
    yield _row(beta, "ListNoteOccurrences", f"{notes}.listOccurrences", _name, grafeas_beta.list_note_occurrences)
    yield _row(beta, "DeleteOccurrence", f"{occurrences}.delete", _name, grafeas.delete_occurrence)


def _clusters() -> Iterator[Method]:
    for version in ("v1", "v1beta1"):
        service, handlers = f"google.container.{version}.ClusterManager", container.ContainerHandlers(version)
        clusters, operations = "container.clusters", "container.operations"
        yield _row(service, "GetCluster", f"{clusters}.get", container.cluster_name, handlers.get_cluster)
        yield _row(service, "ListClusters", f"{clusters}.list", container.location_name, handlers.list_clusters)
        yield _row(service, "GetOperation", f"{operations}.get", container.operation_name, handlers.get_operation)
        yield _row(service, "ListOperations", f"{operations}.list", container.location_name, handlers.list_operations)
    for version in ("v1", "v1beta"):
        hub, members = f"google.cloud.gkehub.{version}.GkeHub", HubHandlers(version)
        yield _row(hub, "GetMembership", "gkehub.memberships.get", _name, members.get)
        yield _row(hub, "ListMemberships", "gkehub.memberships.list", _parent, members.list)
    for version in ("v1", "v1beta1", "v1alpha1"):
        yield _row(
            f"google.cloud.gkeconnect.gateway.{version}.GatewayControl",
            "GenerateCredentials",
            "gkehub.gateway.generateCredentials",
            _name,
            GatewayHandlers(version).generate,
        )


def _projects() -> Iterator[Method]:
    manager = "google.cloud.resourcemanager.v1.Projects"
    yield _row(
        manager,
        "GetProject",
        "resourcemanager.projects.get",
        lambda r: f"projects/{r.project_id}",
        resourcemanager.get_project,
    )
    yield _row(manager, "ListProjects", None, _nothing, resourcemanager.list_projects)
    yield _row(manager, "GetIamPolicy", None, _project_by_id, iam.BY_PROJECT_ID.get)
    yield _row(manager, "SetIamPolicy", None, _project_by_id, iam.BY_PROJECT_ID.set)
    yield _row(manager, "TestIamPermissions", None, _project_by_id, iam.BY_PROJECT_ID.test)


def _project_by_id(request: Any) -> str:
    return iam.project_name(request.resource)


def _neighbours() -> Iterator[Method]:
    usage, services = "google.api.serviceusage.v1.ServiceUsage", "serviceusage.services"
    yield _row(usage, "GetService", f"{services}.get", _name, serviceusage.get_service)
    yield _row(usage, "ListServices", f"{services}.list", _parent, serviceusage.list_services)
    yield _row(usage, "EnableService", f"{services}.enable", _name, serviceusage.enable_service)
    yield _row(usage, "BatchEnableServices", f"{services}.enable", _parent, serviceusage.batch_enable_services)
    yield _row("google.longrunning.Operations", "GetOperation", None, _name, serviceusage.get_operation)
    log = "google.logging.v2.LoggingServiceV2"
    yield _row(log, "ListLogEntries", None, _nothing, logging.list_log_entries)
    yield _row(log, "WriteLogEntries", None, _nothing, logging.write_log_entries)


METHODS: tuple[Method, ...] = (
    *_binary_authorization(),
    *_platform_policies(),
    *_iam(),
    *_grafeas(),
    *_clusters(),
    *_projects(),
    *_neighbours(),
)
