"""Writing objects: decode, default, validate, admit, store. Every write of every kind goes through here.

The stored object may change while admission is asked; then a write that named no resourceVersion is made again from
the newer object, so that what admission saw is always what is stored.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from binauthz.base.clock import Clock
from binauthz.cluster import limits, metadata, subresources
from binauthz.cluster.admission.hooks import CONFIGURATIONS, Operation, refusals
from binauthz.cluster.admission.webhooks import Admission
from binauthz.cluster.call import Call
from binauthz.cluster.client import Object, StatusError
from binauthz.cluster.patching import ownership
from binauthz.cluster.patching.json_patch import apply_json_patch, apply_merge_patch
from binauthz.cluster.patching.strategic import apply_strategic_patch
from binauthz.cluster.resource import Resource
from binauthz.cluster.schema.body import duplicate_fields
from binauthz.cluster.schema.decode import decode
from binauthz.cluster.schema.definitions import Definitions, Type
from binauthz.cluster.status import (
    already_exists,
    bad_request,
    failure,
    forbidden,
    invalid,
    modified,
    not_found,
    unsupported_body,
)
from binauthz.cluster.storage.objects import Item, Objects

APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
PATCHES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY)
_NAME_TRIES = 8
_SAFE_NAME = re.compile(r"[^/%\x00-\x1f\x7f]{1,253}")


@dataclass(frozen=True, slots=True)
class Written:
    """The outcome of a write: the object as its client sees it, and whether it is new."""

    obj: Object
    created: bool = False


class Registry:
    """The one way in which objects change."""

    def __init__(
        self,
        *,
        resources: dict[str, Resource],
        objects: Objects,
        admission: Admission,
        types: Definitions,
        clock: Clock,
    ) -> None:
        self.resources = resources
        self.objects = objects
        self.admission = admission
        self.types = types
        self.clock = clock

    def find(self, call: Call) -> Item:
        """The stored object that a call names.

        Raises:
            StatusError: 404.
        """
        item = self.objects.get(call.resource, call.namespace, call.name)
        if item is None:
            raise not_found(call.resource, call.name)
        return item

    async def create(self, call: Call) -> Written:
        """Create from ``call.body``."""
        new = self.decoded(call, call.body, call.raw)
        return await self._create(call, new, None)

    async def update(self, call: Call) -> Written:
        """Replace by ``call.body``, or the part of it that belongs to the subresource."""
        body = self.decoded(call, call.body, call.raw)
        name = body["metadata"].get("name")
        if name and name != call.name:
            raise bad_request(f"the name of the object ({name}) does not match the name on the URL ({call.name})")
        return await self._change(call, lambda _shown: body)

    async def patch(self, call: Call) -> Written:
        """Apply ``call.body`` as the kind of patch that its content type says."""
        kind = self._view_type(call)
        if call.content_type == APPLY:
            return await self._apply(call)
        if call.content_type == JSON_PATCH:
            return await self._change(
                call, lambda shown: self._patched(call, apply_json_patch(shown, _copied(call.body)))
            )
        if not isinstance(call.body, dict):
            raise bad_request("error decoding patch: expected an object")
        if call.content_type == MERGE_PATCH:
            return await self._change(call, lambda shown: self._patched(call, apply_merge_patch(shown, call.body)))
        if call.content_type == STRATEGIC_PATCH:
            return await self._change(
                call, lambda shown: self._patched(call, apply_strategic_patch(kind, shown, _copied(call.body)))
            )
        raise unsupported_body(", ".join(PATCHES))

    def _view_type(self, call: Call) -> Type:
        view = subresources.view(call.resource, call.subresource)
        return self.types.type_of(view.group, view.version, view.kind)

    def decoded(self, call: Call, body: object, raw: bytes = b"") -> Object:
        """A client's object: of the right kind, with known fields only, with metadata.

        Raises:
            StatusError: 400.
        """
        view = subresources.view(call.resource, call.subresource)
        version = f"{view.group}/{view.version}" if view.group else view.version
        prefix = f'{view.kind} in version "{view.version}" cannot be handled as a {view.kind}'
        if not isinstance(body, dict):
            raise bad_request(f"{prefix}: expected an object")
        obj: Object = {"kind": view.kind, "apiVersion": version} | body
        if obj["kind"] != view.kind or obj["apiVersion"] != version:
            raise bad_request(
                "the object provided is unrecognized: "
                f"got {str(obj['apiVersion'])[:100]}, Kind={str(obj['kind'])[:100]}, "
                f"expected {version}, Kind={view.kind}"
            )
        try:
            obj, unknown = decode(self._view_type(call), obj)
        except StatusError as error:
            raise bad_request(f"{prefix}: {error.message}") from None
        if call.validation != "Ignore":
            problems = [f'unknown field "{path}"' for path in unknown]
            problems += [f'duplicate field "{path}"' for path in duplicate_fields(raw)] if raw else []
            if problems and call.validation == "Strict":
                raise bad_request(f"{prefix}: strict decoding error: {', '.join(problems)}")
            call.warnings.extend(problems)
        found: Object = obj.setdefault("metadata", {})
        namespace = found.get("namespace", "")
        if namespace and namespace != call.namespace:
            raise bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
                if call.resource.namespaced
                else "namespace may not be set on this object"
            )
        if call.resource.namespaced:
            found["namespace"] = call.namespace
        return obj

    def _patched(self, call: Call, result: object) -> Object:
        return self.decoded(call, result)

    async def _create(self, call: Call, new: Object, owners: ownership.Entries | None) -> Written:
        resource, meta = call.resource, new["metadata"]
        named = bool(meta.get("name"))
        if not named and not meta.get("generateName"):
            raise invalid(resource, "", [("metadata.name", "Required value: name or generateName is required")])
        if call.name and named and meta["name"] != call.name:
            raise bad_request(
                f"the name of the object ({meta['name']}) does not match the name on the URL ({call.name})"
            )
        metadata.begin(resource, new, self.clock.now())
        if not named:
            meta["name"] = self._free_name(call, meta["generateName"])
        if not _SAFE_NAME.fullmatch(meta["name"]) or meta["name"] in (".", ".."):
            raise invalid(
                resource, meta["name"], [("metadata.name", f'Invalid value: "{meta["name"]}": not a path segment')]
            )
        self._check_namespace(call, meta["name"])
        if "status" in resource.subresources:
            new.pop("status", None)
        if violations := [*resource.prepare(new, None), *_unsupported(resource, new)]:
            raise invalid(resource, meta["name"], violations)
        kind = self._view_type(call)
        if owners is None:
            owners = ownership.after_update(kind, self._manager(call, "Update"), None, new, [])
        ownership.write(new, owners)
        await self.admission.review(call, Operation.CREATE, new, None, name=meta["name"] if named else "")
        if self.objects.get(resource, call.namespace, meta["name"]) is not None:
            if named:
                raise already_exists(resource, meta["name"])
            meta["name"] = self._free_name(call, meta["generateName"])
        self._check_namespace(call, meta["name"])
        if not call.dry_run:
            self.objects.put(resource, new)
        return Written(new, created=True)

    def _free_name(self, call: Call, prefix: str) -> str:
        name = prefix
        for _ in range(_NAME_TRIES):
            name = metadata.generated(prefix)
            if self.objects.get(call.resource, call.namespace, name) is None:
                return name
        raise already_exists(call.resource, name)

    def _check_namespace(self, call: Call, name: str) -> None:
        if not call.resource.namespaced:
            return
        namespaces = self.resources["namespaces"]
        item = self.objects.get(namespaces, "", call.namespace)
        if item is None:
            raise not_found(namespaces, call.namespace)
        if item.obj["metadata"].get("deletionTimestamp"):
            why = f"unable to create new content in namespace {call.namespace} because it is being terminated"
            said = f"namespace {call.namespace} is being terminated"
            causes = [{"reason": "NamespaceTerminating", "message": said, "field": "metadata.namespace"}]
            raise forbidden(call.resource, name, why, causes=causes)

    def _manager(self, call: Call, operation: str) -> ownership.Manager:
        return ownership.Manager(
            name=call.manager,
            operation=operation,
            api_version=call.resource.api_version,
            subresource=call.subresource,
            time=metadata.stamp(self.clock.now()),
        )

    async def _change(self, call: Call, produce: Callable[[Object], Object]) -> Written:
        view = subresources.view(call.resource, call.subresource)
        for _ in range(limits.PATCH_ATTEMPTS):
            item = self.find(call)
            body = produce(view.show(item.copy()))
            metadata.check_preconditions(call.resource, body, item.obj)
            new = view.accept(item.copy(), _copied(body))
            explicit = call.subresource == "" and "managedFields" in body["metadata"]
            base = ownership.read(new) if explicit else ownership.read(item.obj)
            written = await self._settle(call, item, new, base, None)
            if written is not None:
                return written
            if body["metadata"].get("resourceVersion") and call.verb == "update":
                break
        raise modified(call.resource, call.name)

    async def _apply(self, call: Call) -> Written:
        if call.subresource not in ("", "status", "scale"):
            raise unsupported_body()
        if not isinstance(call.body, dict) or not call.body.get("apiVersion") or not call.body.get("kind"):
            raise bad_request('invalid object type: "apiVersion" and "kind" must be set')
        if call.subresource == "scale":
            return await self._change(call, lambda shown: self._patched(call, apply_merge_patch(shown, call.body)))
        manager = self._manager(call, "Apply")
        for _ in range(limits.PATCH_ATTEMPTS):
            applied = self.decoded(call, call.body, call.raw)
            if applied["metadata"].pop("managedFields", None):
                raise bad_request("metadata.managedFields must be nil")
            applied["metadata"]["name"] = call.name
            item = self.objects.get(call.resource, call.namespace, call.name)
            kind = self._view_type(call)
            if item is None:
                if call.subresource or applied["metadata"].get("uid"):
                    raise not_found(call.resource, call.name)
                merged, owners = ownership.apply(kind, call.resource, manager, None, applied, force=call.force)
                return await self._create(call, merged, owners)
            metadata.check_preconditions(call.resource, applied, item.obj)
            merged, owners = ownership.apply(kind, call.resource, manager, item.obj, applied, force=call.force)
            new = subresources.view(call.resource, call.subresource).accept(item.copy(), _copied(merged))
            written = await self._settle(call, item, new, owners, manager)
            if written is not None:
                return written
        raise modified(call.resource, call.name)

    async def _settle(
        self, call: Call, item: Item, new: Object, base: ownership.Entries, applier: ownership.Manager | None
    ) -> Written | None:
        """Finish one attempt at a change; None when the stored object changed meanwhile and it must be made again."""
        resource, old = call.resource, item.obj
        show = subresources.view(resource, call.subresource).show
        metadata.carry(resource, new, old)
        if prepare := self._prepare(call):
            reference = item.copy()
            if violations := [*prepare(new, reference), *_unsupported(resource, new)]:
                raise invalid(resource, call.name, violations)
        kind = self.types.type_of(resource.group, resource.version, resource.kind)
        if applier is None:
            owners = ownership.after_update(kind, self._manager(call, "Update"), old, new, base)
        else:
            owners = base
        ownership.write(new, owners)
        if _without_times(new) == _without_times(old):
            return Written(show(item.copy()))
        await self.admission.review(call, Operation.UPDATE, new, old, name=call.name)
        current = self.objects.get(resource, call.namespace, call.name)
        if current is None:
            raise not_found(resource, call.name)
        if current.revision != item.revision:
            return None
        if not call.dry_run:
            stored = self.objects.put(resource, new)
            if _finished(resource, new):
                self.objects.remove(resource, call.namespace, call.name)
            new = stored.obj
        return Written(show(_copied(new)))

    def _prepare(self, call: Call) -> Callable[[Object, Object | None], list[tuple[str, str]]] | None:
        if call.subresource in ("", "scale"):
            return call.resource.prepare
        return call.resource.prepare_subresources.get(call.subresource)

    async def bind(self, call: Call) -> Object:
        """Create ``pods/binding``: give a Pod its node.

        Raises:
            StatusError: 409, when it has one already or is going away.
        """
        target = ((call.body or {}).get("target") or {}).get("name") if isinstance(call.body, dict) else ""
        if not isinstance(target, str) or not target:
            raise bad_request("binding: target.name is required")
        item = self.find(call)
        if item.obj["metadata"].get("deletionTimestamp"):
            raise failure(409, "Conflict", f"pod {call.name} is being deleted, cannot be assigned to a host")
        if assigned := item.obj["spec"].get("nodeName"):
            raise failure(409, "Conflict", f'pod {call.name} is already assigned to node "{assigned}"')
        new = item.copy()
        new["spec"]["nodeName"] = target
        status = new.setdefault("status", {})
        others = [one for one in status.get("conditions") or [] if one.get("type") != "PodScheduled"]
        now = metadata.stamp(self.clock.now())
        scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
        status["conditions"] = [*others, scheduled]
        if not call.dry_run:
            self.objects.put(call.resource, new)
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _unsupported(resource: Resource, obj: Object) -> list[tuple[str, str]]:
    return refusals(obj) if resource.key == CONFIGURATIONS else []


def _copied(value: Object) -> Object:
    copied: Object = msgspec.json.decode(msgspec.json.encode(value))
    return copied


def _without_times(obj: Object) -> Object:
    meta = {key: value for key, value in obj["metadata"].items() if key != "resourceVersion"}
    entries = [{k: v for k, v in one.items() if k != "time"} for one in meta.pop("managedFields", None) or []]
    return obj | {"metadata": meta | {"managedFields": entries}}


def _finished(resource: Resource, obj: Object) -> bool:
    """Whether an object that is being deleted has nothing left to wait for."""
    meta = obj["metadata"]
    if not meta.get("deletionTimestamp") or meta.get("finalizers") or meta.get("deletionGracePeriodSeconds"):
        return False
    return resource.key != "namespaces" or not (obj.get("spec") or {}).get("finalizers")
