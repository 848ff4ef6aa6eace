"""What the cluster serves: one row per resource, from which discovery, routing and tables follow."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of ``kubectl get``: ``cell`` computes the value from the object; priority 1 shows with ``-o wide``
    only."""

    name: str
    cell: Callable[[dict[str, Any]], object]
    type: str = "string"
    format: str = ""
    priority: int = 0
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind and how it is addressed. ``prepare`` fills defaults and checks an object before it is written.

    ``prepare(new, old)`` gets the object to be stored and the stored one (None on create), changes ``new`` in place
    and returns the violations found as (field path, detail) pairs, which become a Kubernetes ``Invalid`` status.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    prepare: Callable[[dict[str, Any], dict[str, Any] | None], list[tuple[str, str]]] = field(
        default=lambda _new, _old: []
    )

    @property
    def key(self) -> str:
        """``pods`` or ``apps/deployments``."""
        return f"{self.group}/{self.plural}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """``v1`` or ``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version
