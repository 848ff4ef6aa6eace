"""v1: the plain objects, namespaces, nodes and events."""

import base64

from binauthz.cluster.catalogue.age import since
from binauthz.cluster.catalogue.cells import AGE, NAME, count, string
from binauthz.cluster.catalogue.fields import Object, attach, condition, default, integer, items, mapping, text
from binauthz.cluster.catalogue.names import check_metadata, config_key, dns_label, dns_subdomain
from binauthz.cluster.catalogue.pods import PODS
from binauthz.cluster.catalogue.services import SERVICES
from binauthz.cluster.catalogue.violations import Violations, duplicate, forbidden, invalid, required, too_long
from binauthz.cluster.resource import Column, Resource

_DATA_LIMIT = 1024 * 1024


def prepare_plain(new: Object, _old: Object | None) -> Violations:
    """Name, labels and annotations only."""
    return check_metadata(new, dns_subdomain)


def prepare_namespace(new: Object, old: Object | None) -> Violations:
    """A namespace starts Active and is kept, when deleted, until its contents are gone."""
    metadata = attach(new, "metadata")
    attach(metadata, "labels")["kubernetes.io/metadata.name"] = text(metadata, "name")
    if old is None:
        attach(new, "spec")["finalizers"] = ["kubernetes"]
        new["status"] = {"phase": "Active"}
    else:
        # Only the finalize subresource may change the finalizers of the spec.
        attach(new, "spec")["finalizers"] = list(mapping(old, "spec").get("finalizers") or [])
    return check_metadata(new, dns_label)


def _check_data(new: Object, old: Object | None, *fields: str) -> Violations:
    found = check_metadata(new, dns_subdomain)
    seen: set[str] = set()
    size = 0
    for field in fields:
        for key, value in mapping(new, field).items():
            found += [invalid(f"{field}[{key}]", key, problem) for problem in config_key(key)]
            if key in seen:
                found.append(duplicate(f"{field}[{key}]", key))
            seen.add(key)
            size += len(str(value))
    if size > _DATA_LIMIT:
        found.append(too_long("data", _DATA_LIMIT))
    if old is not None and old.get("immutable") is True:
        if new.get("immutable") is not True:
            found.append(forbidden("immutable", "field is immutable when `immutable` is set"))
        for field in fields:
            if mapping(new, field) != mapping(old, field):
                found.append(forbidden(field, "field is immutable when `immutable` is set"))
    return found


def prepare_config_map(new: Object, old: Object | None) -> Violations:
    """A ConfigMap's keys, and its size."""
    return _check_data(new, old, "data", "binaryData")


def prepare_secret(new: Object, old: Object | None) -> Violations:
    """A Secret: ``stringData`` becomes ``data`` on its way in."""
    default(new, type="Opaque")
    written = new.pop("stringData", None)
    if isinstance(written, dict):
        data = attach(new, "data")
        for key, value in written.items():
            data[key] = base64.b64encode(str(value).encode()).decode()
    found = _check_data(new, old, "data")
    for key, value in mapping(new, "data").items():
        try:
            base64.b64decode(str(value), validate=True)
        except ValueError:
            found.append(invalid(f"data[{key}]", "<redacted>", "must be base64"))
    if old is not None and new["type"] != old.get("type"):
        found.append(invalid("type", new["type"], "field is immutable"))
    return found


def prepare_node(new: Object, old: Object | None) -> Violations:
    """A Node keeps the status that its kubelet reports."""
    attach(new, "spec")
    if old is None:
        default(new, status={})
    return check_metadata(new, dns_subdomain)


def prepare_event(new: Object, _old: Object | None) -> Violations:
    """An Event belongs to the namespace of what it tells of; those of the cluster live in ``default``."""
    found = check_metadata(new, dns_subdomain)
    attach(new, "source")
    involved, namespace = text(new, "involvedObject", "namespace"), text(new, "metadata", "namespace")
    if involved != namespace and not (involved == "" and namespace in {"default", "kube-system"}):
        found.append(invalid("involvedObject.namespace", involved, "does not match event.namespace"))
    return found


