"""Which services a project has enabled (Service Usage, SPEC 7.3).

Enabling and disabling take effect at once; the operation that clients poll is done when they are given it. Calls to an
API that was disabled are refused in Google's words. What judges Pods asks nobody's leave: it is not an API call, and
disabling an API neither admits nor refuses a Pod.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from binauthz.base import names
from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.services import projects
from binauthz.services.context import Context
from binauthz.services.names import last_segment
from binauthz.services.paging import Page, PageRequest, window
from binauthz.store.interface import Reader, Writer
from binauthz.store.records import DisabledService, EnabledService, Operation, Project

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
# Disabling the first of these takes the second with it, or is refused.
_NEEDED_BY: Mapping[str, tuple[str, ...]] = {
    "compute.googleapis.com": ("container.googleapis.com",),
    "containeranalysis.googleapis.com": ("containerscanning.googleapis.com",),
    "gkehub.googleapis.com": ("connectgateway.googleapis.com",),
}
# Without these a project could not be seen, nor anything enabled again.
_ALWAYS_ANSWER = {"cloudresourcemanager.googleapis.com", "iam.googleapis.com", "serviceusage.googleapis.com"}
SERVICES_PER_BATCH = 20
SERVICES_PER_GET = 30
_KEPT = 500
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


async def get_services(ctx: Context, parent: str, service_names: Sequence[str]) -> list[ServiceState]:
    """Several services of one project, in the order asked."""
    if not 0 < len(service_names) <= SERVICES_PER_GET:
        raise invalid_field("names", f"got {len(service_names)} names, expected 1 to {SERVICES_PER_GET}")
    parsed = [names.SERVICE.parse(each, "names") for each in service_names]
    _check_known([host for _, host in parsed])

    def body(tx: Reader) -> list[ServiceState]:
        project = projects.require_parent(tx, parent)
        for name, (given, _) in zip(service_names, parsed, strict=True):
            if given not in {project.project_id, str(project.number)}:
                raise invalid_field("names", f"got `{name[:120]}`, expected a service of {parent}")
        return [_state(tx, project, host) for _, host in parsed]

    return await ctx.store.read(body)


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


async def disable_service(ctx: Context, name: str, *, with_dependents: bool = False) -> Operation:
    """Disable one service, with those that need it if asked to.

    Raises FAILED_PRECONDITION for a service that is not enabled, and for one that an enabled service needs.
    """
    _, host = names.SERVICE.parse(name)
    _check_known([host])
    operation_name = _new_operation(ctx)

    def body(tx: Writer) -> Operation:
        project = projects.require(tx, name)
        if not _state(tx, project, host).enabled:
            raise ApiError(
                Code.FAILED_PRECONDITION,
                f"Service '{host}' is not enabled for project '{project.number}'.",
                reason="SERVICE_NOT_ENABLED",
                metadata={"service": host},
            )
        needing = [each for each in _NEEDED_BY.get(host, ()) if _state(tx, project, each).enabled]
        if needing and not with_dependents:
            raise ApiError(
                Code.FAILED_PRECONDITION,
                f"The service {host} is depended on by the following active service(s): {','.join(needing)}; Please "
                "specify disable_dependent_services=true if you want to proceed with disabling all services.",
                reason="SERVICE_HAS_DEPENDENTS",
                metadata={"services": ",".join(needing)},
            )
        for each in (host, *needing):
            tx.delete(EnabledService, f"{project.name}/services/{each}")
            tx.put(DisabledService(name=f"{project.name}/services/{each}"))
        state = service_document(_state(tx, project, host))
        return _done(tx, operation_name, "DisableServiceResponse", {"service": state}, [state["name"]])

    return await ctx.store.write(body)


def demand_not_disabled(tx: Reader, host: str, resource: str) -> None:
    """Raise PERMISSION_DENIED, with Google's reason and words, where the resource's project has disabled the API."""
    if host in _ALWAYS_ANSWER or not resource.startswith("projects/"):
        return
    project = projects.find(tx, resource)
    if project is None or tx.get(DisabledService, f"{project.name}/services/{host}") is None:
        return
    raise ApiError(
        Code.PERMISSION_DENIED,
        f"{TITLES.get(host, host)} has not been used in project {project.number} before or it is disabled. Enable it "
        f"by visiting https://console.developers.google.com/apis/api/{host}/overview?project={project.number} then "
        "retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and "
        "retry.",
        reason="SERVICE_DISABLED",
        metadata={"service": host, "consumer": f"projects/{project.number}"},
    )


def _new_operation(ctx: Context) -> str:
    """A name that cannot be guessed; names sort by age."""
    return f"operations/acat.{int(ctx.clock.now().timestamp() * 1000):013d}-{uuid.uuid4()}"


def _done(tx: Writer, name: str, kind: str, response: Mapping[str, Any], resources: Sequence[str]) -> Operation:
    """Keep an operation that is over, and forget the oldest of many."""
    found = tx.list(Operation, "")
    for each in found[: max(0, len(found) - _KEPT + 1)]:
        tx.delete(Operation, each.name)
    operation = Operation(
        name=name,
        done=True,
        response={"@type": _TYPES + kind, **response},
        metadata={"@type": _TYPES + "OperationMetadata", "resourceNames": list(resources)},
    )
    tx.put(operation)
    return operation


async def _enable(ctx: Context, parent: str, hosts: Sequence[str], *, batch: bool) -> Operation:
    _check_known(hosts)
    operation_name = _new_operation(ctx)

    def body(tx: Writer) -> Operation:
        project = projects.require_parent(tx, parent)
        for host in hosts:
            tx.put(EnabledService(name=f"{project.name}/services/{host}"))
            tx.delete(DisabledService, f"{project.name}/services/{host}")
        states = [service_document(_state(tx, project, host)) for host in hosts]
        response: dict[str, Any] = {"services": states} if batch else {"service": states[0]}
        kind = "BatchEnableServicesResponse" if batch else "EnableServiceResponse"
        return _done(tx, operation_name, kind, response, [each["name"] for each in states])

    return await ctx.store.write(body)


def service_document(state: ServiceState) -> dict[str, Any]:
    """The service in the API's JSON form."""
    return {
        "name": state.name,
        "parent": f"projects/{state.project_number}",
        "config": {"name": state.host, "title": state.title},
        "state": "ENABLED" if state.enabled else "DISABLED",
    }
