"""apps/v1: Deployments, ReplicaSets, StatefulSets, DaemonSets and the revisions of the latter two."""

from typing import Any

from binauthz.cluster.catalogue import selectors
from binauthz.cluster.catalogue.cells import AGE, NAME, containers, count, selector
from binauthz.cluster.catalogue.fields import Object, attach, default, integer, items, mapping, text
from binauthz.cluster.catalogue.names import check_metadata, dns_subdomain
from binauthz.cluster.catalogue.template import check_selector, immutable, prepare_template
from binauthz.cluster.catalogue.violations import Violations, at_least_zero, forbidden, invalid, required, unsupported
from binauthz.cluster.resource import Column, Resource

_ALWAYS = ("Always",)
_STATEFUL_UPDATABLE = {
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
}


def _counts(spec: Object, *fields: str) -> Violations:
    return [violation for field in fields for violation in at_least_zero(f"spec.{field}", spec.get(field))]


def percent(value: Any) -> int | None:
    """The figure of ``25%``; None for anything else."""
    if isinstance(value, str) and value.endswith("%") and len(value) <= 8 and value[:-1].isdecimal():
        return int(value[:-1])
    return None


def _check_amount(value: Any, path: str) -> Violations:
    if isinstance(value, str) and percent(value) is None:
        detail = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%')"
        return [invalid(path, value, detail)]
    return at_least_zero(path, value)


