"""StatefulSets: Pods with lasting names, made and replaced in order. Pure."""

import copy
import datetime as dt
from dataclasses import dataclass, field

from binauthz.cluster.catalogue.fields import Object, attach, integer, items, mapping, text
from binauthz.cluster.controllers.history import HASH, template_of
from binauthz.cluster.controllers.owners import is_deleting, name_of, namespace_of, reference_to
from binauthz.cluster.controllers.pod_control import pod_from
from binauthz.cluster.controllers.pod_state import has_ended, is_available, is_ready


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Ordinals to create Pods for, and Pods to delete, now; the rest waits until these are done."""

    create: list[int] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)


def ordinal_of(stateful_set: Object, pod: Object) -> int | None:
    """The number in the Pod's name; None for a name that is not one of the set's."""
    prefix, _, number = name_of(pod).rpartition("-")
    if prefix != name_of(stateful_set) or not (number.isascii() and number.isdecimal()) or len(number) > 9:
        return None
    return int(number)


def is_settled(pod: Object, min_ready: int, now: dt.datetime) -> bool:
    """Whether the next in order may have its turn."""
    return not is_deleting(pod) and not has_ended(pod) and is_ready(pod) and is_available(pod, min_ready, now)


def plan(stateful_set: Object, pods: list[Object], update_hash: str, now: dt.datetime) -> Plan:
    """One step towards the wanted Pods (StatefulSet documentation, "Deployment and Scaling Guarantees")."""
    start = integer(stateful_set, "spec", "ordinals", "start")
    wanted = range(start, start + integer(stateful_set, "spec", "replicas", default=1))
    min_ready = integer(stateful_set, "spec", "minReadySeconds")
    ordered = text(stateful_set, "spec", "podManagementPolicy") != "Parallel"
    by_ordinal = {number: pod for pod in pods if (number := ordinal_of(stateful_set, pod)) is not None}
    create: list[int] = []
    delete: list[Object] = []
    for number in wanted:
        pod = by_ordinal.get(number)
        if pod is None:
            create.append(number)
        elif has_ended(pod) and not is_deleting(pod):
            delete.append(pod)
        if ordered and (pod is None or not is_settled(pod, min_ready, now)):
            return Plan(create=create, delete=delete)
    surplus = [by_ordinal[number] for number in sorted(by_ordinal, reverse=True) if number not in wanted]
    if ordered and surplus:
        return Plan(delete=[] if is_deleting(surplus[0]) else surplus[:1])
    delete += [pod for pod in surplus if not is_deleting(pod)]
    if create or delete:
        return Plan(create=create, delete=delete)
    return Plan(delete=_outdated(stateful_set, by_ordinal, wanted, update_hash, now))


def _outdated(
    stateful_set: Object, by_ordinal: dict[int, Object], wanted: range, update_hash: str, now: dt.datetime
) -> list[Object]:
    """The one Pod to replace next in a rolling update: from the last ordinal down, each once the last is settled."""
    strategy = mapping(stateful_set, "spec", "updateStrategy")
    if text(strategy, "type") == "OnDelete":
        return []
    partition = integer(strategy, "rollingUpdate", "partition")
    min_ready = integer(stateful_set, "spec", "minReadySeconds")
    for number in reversed(wanted):
        if number < partition:
            return []
        pod = by_ordinal[number]
        if is_deleting(pod):
            return []
        if text(pod, "metadata", "labels", HASH) != update_hash:
            return [pod]
        if not is_settled(pod, min_ready, now):
            return []
    return []


def pod_for(stateful_set: Object, ordinal: int, revision: Object) -> Object:
    """The Pod of an ordinal, by the template of a revision."""
    pod = pod_from(stateful_set, "apps/v1", "StatefulSet", template_of(revision))
    name = f"{name_of(stateful_set)}-{ordinal}"
    metadata = pod["metadata"]
    del metadata["generateName"]
    metadata["name"] = name
    labels = attach(metadata, "labels")
    labels |= {
        "apps.kubernetes.io/pod-index": str(ordinal),
        HASH: name_of(revision),
        "statefulset.kubernetes.io/pod-name": name,
    }
    spec = pod["spec"]
    spec["hostname"] = name
    if service := text(stateful_set, "spec", "serviceName"):
        spec["subdomain"] = service
    claims = {text(claim, "metadata", "name") for claim in items(stateful_set, "spec", "volumeClaimTemplates")}
    if claims:
        kept = [volume for volume in items(spec, "volumes") if text(volume, "name") not in claims]
        added = [{"name": claim, "persistentVolumeClaim": {"claimName": f"{claim}-{name}"}} for claim in sorted(claims)]
        spec["volumes"] = kept + added
    return pod


def claims_for(stateful_set: Object, ordinal: int) -> list[Object]:
    """The PersistentVolumeClaims of an ordinal."""
    made: list[Object] = []
    for template in items(stateful_set, "spec", "volumeClaimTemplates"):
        name = f"{text(template, 'metadata', 'name')}-{name_of(stateful_set)}-{ordinal}"
        labels = dict(mapping(stateful_set, "spec", "selector", "matchLabels"))
        metadata: Object = {"name": name, "namespace": namespace_of(stateful_set), "labels": labels}
        retention = mapping(stateful_set, "spec", "persistentVolumeClaimRetentionPolicy")
        if text(retention, "whenDeleted") == "Delete":
            metadata["ownerReferences"] = [reference_to(stateful_set, "apps/v1", "StatefulSet")]
        spec = copy.deepcopy(mapping(template, "spec"))
        made.append({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})
    return made


def status_of(stateful_set: Object, pods: list[Object], current: str, update: str, now: dt.datetime) -> Object:
    """The status that the Pods amount to; ``current`` and ``update`` are names of revisions."""
    min_ready = integer(stateful_set, "spec", "minReadySeconds")
    alive = [pod for pod in pods if not has_ended(pod)]
    ready = sum(is_ready(pod) and not is_deleting(pod) for pod in alive)
    hashes = [text(pod, "metadata", "labels", HASH) for pod in alive if not is_deleting(pod)]
    status: Object = {
        "observedGeneration": integer(stateful_set, "metadata", "generation"),
        "replicas": len(alive),
        "availableReplicas": sum(is_settled(pod, min_ready, now) for pod in alive),
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": integer(stateful_set, "status", "collisionCount"),
    }
    wanted = integer(stateful_set, "spec", "replicas", default=1)
    if hashes.count(update) == len(alive) == ready == wanted:
        status["currentRevision"] = current = update
    counts = {
        "readyReplicas": ready,
        "currentReplicas": hashes.count(current),
        "updatedReplicas": hashes.count(update),
    }
    return status | {name: count for name, count in counts.items() if count}
