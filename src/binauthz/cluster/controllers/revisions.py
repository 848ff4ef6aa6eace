"""Telling Pod templates apart: the hash that names ReplicaSets and revisions, and equality of templates."""

import hashlib
import json

from binauthz.cluster.catalogue.fields import Object, mapping

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
_SAFE = "bcdfghjklmnpqrstvwxz2456789"


def template_hash(template: Object, collisions: int = 0) -> str:
    """A short, stable name for a template, in letters that spell no words."""
    canonical = json.dumps(template, sort_keys=True, separators=(",", ":"))
    if collisions:
        canonical += f"\n{collisions}"
    number = int.from_bytes(hashlib.sha256(canonical.encode()).digest()[:4], "big")
    return "".join(_SAFE[ord(figure) % len(_SAFE)] for figure in str(number))


def same_template(one: Object, other: Object) -> bool:
    """Whether two templates make the same Pods, the hash label apart."""
    return _plain(one) == _plain(other)


def _plain(template: Object) -> Object:
    metadata = mapping(template, "metadata")
    labels = {key: value for key, value in mapping(metadata, "labels").items() if key != HASH_LABEL}
    return {
        "labels": labels,
        "annotations": metadata.get("annotations") or {},
        "spec": mapping(template, "spec"),
    }
