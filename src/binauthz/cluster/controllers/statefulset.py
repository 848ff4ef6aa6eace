"""The StatefulSet controller."""

import asyncio

from binauthz.cluster.catalogue.fields import Object, integer, mapping, text
from binauthz.cluster.client import StatusError
from binauthz.cluster.controllers.claims import Claims
from binauthz.cluster.controllers.controller import Cluster, Controller
from binauthz.cluster.controllers.history import History
from binauthz.cluster.controllers.owners import is_controlled_by, is_deleting, name_of, namespace_of, uid_of
from binauthz.cluster.controllers.pod_state import next_available
from binauthz.cluster.controllers.refusals import Refusals
from binauthz.cluster.controllers.statefulset_plan import claims_for, plan, pod_for, status_of
from binauthz.cluster.controllers.work_queue import Key


class StatefulSetController(Controller):
    """apps/v1 StatefulSet."""

    resource = "apps/statefulsets"
    component = "statefulset-controller"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._pods = self.caches["pods"]
        self._claims = Claims(client=self.client, cache=self._pods, api_version="apps/v1", kind="StatefulSet")
        self._history = History(client=self.client, cache=self.caches["apps/controllerrevisions"], kind="StatefulSet")
        self._refusals = Refusals()

    def subscribe(self) -> None:
        """Its Pods."""
        self.follow_children("pods", "StatefulSet")

    async def sync(self, key: Key) -> float | None:
        """Take the next step in order, then report."""
        stateful_set = self.caches[self.resource].get(*key)
        if stateful_set is None or is_deleting(stateful_set):
            return None
        await self._claims.of(stateful_set)
        update = await self._history.current(stateful_set)
        known = {name_of(revision): revision for revision in self._history.of(stateful_set)}
        current = known.get(text(stateful_set, "status", "currentRevision"), update)
        moment = self.clock.now()
        now = asyncio.get_running_loop().time()
        todo = plan(stateful_set, self._owned(stateful_set), name_of(update), moment)
        again = self._refusals.pause(stateful_set, now) if todo.create else None
        if not again:
            again = await self._carry_out(stateful_set, todo.create, current, update, now)
        for pod in todo.delete:
            await self._delete(stateful_set, pod)
        pods = self._owned(stateful_set)
        status = status_of(stateful_set, pods, name_of(current), name_of(update), moment)
        await self.write_status(stateful_set, status)
        in_use = {text(pod, "metadata", "labels", "controller-revision-hash") for pod in pods}
        await self._history.prune(stateful_set, in_use | {name_of(current), name_of(update)})
        ready_in = next_available(pods, integer(stateful_set, "spec", "minReadySeconds"), moment)
        return min((wait for wait in (again, ready_in) if wait), default=None)

    def _owned(self, stateful_set: Object) -> list[Object]:
        """All its Pods: those on their way out still hold their names, so they count."""
        owned = [pod for pod in self._pods.owned_by(uid_of(stateful_set)) if is_controlled_by(pod, stateful_set)]
        return [
            {**pod, "metadata": {"deletionTimestamp": "expected", **pod["metadata"]}}
            if self._pods.is_leaving(pod)
            else pod
            for pod in owned
        ]

    async def _carry_out(
        self, stateful_set: Object, ordinals: list[int], current: Object, update: Object, now: float
    ) -> float | None:
        strategy = mapping(stateful_set, "spec", "updateStrategy")
        partition = integer(strategy, "rollingUpdate", "partition") if text(strategy, "type") == "RollingUpdate" else 0
        for ordinal in ordinals:
            revision = current if ordinal < partition else update
            refused = await self._create(stateful_set, ordinal, revision)
            if refused is not None:
                return self._refusals.refused(stateful_set, refused.message, now)
        if ordinals:
            self._refusals.accepted(stateful_set)
        return None

    async def _create(self, stateful_set: Object, ordinal: int, revision: Object) -> StatusError | None:
        pod = pod_for(stateful_set, ordinal, revision)
        said = f"create Pod {name_of(pod)} in StatefulSet {name_of(stateful_set)}"
        try:
            for claim in claims_for(stateful_set, ordinal):
                await self._create_claim(claim)
            made = await self.client.create("pods", namespace_of(stateful_set), pod)
        except StatusError as error:
            if error.reason != "AlreadyExists":
                self.tell(stateful_set, "Warning", "FailedCreate", f"{said} failed error: {error.message}")
            return error
        self._pods.observe(made)
        self.tell(stateful_set, "Normal", "SuccessfulCreate", f"{said} successful")
        return None

    async def _create_claim(self, claim: Object) -> None:
        try:
            await self.client.create("persistentvolumeclaims", namespace_of(claim), claim)
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise

    async def _delete(self, stateful_set: Object, pod: Object) -> None:
        said = f"delete Pod {name_of(pod)} in StatefulSet {name_of(stateful_set)}"
        try:
            await self.client.delete("pods", namespace_of(pod), name_of(pod), uid=uid_of(pod))
        except StatusError as error:
            if error.reason == "NotFound":
                return
            self.tell(stateful_set, "Warning", "FailedDelete", f"{said} failed error: {error.message}")
            raise
        self._pods.expect_deletion(pod)
        self.tell(stateful_set, "Normal", "SuccessfulDelete", f"{said} successful")
