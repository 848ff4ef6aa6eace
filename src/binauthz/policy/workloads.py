"""Where each workload kind keeps its Pod specification: one table row for each kind (SPEC 4.1).

Only Pods are judged at admission. This table serves the question asked beforehand, whether what a manifest would make
may run; a kind that is not in it is reported as such, never skipped in silence (B05, B06).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from binauthz.policy.pod import InvalidPod, Pod

MAX_ITEMS = 1000
_LIST_DEPTH = 4

_TEMPLATE = ("spec", "template")
_PATHS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("", "Pod"): (),
    ("", "PodTemplate"): ("template",),
    ("", "ReplicationController"): _TEMPLATE,
    ("apps", "Deployment"): _TEMPLATE,
    ("apps", "ReplicaSet"): _TEMPLATE,
    ("apps", "StatefulSet"): _TEMPLATE,
    ("apps", "DaemonSet"): _TEMPLATE,
    ("extensions", "Deployment"): _TEMPLATE,
    ("extensions", "ReplicaSet"): _TEMPLATE,
    ("extensions", "DaemonSet"): _TEMPLATE,
    ("batch", "Job"): _TEMPLATE,
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
}


@dataclass(frozen=True, slots=True)
class Workload:
    """One object of a manifest. ``pod`` is what it would run; None for a kind that makes no Pods we know of.

    ``problem`` says why it could not be read.
    """

    kind: str
    name: str
    namespace: str
    pod: Pod | None = None
    problem: str = ""


def workloads(document: object) -> Iterator[Workload]:
    """Every object in a decoded manifest, lists taken apart. Raises InvalidPod beyond a bound of count and depth."""
    for count, workload in enumerate(_walk(document, 0), start=1):
        if count > MAX_ITEMS:
            raise InvalidPod(f"got more than {MAX_ITEMS} objects, expected at most that many")
        yield workload


def _walk(document: object, depth: int) -> Iterator[Workload]:
    if depth > _LIST_DEPTH:
        raise InvalidPod(f"got lists nested deeper than {_LIST_DEPTH}, expected objects")
    if not isinstance(document, Mapping):
        raise InvalidPod(f"got a {type(document).__name__}, expected a Kubernetes object")
    kind, version = document.get("kind"), document.get("apiVersion")
    items = document.get("items")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(items, list):
        for item in items:
            yield from _walk(item, depth + 1)
        return
    yield _workload(document, kind, version)


def _workload(document: Mapping[str, Any], kind: object, version: object) -> Workload:
    if not isinstance(kind, str) or not isinstance(version, str) or not kind or not version:
        raise InvalidPod("got an object without `apiVersion` or `kind`, expected a Kubernetes object")
    metadata = document.get("metadata")
    name, namespace = _text(metadata, "name") or _text(metadata, "generateName"), _text(metadata, "namespace")
    path = _PATHS.get((version.rpartition("/")[0], kind))
    if path is None:
        return Workload(kind, name, namespace)
    found: object = document
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping):
        return Workload(kind, name, namespace, problem=f"got no Pod template at `{'.'.join(path)}`, expected one")
    try:
        template = {"metadata": found.get("metadata") or {}, "spec": found.get("spec") or {}}
        pod = msgspec.convert(template, Pod)
    except msgspec.ValidationError as error:
        return Workload(kind, name, namespace, problem=f"got a Pod template that cannot be read: {error}")
    return Workload(kind, name, namespace, pod)


def _text(document: object, key: str) -> str:
    value = document.get(key) if isinstance(document, Mapping) else None
    return value[:253] if isinstance(value, str) else ""
