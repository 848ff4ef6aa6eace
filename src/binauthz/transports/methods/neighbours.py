"""Service Usage, Logging and their operations (SPEC 7)."""

from collections.abc import Iterator

from binauthz.transports.method import Method
from binauthz.transports.methods.rows import name, nothing, parent, row
from binauthz.wire import locations, logging, operations, serviceusage


def methods() -> Iterator[Method]:
    """Every served method of the services around ours."""
    usage, services = "google.api.serviceusage.v1.ServiceUsage", "serviceusage.services"
    yield row(usage, "GetService", f"{services}.get", name, serviceusage.get_service)
    yield row(usage, "ListServices", f"{services}.list", parent, serviceusage.list_services)
    yield row(usage, "EnableService", f"{services}.enable", name, serviceusage.enable_service)
    yield row(usage, "BatchEnableServices", f"{services}.enable", parent, serviceusage.batch_enable_services)
    yield row(usage, "BatchGetServices", f"{services}.get", parent, serviceusage.batch_get_services)
    yield row(usage, "DisableService", f"{services}.disable", name, serviceusage.disable_service)
    yield from _operations()
    yield from _locations()
    log = "google.logging.v2.LoggingServiceV2"
    yield row(log, "ListLogEntries", None, nothing, logging.list_log_entries)
    yield row(log, "WriteLogEntries", None, nothing, logging.write_log_entries)
    yield row(log, "ListLogs", None, nothing, logging.list_logs)
    yield row(log, "DeleteLog", "logging.logs.delete", lambda r: str(r.log_name), logging.delete_log)
    descriptors = logging.list_monitored_resource_descriptors
    yield row(log, "ListMonitoredResourceDescriptors", None, nothing, descriptors)


def _operations() -> Iterator[Method]:
    service = "google.longrunning.Operations"
    yield row(service, "GetOperation", None, name, operations.get_operation)
    yield row(service, "ListOperations", "gkehub.operations.list", name, operations.list_operations)
    yield row(service, "DeleteOperation", None, name, operations.delete_operation)
    yield row(service, "CancelOperation", None, name, operations.cancel_operation)


def _locations() -> Iterator[Method]:
    service, permission = "google.cloud.location.Locations", "resourcemanager.projects.get"
    yield row(service, "GetLocation", permission, name, locations.get_location)
    yield row(service, "ListLocations", permission, name, locations.list_locations)
