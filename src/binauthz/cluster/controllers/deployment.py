"""The Deployment controller: one ReplicaSet for each template, sized so that a rollout never breaks its bounds."""

import copy

from binauthz.cluster.catalogue.fields import Object, attach, integer, items, mapping, strings, text
from binauthz.cluster.client import StatusError
from binauthz.cluster.controllers import rollout
from binauthz.cluster.controllers.claims import Claims
from binauthz.cluster.controllers.controller import Cluster, Controller
from binauthz.cluster.controllers.deployment_status import counts_of, is_complete, seconds_to_deadline, status_of
from binauthz.cluster.controllers.owners import is_deleting, name_of, namespace_of, reference_to, uid_of
from binauthz.cluster.controllers.pod_state import has_ended
from binauthz.cluster.controllers.revisions import HASH_LABEL, REVISION, same_template, template_hash
from binauthz.cluster.controllers.rollout import replicas_of
from binauthz.cluster.controllers.work_queue import Key

_DESIRED = "deployment.kubernetes.io/desired-replicas"
_MAXIMUM = "deployment.kubernetes.io/max-replicas"
_NOT_COPIED = {
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    "deployment.kubernetes.io/revision-history",
    _DESIRED,
    _MAXIMUM,
    "deprecated.deployment.rollback.to",
}


def revision_of(obj: Object) -> int:
    """The revision annotation; 0 without one."""
    written = text(obj, "metadata", "annotations", REVISION)
    return int(written) if written.isascii() and written.isdecimal() and len(written) < 10 else 0


def find_new(deployment: Object, replica_sets: list[Object]) -> Object | None:
    """The ReplicaSet that makes the Pods the Deployment asks for now: the oldest, should there be several."""
    template = mapping(deployment, "spec", "template")
    same = [rs for rs in replica_sets if same_template(mapping(rs, "spec", "template"), template)]
    return min(same, key=lambda rs: (text(rs, "metadata", "creationTimestamp"), name_of(rs)), default=None)


def new_replica_set(deployment: Object, revision: int) -> Object:
    """The ReplicaSet for the current template, still without Pods."""
    template = copy.deepcopy(mapping(deployment, "spec", "template"))
    digest = template_hash(template, integer(deployment, "status", "collisionCount"))
    labels = attach(template, "metadata", "labels")
    labels[HASH_LABEL] = digest
    selector = copy.deepcopy(mapping(deployment, "spec", "selector"))
    attach(selector, "matchLabels")[HASH_LABEL] = digest
    spec: Object = {"replicas": 0, "selector": selector, "template": template}
    if min_ready := integer(deployment, "spec", "minReadySeconds"):
        spec["minReadySeconds"] = min_ready
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{name_of(deployment)}-{digest}",
            "namespace": namespace_of(deployment),
            "labels": dict(labels),
            "annotations": annotations_for(deployment, {}, revision),
            "ownerReferences": [reference_to(deployment, "apps/v1", "Deployment")],
        },
        "spec": spec,
    }


def annotations_for(deployment: Object, known: dict[str, str], revision: int) -> dict[str, str]:
    """The annotations of the new ReplicaSet: those of the Deployment, and the sizes it was made for."""
    copied = {k: v for k, v in strings(deployment, "metadata", "annotations").items() if k not in _NOT_COPIED}
    return {**known, **copied, **_sizes(deployment), REVISION: str(revision)}


def _sizes(deployment: Object) -> dict[str, str]:
    wanted = replicas_of(deployment)
    return {_DESIRED: str(wanted), _MAXIMUM: str(wanted + rollout.bounds(deployment).surge)}


def expendable(deployment: Object, old: list[Object]) -> list[Object]:
    """Old, empty ReplicaSets beyond the history that is kept."""
    limit = integer(deployment, "spec", "revisionHistoryLimit", default=10)
    empty = [rs for rs in old if not replicas_of(rs) and not integer(rs, "status", "replicas") and not is_deleting(rs)]
    empty.sort(key=lambda rs: (revision_of(rs), text(rs, "metadata", "creationTimestamp")))
    return empty[: max(0, len(empty) - limit)]


