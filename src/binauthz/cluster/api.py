"""The pipeline that every call takes, from HTTPS and from controllers alike: authorize, do, store, audit, answer.

The answer to a write is returned only when the write and its audit event are on disk.
"""

import traceback
from dataclasses import dataclass

import msgspec

from binauthz.base.clock import Clock
from binauthz.cluster import authorization, deletion, limits, subresources
from binauthz.cluster.audit import event, policy
from binauthz.cluster.audit.delivery import Delivery
from binauthz.cluster.authorization import Attempt
from binauthz.cluster.call import Call
from binauthz.cluster.client import Object, StatusError
from binauthz.cluster.registry import Registry
from binauthz.cluster.reviews import VIRTUAL, answer_review
from binauthz.cluster.status import (
    failure,
    forbidden,
    internal,
    method_not_allowed,
    no_such_path,
    too_many,
    unavailable,
)
from binauthz.cluster.storage.disk import DiskError

_NOTHING_RUNS = "nothing is executed in this cluster: Pods reach Running on a simulated node"
_RBAC = "rbac.authorization.k8s.io"
_RBAC_UNREAD = "RBAC objects are kept but not obeyed here: rights follow from groups alone"
UNSERVED = frozenset({"log", "exec", "attach", "portforward", "proxy"})
"""Subresources that reach into a running container."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and an object."""

    code: int
    obj: Object


class Api:
    """The cluster, for whoever holds a Call."""

    def __init__(self, registry: Registry, delivery: Delivery, clock: Clock) -> None:
        self.registry = registry
        self.delivery = delivery
        self.clock = clock
        self._in_flight = 0

    async def answer(self, call: Call) -> Answer:
        """Carry out a call other than list and watch; failures become the Status they are."""
        if call.writes and self._in_flight >= limits.MUTATIONS_IN_FLIGHT:
            return _failed(too_many("too many requests, please try again later"))
        self._in_flight += call.writes
        try:
            answer = await self._attempt(call)
        finally:
            self._in_flight -= call.writes
        return await self._acknowledge(call, answer)

    async def refuse(self, call: Call, error: StatusError) -> Answer:
        """Leave the audit event of a call that failed before it could be carried out."""
        return await self._acknowledge(call, _failed(error))

    async def _acknowledge(self, call: Call, answer: Answer) -> Answer:
        if not call.writes:
            return answer
        level = policy.level(call)
        if level is not policy.Level.NONE:
            self.delivery.add(msgspec.json.encode(event.build(call, level, answer.code, answer.obj, self.clock.now())))
        try:
            await self.registry.objects.flushed()
        except DiskError:
            return _failed(internal("etcdserver: the store cannot be written"))
        return answer

    async def _attempt(self, call: Call) -> Answer:
        try:
            self.authorize(call)
            self._require_evidence(call)
            return await self._do(call)
        except StatusError as error:
            return _failed(error)
        except RecursionError:
            return _failed(failure(400, "BadRequest", "the object is nested too deeply"))
        except Exception as error:  # noqa: BLE001 - the boundary: one request must not take the process down.
            traceback.print_exception(error)
            return _failed(internal(f"unexpected {type(error).__name__}"))

    def _require_evidence(self, call: Call) -> None:
        if call.writes and self.delivery.full:
            raise unavailable("the audit backlog is full: writes wait until the audit backend takes events again")

    def authorize(self, call: Call) -> None:
        """Record the ruling on a call as audit annotations.

        Raises:
            StatusError: 403.
        """
        attempt = Attempt(
            verb=call.verb,
            group=call.resource.group,
            plural=call.resource.plural,
            subresource=call.subresource,
            namespace=call.namespace,
            name=call.name,
        )
        ruling = authorization.rule(call.actor, attempt)
        call.annotations["authorization.k8s.io/decision"] = "allow" if ruling.allowed else "forbid"
        call.annotations["authorization.k8s.io/reason"] = ruling.reason
        if not ruling.allowed:
            raise forbidden(call.resource, call.name, authorization.refusal(call.actor, attempt))

    async def _do(self, call: Call) -> Answer:  # noqa: PLR0911, PLR0912 - one return a verb.
        resource, registry = call.resource, self.registry
        if resource.key in VIRTUAL:
            if call.verb != "create":
                raise method_not_allowed()
            return Answer(201, answer_review(call, self.clock))
        if call.subresource and call.subresource not in resource.subresources:
            raise no_such_path()
        if call.subresource == "binding" and call.verb == "create":
            return Answer(201, await registry.bind(call))
        if call.subresource in UNSERVED:
            registry.find(call)
            raise failure(501, "NotImplemented", f"{call.subresource} is not available: {_NOTHING_RUNS}")
        if call.subresource not in subresources.VIEWS:
            raise method_not_allowed()
        if call.writes and resource.group == _RBAC:
            call.warnings.append(_RBAC_UNREAD)
        match call.verb:
            case "get":
                show = subresources.view(resource, call.subresource).show
                return Answer(200, show(registry.find(call).obj))
            case "create" if not call.subresource:
                written = await registry.create(call)
                return Answer(201, written.obj)
            case "update":
                return Answer(200, (await registry.update(call)).obj)
            case "patch":
                written = await registry.patch(call)
                return Answer(201 if written.created else 200, written.obj)
            case "delete" if not call.subresource:
                return Answer(200, await deletion.delete(registry, call))
            case "deletecollection" if not call.subresource:
                return Answer(200, await deletion.delete_collection(registry, call))
            case _:
                raise method_not_allowed()


def _failed(error: StatusError) -> Answer:
    return Answer(error.code, error.status)
