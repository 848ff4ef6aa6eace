"""Subresources that are views of an object: what is shown, and what a write through them may change."""

from collections.abc import Callable
from dataclasses import dataclass

from binauthz.cluster import selectors
from binauthz.cluster.client import Object
from binauthz.cluster.resource import Resource
from binauthz.cluster.status import bad_request


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """``show(object)`` is what a client reads; ``accept(stored, written)`` the object that results from its write."""

    group: str
    version: str
    kind: str
    show: Callable[[Object], Object]
    accept: Callable[[Object, Object], Object]


def view(resource: Resource, subresource: str) -> View:
    """The view of a subresource; of the object itself when it is empty."""
    if subresource == "scale":
        return View(group="autoscaling", version="v1", kind="Scale", show=_scale, accept=_rescale)
    accept = {
        "": _main(resource),
        "status": _status,
        "ephemeralcontainers": _ephemeral,
        "finalize": _finalize,
    }[subresource]
    return View(group=resource.group, version=resource.version, kind=resource.kind, show=_same, accept=accept)


VIEWS = frozenset({"", "status", "scale", "ephemeralcontainers", "finalize"})


def _same(obj: Object) -> Object:
    return obj


def _main(resource: Resource) -> Callable[[Object, Object], Object]:
    def accept(stored: Object, written: Object) -> Object:
        if "status" not in resource.subresources:
            return written
        new = {key: value for key, value in written.items() if key != "status"}
        if "status" in stored:
            new["status"] = stored["status"]
        if resource.key == "namespaces":
            new["spec"] = stored.get("spec", {})
        return new

    return accept


def _status(stored: Object, written: Object) -> Object:
    new = {key: value for key, value in stored.items() if key != "status"}
    if "status" in written:
        new["status"] = written["status"]
    new["metadata"] = stored["metadata"] | {
        key: written["metadata"][key] for key in ("managedFields",) if key in written["metadata"]
    }
    return new


def _ephemeral(stored: Object, written: Object) -> Object:
    new = dict(stored)
    new["spec"] = dict(stored["spec"])
    added = (written.get("spec") or {}).get("ephemeralContainers")
    if added:
        new["spec"]["ephemeralContainers"] = added
    else:
        new["spec"].pop("ephemeralContainers", None)
    return new


def _finalize(stored: Object, written: Object) -> Object:
    new = dict(stored)
    new["spec"] = written.get("spec") or {}
    return new


def _scale(obj: Object) -> Object:
    metadata = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    selector = selectors.from_object(spec.get("selector"))
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": spec.get("replicas", 1)},
        "status": {"replicas": status.get("replicas", 0), "selector": selectors.render(selector)},
    }


def _rescale(stored: Object, written: Object) -> Object:
    replicas = (written.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or isinstance(replicas, bool):
        raise bad_request("json: cannot unmarshal into Go struct field ScaleSpec.spec.replicas of type int32")
    new = dict(stored)
    new["spec"] = dict(stored["spec"]) | {"replicas": replicas}
    return new
