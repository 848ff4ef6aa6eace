"""Deleting objects: preconditions, graceful Pods, finalizers, propagation, namespaces."""

import datetime as dt
from typing import Any

from binauthz.cluster import limits, metadata, selectors
from binauthz.cluster.admission.hooks import Operation
from binauthz.cluster.call import Call
from binauthz.cluster.client import Object
from binauthz.cluster.registry import Registry
from binauthz.cluster.status import bad_request, conflict, details, forbidden, modified, success
from binauthz.cluster.storage.objects import Item

_FOREGROUND, _ORPHAN = "foregroundDeletion", "orphan"
_TOLD_WHOLE = frozenset({"pods", "services", "serviceaccounts", "persistentvolumeclaims"})
_PERMANENT = frozenset({"default", "kube-system", "kube-public"})
_POLICIES = {"Foreground": _FOREGROUND, "Orphan": _ORPHAN, "Background": ""}


async def delete(registry: Registry, call: Call) -> Object:
    """Delete one object, or begin to.

    Returns:
        The object while it lingers, a Status once it is gone.

    Raises:
        StatusError: 404, 409 for a failed precondition, or what admission said.
    """
    if call.resource.key == "namespaces" and call.name in _PERMANENT:
        raise forbidden(call.resource, call.name, "this namespace may not be deleted")
    options = _options(call)
    for _ in range(limits.PATCH_ATTEMPTS):
        item = registry.find(call)
        _check(call, options, item)
        await registry.admission.review(call, Operation.DELETE, None, item.obj, name=call.name)
        current = registry.objects.get(call.resource, call.namespace, call.name)
        if current is None or current.revision == item.revision:
            registry.find(call)
            return _delete(registry, call, options, item)
    raise modified(call.resource, call.name)


async def delete_collection(registry: Registry, call: Call) -> Object:
    """Delete everything that the selectors of the call match.

    Returns:
        The list of what was deleted.
    """
    labels = selectors.parse_labels(call.labels)
    fields = selectors.parse_fields(call.fields, call.resource.key)
    options = _options(call)
    gone = []
    for item in registry.objects.list(call.resource, call.namespace):
        if not (selectors.matches_labels(labels, item.obj) and selectors.matches_fields(fields, item.obj)):
            continue
        meta = item.obj["metadata"]
        await registry.admission.review(call, Operation.DELETE, None, item.obj, name=meta["name"])
        current = registry.objects.get(call.resource, meta.get("namespace", ""), meta["name"])
        if current is not None:
            _delete(registry, call, options, current)
            gone.append(item.obj)
    kind = f"{call.resource.kind}List"
    version = {"resourceVersion": str(registry.objects.revision)}
    return {"kind": kind, "apiVersion": call.resource.api_version, "metadata": version, "items": gone}


def _options(call: Call) -> Object:
    body = call.body if call.body is not None else {}
    if not isinstance(body, dict):
        raise bad_request("DeleteOptions: expected an object")
    options: Object = dict(body)
    for key in ("propagationPolicy", "gracePeriodSeconds", "orphanDependents"):
        if key in call.options and key not in options:
            options[key] = call.options[key]
    grace = options.get("gracePeriodSeconds")
    if grace is not None:
        try:
            options["gracePeriodSeconds"] = max(int(grace), 0)
        except (TypeError, ValueError):
            raise bad_request("gracePeriodSeconds: expected an integer") from None
    policy = options.get("propagationPolicy")
    if policy is not None and policy not in _POLICIES:
        raise bad_request(
            f'DeleteOptions is invalid: propagationPolicy: Invalid value: "{str(policy)[:64]}":'
            ' "Background", "Foreground" or "Orphan"'
        )
    if policy is None and str(options.get("orphanDependents")).lower() == "true":
        options["propagationPolicy"] = "Orphan"
    return options


def _check(call: Call, options: Object, item: Item) -> None:
    wanted: Any = options.get("preconditions") or {}
    if not isinstance(wanted, dict):
        raise bad_request("preconditions: expected an object")
    meta = item.obj["metadata"]
    if wanted.get("uid") and wanted["uid"] != meta["uid"]:
        raise conflict(call.resource, call.name, metadata.uid_mismatch(str(wanted["uid"])[:64], meta["uid"]))
    version = wanted.get("resourceVersion")
    if version and version != meta["resourceVersion"]:
        why = (
            f"Precondition failed: ResourceVersion in precondition: {str(version)[:64]},"
            f" ResourceVersion in object meta: {meta['resourceVersion']}"
        )
        raise conflict(call.resource, call.name, why)


def _delete(registry: Registry, call: Call, options: Object, item: Item) -> Object:
    resource, objects = call.resource, registry.objects
    new = item.copy()
    meta = new["metadata"]
    space, name = meta.get("namespace", ""), meta["name"]
    now = registry.clock.now()
    grace = _grace(resource.key, new, options)
    finalizers = _finalizers(meta, options)
    namespace = resource.key == "namespaces"
    lingers = bool(finalizers) or grace > 0 or (namespace and bool((new.get("spec") or {}).get("finalizers")))
    if call.dry_run:
        return new if lingers else _gone(call, new)
    if not lingers:
        return _gone(call, objects.remove(resource, space, name).copy())
    if finalizers:
        meta["finalizers"] = finalizers
    begun = "deletionTimestamp" in meta
    if not begun or grace < int(meta.get("deletionGracePeriodSeconds", 0)):
        meta["deletionTimestamp"] = metadata.stamp(now + dt.timedelta(seconds=grace))
        meta["deletionGracePeriodSeconds"] = grace
        if not begun and metadata.has_generation(resource, new):
            meta["generation"] = int(meta.get("generation", 0)) + 1
    if namespace:
        meta.pop("deletionGracePeriodSeconds", None)
        new.setdefault("status", {})["phase"] = "Terminating"
    if new == item.obj:
        return new
    return objects.put(resource, new).copy()


def _grace(key: str, obj: Object, options: Object) -> int:
    """Only a Pod that runs on a node has time to end; everything else goes at once."""
    if key != "pods":
        return 0
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    if not spec.get("nodeName") or status.get("phase") in ("Succeeded", "Failed"):
        return 0
    wanted = options.get("gracePeriodSeconds")
    if wanted is None:
        wanted = obj["metadata"].get("deletionGracePeriodSeconds")
    if wanted is None:
        wanted = spec.get("terminationGracePeriodSeconds", 30)
    return max(int(wanted), 0)


def _finalizers(meta: Object, options: Object) -> list[str]:
    finalizers = list(meta.get("finalizers") or [])
    wanted = _POLICIES.get(options.get("propagationPolicy") or "")
    if wanted is not None:
        finalizers = [one for one in finalizers if one not in (_FOREGROUND, _ORPHAN)]
        if wanted:
            finalizers.append(wanted)
    return finalizers


def _gone(call: Call, last: Object) -> Object:
    """What a client reads of an object that is no more: kinds whose delete the OpenAPI document answers with the object
    are shown once more, others get a Status."""
    if call.resource.key in _TOLD_WHOLE:
        return last
    meta = last["metadata"]
    return success(details(call.resource, meta["name"], uid=meta["uid"]))
