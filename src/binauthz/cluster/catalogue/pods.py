"""Pods: what a client may write, and the row that ``kubectl get pods`` prints."""

import copy

from binauthz.cluster.catalogue.age import since
from binauthz.cluster.catalogue.cells import AGE, NAME
from binauthz.cluster.catalogue.fields import Object, attach, items, mapping, text
from binauthz.cluster.catalogue.names import check_metadata, dns_subdomain
from binauthz.cluster.catalogue.pod_defaults import default_container, default_pod, qos_class
from binauthz.cluster.catalogue.pod_row import readiness_gates, summary
from binauthz.cluster.catalogue.pod_validation import check_container, check_ephemeral, check_pod_spec
from binauthz.cluster.catalogue.violations import Violations, duplicate, forbidden, invalid
from binauthz.cluster.resource import Column, Resource

_UPDATABLE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def prepare_pod(new: Object, old: Object | None) -> Violations:
    """Defaults and rules of a Pod; after creation little but its images may change."""
    default_pod(new)
    spec = mapping(new, "spec")
    found = check_metadata(new, dns_subdomain) + check_pod_spec(spec, "spec")
    if old is not None:
        return found + _check_update(spec, mapping(old, "spec"))
    new["status"] = {"phase": "Pending", "qosClass": qos_class(spec)}
    if items(spec, "ephemeralContainers"):
        found.append(forbidden("spec.ephemeralContainers", "cannot be set on create"))
    return found


def _check_update(spec: Object, old: Object) -> Violations:
    found: Violations = []
    for key in ("containers", "initContainers"):
        if len(items(spec, key)) != len(items(old, key)):
            return [forbidden(f"spec.{key}", "pod updates may not add or remove containers")]
    munged = copy.deepcopy(spec)
    for key in ("containers", "initContainers"):
        for container, before in zip(items(munged, key), items(old, key), strict=True):
            container["image"] = before.get("image")
    deadline, before_deadline = spec.get("activeDeadlineSeconds"), old.get("activeDeadlineSeconds")
    if deadline != before_deadline:
        if before_deadline is not None and (deadline is None or deadline > before_deadline):
            detail = "must be less than or equal to previous value"
            found.append(invalid("spec.activeDeadlineSeconds", deadline, detail))
        munged["activeDeadlineSeconds"] = before_deadline
    kept = items(spec, "tolerations")
    if all(toleration in kept for toleration in items(old, "tolerations")):
        munged["tolerations"] = items(old, "tolerations")
    if spec.get("terminationGracePeriodSeconds") == 1 and (old.get("terminationGracePeriodSeconds") or 0) < 0:
        munged["terminationGracePeriodSeconds"] = old["terminationGracePeriodSeconds"]
    if _present(munged) != _present(old):
        found.append(forbidden("spec", _UPDATABLE))
    return found


def _present(value: Object) -> Object:
    return {key: member for key, member in value.items() if member not in (None, [], {})}


def prepare_ephemeral(new: Object, old: Object | None) -> Violations:
    """The ``ephemeralcontainers`` subresource may add containers, never change or remove one."""
    spec = attach(new, "spec")
    others = {text(item, "name") for key in ("containers", "initContainers") for item in items(spec, key)}
    volumes = {text(volume, "name") for volume in items(spec, "volumes")}
    before = {text(item, "name"): item for item in items(old or {}, "spec", "ephemeralContainers")}
    found: Violations = []
    seen: set[str] = set()
    for index, container in enumerate(items(spec, "ephemeralContainers")):
        default_container(container)
        path, name = f"spec.ephemeralContainers[{index}]", text(container, "name")
        found += check_container(container, path, volumes) + check_ephemeral(container, path, others)
        if name in seen or name in others:
            found.append(duplicate(f"{path}.name", name))
        seen.add(name)
        if name in before and before[name] != container:
            detail = f'existing ephemeral containers "{name}" may not be changed'
            found.append(forbidden("spec.ephemeralContainers", detail))
    found += [
        forbidden("spec.ephemeralContainers", f'existing ephemeral containers "{name}" may not be removed')
        for name in before
        if name not in seen
    ]
    return found


def _restarts(pod: Object) -> str:
    row = summary(pod)
    if row.restarts and row.last_restart:
        return f"{row.restarts} ({since(row.last_restart)} ago)"
    return str(row.restarts)


def _ip(pod: Object) -> str:
    addresses = items(pod, "status", "podIPs")
    return (text(addresses[0], "ip") if addresses else text(pod, "status", "podIP")) or "<none>"


PODS = Resource(
    group="",
    version="v1",
    plural="pods",
    kind="Pod",
    short_names=("po",),
    categories=("all",),
    subresources=(
        "status",
        "ephemeralcontainers",
        "binding",
        "log",
        "exec",
        "attach",
        "portforward",
    ),
    prepare=prepare_pod,
    prepare_subresources={"ephemeralcontainers": prepare_ephemeral},
    columns=(
        NAME,
        Column(
            name="Ready",
            cell=lambda pod: summary(pod).ready,
            description="The aggregate readiness state of this pod for accepting traffic.",
        ),
        Column(
            name="Status",
            cell=lambda pod: summary(pod).status,
            description="The aggregate status of the containers in this pod.",
        ),
        Column(
            name="Restarts",
            cell=_restarts,
            description="The number of times the containers in this pod have been restarted.",
        ),
        AGE,
        Column(name="IP", priority=1, cell=_ip, description="The IP addresses allocated to the pod."),
        Column(
            name="Node",
            priority=1,
            cell=lambda pod: text(pod, "spec", "nodeName") or "<none>",
            description="The name of the node that runs the pod.",
        ),
        Column(
            name="Nominated Node",
            priority=1,
            cell=lambda pod: text(pod, "status", "nominatedNodeName") or "<none>",
            description="The node that the scheduler has nominated for the pod.",
        ),
        Column(
            name="Readiness Gates",
            priority=1,
            cell=readiness_gates,
            description="The readiness gates that hold, of those that the pod has.",
        ),
    ),
)
