"""From a request path to what it names, segment by segment: a decoded slash or dot segment never changes the route."""

import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass

from binauthz.cluster.resource import Resource
from binauthz.cluster.status import no_such_path

_PARTS = 8


@dataclass(frozen=True, slots=True)
class Route:
    """A resource, and how much of it: a collection when there is no name."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""


class Routes:
    """The resources by where they are served."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._resources = {(one.group, one.version, one.plural): one for one in resources}

    def find(self, parts: list[str]) -> Route:
        """The route of ``api/v1/...`` or ``apis/GROUP/VERSION/...`` with at least one segment behind the version.

        Raises:
            StatusError: 404.
        """
        if parts[0] == "api" and len(parts) > 2:
            group, version, rest = "", parts[1], parts[2:]
        elif parts[0] == "apis" and len(parts) > 3 and parts[1]:
            group, version, rest = parts[1], parts[2], parts[3:]
        else:
            raise no_such_path()
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2 and (group, version, rest[2]) in self._resources:
            namespace, rest = rest[1], rest[2:]
        resource = self._resources.get((group, version, rest[0]))
        if resource is None or len(rest) > 3 or (namespace and not resource.namespaced):
            raise no_such_path()
        name = rest[1] if len(rest) > 1 else ""
        if resource.namespaced and name and not namespace:
            raise no_such_path()
        return Route(resource, namespace, name, rest[2] if len(rest) > 2 else "")


def split(raw: bytes) -> list[str]:
    """The decoded segments of a path.

    Raises:
        StatusError: 404, for a path whose segments are not plain names (THREATS B113).
    """
    try:
        parts = [urllib.parse.unquote(part, errors="strict") for part in raw.decode("ascii").strip("/").split("/", 64)]
    except UnicodeDecodeError:
        raise no_such_path() from None
    if len(parts) > _PARTS or (parts != [""] and any(part in ("", ".", "..") or "/" in part for part in parts)):
        raise no_such_path()
    return parts
