"""The Client that controllers hold: the same pipeline as HTTPS, without the wire."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec

from binauthz.cluster import selectors
from binauthz.cluster.api import Api
from binauthz.cluster.call import AUTHENTICATED, Call, User
from binauthz.cluster.client import EventType, Object, StatusError
from binauthz.cluster.status import no_such_path
from binauthz.cluster.storage.objects import Item

_ACCOUNT = "system:serviceaccount:"


def user_named(name: str) -> User:
    """A component of the cluster: service accounts get their groups from their name."""
    groups: tuple[str, ...] = (AUTHENTICATED,)
    if name.startswith(_ACCOUNT):
        namespace = name.removeprefix(_ACCOUNT).partition(":")[0]
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
    elif name.startswith("system:node:"):
        groups = ("system:nodes", AUTHENTICATED)
    return User(name=name, groups=groups)


class LocalClient:
    """A ``binauthz.cluster.client.Client`` for one user of this process."""

    def __init__(self, api: Api, user: User) -> None:
        self._api = api
        self._user = user
        self._agent = user.name.rpartition(":")[2]

    def _call(self, verb: str, resource: str, namespace: str, **more: Any) -> Call:
        found = self._api.registry.resources.get(resource)
        if found is None:
            raise no_such_path()
        return Call(
            user=self._user,
            verb=verb,
            resource=found,
            namespace=namespace,
            manager=self._agent,
            validation="Ignore",
            agent=f"binauthz-cluster/{self._agent}",
            audit_id=str(uuid.uuid4()),
            received=self._api.clock.now(),
            **more,
        )

    async def _done(self, call: Call) -> Object:
        place = [call.resource.plural, call.name, call.subresource]
        if call.namespace:
            place = ["namespaces", call.namespace, *place]
        root = ["apis", call.resource.group] if call.resource.group else ["api"]
        uri = "/" + "/".join(part for part in [*root, call.resource.version, *place] if part)
        answer = await self._api.answer(replace(call, uri=uri))
        if answer.code >= 400:
            raise StatusError(answer.obj)
        return _copied(answer.obj)

    async def get(self, resource: str, namespace: str, name: str) -> Object:
        """See Client."""
        return await self._done(self._call("get", resource, namespace, name=name))

    async def list(self, resource: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Object]:
        """See Client."""
        call = self._call("list", resource, namespace)
        self._api.authorize(call)
        by_label = selectors.parse_labels(labels)
        by_field = selectors.parse_fields(fields, call.resource.key)
        return [
            item.copy()
            for item in self._api.registry.objects.list(call.resource, namespace)
            if selectors.matches_labels(by_label, item.obj) and selectors.matches_fields(by_field, item.obj)
        ]

    async def create(self, resource: str, namespace: str, obj: Object) -> Object:
        """See Client."""
        return await self._done(self._call("create", resource, namespace, body=_copied(obj)))

    async def update(self, resource: str, namespace: str, obj: Object) -> Object:
        """See Client."""
        name = obj["metadata"]["name"]
        return await self._done(self._call("update", resource, namespace, name=name, body=_copied(obj)))

    async def update_status(self, resource: str, namespace: str, obj: Object) -> Object:
        """See Client."""
        name = obj["metadata"]["name"]
        call = self._call("update", resource, namespace, name=name, subresource="status", body=_copied(obj))
        return await self._done(call)

    async def delete(
        self,
        resource: str,
        namespace: str,
        name: str,
        *,
        propagation: str = "Background",
        uid: str = "",
        grace_seconds: int | None = None,
    ) -> None:
        """See Client."""
        body: Object = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        if uid:
            body["preconditions"] = {"uid": uid}
        if grace_seconds is not None:
            body["gracePeriodSeconds"] = grace_seconds
        await self._done(self._call("delete", resource, namespace, name=name, body=body))

    async def bind(self, namespace: str, pod: str, node: str) -> None:
        """See Client."""
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        body = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": pod, "namespace": namespace},
            "target": target,
        }
        await self._done(self._call("create", "pods", namespace, name=pod, subresource="binding", body=body))

    async def finalize(self, namespace: Object) -> Object:
        """See Client."""
        name = namespace["metadata"]["name"]
        call = self._call("update", "namespaces", "", name=name, subresource="finalize", body=_copied(namespace))
        return await self._done(call)

    async def watch(self, resource: str, namespace: str = "") -> AsyncIterator[tuple[EventType, Object]]:
        """See Client. A reader that fell behind is told of what it missed by comparing with what it was told last."""
        call = self._call("watch", resource, namespace)
        self._api.authorize(call)
        objects = self._api.registry.objects
        known: dict[tuple[str, str], Item] = {}
        while True:
            watcher = objects.watch(call.resource, None)
            try:
                current = {_place(item) for item in objects.list(call.resource, namespace)}
                for place in known.keys() - current:
                    yield "DELETED", known.pop(place).copy()
                while not watcher.overflowed:
                    for change in await watcher.next():
                        if namespace and change.namespace != namespace:
                            continue
                        place = _place(change.item)
                        last = known.get(place)
                        if change.type == "DELETED":
                            known.pop(place, None)
                            yield "DELETED", change.item.copy()
                        elif last is None or last.revision < change.revision:
                            known[place] = change.item
                            yield "MODIFIED" if last else "ADDED", change.item.copy()
            finally:
                objects.unwatch(call.resource, watcher)


def _place(item: Item) -> tuple[str, str]:
    meta = item.obj["metadata"]
    return meta.get("namespace", ""), meta["name"]


def _copied(obj: Object) -> Object:
    copied: Object = msgspec.json.decode(msgspec.json.encode(obj))
    return copied