class DeploymentController(Controller):
    """apps/v1 Deployment."""

    resource = "apps/deployments"
    component = "deployment-controller"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._sets = self.caches["apps/replicasets"]
        self._claims = Claims(client=self.client, cache=self._sets, api_version="apps/v1", kind="Deployment")

    def subscribe(self) -> None:
        """Its ReplicaSets; and Pods that go, which is what a Recreate waits for."""
        self.follow_children("apps/replicasets", "Deployment")
        self.caches["pods"].on_delete(self._pod_gone)

    def _pod_gone(self, pod: Object) -> None:
        for reference in items(pod, "metadata", "ownerReferences"):
            replica_set = self.caches["apps/replicasets"].get(namespace_of(pod), text(reference, "name"))
            for owner in items(replica_set or {}, "metadata", "ownerReferences"):
                self.queue.add(Key(namespace_of(pod), text(owner, "name")))

    async def sync(self, key: Key) -> float | None:
        """Move the rollout one step, then report."""
        deployment = self.caches[self.resource].get(*key)
        if deployment is None:
            return None
        replica_sets = await self._claims.of(deployment)
        if is_deleting(deployment):
            return await self._report(deployment, replica_sets)
        paused = mapping(deployment, "spec").get("paused") is True
        if self._is_scaling(deployment, replica_sets):
            new = find_new(deployment, replica_sets)
            await self._scale(deployment, new, replica_sets)
        elif not paused:
            deployment, replica_sets = await self._roll(deployment, replica_sets)
        return await self._report(deployment, await self._claims.of(deployment))

    def _is_scaling(self, deployment: Object, replica_sets: list[Object]) -> bool:
        wanted = str(replicas_of(deployment))
        active = [rs for rs in replica_sets if replicas_of(rs) > 0]
        written = (text(rs, "metadata", "annotations", _DESIRED) for rs in active)
        return any(desired not in ("", wanted) for desired in written)

    async def _scale(self, deployment: Object, new: Object | None, replica_sets: list[Object]) -> None:
        active = [rs for rs in replica_sets if replicas_of(rs) > 0]
        single = active[0] if len(active) == 1 else (new if not active else None)
        if single is not None:
            await self._resize(deployment, single, replicas_of(deployment))
            return
        if new is not None and replicas_of(new) == replicas_of(deployment) == integer(
            new, "status", "availableReplicas"
        ):
            for rs in active:
                if rs is not new:
                    await self._resize(deployment, rs, 0)
            await self._resize(deployment, new, replicas_of(deployment))
            return
        base = max((int(text(rs, "metadata", "annotations", _MAXIMUM) or 0) for rs in active), default=0)
        sizes = rollout.proportional_sizes(deployment, active, base) if rollout.is_rolling(deployment) else {}
        for rs in active:
            await self._resize(deployment, rs, sizes.get(name_of(rs), replicas_of(rs)))

    async def _roll(self, deployment: Object, replica_sets: list[Object]) -> tuple[Object, list[Object]]:
        new = find_new(deployment, replica_sets)
        old = [rs for rs in replica_sets if rs is not new]
        revision = max((revision_of(rs) for rs in old), default=0) + 1
        if not rollout.is_rolling(deployment):
            for rs in old:
                if replicas_of(rs) > 0:
                    await self._resize(deployment, rs, 0)
            if self._old_pods_remain(old):
                return deployment, replica_sets
        new = await self._create(deployment, revision) if new is None else await self._renew(deployment, new, revision)
        deployment = await self._write_revision(deployment, revision_of(new))
        size = rollout.new_size(deployment, new, [*old, new])
        if (
            size != replicas_of(new)
            or not _sizes(deployment).items() <= strings(new, "metadata", "annotations").items()
        ):
            new = await self._resize(deployment, new, size)
        elif rollout.is_rolling(deployment):
            for name, fewer in rollout.old_sizes(deployment, new, old).items():
                await self._resize(deployment, next(rs for rs in old if name_of(rs) == name), fewer)
        if is_complete(deployment, counts_of(new, old)):
            for rs in expendable(deployment, old):
                await self.client.delete(self._sets.resource, namespace_of(rs), name_of(rs), uid=uid_of(rs))
                self._sets.expect_deletion(rs)
        return deployment, [*old, new]

    def _old_pods_remain(self, old: list[Object]) -> bool:
        return any(not has_ended(pod) for rs in old for pod in self.caches["pods"].owned_by(uid_of(rs)))

    async def _create(self, deployment: Object, revision: int) -> Object:
        made = new_replica_set(deployment, revision)
        size = rollout.new_size(deployment, made, [*await self._claims.of(deployment), made])
        made["spec"]["replicas"] = size
        try:
            stored = await self.client.create(self._sets.resource, namespace_of(deployment), made)
        except StatusError as error:
            if error.reason == "AlreadyExists":
                # Another template has the same hash, or a stranger has the name: the next name is tried.
                status = mapping(deployment, "status")
                bumped = {**status, "collisionCount": integer(status, "collisionCount") + 1}
                await self.write_status(deployment, bumped)
            else:
                self.tell(
                    deployment,
                    "Warning",
                    "ReplicaSetCreateError",
                    f'Failed to create new replica set "{made["metadata"]["name"]}": {error.message}',
                )
            raise
        self._sets.observe(stored)
        if size:
            self.tell(
                deployment, "Normal", "ScalingReplicaSet", f"Scaled up replica set {name_of(stored)} from 0 to {size}"
            )
        return stored

    async def _renew(self, deployment: Object, new: Object, revision: int) -> Object:
        known = strings(new, "metadata", "annotations")
        wanted = annotations_for(deployment, known, max(revision, revision_of(new)))
        min_ready = integer(deployment, "spec", "minReadySeconds")
        if wanted == known and integer(new, "spec", "minReadySeconds") == min_ready:
            return new
        changed = copy.deepcopy(new)
        changed["metadata"]["annotations"] = wanted
        changed["spec"]["minReadySeconds"] = min_ready
        return await self._store(changed)

    async def _store(self, replica_set: Object) -> Object:
        stored = await self.client.update(self._sets.resource, namespace_of(replica_set), replica_set)
        self._sets.observe(stored)
        return stored

    async def _write_revision(self, deployment: Object, revision: int) -> Object:
        if revision_of(deployment) == revision:
            return deployment
        changed = copy.deepcopy(deployment)
        attach(changed, "metadata", "annotations")[REVISION] = str(revision)
        stored = await self.client.update(self.resource, namespace_of(deployment), changed)
        self.caches[self.resource].observe(stored)
        return stored

    async def _resize(self, deployment: Object, replica_set: Object, size: int) -> Object:
        before = replicas_of(replica_set)
        changed = copy.deepcopy(replica_set)
        changed["spec"]["replicas"] = size
        attach(changed, "metadata", "annotations").update(_sizes(deployment))
        if changed == replica_set:
            return replica_set
        stored = await self._store(changed)
        if size != before:
            way = "up" if size > before else "down"
            message = f"Scaled {way} replica set {name_of(stored)} from {before} to {size}"
            self.tell(deployment, "Normal", "ScalingReplicaSet", message)
        return stored

    async def _report(self, deployment: Object, replica_sets: list[Object]) -> float | None:
        new = find_new(deployment, replica_sets)
        old = [rs for rs in replica_sets if rs is not new]
        written = await self.write_status(deployment, status_of(deployment, new, old, self.clock.now()))
        left = seconds_to_deadline(written, self.clock.now())
        return None if left is None else max(left, 0.0) + 1
