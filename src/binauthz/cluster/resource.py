"""What the cluster serves: one row per resource, from which discovery, routing and tables follow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Prepare = Callable[[dict[str, Any], dict[str, Any] | None], list[tuple[str, str]]]


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
    A detail begins with the kind of violation in Kubernetes' words (``Required value``, ``Invalid value: "x": ...``,
    ``Duplicate value: "x"``, ``Forbidden: ...``, ``Unsupported value: ...``). On create ``prepare`` also sets the
    first status. It is not called for writes of the status; a subresource named in ``prepare_subresources``
    (``ephemeralcontainers``) has its own function with the same contract.
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
    prepare: Prepare = field(default=lambda _new, _old: [])
    prepare_subresources: Mapping[str, Prepare] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """``pods`` or ``apps/deployments``."""
        return f"{self.group}/{self.plural}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """``v1`` or ``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version
