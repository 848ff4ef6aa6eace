"""Columns that several kinds share."""

from binauthz.cluster.catalogue.age import since
from binauthz.cluster.catalogue.fields import Object, integer, items, mapping, text
from binauthz.cluster.catalogue.selectors import shown
from binauthz.cluster.resource import Column

NAME = Column(
    name="Name",
    format="name",
    cell=lambda obj: text(obj, "metadata", "name"),
    description="Name must be unique within a namespace.",
)
AGE = Column(
    name="Age",
    cell=lambda obj: since(mapping(obj, "metadata").get("creationTimestamp")),
    description="CreationTimestamp is the time at which this object was created, according to the server.",
)


def count(name: str, *path: str, description: str = "", priority: int = 0) -> Column:
    """An integer of the object; absent reads as 0."""
    return Column(
        name=name,
        type="integer",
        cell=lambda obj: integer(obj, *path),
        description=description,
        priority=priority,
    )


def string(name: str, *path: str, absent: str = "", description: str = "", priority: int = 0) -> Column:
    """A string of the object."""
    return Column(name=name, cell=lambda obj: text(obj, *path) or absent, description=description, priority=priority)


def containers(*template: str) -> tuple[Column, Column]:
    """Names and images of the containers of a Pod template."""

    def joined(obj: Object, key: str) -> str:
        return ",".join(text(item, key) for item in items(obj, *template, "spec", "containers"))

    return (
        Column(
            name="Containers",
            priority=1,
            cell=lambda obj: joined(obj, "name"),
            description="Names of each container in the template.",
        ),
        Column(
            name="Images",
            priority=1,
            cell=lambda obj: joined(obj, "image"),
            description="Images referenced by each container in the template.",
        ),
    )


def selector(*path: str) -> Column:
    """The label selector of a workload."""
    return Column(
        name="Selector",
        priority=1,
        cell=lambda obj: shown(mapping(obj, *path)),
        description="A label query over pods.",
    )