def prepare_controller(new: Object, old: Object | None) -> Violations:
    """A ReplicationController is stored; no controller acts on it."""
    default(attach(new, "spec"), replicas=1)
    if old is None:
        new["status"] = {"replicas": 0}
    return check_metadata(new, dns_subdomain)


def prepare_claim(new: Object, old: Object | None) -> Violations:
    """A PersistentVolumeClaim stays Pending: there is no storage."""
    spec = attach(new, "spec")
    default(spec, volumeMode="Filesystem")
    found = check_metadata(new, dns_subdomain)
    if not spec.get("accessModes"):
        found.append(required("spec.accessModes", "at least 1 access mode is required"))
    if old is None:
        new["status"] = {"phase": "Pending"}
    return found


def _node_status(node: Object) -> str:
    ready = condition(node, "Ready")
    status = {"True": "Ready", "False": "NotReady"}.get(text(ready, "status"), "Unknown")
    return status + (",SchedulingDisabled" if mapping(node, "spec").get("unschedulable") is True else "")


def _node_roles(node: Object) -> str:
    prefix = "node-role.kubernetes.io/"
    labels = mapping(node, "metadata", "labels")
    return ",".join(sorted(key.removeprefix(prefix) for key in labels if key.startswith(prefix))) or "<none>"


def _address(kind: str) -> Column:
    def cell(node: Object) -> str:
        found = (text(item, "address") for item in items(node, "status", "addresses") if item.get("type") == kind)
        return next(found, "<none>")

    return Column(name={"InternalIP": "Internal-IP", "ExternalIP": "External-IP"}[kind], priority=1, cell=cell)


def _first_seen(event: Object) -> str:
    return since(event.get("firstTimestamp") or event.get("eventTime"))


def _last_seen(event: Object) -> str:
    return since(
        mapping(event, "series").get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("firstTimestamp")
        or event.get("eventTime")
    )


def _event_count(event: Object) -> int:
    return integer(event, "series", "count") or integer(event, "count") or 1


def _event_object(event: Object) -> str:
    involved = mapping(event, "involvedObject")
    kind, name = text(involved, "kind").lower(), text(involved, "name")
    return f"{kind}/{name}" if name else kind


def _event_source(event: Object) -> str:
    source = mapping(event, "source")
    parts = [text(source, "component") or text(event, "reportingComponent"), text(source, "host")]
    return ", ".join(part for part in parts if part)


def _data_count(*fields: str) -> Column:
    def cell(obj: Object) -> int:
        return sum(len(mapping(obj, field)) for field in fields)

    return Column(name="Data", type="integer", cell=cell)


def _endpoints(obj: Object) -> str:
    pairs = [
        f"{text(address, 'ip')}:{integer(port, 'port')}"
        for subset in items(obj, "subsets")
        for port in items(subset, "ports")
        for address in items(subset, "addresses")
    ]
    more = f" + {len(pairs) - 3} more..." if len(pairs) > 3 else ""
    return ",".join(pairs[:3]) + more if pairs else "<none>"


_STATUS = string("Status", "status", "phase", description="The status of the namespace")

