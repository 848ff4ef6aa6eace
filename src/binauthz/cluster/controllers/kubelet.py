"""The kubelet of the simulated node: Pods bound to it are Running at once, and gone at once when deleted."""

import asyncio
import copy
import ipaddress
from collections.abc import Callable, Coroutine

from binauthz.cluster.catalogue.age import parse_time, stamp
from binauthz.cluster.catalogue.fields import Object, condition, integer, items, mapping, text
from binauthz.cluster.client import StatusError
from binauthz.cluster.controllers import pod_lifecycle
from binauthz.cluster.controllers.controller import Cluster, Controller
from binauthz.cluster.controllers.node import ADDRESS, NODE, lease, node, node_status
from binauthz.cluster.controllers.owners import controller_of, is_deleting, name_of, namespace_of, uid_of
from binauthz.cluster.controllers.pod_state import has_ended, phase_of
from binauthz.cluster.controllers.recorder import involved_object
from binauthz.cluster.controllers.work_queue import Key

_JOB_SECONDS = 1.0
_HEARTBEAT_SECONDS = 60.0
_NETWORK = ipaddress.IPv4Network("10.244.0.0/16")


class Addresses:
    """Gives every Pod an address that no other living Pod has, as long as there are any."""

    def __init__(self) -> None:
        self._taken: dict[str, str] = {}
        self._used: set[str] = set()
        self._next = 0

    def take(self, uid: str) -> str:
        """The Pod's address."""
        if uid in self._taken:
            return self._taken[uid]
        for _ in range(_NETWORK.num_addresses):
            self._next = self._next % (_NETWORK.num_addresses - 10) + 1
            address = str(_NETWORK[self._next + 3])
            if address not in self._used:
                break
        else:
            raise RuntimeError(f"all addresses of {_NETWORK} are taken")
        self.keep(uid, address)
        return address

    def keep(self, uid: str, address: str) -> None:
        """Remember an address that a Pod already has."""
        self._taken[uid] = address
        self._used.add(address)

    def release(self, uid: str) -> None:
        """The Pod is gone."""
        address = self._taken.pop(uid, None)
        if address is not None:
            self._used.discard(address)


