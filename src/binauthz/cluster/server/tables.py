"""Objects as the rows that ``kubectl get`` prints (meta.k8s.io/v1 Table)."""

from collections.abc import Iterable
from typing import Any

from binauthz.cluster.client import Object
from binauthz.cluster.resource import Column, Resource

_NAME = Column(name="Name", format="name", cell=lambda obj: obj["metadata"]["name"])
_CREATED = Column(
    name="Created At", format="date-time", cell=lambda obj: obj["metadata"].get("creationTimestamp", "<unknown>")
)


def _columns(resource: Resource) -> tuple[Column, ...]:
    return resource.columns or (_NAME, _CREATED)


def definitions(resource: Resource) -> list[Object]:
    """TableColumnDefinitions."""
    return [
        {
            "name": column.name,
            "type": column.type,
            "format": column.format,
            "description": column.description,
            "priority": column.priority,
        }
        for column in _columns(resource)
    ]


def row(resource: Resource, obj: Object, include: str) -> Object:
    """One TableRow; ``include`` is ``None``, ``Metadata`` or ``Object``."""
    found: Object = {"cells": [_cell(column, obj) for column in _columns(resource)]}
    match include:
        case "None":
            pass
        case "Object":
            found["object"] = obj
        case _:
            found["object"] = partial(obj)
    return found


def _cell(column: Column, obj: Object) -> Any:
    try:
        return column.cell(obj)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        # A stored object of a shape that the column did not expect must not hide all the others.
        return "<invalid>"


def partial(obj: Object) -> Object:
    """PartialObjectMetadata."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def table(
    resource: Resource, objects: Iterable[Object], include: str, metadata: Object, *, header: bool = True
) -> Object:
    """A Table; without ``header`` it continues an earlier one of the same watch."""
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": definitions(resource) if header else [],
        "rows": [row(resource, obj, include) for obj in objects],
    }
