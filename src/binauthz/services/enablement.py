"""Which services a project has enabled (Service Usage, SPEC 7.3).

Enabling takes effect at once; the operation that clients poll is done when they are given it.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from binauthz.base import names
from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.services import projects
from binauthz.services.context import Context
from binauthz.services.names import last_segment, not_found
from binauthz.services.paging import Page, PageRequest, window
from binauthz.store.interface import Reader, Writer
from binauthz.store.records import EnabledService, Operation, Project

TITLES: Mapping[str, str] = {
    "anthos.googleapis.com": "Anthos API",
    "artifactregistry.googleapis.com": "Artifact Registry API",
    "binaryauthorization.googleapis.com": "Binary Authorization API",
    "cloudkms.googleapis.com": "Cloud Key Management Service (KMS) API",
    "cloudresourcemanager.googleapis.com": "Cloud Resource Manager API",
    "compute.googleapis.com": "Compute Engine API",
    "connectgateway.googleapis.com": "Connect Gateway API",
    "container.googleapis.com": "Kubernetes Engine API",
    "containeranalysis.googleapis.com": "Container Analysis API",
    "containerregistry.googleapis.com": "Container Registry API",
    "containerscanning.googleapis.com": "Container Scanning API",
    "gkeconnect.googleapis.com": "GKE Connect API",
    "gkehub.googleapis.com": "GKE Hub API",
    "iam.googleapis.com": "Identity and Access Management (IAM) API",
    "logging.googleapis.com": "Cloud Logging API",
    "serviceusage.googleapis.com": "Service Usage API",
}
SERVICES_PER_BATCH = 20
PAGE_DEFAULT = 50
PAGE_MAXIMUM = 200
_FILTERS: Mapping[str, bool | None] = {"": None, "state:ENABLED": True, "state:DISABLED": False}
_TYPES = "type.googleapis.com/google.api.serviceusage.v1."


class ServiceState:
    """One service of a project and whether it is enabled."""

    __slots__ = ("enabled", "name", "project_number")

    def __init__(self, name: str, project_number: int, *, enabled: bool) -> None:
        self.name = name
        self.project_number = project_number
        self.enabled = enabled

    @property
    def host(self) -> str:
        """The service's host name."""
        return last_segment(self.name)

    @property
    def title(self) -> str:
        """What people call it."""
        return TITLES.get(self.host, self.host)


def _check_known(hosts: Sequence[str]) -> None:
    unknown = [host for host in hosts if host not in TITLES]
    if unknown:
        shown = ", ".join(host[:80] for host in unknown)
        raise ApiError(
            Code.PERMISSION_DENIED,
            f"Not found or permission denied for service(s): {shown}.",
            reason="SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED",
            metadata={"services": shown},
        )


def _state(tx: Reader, project: Project, host: str) -> ServiceState:
    enabled = tx.get(EnabledService, f"{project.name}/services/{host}") is not None
    return ServiceState(f"projects/{project.number}/services/{host}", project.number, enabled=enabled)


async def get_service(ctx: Context, name: str) -> ServiceState:
    """One service of a project; raises PERMISSION_DENIED for a service that does not exist, as Google does."""
    _, host = names.SERVICE.parse(name)
    _check_known([host])
    return await ctx.store.read(lambda tx: _state(tx, projects.require(tx, name), host))


async def list_services(ctx: Context, parent: str, request: PageRequest, filter: str = "") -> Page[ServiceState]:
    """A page of services by name; the filter is ``state:ENABLED``, ``state:DISABLED`` or nothing."""
    if filter.strip() not in _FILTERS:
        raise invalid_field("filter", f"got `{filter[:80]}`, expected state:ENABLED, state:DISABLED or nothing")
    wanted = _FILTERS[filter.strip()]

    def body(tx: Reader) -> Page[ServiceState]:
        project = projects.require_parent(tx, parent)
        where = window(request, "services", project.name, filter, default=PAGE_DEFAULT, maximum=PAGE_MAXIMUM)
        states = (_state(tx, project, host) for host in sorted(TITLES))
        found = [each for each in states if wanted in {None, each.enabled} and each.host > where.after]
        return where.page(found[: where.size + 1], lambda each: each.host)

    return await ctx.store.read(body)


async def enable_service(ctx: Context, name: str) -> Operation:
    """Enable one service; enabling twice is no error."""
    project, host = names.SERVICE.parse(name)
    return await _enable(ctx, f"projects/{project}", [host], batch=False)


async def enable_services(ctx: Context, parent: str, hosts: Sequence[str]) -> Operation:
    """Enable several services, all or none."""
    if not 0 < len(hosts) <= SERVICES_PER_BATCH:
        raise invalid_field("serviceIds", f"got {len(hosts)} services, expected 1 to {SERVICES_PER_BATCH}")
    return await _enable(ctx, parent, hosts, batch=True)


async def _enable(ctx: Context, parent: str, hosts: Sequence[str], *, batch: bool) -> Operation:
    _check_known(hosts)
    operation_id = f"acat.{uuid.uuid4()}"

    def body(tx: Writer) -> Operation:
        project = projects.require_parent(tx, parent)
        for host in hosts:
            tx.put(EnabledService(name=f"{project.name}/services/{host}"))
        states = [service_document(_state(tx, project, host)) for host in hosts]
        response: dict[str, Any] = {"services": states} if batch else {"service": states[0]}
        kind = "BatchEnableServicesResponse" if batch else "EnableServiceResponse"
        operation = Operation(
            name=f"operations/{operation_id}",
            done=True,
            response={"@type": _TYPES + kind, **response},
            metadata={
                "@type": _TYPES + "OperationMetadata",
                "resourceNames": [each["name"] for each in states],
            },
        )
        tx.put(operation)
        return operation

    return await ctx.store.write(body)


def service_document(state: ServiceState) -> dict[str, Any]:
    """The service in the API's JSON form."""
    return {
        "name": state.name,
        "parent": f"projects/{state.project_number}",
        "config": {"name": state.host, "title": state.title},
        "state": "ENABLED" if state.enabled else "DISABLED",
    }


async def get_operation(ctx: Context, name: str) -> Operation:
    """An operation by its unguessable name; raises NOT_FOUND."""
    names.OPERATION.parse(name)
    operation = await ctx.store.read(lambda tx: tx.get(Operation, name))
    if operation is None:
        raise not_found(name)
    return operation
