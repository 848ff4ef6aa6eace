"""What the server, not the client, writes into ``metadata``."""

import datetime as dt
import secrets
import uuid

from binauthz.cluster.client import Object
from binauthz.cluster.resource import Resource
from binauthz.cluster.status import bad_request, conflict, modified

_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
_SUFFIX_LENGTH = 5
_NAME_LENGTH = 63
_KEPT = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink")


def stamp(moment: dt.datetime) -> str:
    """A metav1.Time."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_stamp(moment: dt.datetime) -> str:
    """A metav1.MicroTime."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def generated(prefix: str) -> str:
    """A name from ``generateName``, with Kubernetes' alphabet and length."""
    suffix = "".join(secrets.choice(_SUFFIX) for _ in range(_SUFFIX_LENGTH))
    return prefix[: _NAME_LENGTH - _SUFFIX_LENGTH] + suffix


def has_generation(resource: Resource, obj: Object) -> bool:
    """Kinds with a spec that something acts upon, as far as kube-apiserver counts their generations."""
    return bool(resource.group) and "spec" in obj


def begin(resource: Resource, obj: Object, now: dt.datetime) -> None:
    """Fill the metadata of an object about to be created."""
    metadata = obj["metadata"]
    if metadata.get("resourceVersion"):
        raise bad_request("resourceVersion should not be set on objects to be created")
    for key in (*_KEPT, "managedFields"):
        metadata.pop(key, None)
    metadata["uid"] = str(uuid.uuid4())
    metadata["creationTimestamp"] = stamp(now)
    if has_generation(resource, obj):
        metadata["generation"] = 1


def check_preconditions(resource: Resource, new: Object, old: Object) -> None:
    """Refuse an update that has another version, or another object of the same name, in mind.

    Raises:
        StatusError: 409.
    """
    metadata, stored = new["metadata"], old["metadata"]
    uid, version = metadata.get("uid"), metadata.get("resourceVersion")
    if uid and uid != stored["uid"]:
        raise conflict(resource, stored["name"], uid_mismatch(uid, stored["uid"]))
    if version and version != stored["resourceVersion"]:
        raise modified(resource, stored["name"])


def uid_mismatch(wanted: str, found: str) -> str:
    """Kubernetes' sentence for a failed UID precondition."""
    return f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"


def carry(resource: Resource, new: Object, old: Object) -> None:
    """Keep in an updated object what its client may not change, and count the generation."""
    metadata, stored = new["metadata"], old["metadata"]
    for key in (*_KEPT, "name", "namespace", "resourceVersion", "generateName"):
        if key in stored:
            metadata[key] = stored[key]
        else:
            metadata.pop(key, None)
    if has_generation(resource, new) and _substance(new) != _substance(old):
        metadata["generation"] = int(stored.get("generation", 0)) + 1


def _substance(obj: Object) -> Object:
    return {key: value for key, value in obj.items() if key not in ("metadata", "status")}