def prepare_deployment(new: Object, old: Object | None) -> Violations:
    """Defaults and rules of a Deployment."""
    spec = attach(new, "spec")
    default(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = attach(spec, "strategy")
    default(strategy, type="RollingUpdate")
    found = check_metadata(new, dns_subdomain) + _counts(
        spec, "replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"
    )
    match strategy["type"]:
        case "RollingUpdate":
            rolling = attach(strategy, "rollingUpdate")
            default(rolling, maxUnavailable="25%", maxSurge="25%")
            path = "spec.strategy.rollingUpdate"
            for field in ("maxUnavailable", "maxSurge"):
                found += _check_amount(rolling[field], f"{path}.{field}")
            zero = (0, "0%", "0")
            if rolling["maxUnavailable"] in zero and rolling["maxSurge"] in zero:
                detail = "may not be 0 when `maxSurge` is 0"
                found.append(invalid(f"{path}.maxUnavailable", rolling["maxUnavailable"], detail))
        case "Recreate":
            if strategy.get("rollingUpdate") is not None:
                detail = "may not be specified when strategy `type` is 'Recreate'"
                found.append(forbidden("spec.strategy.rollingUpdate", detail))
        case other:
            found.append(unsupported("spec.strategy.type", other, ("Recreate", "RollingUpdate")))
    found += prepare_template(spec, "spec", _ALWAYS) + check_selector(spec, "spec", "deployment")
    if integer(spec, "progressDeadlineSeconds") <= integer(spec, "minReadySeconds"):
        detail = "must be greater than minReadySeconds"
        found.append(invalid("spec.progressDeadlineSeconds", spec["progressDeadlineSeconds"], detail))
    if old is None:
        new["status"] = {}
        return found
    return found + immutable(spec, mapping(old, "spec"), "selector", "spec")


def prepare_replica_set(new: Object, old: Object | None) -> Violations:
    """Defaults and rules of a ReplicaSet."""
    spec = attach(new, "spec")
    default(spec, replicas=1)
    found = check_metadata(new, dns_subdomain) + _counts(spec, "replicas", "minReadySeconds")
    found += prepare_template(spec, "spec", _ALWAYS) + check_selector(spec, "spec", "deployment")
    if old is None:
        new["status"] = {"replicas": 0}
        return found
    return found + immutable(spec, mapping(old, "spec"), "selector", "spec")


def prepare_stateful_set(new: Object, old: Object | None) -> Violations:
    """Defaults and rules of a StatefulSet: most of its spec never changes."""
    spec = attach(new, "spec")
    default(spec, replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady")
    strategy = attach(spec, "updateStrategy")
    default(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        default(attach(strategy, "rollingUpdate"), partition=0)
    retention = attach(spec, "persistentVolumeClaimRetentionPolicy")
    default(retention, whenDeleted="Retain", whenScaled="Retain")
    found = check_metadata(new, dns_subdomain) + _counts(spec, "replicas", "minReadySeconds", "revisionHistoryLimit")
    if strategy["type"] not in ("RollingUpdate", "OnDelete"):
        found.append(invalid("spec.updateStrategy", strategy, "must be 'RollingUpdate' or 'OnDelete'"))
    if spec["podManagementPolicy"] not in ("OrderedReady", "Parallel"):
        detail = "must be 'OrderedReady' or 'Parallel'"
        found.append(invalid("spec.podManagementPolicy", spec["podManagementPolicy"], detail))
    found += prepare_template(spec, "spec", _ALWAYS) + check_selector(spec, "spec", "statefulset")
    if old is None:
        new["status"] = {"replicas": 0, "availableReplicas": 0}
        return found
    before = mapping(old, "spec")
    fixed = (set(spec) | set(before)) - _STATEFUL_UPDATABLE
    if any(spec.get(field) != before.get(field) for field in fixed):
        detail = (
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
            "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
        )
        found.append(forbidden("spec", detail))
    return found


def prepare_daemon_set(new: Object, old: Object | None) -> Violations:
    """Defaults and rules of a DaemonSet."""
    spec = attach(new, "spec")
    default(spec, revisionHistoryLimit=10)
    strategy = attach(spec, "updateStrategy")
    default(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        default(attach(strategy, "rollingUpdate"), maxUnavailable=1, maxSurge=0)
    found = check_metadata(new, dns_subdomain) + _counts(spec, "minReadySeconds", "revisionHistoryLimit")
    if strategy["type"] not in ("RollingUpdate", "OnDelete"):
        found.append(unsupported("spec.updateStrategy.type", strategy["type"], ("OnDelete", "RollingUpdate")))
    found += prepare_template(spec, "spec", _ALWAYS) + check_selector(spec, "spec", "daemonset")
    if old is None:
        zeros = ("currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady")
        new["status"] = dict.fromkeys(zeros, 0)
        return found
    return found + immutable(spec, mapping(old, "spec"), "selector", "spec")


def prepare_revision(new: Object, old: Object | None) -> Violations:
    """A ControllerRevision's data never changes."""
    found = check_metadata(new, dns_subdomain)
    if new.get("revision") is None:
        found.append(required("revision"))
    return found + immutable(new, old, "data", "")


def _ready(obj: Object) -> str:
    return f"{integer(obj, 'status', 'readyReplicas')}/{integer(obj, 'spec', 'replicas')}"


def _node_selector(obj: Object) -> str:
    labels = mapping(obj, "spec", "template", "spec", "nodeSelector")
    return selectors.shown_labels({key: str(value) for key, value in labels.items()})


def _owner(obj: Object) -> str:
    for owner in items(obj, "metadata", "ownerReferences"):
        if owner.get("controller") is True:
            group = text(owner, "apiVersion").partition("/")[0]
            return f"{text(owner, 'kind').lower()}.{group}/{text(owner, 'name')}"
    return "<none>"


_TEMPLATE = ("spec", "template")
_WIDE = (*containers(*_TEMPLATE), selector("spec", "selector"))
_READY = Column(name="Ready", cell=_ready, description="Number of the pod with ready state")

DEPLOYMENTS = Resource(
    group="apps",
    version="v1",
    plural="deployments",
    kind="Deployment",
    short_names=("deploy",),
    categories=("all",),
    subresources=("status", "scale"),
    prepare=prepare_deployment,
    columns=(
        NAME,
        _READY,
        count("Up-to-date", "status", "updatedReplicas", description="Replicas with the current template."),
        count("Available", "status", "availableReplicas", description="Replicas ready for minReadySeconds."),
        AGE,
        *_WIDE,
    ),
)
REPLICA_SETS = Resource(
    group="apps",
    version="v1",
    plural="replicasets",
    kind="ReplicaSet",
    short_names=("rs",),
    categories=("all",),
    subresources=("status", "scale"),
    prepare=prepare_replica_set,
    columns=(
        NAME,
        count("Desired", "spec", "replicas", description="The number of desired replicas."),
        count("Current", "status", "replicas", description="The most recently observed number of replicas."),
        count("Ready", "status", "readyReplicas", description="The number of ready replicas."),
        AGE,
        *_WIDE,
    ),
)
STATEFUL_SETS = Resource(
    group="apps",
    version="v1",
    plural="statefulsets",
    kind="StatefulSet",
    short_names=("sts",),
    categories=("all",),
    subresources=("status", "scale"),
    prepare=prepare_stateful_set,
    columns=(NAME, _READY, AGE, *containers(*_TEMPLATE)),
)
DAEMON_SETS = Resource(
    group="apps",
    version="v1",
    plural="daemonsets",
    kind="DaemonSet",
    short_names=("ds",),
    categories=("all",),
    subresources=("status",),
    prepare=prepare_daemon_set,
    columns=(
        NAME,
        count("Desired", "status", "desiredNumberScheduled", description="Nodes that should run the daemon pod."),
        count("Current", "status", "currentNumberScheduled", description="Nodes that run at least one daemon pod."),
        count("Ready", "status", "numberReady", description="Nodes with a ready daemon pod."),
        count("Up-to-date", "status", "updatedNumberScheduled", description="Nodes that run the updated daemon pod."),
        count("Available", "status", "numberAvailable", description="Nodes with an available daemon pod."),
        Column(name="Node Selector", cell=_node_selector, description="Labels of the nodes that the pods fit."),
        AGE,
        *_WIDE,
    ),
)
CONTROLLER_REVISIONS = Resource(
    group="apps",
    version="v1",
    plural="controllerrevisions",
    kind="ControllerRevision",
    prepare=prepare_revision,
    columns=(
        NAME,
        Column(name="Controller", cell=_owner, description="Controller of the object"),
        count("Revision", "revision", description="Revision indicates the revision of the state represented by Data."),
        AGE,
    ),
)
APPS = (DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, DAEMON_SETS, CONTROLLER_REVISIONS)
