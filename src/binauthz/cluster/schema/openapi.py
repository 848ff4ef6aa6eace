"""The OpenAPI documents that clients read: v2 whole, v3 by group, with the schemas of Kubernetes' own definitions.

Documents are built when first asked for, and kept as bytes.
"""

import functools
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from binauthz.cluster.resource import Resource
from binauthz.cluster.schema.definitions import RELEASE, Definitions, Json, json_type

_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
_REF = "#/$defs/"
_INFO = {"title": "Kubernetes", "version": f"v{RELEASE}+binauthz"}
_OPTION_KINDS = ("DeleteOptions", "Patch", "Status", "WatchEvent")
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_GVK = "x-kubernetes-group-version-kind"
_WRITE_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation")


class OpenApi:
    """The documents of one table of resources."""

    def __init__(self, types: Definitions, resources: Sequence[Resource]) -> None:
        self._types = types
        self._resources = resources
        self._v3: dict[str, bytes] = {}

    @functools.cached_property
    def v2(self) -> bytes:
        """``/openapi/v2``."""
        names = self._closure(self._resources)
        document = {
            "swagger": "2.0",
            "info": _INFO,
            "paths": _paths(self._resources, 2, self._types),
            "definitions": {name: _schema(self._types.raw[name], name, 2) for name in sorted(names)},
        }
        return msgspec.json.encode(document)

    @functools.cached_property
    def index(self) -> bytes:
        """``/openapi/v3``: where each group's document is, with a hash by which clients cache it."""
        paths = {}
        for place in sorted({_place(resource) for resource in self._resources}):
            digest = hashlib.sha256(self.v3(place) or b"").hexdigest().upper()
            paths[place] = {"serverRelativeURL": f"/openapi/v3/{place}?hash={digest}"}
        return msgspec.json.encode({"paths": paths})

    def v3(self, place: str) -> bytes | None:
        """``/openapi/v3/api/v1`` and its like."""
        known = self._v3.get(place)
        if known is None:
            served = [resource for resource in self._resources if _place(resource) == place]
            if not served:
                return None
            names = self._closure(served)
            document = {
                "openapi": "3.0.0",
                "info": _INFO,
                "paths": _paths(served, 3, self._types),
                "components": {"schemas": {name: _schema(self._types.raw[name], name, 3) for name in sorted(names)}},
            }
            known = self._v3[place] = msgspec.json.encode(document)
        return known

    def _closure(self, resources: Iterable[Resource]) -> set[str]:
        waiting = [_META + kind for kind in _OPTION_KINDS]
        for resource in resources:
            for kind in (resource.kind, f"{resource.kind}List"):
                name = self._types.name_of(resource.group, resource.version, kind)
                if name:
                    waiting.append(name)
            if "scale" in resource.subresources:
                waiting.append("io.k8s.api.autoscaling.v1.Scale")
        found: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(_references(self._types.raw[name]))
        return found


def _place(resource: Resource) -> str:
    return f"apis/{resource.group}/{resource.version}" if resource.group else f"api/{resource.version}"


def _references(schema: Any) -> Iterable[str]:
    stack = [schema]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            reference = one.get("$ref")
            if isinstance(reference, str):
                yield reference.removeprefix(_REF)
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)


def _schema(schema: Json, name: str, version: int) -> Json:
    if name == _QUANTITY:
        kinds: Json = {"type": "string"} if version == 2 else {"oneOf": [{"type": "string"}, {"type": "number"}]}
        return kinds | {"description": schema.get("description", "")}
    if name == _INT_OR_STRING:
        kinds = {"type": "string"} if version == 2 else {"oneOf": [{"type": "integer"}, {"type": "string"}]}
        return kinds | {"format": "int-or-string", "description": schema.get("description", "")}
    out: Json = {}
    for key, value in schema.items():
        match key:
            case "$ref":
                target = str(value).removeprefix(_REF)
                if version == 2:
                    out["$ref"] = f"#/definitions/{target}"
                else:
                    out["allOf"] = [{"$ref": f"#/components/schemas/{target}"}]
            case "type":
                out["type"] = json_type(schema)
            case "properties":
                out["properties"] = {member: _schema(below, "", version) for member, below in value.items()}
            case "items" | "additionalProperties" if isinstance(value, dict):
                out[key] = _schema(value, "", version)
            case "enum":
                pass
            case _:
                out[key] = value
    return out


def _paths(resources: Iterable[Resource], version: int, types: Definitions) -> Json:
    paths: Json = {}
    for resource in resources:
        root = f"/{_place(resource)}"
        base = (
            f"{root}/namespaces/{{namespace}}/{resource.plural}" if resource.namespaced else f"{root}/{resource.plural}"
        )
        gvk = {"group": resource.group, "version": resource.version, "kind": resource.kind}
        name = types.name_of(resource.group, resource.version, resource.kind) or f"{_META}Status"
        paths[base] = {
            "get": _operation("list", gvk, name, version),
            "post": _operation("post", gvk, name, version),
            "delete": _operation("deletecollection", gvk, name, version),
        }
        paths[f"{base}/{{name}}"] = {
            verb: _operation(verb, gvk, name, version) for verb in ("get", "put", "patch", "delete")
        }
        if resource.namespaced:
            paths[f"{root}/{resource.plural}"] = {"get": _operation("list", gvk, name, version)}
    return paths


def _operation(action: str, gvk: Json, name: str, version: int) -> Json:
    operation: Json = {
        "x-kubernetes-action": action,
        _GVK: gvk,
        "responses": {"200": {"description": "OK"}},
    }
    if action in ("post", "put", "patch"):
        operation["parameters"] = [_parameter(one, version) for one in _WRITE_PARAMETERS]
        if action == "patch":
            operation["parameters"].append(_parameter("force", version, "boolean"))
    elif action == "delete":
        operation["parameters"] = [_parameter("dryRun", version)]
    if version == 2:
        operation["responses"]["200"]["schema"] = {"$ref": f"#/definitions/{name}"}
    else:
        body = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
        operation["responses"]["200"]["content"] = body
    return operation


def _parameter(name: str, version: int, kind: str = "string") -> Json:
    if version == 2:
        return {"name": name, "in": "query", "type": kind, "uniqueItems": True}
    return {"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": True}}
