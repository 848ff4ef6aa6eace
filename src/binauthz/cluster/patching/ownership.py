"""Who set which field: the bookkeeping of ``metadata.managedFields`` for updates and for server-side apply."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from binauthz.cluster.client import Object
from binauthz.cluster.patching.apply import merge, prune
from binauthz.cluster.patching.fields import Leaves, Path, changed, from_tree, leaves, to_tree
from binauthz.cluster.resource import Resource
from binauthz.cluster.schema.definitions import Type
from binauthz.cluster.status import failure

_UPDATERS = 10
_ANCIENT = "ancient-changes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manager:
    """Who writes: a name, by ``Apply`` or ``Update``, through which subresource, and when."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""
    time: str = ""

    def same(self, other: "Manager") -> bool:
        """Whether two entries are one owner."""
        return (self.name, self.operation, self.subresource) == (other.name, other.operation, other.subresource)


Entries = list[tuple[Manager, set[Path]]]


def read(obj: Object) -> Entries:
    """The entries of an object; malformed ones own nothing and are dropped."""
    found: Entries = []
    for entry in (obj.get("metadata") or {}).get("managedFields") or []:
        if isinstance(entry, dict) and (paths := from_tree(entry.get("fieldsV1"))):
            manager = Manager(
                name=str(entry.get("manager", "")),
                operation=str(entry.get("operation", "")),
                api_version=str(entry.get("apiVersion", "")),
                subresource=str(entry.get("subresource", "")),
                time=str(entry.get("time", "")),
            )
            found.append((manager, paths))
    return found


def write(obj: Object, entries: Entries) -> None:
    """Put entries into an object."""
    written = []
    for manager, paths in _capped([one for one in entries if one[1]]):
        entry: Object = {
            "manager": manager.name,
            "operation": manager.operation,
            "apiVersion": manager.api_version,
            "time": manager.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": to_tree(paths),
        }
        if manager.subresource:
            entry["subresource"] = manager.subresource
        written.append(entry)
    if written:
        obj["metadata"]["managedFields"] = written
    else:
        obj["metadata"].pop("managedFields", None)


def _capped(entries: Entries) -> Entries:
    """At most ten updaters: the oldest become one, as in kube-apiserver, so that the list cannot grow without end."""
    updaters = sorted((one for one in entries if one[0].operation == "Update"), key=lambda one: one[0].time)
    if len(updaters) <= _UPDATERS:
        return entries
    old = updaters[: len(updaters) - _UPDATERS + 1]
    merged = (replace(old[-1][0], name=_ANCIENT, subresource=""), set().union(*(paths for _, paths in old)))
    return [merged, *(one for one in entries if one not in old)]


def after_update(kind: Type, manager: Manager, old: Object | None, new: Object, base: Entries) -> Entries:
    """Entries once ``manager`` turned ``old`` into ``new``: it owns what it changed, nobody owns what is gone."""
    before: Leaves = leaves(kind, old) if old else {}
    after = leaves(kind, new)
    mine = changed(before, after)
    gone = before.keys() - after.keys()
    entries: Entries = []
    merged = False
    for owner, paths in base:
        if owner.same(manager):
            if mine or gone & paths:
                owner, paths = manager, paths | mine  # noqa: PLW2901 - the entry is replaced by its newer self.
            merged = True
        else:
            paths = paths - mine  # noqa: PLW2901 - as above.
        entries.append((owner, {path for path in paths if path not in gone}))
    if not merged and mine:
        entries.append((manager, mine))
    return entries


def apply(
    kind: Type, resource: Resource, manager: Manager, live: Object | None, applied: Object, *, force: bool
) -> tuple[Object, Entries]:
    """The object that a configuration makes of the live one, and its entries.

    Raises:
        StatusError: 409, when another manager owns a field that would get another value, unless ``force``.
    """
    entries = read(live) if live else []
    others = [(owner, paths) for owner, paths in entries if not owner.same(manager)]
    previous = next((paths for owner, paths in entries if owner.same(manager)), set())
    wanted = set(leaves(kind, applied))
    if live is None:
        return applied, [(manager, wanted)]
    kept: set[Path] = set().union(wanted, *(paths for _, paths in others))
    merged = prune(kind, merge(kind, live, applied), previous - kept, kept)
    touched = changed(leaves(kind, live), leaves(kind, merged))
    clashes = [(owner, paths & touched) for owner, paths in others if paths & touched]
    if clashes and not force:
        raise _conflict(resource, clashes)
    survivors = [(owner, paths - touched) for owner, paths in others]
    return merged, [*survivors, (manager, wanted)]


def _conflict(resource: Resource, clashes: Sequence[tuple[Manager, set[Path]]]) -> Exception:
    causes: list[dict[str, Any]] = []
    said = []
    for owner, paths in clashes:
        using = f" using {owner.api_version}" if owner.operation == "Update" or owner.api_version else ""
        using = f'"{owner.name}"' + (f' with subresource "{owner.subresource}"' if owner.subresource else "") + using
        names = [_dotted(path) for path in sorted(paths)]
        causes += [
            {"reason": "FieldManagerConflict", "message": f"conflict with {using}", "field": name} for name in names
        ]
        said.append(
            f"conflict with {using}: {names[0]}"
            if len(names) == 1
            else f"conflicts with {using}:\n- " + "\n- ".join(names)
        )
    count = len(causes)
    message = f"Apply failed with {count} conflict{'s' if count > 1 else ''}: " + "\n".join(said)
    info = {"group": resource.group, "kind": resource.kind, "causes": causes}
    return failure(409, "Conflict", message, info)


def _dotted(path: Path) -> str:
    out = ""
    for part in path:
        kind, value = part[:2], part[2:]
        if kind == "f:":
            out += f".{value}"
        elif kind == "k:":
            out += "[" + value.strip("{}").replace('":', "=").replace('"', "", 1) + "]"
        else:
            out += f"[={value}]"
    return out
