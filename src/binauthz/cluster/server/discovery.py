"""What is served: discovery documents, legacy and aggregated, computed from the resource table."""

from collections.abc import Iterable, Sequence

from binauthz.cluster.client import Object
from binauthz.cluster.resource import Resource
from binauthz.cluster.reviews import VIRTUAL
from binauthz.cluster.schema.definitions import RELEASE

VERSION: Object = {
    "major": "1",
    "minor": RELEASE.split(".")[1],
    "gitVersion": f"v{RELEASE}+binauthz",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "linux/amd64",
}
_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_SUB_VERBS = {
    "log": ["get"],
    "exec": ["create", "get"],
    "attach": ["create", "get"],
    "portforward": ["create", "get"],
    "proxy": ["create", "delete", "get", "patch", "update"],
    "binding": ["create"],
    "finalize": ["update"],
}
_SUB_KINDS = {
    "scale": ("autoscaling", "v1", "Scale"),
    "binding": ("", "v1", "Binding"),
    "exec": ("", "v1", "PodExecOptions"),
    "attach": ("", "v1", "PodAttachOptions"),
    "portforward": ("", "v1", "PodPortForwardOptions"),
    "proxy": ("", "v1", "PodProxyOptions"),
}


def group_versions(resources: Iterable[Resource]) -> dict[str, list[str]]:
    """Versions by group, in the order of first appearance; the best version first."""
    found: dict[str, list[str]] = {}
    for resource in resources:
        versions = found.setdefault(resource.group, [])
        if resource.version not in versions:
            versions.append(resource.version)
    return found


def api_versions() -> Object:
    """``/api``."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [],
    }


def api_group(group: str, versions: Sequence[str]) -> Object:
    """``/apis/GROUP``."""
    pairs = [{"groupVersion": f"{group}/{version}", "version": version} for version in versions]
    return {"kind": "APIGroup", "apiVersion": "v1", "name": group, "versions": pairs, "preferredVersion": pairs[0]}


def api_groups(resources: Iterable[Resource]) -> Object:
    """``/apis``."""
    groups = [api_group(group, versions) for group, versions in group_versions(resources).items() if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def resource_list(group: str, version: str, resources: Iterable[Resource]) -> Object:
    """``/api/v1`` or ``/apis/GROUP/VERSION``; the list is empty when there is no such version."""
    found: list[Object] = []
    for resource in resources:
        if (resource.group, resource.version) != (group, version):
            continue
        entry: Object = {
            "name": resource.plural,
            "singularName": resource.kind.lower(),
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": ["create"] if resource.key in VIRTUAL else _VERBS,
        }
        if resource.short_names:
            entry["shortNames"] = list(resource.short_names)
        if resource.categories:
            entry["categories"] = list(resource.categories)
        found.append(entry)
        found.extend(_subresource(resource, subresource) for subresource in resource.subresources)
    name = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": found}


def _subresource(resource: Resource, name: str) -> Object:
    entry: Object = {
        "name": f"{resource.plural}/{name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": _SUB_VERBS.get(name, ["get", "patch", "update"]),
    }
    if name in _SUB_KINDS:
        group, version, kind = _SUB_KINDS[name]
        entry |= {"kind": kind, "group": group, "version": version}
    return entry


def aggregated(resources: Sequence[Resource], version: str, *, core: bool) -> Object:
    """``/api`` and ``/apis`` as an apidiscovery.k8s.io APIGroupDiscoveryList."""
    groups = [
        {
            "metadata": {"name": group} if group else {},
            "versions": [
                {"version": one, "resources": _discovered(group, one, resources), "freshness": "Current"}
                for one in versions
            ],
        }
        for group, versions in group_versions(resources).items()
        if (group == "") is core
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": groups,
    }


def _discovered(group: str, version: str, resources: Iterable[Resource]) -> list[Object]:
    found: list[Object] = []
    for resource in resources:
        if (resource.group, resource.version) != (group, version):
            continue
        entry: Object = {
            "resource": resource.plural,
            "responseKind": {"group": group, "version": version, "kind": resource.kind},
            "scope": "Namespaced" if resource.namespaced else "Cluster",
            "singularResource": resource.kind.lower(),
            "verbs": ["create"] if resource.key in VIRTUAL else _VERBS,
        }
        if resource.short_names:
            entry["shortNames"] = list(resource.short_names)
        if resource.categories:
            entry["categories"] = list(resource.categories)
        if resource.subresources:
            entry["subresources"] = [_discovered_sub(resource, name) for name in resource.subresources]
        found.append(entry)
    return found


def _discovered_sub(resource: Resource, name: str) -> Object:
    group, version, kind = _SUB_KINDS.get(name, (resource.group, resource.version, resource.kind))
    return {
        "subresource": name,
        "responseKind": {"group": group, "version": version, "kind": kind},
        "verbs": _SUB_VERBS.get(name, ["get", "patch", "update"]),
    }
