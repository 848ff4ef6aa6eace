"""Kubernetes' OpenAPI definitions, as carried by the ``kubernetes-validate`` package, and the types compiled from them.

Nothing about a Kubernetes type is written by hand here: shape, merge keys and list kinds come from the document.
"""

import enum
import functools
import importlib.resources
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

Json = dict[str, Any]
RELEASE = "1.33.0"
_REF = "#/$defs/"
_GVK = "x-kubernetes-group-version-kind"


class Shape(enum.Enum):
    """What sort of JSON value a type is."""

    STRUCT = "struct"
    MAP = "map"
    LIST = "list"
    STRING = "string"
    BYTES = "bytes"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    QUANTITY = "quantity"
    INT_OR_STRING = "int-or-string"
    ANY = "any"


@dataclass(slots=True, eq=False)
class Type:
    """A type. ``fields`` of a struct are filled after creation, since types refer to themselves."""

    name: str
    shape: Shape
    fields: dict[str, "Field"] = field(default_factory=dict)
    items: "Field | None" = None
    bits: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A member or element: its type, and how lists and maps there are merged.

    ``map_keys`` make a list associative, ``is_set`` makes it a set, ``atomic`` one indivisible value; ``merge_key`` and
    ``strategies`` are those of strategic merge patch.
    """

    type: Type
    map_keys: tuple[str, ...] = ()
    is_set: bool = False
    atomic: bool = False
    merge_key: str = ""
    strategies: frozenset[str] = frozenset()
    default: Any = None


ANY = Type("any", Shape.ANY)
_SCALARS = {"string": Shape.STRING, "number": Shape.NUMBER, "boolean": Shape.BOOLEAN, "integer": Shape.INTEGER}
_NAMED = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": Shape.QUANTITY,
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": Shape.INT_OR_STRING,
}


class Definitions:
    """The document, and types compiled from it as they are asked for."""

    def __init__(self, raw: Mapping[str, Json]) -> None:
        self.raw = raw
        self._types: dict[str, Type] = {}
        self._kinds: dict[tuple[str, str, str], str] = {}
        for name, definition in raw.items():
            for kind in definition.get(_GVK, ()):
                self._kinds.setdefault((kind["group"], kind["version"], kind["kind"]), name)

    def name_of(self, group: str, version: str, kind: str) -> str | None:
        """The name of the definition of a kind."""
        return self._kinds.get((group, version, kind))

    def type_of(self, group: str, version: str, kind: str) -> Type:
        """The type of a kind; anything goes for one that the document does not know."""
        name = self.name_of(group, version, kind)
        return ANY if name is None else self.named(name)

    def named(self, name: str) -> Type:
        """The type of a definition."""
        known = self._types.get(name)
        if known is None:
            definition = self.raw[name]
            shape = _NAMED.get(name)
            known = Type(name, shape) if shape else self._inline(name, definition)
            self._types[name] = known
            if known.shape is Shape.STRUCT:
                for key, schema in definition["properties"].items():
                    known.fields[key] = self._field(schema)
        return known

    def _inline(self, name: str, schema: Json) -> Type:
        if "properties" in schema:
            return Type(name, Shape.STRUCT)
        kind = json_type(schema)
        if kind == "object" and "additionalProperties" in schema:
            return Type("map", Shape.MAP, items=self._field(schema["additionalProperties"]))
        if kind == "array":
            return Type("list", Shape.LIST, items=self._field(schema["items"]))
        form = schema.get("format", "")
        if form == "byte":
            return Type("[]byte", Shape.BYTES)
        shape = _SCALARS.get(kind)
        if shape is None:
            return ANY
        return Type(form or kind, shape, bits=32 if form == "int32" else 64)

    def _field(self, schema: Json) -> Field:
        reference = schema.get("$ref")
        target = self.named(reference.removeprefix(_REF)) if reference else self._inline("", schema)
        kind = schema.get("x-kubernetes-list-type", "")
        return Field(
            type=target,
            map_keys=tuple(schema.get("x-kubernetes-list-map-keys", ())) if kind == "map" else (),
            is_set=kind == "set",
            atomic=_atomic(target, kind, schema, self.raw),
            merge_key=schema.get("x-kubernetes-patch-merge-key", ""),
            strategies=frozenset(schema.get("x-kubernetes-patch-strategy", "").split(",")) - {""},
            default=schema.get("default"),
        )


def _atomic(target: Type, list_type: str, schema: Json, raw: Mapping[str, Json]) -> bool:
    if target.shape is Shape.LIST:
        return list_type not in ("map", "set")
    definition = raw.get(target.name, {})
    return "atomic" in (schema.get("x-kubernetes-map-type"), definition.get("x-kubernetes-map-type"))


def json_type(schema: Json) -> str:
    """The JSON type of a schema; the package writes nullable ones as a pair."""
    kind = schema.get("type", "")
    if isinstance(kind, list):
        return str(next((one for one in kind if one != "null"), ""))
    return str(kind)


@functools.cache
def definitions() -> Definitions:
    """The definitions of the release that this cluster speaks."""
    folder = importlib.resources.files("kubernetes_validate") / "kubernetes-json-schema" / f"v{RELEASE}-local"
    document = msgspec.json.decode((folder / "_definitions.json").read_bytes())
    return Definitions(document["$defs"])