class Kubelet(Controller):
    """Moves Pods through their lives without executing anything."""

    resource = "pods"
    component = "kubelet"
    workers = 10

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._addresses = Addresses()
        for pod in self.caches["pods"].all():
            if (address := text(pod, "status", "podIP")) not in ("", ADDRESS):
                self._addresses.keep(uid_of(pod), address)

    def user(self) -> str:
        """A node's user name (node authorization)."""
        return f"system:node:{NODE}"

    def host(self) -> str:
        """Kubelets say which node they speak for."""
        return NODE

    def loops(self) -> tuple[Callable[[], Coroutine[None, None, None]], ...]:
        """The heartbeat."""
        return (self._heartbeat,)

    def subscribe(self) -> None:
        """Addresses return with the Pods that held them."""
        self.caches["pods"].on_delete(lambda pod: self._addresses.release(uid_of(pod)))

    def enqueue(self, obj: Object) -> None:
        """Pods of this node, and those that leave before they had one."""
        if text(obj, "spec", "nodeName") == NODE or is_deleting(obj):
            super().enqueue(obj)

    async def sync(self, key: Key) -> float | None:
        """Take the next step in the Pod's life."""
        pod = self.caches["pods"].get(*key)
        if pod is None:
            return None
        if is_deleting(pod):
            return await self._remove(pod)
        now = self.clock.now()
        if has_ended(pod):
            return None
        if phase_of(pod) != "Running":
            await self._start(pod)
            return _JOB_SECONDS if _ends_by_itself(pod) else None
        started = parse_time(mapping(pod, "status").get("startTime")) or now
        age = (now - started).total_seconds()
        deadline = integer(pod, "spec", "activeDeadlineSeconds")
        if _ends_by_itself(pod) and age >= _JOB_SECONDS:
            await self.write_status(pod, pod_lifecycle.completed_status(pod, now))
        elif deadline and age >= deadline:
            await self.write_status(pod, pod_lifecycle.expired_status(pod, now))
            self.tell(
                pod, "Normal", "DeadlineExceeded", "Pod was active on the node longer than the specified deadline"
            )
        elif (changed := pod_lifecycle.changed_containers(pod)) or (added := pod_lifecycle.new_ephemeral(pod)):
            await self.write_status(pod, pod_lifecycle.restarted_status(pod, now))
            for container in changed:
                message = f"Container {text(container, 'name')} definition changed, will be restarted"
                self._tell_container(pod, "containers", container, "Killing", message)
                self._tell_start(pod, "containers", container)
            for container in [] if changed else added:
                self._tell_start(pod, "ephemeralContainers", container)
        waits = [_JOB_SECONDS - age] if _ends_by_itself(pod) else []
        waits += [deadline - age] if deadline else []
        return min((wait + 0.01 for wait in waits if wait > 0), default=None)

    async def _start(self, pod: Object) -> None:
        on_host = mapping(pod, "spec").get("hostNetwork") is True
        ip = ADDRESS if on_host else self._addresses.take(uid_of(pod))
        await self.write_status(pod, pod_lifecycle.running_status(pod, ip, self.clock.now()))
        for field in ("initContainers", "containers"):
            for container in items(pod, "spec", field):
                self._tell_start(pod, field, container)

    def _tell_start(self, pod: Object, field: str, container: Object) -> None:
        name = text(container, "name")
        present = f'Container image "{text(container, "image")}" already present on machine'
        self._tell_container(pod, field, container, "Pulled", present)
        self._tell_container(pod, field, container, "Created", f"Created container: {name}")
        self._tell_container(pod, field, container, "Started", f"Started container {name}")

    def _tell_container(self, pod: Object, field: str, container: Object, reason: str, message: str) -> None:
        path = f"spec.{field}{{{text(container, 'name')}}}"
        self.recorder.record(involved_object(pod, "v1", "Pod", path), "Normal", reason, message)

    async def _remove(self, pod: Object) -> float | None:
        if not has_ended(pod) and text(pod, "spec", "nodeName") == NODE:
            for container in items(pod, "spec", "containers"):
                message = f"Stopping container {text(container, 'name')}"
                self._tell_container(pod, "containers", container, "Killing", message)
        try:
            await self.client.delete("pods", namespace_of(pod), name_of(pod), uid=uid_of(pod), grace_seconds=0)
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise
        # A finalizer may keep the Pod; its change brings it back here.
        return None

    async def _heartbeat(self) -> None:
        while True:
            try:
                await self._register()
            except StatusError as error:
                if error.reason not in ("Conflict", "NotFound", "AlreadyExists"):
                    raise
                await asyncio.sleep(1)
            else:
                await asyncio.sleep(_HEARTBEAT_SECONDS)

    async def _register(self) -> None:
        now = self.clock.now()
        known = self.caches["nodes"].get("", NODE) or await self.client.create("nodes", "", node())
        since = text(condition(known, "Ready"), "lastTransitionTime") or stamp(now)
        changed = {**copy.deepcopy(known), "status": node_status(now, since)}
        self.caches["nodes"].observe(await self.client.update_status("nodes", "", changed))
        beat = lease(now)
        namespace = namespace_of(beat)
        try:
            held = await self.client.get("coordination.k8s.io/leases", namespace, NODE)
            await self.client.update("coordination.k8s.io/leases", namespace, {**held, "spec": beat["spec"]})
        except StatusError as error:
            if error.reason != "NotFound":
                raise
            await self.client.create("coordination.k8s.io/leases", namespace, beat)


def _ends_by_itself(pod: Object) -> bool:
    """Pods of Jobs finish, and well: it is all that a simulation can know of what a container does."""
    return controller_of(pod).get("kind") == "Job"