NAMESPACES = Resource(
    group="",
    version="v1",
    plural="namespaces",
    kind="Namespace",
    namespaced=False,
    short_names=("ns",),
    subresources=("status", "finalize"),
    prepare=prepare_namespace,
    columns=(NAME, _STATUS, AGE),
)
NODES = Resource(
    group="",
    version="v1",
    plural="nodes",
    kind="Node",
    namespaced=False,
    short_names=("no",),
    subresources=("status",),
    prepare=prepare_node,
    columns=(
        NAME,
        Column(name="Status", cell=_node_status, description="The status of the node"),
        Column(name="Roles", cell=_node_roles, description="The roles of the node"),
        AGE,
        string("Version", "status", "nodeInfo", "kubeletVersion", description="Kubelet Version reported by the node."),
        _address("InternalIP"),
        _address("ExternalIP"),
        string("OS-Image", "status", "nodeInfo", "osImage", absent="<unknown>", priority=1),
        string("Kernel-Version", "status", "nodeInfo", "kernelVersion", absent="<unknown>", priority=1),
        string("Container-Runtime", "status", "nodeInfo", "containerRuntimeVersion", absent="<unknown>", priority=1),
    ),
)
EVENTS = Resource(
    group="",
    version="v1",
    plural="events",
    kind="Event",
    short_names=("ev",),
    prepare=prepare_event,
    columns=(
        Column(name="Last Seen", cell=_last_seen, description="The time at which this was last recorded."),
        string("Type", "type", description="Normal or Warning."),
        string("Reason", "reason", description="Why the event happened, for machines."),
        Column(name="Object", cell=_event_object, description="The object that this event is about."),
        string("Subobject", "involvedObject", "fieldPath", priority=1),
        Column(name="Source", priority=1, cell=_event_source),
        Column(name="Message", cell=lambda event: text(event, "message").strip()),
        Column(name="First Seen", priority=1, cell=_first_seen),
        Column(name="Count", type="integer", priority=1, cell=_event_count),
        string("Name", "metadata", "name", priority=1),
    ),
)
SERVICE_ACCOUNTS = Resource(
    group="",
    version="v1",
    plural="serviceaccounts",
    kind="ServiceAccount",
    short_names=("sa",),
    prepare=prepare_plain,
    columns=(NAME, Column(name="Secrets", type="integer", cell=lambda obj: len(items(obj, "secrets"))), AGE),
)
CONFIG_MAPS = Resource(
    group="",
    version="v1",
    plural="configmaps",
    kind="ConfigMap",
    short_names=("cm",),
    prepare=prepare_config_map,
    columns=(NAME, _data_count("data", "binaryData"), AGE),
)
SECRETS = Resource(
    group="",
    version="v1",
    plural="secrets",
    kind="Secret",
    prepare=prepare_secret,
    columns=(NAME, string("Type", "type"), _data_count("data"), AGE),
)
ENDPOINTS = Resource(
    group="",
    version="v1",
    plural="endpoints",
    kind="Endpoints",
    short_names=("ep",),
    prepare=prepare_plain,
    columns=(NAME, Column(name="Endpoints", cell=_endpoints), AGE),
)
CLAIMS = Resource(
    group="",
    version="v1",
    plural="persistentvolumeclaims",
    kind="PersistentVolumeClaim",
    short_names=("pvc",),
    subresources=("status",),
    prepare=prepare_claim,
    columns=(
        NAME,
        string("Status", "status", "phase"),
        string("Volume", "spec", "volumeName"),
        string("Capacity", "status", "capacity", "storage"),
        Column(name="Access Modes", cell=lambda obj: ",".join(mapping(obj, "status").get("accessModes") or [])),
        string("StorageClass", "spec", "storageClassName"),
        string("VolumeAttributesClass", "spec", "volumeAttributesClassName", absent="<unset>"),
        AGE,
        string("VolumeMode", "spec", "volumeMode", priority=1),
    ),
)
REPLICATION_CONTROLLERS = Resource(
    group="",
    version="v1",
    plural="replicationcontrollers",
    kind="ReplicationController",
    short_names=("rc",),
    categories=("all",),
    subresources=("status", "scale"),
    prepare=prepare_controller,
    columns=(
        NAME,
        count("Desired", "spec", "replicas"),
        count("Current", "status", "replicas"),
        count("Ready", "status", "readyReplicas"),
        AGE,
    ),
)
CORE = (
    PODS,
    NAMESPACES,
    SERVICE_ACCOUNTS,
    EVENTS,
    CONFIG_MAPS,
    SECRETS,
    NODES,
    SERVICES,
    ENDPOINTS,
    CLAIMS,
    REPLICATION_CONTROLLERS,
)
