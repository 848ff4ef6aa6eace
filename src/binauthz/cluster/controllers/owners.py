"""ownerReferences: who controls an object, and the references that controllers write."""

from binauthz.cluster.catalogue.fields import items, mapping, text
from binauthz.cluster.client import Object


def controller_of(obj: Object) -> Object:
    """The reference to the controlling owner; empty when there is none."""
    for reference in items(obj, "metadata", "ownerReferences"):
        if reference.get("controller") is True:
            return reference
    return {}


def is_controlled_by(obj: Object, owner: Object) -> bool:
    """Whether ``owner`` itself, not a namesake, controls the object."""
    return bool(uid_of(owner)) and text(controller_of(obj), "uid") == uid_of(owner)


def reference_to(owner: Object, api_version: str, kind: str) -> Object:
    """What a controller writes into the objects it makes."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def name_of(obj: Object) -> str:
    """metadata.name."""
    return text(obj, "metadata", "name")


def namespace_of(obj: Object) -> str:
    """metadata.namespace; empty for what belongs to the cluster."""
    return text(obj, "metadata", "namespace")


def uid_of(obj: Object) -> str:
    """metadata.uid."""
    return text(obj, "metadata", "uid")


def is_deleting(obj: Object) -> bool:
    """Whether the object is on its way out."""
    return bool(mapping(obj, "metadata").get("deletionTimestamp"))
