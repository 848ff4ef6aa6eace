"""Services: addresses are made up, since nothing routes to them; the objects behave as clients expect."""

import hashlib
import ipaddress

from binauthz.cluster.catalogue.cells import AGE, NAME
from binauthz.cluster.catalogue.fields import Object, attach, default, integer, items, mapping, strings, text
from binauthz.cluster.catalogue.names import check_metadata, dns_1035_label
from binauthz.cluster.catalogue.selectors import shown_labels
from binauthz.cluster.catalogue.violations import Violations, duplicate, invalid, required, unsupported
from binauthz.cluster.resource import Column, Resource

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_NETWORK = ipaddress.IPv4Network("10.96.0.0/16")


def _stable_number(obj: Object, salt: str) -> int:
    key = f"{salt}/{text(obj, 'metadata', 'namespace')}/{text(obj, 'metadata', 'name')}"
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big")


def _cluster_ip(obj: Object) -> str:
    if (text(obj, "metadata", "namespace"), text(obj, "metadata", "name")) == ("default", "kubernetes"):
        return "10.96.0.1"
    return str(_NETWORK[16 + _stable_number(obj, "address") % (_NETWORK.num_addresses - 32)])


def prepare_service(new: Object, old: Object | None) -> Violations:
    """Defaults and rules of a Service; the cluster address is derived from the name and never changes."""
    spec = attach(new, "spec")
    default(spec, type="ClusterIP", sessionAffinity="None", internalTrafficPolicy="Cluster")
    kind = spec["type"]
    found = check_metadata(new, dns_1035_label)
    if kind not in _TYPES:
        return [*found, unsupported("spec.type", kind, _TYPES)]
    if kind == "ExternalName":
        if not text(spec, "externalName"):
            found.append(required("spec.externalName"))
    else:
        before = text(old or {}, "spec", "clusterIP")
        default(spec, clusterIP=before or _cluster_ip(new))
        if before and spec["clusterIP"] != before:
            found.append(invalid("spec.clusterIPs[0]", [spec["clusterIP"]], "may not change once set"))
        default(spec, clusterIPs=[spec["clusterIP"]], ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
        if not items(spec, "ports") and spec["clusterIP"] != "None":
            found.append(required("spec.ports"))
    names: set[str] = set()
    for index, port in enumerate(items(spec, "ports")):
        default(port, protocol="TCP", targetPort=port.get("port"))
        path, name = f"spec.ports[{index}]", text(port, "name")
        if not isinstance(port.get("port"), int) or not 1 <= port["port"] <= 65535:
            found.append(invalid(f"{path}.port", port.get("port"), "must be between 1 and 65535, inclusive"))
        if len(items(spec, "ports")) > 1 and not name:
            found.append(required(f"{path}.name"))
        if name and name in names:
            found.append(duplicate(f"{path}.name", name))
        names.add(name)
        if kind in {"NodePort", "LoadBalancer"}:
            default(port, nodePort=30000 + _stable_number(new, f"port {index}") % 2768)
    if old is None:
        new["status"] = {"loadBalancer": {}}
    return found


def _external_ip(service: Object) -> str:
    spec = mapping(service, "spec")
    external = [ip for ip in spec.get("externalIPs") or [] if isinstance(ip, str)]
    match text(spec, "type"):
        case "ExternalName":
            return text(spec, "externalName")
        case "LoadBalancer":
            ingress = items(service, "status", "loadBalancer", "ingress")
            external = [text(item, "ip") or text(item, "hostname") for item in ingress] + external
            return ",".join(external) or "<pending>"
        case _:
            return ",".join(external) or "<none>"


def _ports(service: Object) -> str:
    shown = []
    for port in items(service, "spec", "ports"):
        node_port = integer(port, "nodePort")
        number = f"{integer(port, 'port')}:{node_port}" if node_port else str(integer(port, "port"))
        shown.append(f"{number}/{text(port, 'protocol')}")
    return ",".join(shown) or "<none>"


SERVICES = Resource(
    group="",
    version="v1",
    plural="services",
    kind="Service",
    short_names=("svc",),
    categories=("all",),
    subresources=("status",),
    prepare=prepare_service,
    columns=(
        NAME,
        Column(name="Type", cell=lambda obj: text(obj, "spec", "type")),
        Column(name="Cluster-IP", cell=lambda obj: text(obj, "spec", "clusterIP") or "<none>"),
        Column(name="External-IP", cell=_external_ip),
        Column(name="Port(s)", cell=_ports),
        AGE,
        Column(name="Selector", priority=1, cell=lambda obj: shown_labels(strings(obj, "spec", "selector"))),
    ),
)
